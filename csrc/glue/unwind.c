/*
** Unwinding: see unwind.h.
*/
#include "glue/unwind.h"

#include "lua/depth.h"


/* Does an error pass through the function of 'ar'? What 'wrap' made and the guard raise it again. */
static bool lets_errors_through(const struct coh_state *S, lua_State *L, lua_Debug *ar) {
  lua_CFunction f;
  if (!lua_checkstack(L, 1)) return false;
  lua_getinfo(L, "f", ar);
  f = lua_tocfunction(L, -1);
  lua_pop(L, 1);
  return f == S->known.guard || f == S->known.next;
}


int coh_unwind_below_catcher(const struct coh_state *S, lua_State *L) {
  lua_Debug ar;
  int level;
  for (level = 0; lua_getstack(L, level, &ar); level++) {
    lua_getinfo(L, "S", &ar);
    if (*ar.what == 'C' && !lets_errors_through(S, L, &ar)) return coh_depth_of(L) - level - 1;
  }
  return -1;
}


bool coh_unwind_is_called_from_c(lua_State *L) {
  lua_Debug ar;
  if (!lua_getstack(L, 1, &ar)) return false;
  lua_getinfo(L, "S", &ar);
  return *ar.what == 'C';
}


/* The depth of the coroutines that 'frame' runs in. */
static int depth_outside(const struct coh_frame *frame) {
  int depth = 0;
  for (frame = frame->prev; frame != NULL; frame = frame->prev) depth += coh_depth_of(frame->co);
  return depth;
}


bool coh_unwind_is_task_deeper(const struct coh_state *S, int depth) {
  return coh_depth_exceeds(S->frame->co, depth - depth_outside(S->frame));
}


int coh_unwind_below_task_catcher(const struct coh_state *S) {
  const struct coh_frame *frame;
  for (frame = S->frame; frame != NULL; frame = frame->prev) {
    int depth = coh_unwind_below_catcher(S, frame->co);
    if (depth >= 0) return depth_outside(frame) + depth;
  }
  return 0;
}


int coh_unwind_task_depth(const struct coh_state *S) {
  return depth_outside(S->frame) + coh_depth_of(S->frame->co);
}
