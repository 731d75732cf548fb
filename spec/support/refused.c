/*
** A host in C that asks for what there is not, for hosts_spec.lua: `refused CLAIM` checks what
** becomes of calls for a runtime that is closed, for tasks of others, of one release too many, and of
** time that is over.
*/
#include "embedded.h"


static void a_release_without_a_hold_is_refused(void) {
  struct host h = open();
  spawn(&h, "cohort.event():wait()");
  CHECK(cohort_release(h.rt) == COHORT_EINVAL);
  cohort_hold(h.rt);
  CHECK(cohort_pump(h.rt, NULL) == COHORT_WAITING);
  CHECK(cohort_release(h.rt) == 0);
  CHECK(cohort_release(h.rt) == COHORT_EINVAL);
  CHECK(cohort_pump(h.rt, NULL) == COHORT_STUCK);
  cohort_hold(h.rt);
  cohort_close(h.rt);
  cohort_hold(h.rt);
  CHECK(cohort_release(h.rt) == COHORT_EINVAL);
  CHECK(cohort_open(h.L, NULL, &h.rt) == 0);
  spawn(&h, "cohort.event():wait()");
  CHECK(cohort_pump(h.rt, NULL) == COHORT_STUCK);
  close(&h);
}


static void a_pump_whose_time_is_over_begins_no_step(void) {
  struct host h = open();
  const cohort_budget late = {.run_ns = -1}, longest = {.run_ns = INT64_MIN}, last = {.run_ns = INT64_MAX};
  cohort_task task = spawn(&h, "n = 0 for i = 1, 3 do n = i cohort.checkpoint() end");
  CHECK(cohort_pump(h.rt, &late) == COHORT_MORE);
  CHECK(cohort_pump(h.rt, &longest) == COHORT_MORE);
  CHECK(global(h.L, "n") == 0);
  CHECK(cohort_pump(h.rt, &last) == COHORT_IDLE);
  CHECK(global(h.L, "n") == 3);
  CHECK(cohort_take(h.rt, task, h.L, NULL) == COHORT_RETURNED);
  close(&h);
}


static void a_pump_whose_time_is_over_looks_at_events(void) {
  struct host h = open();
  const cohort_budget late = {.block_ns = -1};
  cohort_task task = spawn(&h, "local a = cohort.net.listen('127.0.0.1', 0)"
                               " cohort.net.connect('127.0.0.1', a.local_address.port)");
  int pumps = 0;
  while (cohort_pump(h.rt, &late) != COHORT_IDLE) CHECK(pumps++ < 1000000);
  take(&h, task, COHORT_RETURNED, NULL);
  close(&h);
}


static void a_closed_runtime_has_nothing_to_wait_for(void) {
  struct host h = open();
  cohort_task task = spawn(&h, "cohort.event():wait()");
  int top = lua_gettop(h.L);
  size_t values = lua_rawlen(h.L, LUA_REGISTRYINDEX);
  CHECK(cohort_pump(h.rt, NULL) == COHORT_STUCK);
  cohort_close(h.rt);
  CHECK(cohort_timeout(h.rt) == -1);
  CHECK(cohort_fd(h.rt) == -1);
  CHECK(cohort_pump(h.rt, NULL) == COHORT_EBUSY);
  CHECK(cohort_status(h.rt, task) == COHORT_EINVAL);
  CHECK(cohort_cancel_task(h.rt, task) == COHORT_EINVAL);
  CHECK(cohort_take(h.rt, task, h.L, NULL) == COHORT_EINVAL);
  cohort_cancel(h.rt);
  cohort_break(h.rt);
  cohort_wake(h.rt);
  cohort_close(h.rt);
  CHECK(lua_gettop(h.L) == top);
  CHECK(lua_rawlen(h.L, LUA_REGISTRYINDEX) == values);
  CHECK(cohort_open(h.L, NULL, &h.rt) == 0);
  CHECK(settle(&h) == COHORT_IDLE);
  CHECK(cohort_timeout(h.rt) == -1);
  close(&h);
}


static void what_is_no_task_is_refused(void) {
  struct host h = open(), other = open();
  cohort_task task = spawn(&h, "return 1");
  int count = 0;
  CHECK(luaL_loadstring(other.L, "return 2") == LUA_OK);
  CHECK(cohort_spawn(h.rt, other.L, 0, NULL) == COHORT_EINVAL);
  CHECK(lua_gettop(other.L) == 1);
  lua_pushinteger(h.L, 1);
  CHECK(cohort_spawn(h.rt, h.L, 0, NULL) == COHORT_EINVAL);
  CHECK(lua_gettop(h.L) == 1);
  CHECK(cohort_pump(h.rt, NULL) == COHORT_IDLE);
  CHECK(cohort_take(h.rt, task, other.L, &count) == COHORT_EINVAL);
  CHECK(cohort_take(h.rt, task, h.L, NULL) == COHORT_RETURNED);
  close(&h);
  close(&other);
}


static void a_full_stack_of_luas_is_no_room(void) {
  struct host h = open();
  cohort_task task = spawn(&h, "return 1"), other;
  int top = lua_gettop(h.L);
  CHECK(cohort_pump(h.rt, NULL) == COHORT_IDLE);
  CHECK(luaL_loadstring(h.L, "return 2") == LUA_OK);
  while (lua_checkstack(h.L, 1)) lua_pushvalue(h.L, -1);
  CHECK(cohort_take(h.rt, task, h.L, NULL) == COHORT_ENOMEM);
  CHECK(cohort_spawn(h.rt, h.L, 0, &other) == COHORT_ENOMEM);
  lua_settop(h.L, top + 1);
  CHECK(cohort_spawn(h.rt, h.L, 0, &other) == 0);
  take(&h, task, COHORT_RETURNED, "1");
  CHECK(cohort_pump(h.rt, NULL) == COHORT_IDLE);
  take(&h, other, COHORT_RETURNED, "2");
  close(&h);
}


static void results_without_room_are_dropped_with_an_error(void) {
  struct host h = open();
  cohort_task task = spawn(&h, "return table.unpack({}, 1, 5000)");
  int top = lua_gettop(h.L), room, count = 0;
  CHECK(cohort_pump(h.rt, NULL) == COHORT_IDLE);
  lua_pushnil(h.L);
  while (lua_checkstack(h.L, 1)) lua_pushvalue(h.L, -1);
  for (room = 0; room < 1000; room++) lua_pop(h.L, 1);
  CHECK(cohort_take(h.rt, task, h.L, &count) == COHORT_FAILED);
  CHECK(count == 1 && lua_type(h.L, -1) == LUA_TSTRING);
  CHECK(cohort_take(h.rt, task, h.L, NULL) == COHORT_EINVAL);
  lua_settop(h.L, top);
  close(&h);
}


int main(int argc, char **argv) {
  static const struct claim claims[] = {
    CLAIM(a_release_without_a_hold_is_refused),
    CLAIM(a_pump_whose_time_is_over_begins_no_step),
    CLAIM(a_pump_whose_time_is_over_looks_at_events),
    CLAIM(a_closed_runtime_has_nothing_to_wait_for),
    CLAIM(what_is_no_task_is_refused),
    CLAIM(a_full_stack_of_luas_is_no_room),
    CLAIM(results_without_room_are_dropped_with_an_error),
    {NULL, NULL},
  };
  return check_claim(claims, argc, argv);
}
