/*
** What is in the way of a wait: see refusal.h.
*/
#include "glue/refusal.h"

#include <string.h>

#include "glue/inner.h"
#include "lua/funcname.h"
#include "lua/text.h"


/* C functions that a wait passes through; others are in the way when called from Lua. */
static bool lets_waits_through(const char *name) {
  return strcmp(name, "pcall") == 0 || strcmp(name, "xpcall") == 0 || strcmp(name, "dofile") == 0;
}


/* Is it a function that Lua itself called in the middle of something: a finalizer, or a hook? */
static bool is_inserted(const lua_Debug *ar) {
  return strcmp(ar->namewhat, "hook") == 0 || (ar->name != NULL && strcmp(ar->name, "__gc") == 0);
}


/*
** Replace the function on top by its name if it keeps a coroutine from yielding, else by nil. Finalizers and
** hooks do, and C functions; ours count only if 'or_ours'. [-1, +1, m]
*/
static void name_culprit(lua_State *L, const struct coh_state *S, const lua_Debug *ar, bool or_ours) {
  bool is = is_inserted(ar) || (*ar->what == 'C' && (or_ours || !coh_is_ours(L, S)));
  if (ar->name != NULL) {
    lua_pushstring(L, ar->name);
    lua_replace(L, -2);
  } else {
    coh_funcname_find(L);
  }
  if (is && !lua_isnil(L, -1) && !lets_waits_through(lua_tostring(L, -1))) return;
  lua_pop(L, 1);
  lua_pushnil(L);
}


/* Push the name of the innermost such function of 'co', or nil. [-0, +1, m] */
static void push_culprit(lua_State *L, const struct coh_state *S, lua_State *co, lua_Debug *ar,
                         bool or_ours) {
  int level;
  for (level = 1; lua_getstack(co, level, ar) && lua_checkstack(co, 1); level++) {
    lua_getinfo(co, "Snf", ar);
    lua_xmove(co, L, 1);
    name_culprit(L, S, ar, or_ours);
    if (!lua_isnil(L, -1)) return;
    lua_pop(L, 1);
  }
  lua_pushnil(L);
}


/* Push the innermost such name in all running coroutines, or nil. [-0, +1, m] */
static void push_culprit_of_all(lua_State *L, const struct coh_state *S, lua_Debug *ar, bool or_ours) {
  const struct coh_frame *frame = S->frame;
  push_culprit(L, S, L, ar, or_ours);
  while (frame != NULL && (frame = frame->prev) != NULL && lua_isnil(L, -1)) {
    if (lua_isyieldable(frame->co)) continue;
    lua_pop(L, 1);
    push_culprit(L, S, frame->co, ar, or_ours);
  }
}


/* Push what is in the way of a wait. [-0, +1, m] */
static void push_obstacle(lua_State *L, const struct coh_state *S) {
  lua_Debug ar;
  push_culprit_of_all(L, S, &ar, false);
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    push_culprit_of_all(L, S, &ar, true);
  }
  if (lua_isnil(L, -1))
    lua_pushliteral(L, "cannot wait here: a C function that called back into Lua is in the way");
  else if (is_inserted(&ar))
    lua_pushfstring(L, "cannot wait in a %s, which Lua runs in the middle of something else: leave that to a "
                       "task that waits for it, by event:set() or send:offer(...)",
                    strcmp(ar.namewhat, "hook") == 0 ? "debug hook" : "finalizer (__gc)");
  else if (strcmp(lua_tostring(L, -1), "require") == 0)
    lua_pushliteral(L, "cannot wait at the top level of a file loaded by 'require': "
                       "wait in a function that is called afterwards");
  else
    lua_pushfstring(L, "cannot wait inside a function called by '%s', which Lua cannot suspend: "
                       "wait before or after it", lua_tostring(L, -1));
  lua_replace(L, -2);
}


/* Was 'L', or a coroutine it runs in, resumed by Lua's own library? */
static bool is_foreign(const struct coh_state *S, const lua_State *L) {
  const struct coh_frame *frame = S->frame;
  if (frame == NULL || frame->co != L) return frame != NULL;
  while (frame != NULL && !frame->foreign) frame = frame->prev;
  return frame != NULL;
}


void coh_push_refusal(lua_State *L, struct coh_state *S) {
  coh_text_push_prefix(L);
  if (is_foreign(S, L))
    lua_pushliteral(L, "cannot wait inside a coroutine that Lua's own coroutine library resumed: "
                       "write cohort.coroutine in its place, or wait outside of it, "
                       "and hand in what was waited for");
  else if (S->frame != NULL && S->frame->closing)
    lua_pushliteral(L, "cannot wait in a '<close>' variable of this coroutine: it is closed where Lua cannot "
                       "suspend, or it began outside of a task");
  else
    push_obstacle(L, S);
  lua_concat(L, 2);
}


int coh_refuse_wait(struct coh_state *S, lua_State *L) {
  coh_push_refusal(L, S);
  return lua_error(L);
}
