/*
** A host in C that checks what cohort.h promises, for hosts_spec.lua: `embedded
** CLAIM [script]` runs the function of that name, and ends with 0 and no output,
** or with 1 and the line of what did not hold. Linked with the module itself.
*/
#include "embedded.h"

#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>

static const cohort_budget one_step = {.resumes = 1};


/* {{ Opening */

static void opening_without_the_module_is_refused(void) {
  lua_State *L = luaL_newstate();
  cohort_runtime *rt = NULL;
  CHECK(cohort_of(L) == NULL);
  CHECK(cohort_open(L, NULL, &rt) == COHORT_EINVAL);
  CHECK(rt == NULL);
  lua_close(L);
}


static void a_state_has_one_runtime_at_a_time(void) {
  struct host h = open();
  cohort_runtime *second = NULL;
  CHECK(cohort_of(h.L) == h.rt);
  CHECK(cohort_open(h.L, NULL, &second) == COHORT_EEXIST);
  CHECK(second == NULL);
  cohort_close(h.rt);
  CHECK(cohort_of(h.L) == NULL);
  CHECK(cohort_open(h.L, NULL, &h.rt) == 0);
  take(&h, spawn(&h, "return 1"), COHORT_EBUSY, NULL);
  CHECK(cohort_pump(h.rt, NULL) == COHORT_IDLE);
  close(&h);
}


static void a_configuration_without_its_size_is_refused(void) {
  lua_State *L = new_lua();
  cohort_config c = {.seed = 1};
  cohort_runtime *rt = NULL;
  CHECK(cohort_open(L, &c, &rt) == COHORT_EINVAL);
  c.size = sizeof c - 1;
  CHECK(cohort_open(L, &c, &rt) == COHORT_EINVAL);
  CHECK(cohort_of(L) == NULL);
  lua_close(L);
}


static void an_index_that_is_no_clock_is_refused(void) {
  lua_State *L = new_lua();
  static const int beyond[] = {2, 999999, -2, -999999, INT_MAX, LUA_REGISTRYINDEX};
  cohort_config c = {.size = sizeof c, .clock_index = 1};
  cohort_runtime *rt = NULL;
  lua_pushinteger(L, 7);
  CHECK(cohort_open(L, &c, &rt) == COHORT_EINVAL);
  for (size_t i = 0; i < sizeof beyond / sizeof *beyond; i++) {
    c.clock_index = beyond[i];
    CHECK(cohort_open(L, &c, &rt) == COHORT_EINVAL);
  }
  CHECK(cohort_of(L) == NULL);
  lua_close(L);
}

/* }} */


/* {{ Pumping */

static void a_budget_of_steps_is_kept(void) {
  struct host h = open();
  const cohort_budget three = {.resumes = 3};
  int i;
  for (i = 0; i < 10; i++) spawn(&h, "n = (n or 0) + 1");
  CHECK(cohort_pump(h.rt, &three) == COHORT_MORE);
  CHECK(global(h.L, "n") == 3);
  CHECK(cohort_timeout(h.rt) == 0);
  CHECK(cohort_pump(h.rt, &three) == COHORT_MORE);
  CHECK(cohort_pump(h.rt, NULL) == COHORT_IDLE);
  CHECK(global(h.L, "n") == 10);
  close(&h);
}


static void a_budget_of_time_is_kept(void) {
  struct host h = open();
  const cohort_budget brief = {.run_ns = 1000000};
  spawn(&h, "while not done do n = (n or 0) + 1 cohort.checkpoint() end");
  CHECK(cohort_pump(h.rt, &brief) == COHORT_MORE);
  CHECK(cohort_pump(h.rt, &brief) == COHORT_MORE);
  CHECK(global(h.L, "n") > 0);
  CHECK(luaL_dostring(h.L, "done = true") == LUA_OK);
  CHECK(cohort_pump(h.rt, NULL) == COHORT_IDLE);
  close(&h);
}


static int64_t read_clock(void *ud) {
  return *(int64_t *)ud;
}


