/*
** A host in C that is called back in the middle of its calls, for hosts_spec.lua: `collected CLAIM`
** checks what becomes of tasks that are made and taken while a finalizer spawns, pumps, closes or
** exits, of a runtime that is closed while a '<close>' does, and of what the host's hooks are in.
*/
#include "embedded.h"

static struct host h;
static cohort_task inner;  /* the finalizer's; 0 before it ran */
static int called;         /* how often one of the others was */


/* __gc */
static int spawn_inner(lua_State *L) {
  (void)L;
  inner = spawn(&h, "return 'inner'");
  return 0;
}


/* __gc, __close */
static int close_all(lua_State *L) {
  (void)L;
  called++;
  cohort_close(h.rt);
  CHECK(cohort_of(h.L) == h.rt);
  return 0;
}


/* __gc */
static int pump_all(lua_State *L) {
  (void)L;
  called++;
  CHECK(cohort_pump(h.rt, NULL) == COHORT_IDLE);
  return 0;
}


/* __close: all is refused that would find half of a runtime. */
static int use_all(lua_State *L) {
  cohort_runtime *second = NULL;
  cohort_task task;
  called++;
  CHECK(cohort_pump(h.rt, NULL) == COHORT_EBUSY);
  CHECK(cohort_open(L, NULL, &second) == COHORT_EEXIST && second == NULL);
  CHECK(luaL_loadstring(L, "return 1") == LUA_OK);
  CHECK(cohort_spawn(h.rt, L, 0, &task) == COHORT_EINVAL);
  cohort_cancel(h.rt);
  cohort_break(h.rt);
  cohort_break(h.rt);
  return 0;
}


/* A debug hook, called when a function of C returns, too. The task's coroutine inherits it. */
static void raise_once(lua_State *L, lua_Debug *ar) {
  (void)ar;
  if (called++ == 0) luaL_error(L, "raised by a hook");
}


static void begin(void) {
  h = open();
  lua_register(h.L, "spawn_inner", spawn_inner);
  lua_register(h.L, "close_all", close_all);
  lua_register(h.L, "pump_all", pump_all);
  lua_register(h.L, "use_all", use_all);
}


/* Let the collector run that finalizer when the next object is made. */
static void arrange(const char *finalizer) {
  lua_pushfstring(h.L, "collectgarbage 'generational' collectgarbage() "
                       "setmetatable({}, {__gc = %s}) "
                       "local t = {} for i = 1, 1 << 18 do t[i] = i end", finalizer);
  CHECK(luaL_dostring(h.L, lua_tostring(h.L, -1)) == LUA_OK);
  lua_pop(h.L, 1);
  CHECK(inner == 0 && called == 0);
}


static void a_finalizer_may_spawn_while_a_task_is_made(void) {
  cohort_task outer;
  begin();
  CHECK(luaL_loadstring(h.L, "return 'outer'") == LUA_OK);
  arrange("spawn_inner");
  CHECK(cohort_spawn(h.rt, h.L, 0, &outer) == 0);
  CHECK(inner != 0 && inner != outer);
  CHECK(cohort_pump(h.rt, NULL) == COHORT_IDLE);
  take(&h, outer, COHORT_RETURNED, "outer");
  take(&h, inner, COHORT_RETURNED, "inner");
  close(&h);
}


static void a_finalizer_may_spawn_while_a_result_is_taken(void) {
  cohort_task tasks[8];  /* as many as there are places before more are made */
  int i;
  begin();
  for (i = 0; i < 8; i++) tasks[i] = spawn(&h, "error(cohort.Error { message = 'failed' }, 0)");
  CHECK(cohort_pump(h.rt, NULL) == COHORT_IDLE);
  arrange("spawn_inner");
  take(&h, tasks[0], COHORT_FAILED, "failed");
  CHECK(inner != 0);
  CHECK(cohort_pump(h.rt, NULL) == COHORT_IDLE);
  take(&h, inner, COHORT_RETURNED, "inner");
  for (i = 1; i < 8; i++) take(&h, tasks[i], COHORT_FAILED, "failed");
  close(&h);
}


static void a_finalizer_may_close_while_a_task_is_made_which_cancels(void) {
  cohort_task sleeper, outer;
  begin();
  sleeper = spawn(&h, "cohort.sleep_forever()");
  CHECK(cohort_pump(h.rt, NULL) == COHORT_STUCK);
  CHECK(luaL_loadstring(h.L, "cohort.checkpoint()") == LUA_OK);
  arrange("close_all");
  CHECK(cohort_spawn(h.rt, h.L, 0, &outer) == 0);
  CHECK(called == 1);
  CHECK(cohort_pump(h.rt, NULL) == COHORT_IDLE);
  take(&h, sleeper, COHORT_CANCELLED, "Aborted");
  take(&h, outer, COHORT_CANCELLED, "Aborted");
  close(&h);
}


/* Make a task that fails, so that what it is taken as is made of objects, and let it end. */
static cohort_task fail(void) {
  cohort_task task = spawn(&h, "error(cohort.Error { message = 'failed' }, 0)");
  CHECK(cohort_pump(h.rt, NULL) == COHORT_IDLE);
  return task;
}


