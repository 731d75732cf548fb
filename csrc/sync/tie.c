/*
** Ties: see tie.h. A tie is in the list of what its task holds, and anchored, until
** one of the two ends comes.
*/
#include "sync/tie.h"

#include "glue/reuse.h"
#include "glue/wait.h"
#include "lua/arg.h"
#include "sync/object.h"

/* Its user value is the function. */
struct tie {
  struct coh_sync sync;  /* its queue is not used */
  struct coh_held held;  /* in the list of its task; alone afterwards */
  int slot;              /* in state.objects, while it is in that list */
};


static void describe(lua_State *L, int object) {
  const struct tie *t = lua_touserdata(L, object);
  lua_pushstring(L, coh_link_alone(&t->held.link) ? "released" : "tied");
}


static const struct coh_sync_class class = {
  .noun = "tie", .name = "cohort.Tie", .size = sizeof(struct tie), .values = 1, .describe = describe};


/* The task has ended: call the function. At the end of a state it is not called. */
static void ended(lua_State *L, struct coh_held *held, const char *name) {
  struct tie *t = coh_item(held, struct tie, held);
  struct coh_state *S = t->sync.state;
  coh_anchors_push(S->main, &S->objects, t->slot);
  if (S->main != L) lua_xmove(S->main, L, 1);
  coh_anchors_free(S->main, &S->objects, t->slot);
  t->slot = 0;
  lua_getiuservalue(L, -1, 1);
  if (name == NULL || lua_pcall(L, 0, 0, 0) != LUA_OK) lua_pop(L, 1);
  lua_pop(L, 1);
}


/* tie:release() */
static int l_release(lua_State *L) {
  struct tie *t = coh_sync_check(L, &class, "release");
  coh_link_remove(&t->held.link);
  coh_anchors_free(L, &t->sync.state->objects, t->slot);
  t->slot = 0;
  return 0;
}


/* tie(f) -> tie, or nil where no task runs */
static int l_tie(lua_State *L) {
  struct coh_state *S = coh_state_here(L);
  struct coh_fiber *f = coh_running(S);
  struct tie *t;
  coh_check_callable(L, 1, "tie");
  if (f == NULL) return 0;
  lua_settop(L, 1);
  coh_fiber_extra(L, f);
  t = coh_sync_new(L, &class);
  coh_link_init(&t->held.link);
  t->held.ended = ended;
  lua_pushvalue(L, 1);
  lua_setiuservalue(L, 2, 1);
  lua_pushvalue(L, 2);
  t->slot = coh_anchors_take(L, &S->objects);
  coh_link_append(&f->extra->held, &t->held.link);
  return 1;
}


static const luaL_Reg methods[] = {{"release", l_release}, {NULL, NULL}};
static const luaL_Reg metamethods[] = {{NULL, NULL}};


void coh_tie_open(lua_State *L) {
  coh_sync_define(L, &class, metamethods, methods);
  coh_sync_export(L, "tie", l_tie);
}
