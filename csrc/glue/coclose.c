/*
** Closing coroutines: see coclose.h. A '<close>' variable is called by the
** protected call that caught the error, so it runs above the frame that will
** go on after that call; only what is below is to be unwound further. If that call
** is one of ours, which raises again, the next that catches is further below, and what
** ours calls runs at a depth where we raise: so it is spared.
*/
#include "glue/coclose.h"

#include <lauxlib.h>

#include "glue/hook.h"
#include "glue/unwind.h"
#include "lua/depth.h"

/* A userdata on the stack of the code that closes, so that it ends with that, however that ends. */
struct coh_closing {
  const void *mark;          /* &mark, whatever metatable a debug function has given it */
  struct coh_link link;      /* in state.closings, or alone */
  lua_State *co;             /* anchored as the user value, so it lives as long as this */
  int limit;                 /* raise at this depth or less */
  int spared;                /* depth of a function that unwinding called, or 0 */
};


static const char mark = 0;  /* registry[&mark] is the metatable */


static struct coh_closing *find(const struct coh_state *S, const lua_State *co) {
  struct coh_link *l;
  for (l = S->closings.next; l != &S->closings; l = l->next) {
    struct coh_closing *c = coh_item(l, struct coh_closing, link);
    if (c->co == co) return c;
  }
  return NULL;
}


void coh_closing_hook(lua_State *L, const struct coh_state *S, const lua_Debug *ar) {
  struct coh_closing *c = find(S, L);
  if (c == NULL) return;
  if (c->spared != 0 && coh_depth_exceeds(L, c->spared - 1)) return;
  c->spared = 0;
  if (coh_depth_exceeds(L, c->limit)) return;
  if (ar->event == LUA_HOOKCALL) {
    if (coh_unwind_is_called_from_c(L)) c->spared = coh_depth_of(L);
    return;
  }
  c->limit = coh_unwind_below_catcher(S, L);
  lua_pushnil(L);
  lua_error(L);
}


/* pcall'ed: () -> a new coh_closing, not in use yet */
static int l_new(lua_State *L) {
  struct coh_closing *c = lua_newuserdatauv(L, sizeof *c, 1);
  *c = (struct coh_closing){.mark = &mark};
  coh_link_init(&c->link);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &mark);
  lua_setmetatable(L, -2);
  return 1;
}


bool coh_closing_begin(lua_State *L, struct coh_state *S, lua_State *co) {
  struct coh_closing *c;
  lua_pushcfunction(L, l_new);
  if (lua_pcall(L, 0, 1, 0) != LUA_OK) return false;
  lua_pushvalue(L, 1);
  lua_setiuservalue(L, -2, 1);
  lua_toclose(L, -1);
  c = lua_touserdata(L, -1);
  c->co = co;
  c->limit = coh_depth_of(co);
  coh_link_append(&S->closings, &c->link);
  coh_hook_set(S, co);
  return true;
}


bool coh_closing_is(const struct coh_state *S, const lua_State *co) {
  return find(S, co) != NULL;
}


static void end(struct coh_state *S, struct coh_closing *c) {
  coh_link_remove(&c->link);
  coh_hook_set(S, c->co);
}


void coh_closing_end(struct coh_state *S, lua_State *co) {
  struct coh_closing *c = find(S, co);
  if (c != NULL) end(S, c);
}


/* __close, __gc: the code that closes was itself ended while 'co' waited, or is collected with this */
static int l_end(lua_State *L) {
  struct coh_closing *c = lua_touserdata(L, 1);
  bool is_one = c != NULL && lua_rawlen(L, 1) == sizeof *c && c->mark == &mark;
  if (is_one && !coh_link_alone(&c->link)) end(coh_state_of(L), c);
  return 0;
}


void coh_closing_forget(struct coh_state *S) {
  while (!coh_link_alone(&S->closings)) coh_link_remove(S->closings.next);
}


void coh_closing_open(lua_State *L) {
  static const luaL_Reg metamethods[] = {{"__close", l_end}, {"__gc", l_end}, {NULL, NULL}};
  lua_createtable(L, 0, 2);
  luaL_setfuncs(L, metamethods, 0);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &mark);
}