static void time_is_that_of_the_hosts_clock(void) {
  int64_t now_ns = 5000000000;
  cohort_config c = {.size = sizeof c, .clock = read_clock, .clock_ud = &now_ns};
  struct host h = open_with(&c);
  cohort_task task = spawn(&h, "cohort.sleep(0.02) return 'slept'");
  CHECK(settle(&h) == COHORT_WAITING);
  CHECK(cohort_timeout(h.rt) == 20);
  now_ns += 19999999;
  CHECK(cohort_pump(h.rt, NULL) == COHORT_WAITING);
  CHECK(cohort_timeout(h.rt) == 1);
  now_ns += 1;
  CHECK(cohort_timeout(h.rt) == 0);
  CHECK(cohort_pump(h.rt, NULL) == COHORT_IDLE);
  take(&h, task, COHORT_RETURNED, "slept");
  close(&h);
}


static int pump_inside(lua_State *L) {
  struct host *h = lua_touserdata(L, lua_upvalueindex(1));
  cohort_task *task = lua_touserdata(L, lua_upvalueindex(2));
  int count = 0, top = lua_gettop(L);
  CHECK(cohort_pump(h->rt, NULL) == COHORT_EBUSY);
  CHECK(cohort_take(h->rt, *task, L, &count) == COHORT_EBUSY);
  CHECK(cohort_status(h->rt, *task) == COHORT_RUNNING);
  CHECK(lua_gettop(L) == top);
  return 0;
}


/* Takes the last of those that are ready, and counts how often it was asked. */
static uint64_t choose_last(void *asked, uint64_t n) {
  ++*(int *)asked;
  return n - 1;
}


static void the_host_chooses_which_task_runs_next(void) {
  int asked = 0;
  const cohort_config c = {.size = sizeof c, .choose = choose_last, .choose_ud = &asked};
  struct host h = open_with(&c);
  cohort_task first, second;
  CHECK(luaL_dostring(h.L, "number = 0") == LUA_OK);
  first = spawn(&h, "number = number * 10 + 1");
  second = spawn(&h, "number = number * 10 + 2 cohort.checkpoint() number = number * 10 + 3");
  CHECK(cohort_pump(h.rt, NULL) == COHORT_IDLE);
  CHECK(global(h.L, "number") == 231 && asked == 3);
  take(&h, first, COHORT_RETURNED, NULL);
  take(&h, second, COHORT_RETURNED, NULL);
  close(&h);
}


static void a_script_that_is_no_task_is_told_so(void) {
  static const char *const calls[] = {"cohort.run(print)", "cohort.main(print)"};
  struct host h = open();
  for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
    CHECK(luaL_dostring(h.L, calls[i]) != LUA_OK);
    CHECK(strstr(lua_tostring(h.L, -1), "no task of the runtime that is open; a host makes one") != NULL);
  }
  close(&h);
}


static void a_pump_inside_a_task_is_refused(void) {
  struct host h = open();
  cohort_task task;
  lua_pushlightuserdata(h.L, &h);
  lua_pushlightuserdata(h.L, &task);
  lua_pushcclosure(h.L, pump_inside, 2);
  lua_setglobal(h.L, "pump_inside");
  task = spawn(&h, "pump_inside() cohort.checkpoint() pump_inside() return 'both refused'");
  CHECK(cohort_pump(h.rt, NULL) == COHORT_IDLE);
  take(&h, task, COHORT_RETURNED, "both refused");
  close(&h);
}


static int close_inside(lua_State *L) {
  cohort_close(lua_touserdata(L, lua_upvalueindex(1)));
  return 0;
}


static void closing_inside_a_task_cancels_and_no_more(void) {
  struct host h = open();
  cohort_task closer, other;
  lua_pushlightuserdata(h.L, h.rt);
  lua_pushcclosure(h.L, close_inside, 1);
  lua_setglobal(h.L, "close_inside");
  other = spawn(&h, "cohort.sleep_forever()");
  closer = spawn(&h, "close_inside() return cohort.cancelled()");
  CHECK(cohort_pump(h.rt, NULL) == COHORT_IDLE);
  CHECK(cohort_of(h.L) == h.rt);
  take(&h, closer, COHORT_RETURNED, "true");
  take(&h, other, COHORT_CANCELLED, "Aborted");
  close(&h);
}


static void *wake_soon(void *rt) {
  static const struct timespec moment = {0, 5000000};
  nanosleep(&moment, NULL);
  cohort_wake(rt);
  return NULL;
}


