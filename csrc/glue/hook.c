/*
** The hook: see hook.h. A new coroutine inherits its maker's, and a hook may outlive what
** it was set for: so whenever it is called it first sets itself anew.
*/
#include "glue/hook.h"

#include "glue/coclose.h"
#include "glue/fiber.h"
#include "glue/stubborn.h"
#include "glue/watch.h"


/* Is 'co' the coroutine of the running 'f', or one that it resumed? Not known if Lua's own library did. */
static bool is_inside(const struct coh_state *S, const struct coh_fiber *f, const lua_State *co) {
  const struct coh_frame *frame = S->frame;
  if (f == NULL) return false;
  while (frame != NULL && frame->co != co) frame = frame->prev;
  return frame != NULL || co == f->L;
}


static bool has_yielded(const struct coh_fiber *f, const lua_State *co) {
  return f != NULL && f->yielded && f->L == co;
}


/* After how many instructions the hook is wanted in 'co', and at which events; 0: not at all. */
static int wanted(struct coh_state *S, const lua_State *co, int *mask) {
  struct coh_fiber *f = coh_running(S);
  bool inside = is_inside(S, f, co);
  *mask = LUA_MASKCOUNT;
  if (has_yielded(f, co)) return 1;
  if ((inside && coh_stubborn_wants_hook(S, f)) || coh_closing_is(S, co)) {
    *mask |= LUA_MASKCALL;
    return 1;
  }
  return S->watch == NULL ? 0 : coh_watch_count(S->watch, co, inside ? f : NULL);
}


/* At most one of them raises. A task that is unwound as a whole is not unwound by coroutines as well. */
void coh_hook(lua_State *L, lua_Debug *ar) {
  struct coh_state *S = coh_state_of(L);
  struct coh_fiber *f = coh_running(S);
  coh_hook_set(S, L);
  if (has_yielded(f, L)) coh_fiber_raise_yield(L, f);
  if (is_inside(S, f, L) && f->unwinding) coh_stubborn_hook(L, S, f, ar);
  else coh_closing_hook(L, S, ar);
  if (S->watch != NULL && f != NULL && ar->event == LUA_HOOKCOUNT) coh_watch_hook(L, S, f);
}


/* Setting a hook restarts its count: so one that is as wanted already is left alone. */
void coh_hook_set(struct coh_state *S, lua_State *co) {
  int mask, count = wanted(S, co, &mask);
  if (count == 0) {
    if (lua_gethook(co) != NULL) lua_sethook(co, NULL, 0, 0);
  } else if (lua_gethook(co) != coh_hook || lua_gethookmask(co) != mask || lua_gethookcount(co) != count) {
    lua_sethook(co, coh_hook, mask, count);
  }
}


void coh_hook_set_all(struct coh_state *S) {
  const struct coh_frame *frame;
  for (frame = S->frame; frame != NULL; frame = frame->prev) coh_hook_set(S, frame->co);
}


void coh_hook_cover(struct coh_state *S, lua_State *co) {
  if (!coh_is_hooked(S, co)) coh_hook_set(S, co);
}
