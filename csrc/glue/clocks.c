/*
** Virtual clocks, and waiting for quiet: see clocks.h. A clock starts at 0 and
** stands still; it moves by hand, at a rate of the machine's, or with autojump by
** itself to the next deadline whenever every task waits and no operation is in flight
** that will end by itself.
*/
#include "glue/clocks.h"

#include <math.h>
#include <string.h>

#include "glue/object.h"
#include "glue/reuse.h"
#include "glue/wait.h"
#include "kernel/idle.h"
#include "lua/arg.h"


/* {{ Options and fields */

/* The rate at 'arg', called 'what' in the message. [-0, +0, v] */
static double check_rate(lua_State *L, int arg, const char *what) {
  double rate = lua_tonumber(L, arg);
  if (lua_type(L, arg) != LUA_TNUMBER)
    coh_misuse(L, "%s expects virtual seconds per real second, got %s", what, coh_type_name(L, arg));
  if (!(rate >= 0 && rate < HUGE_VAL))
    coh_misuse(L, "%s expects zero or more virtual seconds per real second, got %.14g", what, rate);
  return rate;
}


/* clock([{autojump = boolean, rate = number}]) -> clock */
static int l_clock(lua_State *L) {
  static const char *const names[] = {"autojump", "rate", NULL};
  bool autojump = false;
  double rate = 0;
  struct coh_clock *c;
  if (!lua_isnoneornil(L, 1)) {
    coh_check_options(L, 1, "clock", names);
    autojump = coh_opt_boolean(L, 1, "autojump", false);
    if (coh_get_option(L, 1, "rate") != LUA_TNIL) rate = check_rate(L, lua_gettop(L), "option 'rate'");
  }
  c = lua_newuserdatauv(L, sizeof *c, 0);
  coh_clock_init_virtual(c, autojump);
  coh_clock_set_rate(c, rate);
  coh_object_set_metatable(L, coh_state_here(L), COH_CLOCK);
  return 1;
}


/* clock.autojump */
static int get_autojump(lua_State *L) {
  const struct coh_clock *c = coh_object_check(L, 1, COH_CLOCK, "field");
  lua_pushboolean(L, c->autojump);
  return 1;
}


/* clock.rate */
static int get_rate(lua_State *L) {
  const struct coh_clock *c = coh_object_check(L, 1, COH_CLOCK, "field");
  lua_pushnumber(L, c->rate);
  return 1;
}


static const luaL_Reg fields[] = {{"autojump", get_autojump}, {"rate", get_rate}, {NULL, NULL}};


/* clock.autojump = boolean, clock.rate = number */
static int l_newindex(lua_State *L) {
  struct coh_clock *c = coh_object_check(L, 1, COH_CLOCK, "__newindex");
  const char *name = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "";
  if (strcmp(name, "rate") == 0) {
    coh_clock_set_rate(c, check_rate(L, 3, "clock.rate"));
    return 0;
  }
  if (strcmp(name, "autojump") != 0)
    return coh_misuse(L, "a clock has no such field to assign: 'autojump' and 'rate' can be");
  if (!lua_isboolean(L, 3))
    return coh_misuse(L, "clock.autojump expects true or false, got %s", coh_type_name(L, 3));
  c->autojump = lua_toboolean(L, 3);
  return 0;
}

/* }} */


/* {{ Moving by hand */

/* The time on the clock at 1 in as many seconds as the number at 2. [-0, +0, v] */
static int64_t check_target(lua_State *L, struct coh_clock **clock, const char *what) {
  int64_t by_ns;
  *clock = coh_object_check(L, 1, COH_CLOCK, what);
  by_ns = coh_check_seconds(L, 2, what);
  if (by_ns == COH_NEVER) coh_misuse(L, "%s expects a finite number of seconds", what);
  return coh_time_add(coh_clock_now(*clock), by_ns);
}


/* clock:jump(seconds) */
static int l_jump(lua_State *L) {
  struct coh_clock *c;
  int64_t at_ns = check_target(L, &c, "jump");
  coh_clock_jump(c, at_ns);
  return 0;
}