/* The descriptor alone must end the poll: there is no time to be up. */
static void another_thread_wakes_the_hosts_poll(void) {
  struct host h = open();
  struct pollfd fd = {.fd = cohort_fd(h.rt), .events = POLLIN};
  pthread_t thread;
  spawn(&h, "cohort.sleep_forever()");
  CHECK(settle(&h) == COHORT_STUCK);
  CHECK(cohort_timeout(h.rt) == -1);
  CHECK(poll(&fd, 1, 0) == 0);
  pthread_create(&thread, NULL, wake_soon, h.rt);
  CHECK(poll(&fd, 1, 20000) == 1);
  pthread_join(thread, NULL);
  CHECK(cohort_pump(h.rt, NULL) == COHORT_STUCK);
  CHECK(poll(&fd, 1, 0) == 0);
  close(&h);
}

/* }} */


/* {{ Tasks */

static void results_are_taken_once(void) {
  struct host h = open();
  cohort_task task = spawn(&h, "cohort.checkpoint() return 1, nil, 'three', nil"), next;
  int count = 0;
  CHECK(cohort_pump(h.rt, &one_step) == COHORT_MORE);
  CHECK(cohort_take(h.rt, task, h.L, &count) == COHORT_EBUSY);
  CHECK(cohort_pump(h.rt, NULL) == COHORT_IDLE);
  CHECK(cohort_status(h.rt, task) == COHORT_RETURNED);
  CHECK(cohort_take(h.rt, task, h.L, &count) == COHORT_RETURNED);
  CHECK(count == 4 && lua_gettop(h.L) == 4);
  CHECK(lua_tointeger(h.L, 1) == 1 && lua_isnil(h.L, 2) && lua_isnil(h.L, 4));
  lua_settop(h.L, 0);
  next = spawn(&h, "");
  CHECK(next != task);
  CHECK(cohort_take(h.rt, task, h.L, &count) == COHORT_EINVAL);
  CHECK(cohort_status(h.rt, task) == COHORT_EINVAL);
  CHECK(cohort_status(h.rt, next) == COHORT_RUNNING);
  close(&h);
}


static void arguments_go_to_the_function(void) {
  struct host h = open();
  cohort_task task;
  CHECK(luaL_loadstring(h.L, "return select('#', ...) .. (...)") == LUA_OK);
  lua_pushliteral(h.L, "first");
  lua_pushnil(h.L);
  CHECK(cohort_spawn(h.rt, h.L, 2, &task) == 0);
  CHECK(lua_gettop(h.L) == 0);
  CHECK(cohort_pump(h.rt, NULL) == COHORT_IDLE);
  take(&h, task, COHORT_RETURNED, "2first");
  CHECK(cohort_spawn(h.rt, h.L, 0, &task) == COHORT_EINVAL);
  lua_pushinteger(h.L, 1);
  CHECK(cohort_spawn(h.rt, h.L, 1, &task) == COHORT_EINVAL);
  CHECK(cohort_spawn(h.rt, h.L, -1, &task) == COHORT_EINVAL);
  CHECK(lua_gettop(h.L) == 1);
  close(&h);
}


static void failures_keep_their_identity(void) {
  struct host h = open();
  cohort_task task = spawn(&h, "error(cohort)");
  int count;
  CHECK(cohort_pump(h.rt, NULL) == COHORT_IDLE);
  CHECK(cohort_take(h.rt, task, h.L, &count) == COHORT_FAILED);
  CHECK(count == 1);
  lua_getglobal(h.L, "cohort");
  CHECK(lua_rawequal(h.L, -1, -2));
  close(&h);
}


static void cancel_ends_every_task(void) {
  struct host h = open();
  cohort_task waits = spawn(&h, "cohort.group(function(g) g:spawn(cohort.sleep_forever) end)");
  cohort_task cleans = spawn(&h, "local ok, err = pcall(cohort.sleep_forever)\n"
                                 "cohort.shield(cohort.checkpoint)\n"
                                 "return cohort.is(err, cohort.Cancelled)");
  CHECK(cohort_pump(h.rt, NULL) == COHORT_STUCK);
  cohort_cancel(h.rt);
  cohort_cancel(h.rt);
  CHECK(cohort_timeout(h.rt) == 0);
  CHECK(cohort_pump(h.rt, NULL) == COHORT_IDLE);
  take(&h, waits, COHORT_CANCELLED, "Aborted");
  take(&h, cleans, COHORT_RETURNED, "true");
  close(&h);
}