static void a_finalizer_may_close_while_a_result_is_taken_which_cancels(void) {
  cohort_task task;
  begin();
  task = fail();
  arrange("close_all");
  take(&h, task, COHORT_FAILED, "failed");
  CHECK(called == 1);
  close(&h);
}


static void a_finalizer_may_pump_while_a_result_is_taken(void) {
  cohort_task task, other;
  begin();
  task = fail();
  other = spawn(&h, "return 'other'");
  arrange("pump_all");
  take(&h, task, COHORT_FAILED, "failed");
  CHECK(called == 1);
  take(&h, other, COHORT_RETURNED, "other");
  close(&h);
}


static void a_finalizer_may_exit_while_a_result_is_taken(void) {
  cohort_task task;
  begin();
  task = fail();
  arrange("function() os.exit(0, true) end");
  cohort_take(h.rt, task, h.L, NULL);
  CHECK(0);
}


static void close_with(const char *function) {
  int i;
  begin();
  for (i = 0; i < 3; i++) {
    lua_pushfstring(h.L, "local c <close> = setmetatable({}, {__close = %s}) "
                         "cohort.sleep_forever()", function);
    spawn(&h, lua_tostring(h.L, -1));
    lua_pop(h.L, 1);
  }
  CHECK(cohort_pump(h.rt, NULL) == COHORT_STUCK);
  close(&h);
  CHECK(called == 3);
}


static void closing_again_while_closing_does_nothing(void) {
  close_with("close_all");
}


static void using_a_runtime_while_it_is_closed_is_refused(void) {
  close_with("use_all");
}


static void a_hook_that_raises_while_a_task_is_made_loses_nothing(void) {
  cohort_task task;
  begin();
  CHECK(luaL_loadstring(h.L, "return 'made'") == LUA_OK);
  lua_sethook(h.L, raise_once, LUA_MASKRET, 0);
  CHECK(cohort_spawn(h.rt, h.L, 0, &task) == 0);
  lua_sethook(h.L, NULL, 0, 0);
  CHECK(cohort_pump(h.rt, NULL) == COHORT_IDLE);
  take(&h, task, COHORT_RETURNED, "made");
  close(&h);
}


static void count(lua_State *L, lua_Debug *ar) {
  (void)L, (void)ar;
  called++;
}


/* Run a task that is long, with a hook of the host's or without. Was that called? */
static int is_called(const char *code, lua_Hook hook) {
  cohort_task task;
  called = 0;
  CHECK(luaL_loadstring(h.L, code) == LUA_OK);
  lua_sethook(h.L, hook, hook != NULL ? LUA_MASKCOUNT : 0, 100);
  CHECK(cohort_spawn(h.rt, h.L, 0, &task) == 0);
  CHECK(cohort_pump(h.rt, NULL) == COHORT_IDLE);
  lua_sethook(h.L, NULL, 0, 0);
  take(&h, task, COHORT_RETURNED, NULL);
  return called > 90;
}


static void a_hook_is_in_each_task_that_is_made_while_it_is_set(void) {
  static const char counts[] = "for i = 1, 10000 do end";
  static const char child_counts[] =
    "cohort.group(function(g) g:spawn(function() for i = 1, 10000 do end end) end)";
  int i;
  begin();
  for (i = 0; i < 3; i++) {
    CHECK(!is_called(child_counts, NULL));
    CHECK(is_called(counts, count));
    CHECK(is_called(child_counts, count));
    CHECK(!is_called(counts, NULL));
  }
  close(&h);
}


static void a_number_is_not_used_again_by_the_next_runtime(void) {
  cohort_task before, after;
  begin();
  before = spawn(&h, "return 'before'");
  cohort_close(h.rt);
  CHECK(cohort_open(h.L, NULL, &h.rt) == 0);
  after = spawn(&h, "return 'after'");
  CHECK(after != before);
  CHECK(cohort_status(h.rt, before) == COHORT_EINVAL);
  CHECK(cohort_pump(h.rt, NULL) == COHORT_IDLE);
  take(&h, after, COHORT_RETURNED, "after");
  close(&h);
}


int main(int argc, char **argv) {
  static const struct claim claims[] = {
    CLAIM(a_finalizer_may_spawn_while_a_task_is_made),
    CLAIM(a_finalizer_may_spawn_while_a_result_is_taken),
    CLAIM(a_finalizer_may_close_while_a_task_is_made_which_cancels),
    CLAIM(a_finalizer_may_close_while_a_result_is_taken_which_cancels),
    CLAIM(a_finalizer_may_pump_while_a_result_is_taken),
    CLAIM(a_finalizer_may_exit_while_a_result_is_taken),
    CLAIM(closing_again_while_closing_does_nothing),
    CLAIM(using_a_runtime_while_it_is_closed_is_refused),
    CLAIM(a_hook_that_raises_while_a_task_is_made_loses_nothing),
    CLAIM(a_hook_is_in_each_task_that_is_made_while_it_is_set),
    CLAIM(a_number_is_not_used_again_by_the_next_runtime),
    {NULL, NULL},
  };
  return check_claim(claims, argc, argv);
}
