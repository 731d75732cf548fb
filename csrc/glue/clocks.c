/*
** Virtual clocks: see clocks.h. A clock starts at 0 and stands still; it moves
** when 'jump' is called, or with autojump by itself to the next deadline whenever
** every task waits and no operation is in flight that will end by itself.
*/
#include "glue/clocks.h"

#include <string.h>

#include "glue/arg.h"
#include "glue/object.h"


/* clock([{autojump = boolean}]) -> clock */
static int l_clock(lua_State *L) {
  static const char *const names[] = {"autojump", NULL};
  bool autojump = false;
  struct coh_clock *c;
  if (!lua_isnoneornil(L, 1)) {
    coh_check_options(L, 1, "clock", names);
    autojump = coh_opt_boolean(L, 1, "autojump", false);
  }
  c = lua_newuserdatauv(L, sizeof *c, 0);
  coh_clock_init_virtual(c, autojump);
  coh_object_set_metatable(L, coh_state_here(L), COH_CLOCK);
  return 1;
}


/* clock:jump(seconds) */
static int l_jump(lua_State *L) {
  struct coh_clock *c = coh_object_check(L, 1, COH_CLOCK, "jump");
  int64_t by_ns = coh_check_seconds(L, 2, "jump");
  if (by_ns == COH_NEVER) return coh_misuse(L, "jump expects a finite number of seconds");
  coh_clock_jump(c, coh_time_add(coh_clock_now(c), by_ns));
  return 0;
}


/* clock:now() -> seconds */
static int l_now(lua_State *L) {
  lua_pushnumber(L, coh_seconds(coh_clock_now(coh_object_check(L, 1, COH_CLOCK, "now"))));
  return 1;
}


/* clock.autojump */
static int field(lua_State *L) {
  struct coh_clock *c = coh_object_check(L, 1, COH_CLOCK, "field");
  if (lua_type(L, 2) == LUA_TSTRING && strcmp(lua_tostring(L, 2), "autojump") == 0)
    lua_pushboolean(L, c->autojump);
  else
    lua_pushnil(L);
  return 1;
}


/* tostring(clock) */
static int l_tostring(lua_State *L) {
  struct coh_clock *c = coh_object_check(L, 1, COH_CLOCK, "tostring");
  lua_pushfstring(L, "virtual clock at %fs", (LUAI_UACNUMBER)coh_seconds(c->now_ns));
  return 1;
}


static const luaL_Reg methods[] = {{"jump", l_jump}, {"now", l_now}, {NULL, NULL}};
static const luaL_Reg metamethods[] = {{"__tostring", l_tostring}, {NULL, NULL}};


void coh_clocks_open(lua_State *L) {
  coh_object_define(L, COH_CLOCK, "cohort.Clock", metamethods, methods, field);
  lua_pushlightuserdata(L, coh_state_of(L));
  lua_pushcclosure(L, l_clock, 1);
  lua_setfield(L, -2, "clock");
}