static void a_deadlock_is_broken_by_the_host(void) {
  struct host h = open();
  cohort_task polite = spawn(&h, "cohort.sleep_forever()");
  cohort_task stubborn = spawn(&h, "while true do pcall(cohort.shield, cohort.sleep_forever) end");
  int breaks = 0;
  while (cohort_pump(h.rt, NULL) != COHORT_IDLE) {
    cohort_break(h.rt);
    CHECK(++breaks < 100);
  }
  take(&h, polite, COHORT_CANCELLED, "Deadlock");
  take(&h, stubborn, COHORT_CANCELLED, "Deadlock");
  close(&h);
}


static void the_first_sigint_cancels(void) {
  cohort_config c = {.size = sizeof c, .interrupts = 1};
  const cohort_budget wait = {.block_ns = COHORT_FOREVER};
  struct host h;
  struct sigaction before, after;
  cohort_task task;
  signal(SIGINT, SIG_DFL);
  sigaction(SIGINT, NULL, &before);
  h = open_with(&c);
  task = spawn(&h, "cohort.sleep(60)");
  CHECK(cohort_pump(h.rt, NULL) == COHORT_WAITING);
  raise(SIGINT);
  CHECK(cohort_pump(h.rt, &wait) == COHORT_IDLE);
  take(&h, task, COHORT_CANCELLED, "Interrupted");
  close(&h);
  sigaction(SIGINT, NULL, &after);
  CHECK(after.sa_handler == before.sa_handler);
}


static void two_states_share_nothing(void) {
  struct host a = open(), b = open();
  cohort_task in_a = spawn(&a, "for i = 1, 50 do cohort.checkpoint() n = i end return n"), in_b;
  CHECK(cohort_pump(a.rt, &one_step) == COHORT_MORE);
  in_b = spawn(&b, "cohort.sleep_forever()");
  CHECK(cohort_pump(b.rt, NULL) == COHORT_STUCK);
  cohort_cancel(b.rt);
  CHECK(cohort_pump(a.rt, NULL) == COHORT_IDLE);
  CHECK(cohort_pump(b.rt, NULL) == COHORT_IDLE);
  take(&b, in_b, COHORT_CANCELLED, "Aborted");
  close(&b);
  take(&a, in_a, COHORT_RETURNED, "50");
  close(&a);
}

/* }} */


/* {{ Closing early */

/* Run the script for so many steps, in an order that the seed decides, then close: the runtime first, or the
   lua_State alone. False when it had ended before. */
static int close_after(int steps, const char *script, uint64_t seed, int by_state) {
  static const cohort_budget step = {.resumes = 1, .block_ns = 1000000};
  const cohort_config c = {.size = sizeof c, .seed = seed};
  struct host h = open_with(&c);
  cohort_task task;
  int i, state = COHORT_MORE;
  CHECK(luaL_loadfile(h.L, script) == LUA_OK);
  CHECK(cohort_spawn(h.rt, h.L, 0, &task) == 0);
  for (i = 0; i < steps && state != COHORT_IDLE; i++) state = cohort_pump(h.rt, &step);
  if (state == COHORT_IDLE) take(&h, task, COHORT_RETURNED, NULL);
  if (by_state) {
    lua_close(h.L);
    return state != COHORT_IDLE;
  }
  cohort_close(h.rt);
  CHECK(cohort_open(h.L, NULL, &h.rt) == 0);  /* and it starts again as new */
  task = spawn(&h, "cohort.group(function(g) g:spawn(cohort.checkpoint) end) return 'again'");
  CHECK(cohort_pump(h.rt, NULL) == COHORT_IDLE);
  take(&h, task, COHORT_RETURNED, "again");
  close(&h);
  return state != COHORT_IDLE;
}


static void closing_after_any_step_leaves_nothing(const char *script) {
  uint64_t seed;
  for (seed = 0; seed < 6; seed++) {
    int steps = 0;
    while (close_after(steps, script, seed / 2, seed % 2)) steps++;
    CHECK(steps > 20);  /* a script with less to cut says nothing */
  }
}

/* }} */


/* {{ Cancelling, waiting for the host */