/* Park until it has been quiet for so long. The idler is the fiber's: a stack may go meanwhile. [m] */
static int park_quiet(lua_State *L, struct coh_fiber *f, int64_t cushion_ns, lua_KFunction woken) {
  struct coh_idler *idler = coh_fiber_room(L, f, sizeof *idler);
  idler->cushion_ns = cushion_ns;
  coh_idle_park(&f->task.wait, &f->task.current->slot, idler);
  return coh_yield(L, f, woken);
}


static int advanced(lua_State *L, int status, lua_KContext context);

/* All others are blocked: move to the next deadline and wait again, or to the time at 2 if that is first. */
static int step(lua_State *L, struct coh_fiber *f) {
  struct coh_runtime *rt = coh_task_runtime(&f->task);
  int64_t target_ns = lua_tointeger(L, 2), next_ns = coh_timer_next(rt);
  coh_clock_jump(rt->clock, next_ns < target_ns ? next_ns : target_ns);
  if (next_ns > target_ns) return 0;
  return park_quiet(L, f, 0, advanced);
}


static int advanced(lua_State *L, int status, lua_KContext context) {
  (void)status;
  return step(L, coh_woken(L, context));
}


/* The first wait lets what is ready run. */
static int advance_try(lua_State *L, int status, lua_KContext context) {
  struct coh_fiber *f = coh_test(L, context);
  (void)status;
  return park_quiet(L, f, 0, advanced);
}


/* clock:advance(seconds) */
static int l_advance(lua_State *L) {
  struct coh_clock *c;
  int64_t at_ns = check_target(L, &c, "advance");
  coh_check_wait(L);
  if (coh_state_here(L)->loop.rt.clock != c)
    return coh_misuse(L, "advance expects the clock of this run: write cohort.run({clock = clock}, main), "
                         "or clock:jump(seconds) for a clock that no run uses");
  lua_settop(L, 1);
  lua_pushinteger(L, at_ns);
  return coh_begin(L, advance_try);
}

/* }} */


/* {{ Waiting for quiet */

static int quiet(lua_State *L, int status, lua_KContext context) {
  (void)status;
  coh_woken(L, context);
  return 0;
}


static int quiet_try(lua_State *L, int status, lua_KContext context) {
  struct coh_fiber *f = coh_test(L, context);
  (void)status;
  return park_quiet(L, f, lua_tointeger(L, 1), quiet);
}


/* wait_all_blocked([cushion]) */
static int l_wait_all_blocked(lua_State *L) {
  int64_t cushion_ns = lua_isnoneornil(L, 1) ? 0 : coh_check_seconds(L, 1, "wait_all_blocked");
  if (cushion_ns == COH_NEVER) return coh_misuse(L, "wait_all_blocked expects a finite number of seconds");
  coh_check_wait(L);
  lua_settop(L, 0);
  lua_pushinteger(L, cushion_ns);
  return coh_begin(L, quiet_try);
}

/* }} */


/* clock:now() -> seconds */
static int l_now(lua_State *L) {
  lua_pushnumber(L, coh_seconds(coh_clock_now(coh_object_check(L, 1, COH_CLOCK, "now"))));
  return 1;
}


/* tostring(clock) */
static int l_tostring(lua_State *L) {
  struct coh_clock *c = coh_object_check(L, 1, COH_CLOCK, "tostring");
  lua_pushfstring(L, "virtual clock at %fs", (LUAI_UACNUMBER)coh_seconds(coh_clock_now(c)));
  return 1;
}


static const luaL_Reg methods[] = {{"advance", l_advance}, {"jump", l_jump}, {"now", l_now}, {NULL, NULL}};
static const luaL_Reg metamethods[] = {{"__newindex", l_newindex}, {"__tostring", l_tostring}, {NULL, NULL}};

static const luaL_Reg functions[] = {
  {"clock", l_clock}, {"wait_all_blocked", l_wait_all_blocked}, {NULL, NULL}
};


void coh_clocks_open(lua_State *L) {
  coh_object_define(L, COH_CLOCK, "cohort.Clock", metamethods, methods, fields);
  lua_pushlightuserdata(L, coh_state_of(L));
  luaL_setfuncs(L, functions, 1);
}
