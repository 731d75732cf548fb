/*
** Schedules: see schedule.h. The function is called between two steps, when no task runs, on the stack of
** run's caller: never in a callback of libuv or in the middle of anything else. An error in it ends the run.
*/
#include "open/schedule.h"

#include <lauxlib.h>

#include "cohort.h"
#include "glue/fibername.h"
#include "open/embed.h"

enum { COUNT = 1, FUNCTION };  /* slots of 'ask' */


/* Push the list of the ready tasks, in order. [-0, +1, m] */
static void push_tasks(lua_State *L, struct coh_state *S, lua_Integer count) {
  const struct coh_link *l = S->loop.rt.pass.next;
  lua_Integer i;
  int list;
  lua_createtable(L, (int)count, 0);
  list = lua_gettop(L);
  for (i = 1; i <= count; i++, l = l->next) {
    struct coh_fiber *f = coh_item(l, struct coh_fiber, task.wait.link);
    coh_fiber_push_handle(L, S, f);
    if (lua_isnil(L, -1)) lua_pushboolean(L, 0);  /* its stack has no room for a handle any more */
    lua_rawseti(L, list, i);
    lua_settop(L, list);
  }
}


/* pcall'ed: (number of ready tasks, function) -> which of them, from 0 */
static int ask(lua_State *L) {
  lua_Integer count = lua_tointeger(L, COUNT), picked;
  int exact;
  push_tasks(L, coh_state_of(L), count);
  lua_call(L, 1, 1);
  if (count == 0 || lua_isnil(L, -1)) return 0;
  picked = lua_tointegerx(L, -1, &exact);
  if (lua_type(L, -1) != LUA_TNUMBER || !exact || picked < 1 || picked > count)
    return luaL_error(L, "a schedule returns nil or the number of a task in its list, 1 to %I here, got %s",
                      (LUAI_UACINT)count, luaL_tolstring(L, -1, NULL));
  lua_pushinteger(L, picked - 1);
  return 1;
}


uint64_t coh_schedule_choose(void *ud, uint64_t n) {
  struct coh_schedule *s = ud;
  lua_State *L = s->L;
  uint64_t picked = 0;
  if (s->failed) return 0;
  lua_pushcfunction(L, ask);
  lua_pushinteger(L, (lua_Integer)n);
  lua_pushvalue(L, s->function);
  if (lua_pcall(L, 2, 1, 0) == LUA_OK) {
    picked = (uint64_t)lua_tointeger(L, -1);
    lua_pop(L, 1);
  } else {
    s->failed = true;
    lua_replace(L, s->function);
    coh_embed_cancel(coh_embed_of(L));
  }
  return picked;
}