static void a_runtime_begins_again_when_all_that_was_cancelled_has_ended(void) {
  struct host h = open();
  cohort_task task = spawn(&h, "cohort.sleep(9)");
  cohort_pump(h.rt, NULL);
  cohort_cancel(h.rt);
  CHECK(cohort_pump(h.rt, NULL) == COHORT_IDLE);
  take(&h, task, COHORT_CANCELLED, "Aborted");
  task = spawn(&h, "cohort.event():wait()");
  CHECK(cohort_pump(h.rt, NULL) == COHORT_STUCK);
  cohort_break(h.rt);
  CHECK(cohort_pump(h.rt, NULL) == COHORT_IDLE);
  take(&h, task, COHORT_CANCELLED, "Deadlock");
  task = spawn(&h, "cohort.checkpoint() return 'as new'");
  CHECK(cohort_pump(h.rt, NULL) == COHORT_IDLE);
  take(&h, task, COHORT_RETURNED, "as new");
  close(&h);
}


static void a_task_is_cancelled_alone(void) {
  struct host h = open();
  cohort_task one = spawn(&h, "cohort.group(function(g) g:spawn(cohort.sleep, 9) end)");
  cohort_task other = spawn(&h, "cohort.sleep(0.01) return 'the other'");
  cohort_pump(h.rt, NULL);
  CHECK(cohort_cancel_task(h.rt, one) == 0);
  cohort_pump(h.rt, NULL);
  CHECK(cohort_status(h.rt, one) == COHORT_CANCELLED);
  CHECK(cohort_cancel_task(h.rt, one) == 0);
  take(&h, one, COHORT_CANCELLED, "Aborted");
  CHECK(cohort_cancel_task(h.rt, one) == COHORT_EINVAL);
  while (cohort_pump(h.rt, &(cohort_budget){.block_ns = COHORT_FOREVER}) != COHORT_IDLE) {}
  take(&h, other, COHORT_RETURNED, "the other");
  close(&h);
}


static void who_waits_for_the_host_is_not_stuck(void) {
  struct host h = open();
  cohort_task task = spawn(&h, "done = cohort.event() done:wait() return 'done'");
  CHECK(cohort_pump(h.rt, NULL) == COHORT_STUCK);
  cohort_hold(h.rt);
  cohort_hold(h.rt);
  CHECK(cohort_pump(h.rt, NULL) == COHORT_WAITING);
  cohort_release(h.rt);
  CHECK(cohort_pump(h.rt, NULL) == COHORT_WAITING);
  CHECK(settle(&h) == COHORT_WAITING && cohort_timeout(h.rt) == -1);
  CHECK(luaL_dostring(h.L, "done:set()") == LUA_OK);
  cohort_release(h.rt);
  CHECK(cohort_timeout(h.rt) == 0);
  CHECK(cohort_pump(h.rt, NULL) == COHORT_IDLE);
  take(&h, task, COHORT_RETURNED, "done");
  close(&h);
}

/* }} */


int main(int argc, char **argv) {
  static const struct claim claims[] = {
    CLAIM(opening_without_the_module_is_refused),
    CLAIM(a_state_has_one_runtime_at_a_time),
    CLAIM(a_configuration_without_its_size_is_refused),
    CLAIM(an_index_that_is_no_clock_is_refused),
    CLAIM(a_budget_of_steps_is_kept),
    CLAIM(a_budget_of_time_is_kept),
    CLAIM(time_is_that_of_the_hosts_clock),
    CLAIM(the_host_chooses_which_task_runs_next),
    CLAIM(a_script_that_is_no_task_is_told_so),
    CLAIM(a_pump_inside_a_task_is_refused),
    CLAIM(closing_inside_a_task_cancels_and_no_more),
    CLAIM(another_thread_wakes_the_hosts_poll),
    CLAIM(results_are_taken_once),
    CLAIM(arguments_go_to_the_function),
    CLAIM(failures_keep_their_identity),
    CLAIM(cancel_ends_every_task),
    CLAIM(a_deadlock_is_broken_by_the_host),
    CLAIM(the_first_sigint_cancels),
    CLAIM(two_states_share_nothing),
    CLAIM(a_runtime_begins_again_when_all_that_was_cancelled_has_ended),
    CLAIM(a_task_is_cancelled_alone),
    CLAIM(who_waits_for_the_host_is_not_stuck),
    {NULL, NULL},
  };
  if (argc > 2 && strcmp(argv[1], "closing_after_any_step_leaves_nothing") == 0)
    return closing_after_any_step_leaves_nothing(argv[2]), 0;
  return check_claim(claims, argc, argv);
}
