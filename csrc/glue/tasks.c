/*
** Tasks: see tasks.h. A task object is a few bytes and a few user values; while
** the task lives the rest is in its fiber, and after its end only the result, or
** the error, is kept.
*/
#include "glue/tasks.h"

#include <string.h>

#include "glue/fibername.h"
#include "glue/lost.h"
#include "glue/note.h"
#include "glue/object.h"
#include "glue/reason.h"
#include "glue/reuse.h"
#include "glue/scopeobject.h"
#include "glue/wait.h"
#include "lua/arg.h"
#include "lua/outofmemory.h"


/* {{ Time and checkpoints */

/* now() -> seconds */
static int l_now(lua_State *L) {
  struct coh_state *S = coh_state_here(L);
  lua_pushnumber(L, coh_seconds(S->loop.opened ? coh_now(&S->loop.rt) : coh_clock_now(&S->clock)));
  return 1;
}


static int checkpoint_done(lua_State *L, int status, lua_KContext context) {
  (void)status;
  coh_test(L, context);
  return 0;
}


/* checkpoint() */
static int l_checkpoint(lua_State *L) {
  lua_pushnil(L);
  return coh_switch(L, checkpoint_done);
}


static int slept(lua_State *L, int status, lua_KContext context) {
  (void)status;
  coh_woken(L, context);
  return 0;
}


/* Sleep until the time at 1, which is absolute, and in ns. */
static int sleep_try(lua_State *L, int status, lua_KContext context) {
  struct coh_fiber *f = coh_test(L, context);
  (void)status;
  coh_wait_sleep(&f->task.wait, &f->task.current->slot, lua_tointeger(L, 1));
  return coh_yield(L, f, slept);
}


/* Sleep until 'at_ns', or pass a checkpoint when that is now or over. */
static int sleep_until(lua_State *L, int64_t at_ns, int64_t now_ns) {
  if (at_ns <= now_ns) return coh_switch(L, checkpoint_done);
  lua_settop(L, 0);
  lua_pushinteger(L, at_ns);
  return coh_begin(L, sleep_try);
}


/* sleep(seconds) */
static int l_sleep(lua_State *L) {
  int64_t length_ns = coh_check_seconds(L, 1, "sleep"), now_ns;
  coh_check_wait(L);
  now_ns = coh_now(&coh_state_here(L)->loop.rt);
  return sleep_until(L, coh_time_add(now_ns, length_ns), now_ns);
}


/* sleep_until(time) */
static int l_sleep_until(lua_State *L) {
  int64_t at_ns = coh_check_time(L, 1, "sleep_until");
  coh_check_wait(L);
  return sleep_until(L, at_ns, coh_now(&coh_state_here(L)->loop.rt));
}


static int sleep_forever_try(lua_State *L, int status, lua_KContext context) {
  struct coh_fiber *f = coh_test(L, context);
  (void)status;
  coh_wait_sleep(&f->task.wait, &f->task.current->slot, COH_NEVER);
  return coh_yield(L, f, slept);
}


/* sleep_forever() */
static int l_sleep_forever(lua_State *L) {
  lua_pushnil(L);
  return coh_begin(L, sleep_forever_try);
}


/* cancelled() -> would the next checkpoint raise? */
static int l_cancelled(lua_State *L) {
  lua_pushboolean(L, coh_task_cancelled(&coh_check_task(L)->task));
  return 1;
}


/* current_task() -> task or nil */
static int l_current_task(lua_State *L) {
  struct coh_state *S = coh_state_here(L);
  struct coh_fiber *f = coh_running(S);
  if (f == NULL) lua_pushnil(L);
  else coh_fiber_push_handle(L, S, f);
  return 1;
}

/* }} */


/* {{ The task object */

static struct coh_object *check_task(lua_State *L, const char *what) {
  return coh_object_check(L, 1, COH_TASK, what);
}


/* The live fiber of a task object, or NULL. */
static struct coh_fiber *fiber_of(const struct coh_object *o) {
  return o->scope == NULL ? NULL : coh_item(o->scope, struct coh_fiber, task.scope);
}


static void check_ended(lua_State *L, const struct coh_object *o, const char *what) {
  if (o->result == COH_UNFINISHED)
    coh_misuse(L, "%s: the task has not ended yet: read it after the group's block, "
                  "or write task:join()", what);
}


/* Push an Aborted that says why the task at 1 was cancelled. [-0, +1, m] */
static void push_aborted(lua_State *L) {
  coh_reason_push_object(L, 1);
  coh_reason_push_aborted(L, "the task was cancelled");
}


/* Push the results of the task at 1, which succeeded; how many. [-0, +n, m] */
static int push_results(lua_State *L, const struct coh_object *o) {
  int count, i;
  int type = lua_getiuservalue(L, 1, COH_UV_RESULT);
  if (!o->packed) return type != LUA_TNIL;
  lua_getfield(L, -1, "n");
  count = (int)lua_tointeger(L, -1);
  lua_pop(L, 1);
  luaL_checkstack(L, count, "too many results");
  for (i = 1; i <= count; i++) lua_rawgeti(L, 2, i);
  return count;
}


/* Push the error of the task at 1, which has one. None is kept there if memory ran out first. [-0, +1, m] */
static void push_error(lua_State *L, const struct coh_object *o) {
  if (o->taken) lua_pushliteral(L, COH_TAKEN);
  else if (o->result != COH_FAILED) push_aborted(L);
  else if (lua_getiuservalue(L, 1, COH_UV_RESULT) == LUA_TNIL) lua_pushliteral(L, COH_OUT_OF_MEMORY);
}


/* Return what the task at 1 returned, or raise its error. */
static int give_result(lua_State *L, struct coh_object *o) {
  coh_lost_settle(coh_state_here(L), o);
  lua_settop(L, 1);
  if (o->result == COH_SUCCEEDED) return push_results(L, o);
  push_error(L, o);
  return lua_error(L);
}


/* task:result() -> what it returned... */
static int l_result(lua_State *L) {
  struct coh_object *o = check_task(L, "result");
  check_ended(L, o, "result");
  return give_result(L, o);
}


/* task:error() -> its error or nil */
static int l_error(lua_State *L) {
  struct coh_object *o = check_task(L, "error");
  check_ended(L, o, "error");
  lua_settop(L, 1);
  if (o->result == COH_SUCCEEDED) lua_pushnil(L);
  else push_error(L, o);
  return 1;
}


static const struct coh_wait_kind watch_kind = {.what = "the end of a task"};


/* Check that the task at 1 is not the running one, and leave it alone on the stack. [-n, +0, v] */
static void check_other(lua_State *L, const char *what) {
  const struct coh_fiber *other = fiber_of(check_task(L, what));
  if (other != NULL && other == coh_running(coh_state_here(L)))
    coh_misuse(L, "a task cannot wait for its own end");
  coh_check_no_limit(L, "task", what);
  lua_settop(L, 1);
}


/* Wait for the end of the task at 1. True: it has ended. False: parked, yield. [-0, +0, m] */
static bool watch(lua_State *L, struct coh_fiber *f) {
  struct coh_object *o = lua_touserdata(L, 1);
  struct coh_fiber *other;
  coh_lost_settle(coh_state_here(L), o);
  other = fiber_of(o);
  if (other == NULL) return true;
  coh_wait_park(&f->task.wait, &f->task.current->slot, &watch_kind, &coh_fiber_extra(L, other)->watchers);
  return false;
}


static int waited(lua_State *L, int status, lua_KContext context) {
  (void)status;
  coh_woken(L, context);
  return 1;
}


static int wait_try(lua_State *L, int status, lua_KContext context) {
  struct coh_fiber *f = coh_test(L, context);
  (void)status;
  return watch(L, f) ? 1 : coh_yield(L, f, waited);
}


/* task:wait() -> task */
static int l_wait(lua_State *L) {
  check_other(L, "wait");
  return coh_begin(L, wait_try);
}


static int joined(lua_State *L, int status, lua_KContext context) {
  (void)status;
  coh_woken(L, context);
  return give_result(L, lua_touserdata(L, 1));
}


static int join_try(lua_State *L, int status, lua_KContext context) {
  struct coh_fiber *f = coh_test(L, context);
  (void)status;
  if (!watch(L, f)) return coh_yield(L, f, joined);
  return give_result(L, lua_touserdata(L, 1));
}


/* task:join() -> what it returned... */
static int l_join(lua_State *L) {
  check_other(L, "join");
  return coh_begin(L, join_try);
}


/* task:cancel([reason]) */
static int l_cancel(lua_State *L) {
  struct coh_object *o = check_task(L, "cancel");
  lua_settop(L, 2);
  coh_scopeobject_check_text(L, "cancel");
  return o->scope == NULL ? 0 : coh_scopeobject_cancel(L, o, 1);
}


static const char *status_of(const struct coh_object *o) {
  static const char *const places[] = {"running", "ready", "waiting", "done"};
  static const char *const results[] = {NULL, "done", "failed", "cancelled", "cancelled"};
  return o->scope != NULL ? places[fiber_of(o)->task.wait.place] : results[o->result];
}


/* task:status() -> string */
static int l_status(lua_State *L) {
  lua_pushstring(L, status_of(check_task(L, "status")));
  return 1;
}


/* task:traceback() -> string */
static int l_traceback(lua_State *L) {
  struct coh_fiber *f = fiber_of(check_task(L, "traceback"));
  if (f == NULL) lua_pushliteral(L, "");
  else coh_note_push_place(L, coh_state_here(L), f, true);
  return 1;
}


/* Push the name of the task at 1. [-0, +1, m] */
static void push_name(lua_State *L) {
  lua_getiuservalue(L, 1, COH_UV_IDENTITY);
  coh_fiber_render_identity(L);
}


/* task.name */
static int get_name(lua_State *L) {
  check_task(L, "field");
  push_name(L);
  return 1;
}


static const luaL_Reg fields[] = {{"name", get_name}, {NULL, NULL}};


/* task.name = string */
static int l_newindex(lua_State *L) {
  check_task(L, "__newindex");
  if (lua_type(L, 2) != LUA_TSTRING || strcmp(lua_tostring(L, 2), "name") != 0)
    return coh_misuse(L, "a task has no such field to assign: 'name' can be");
  if (lua_type(L, 3) != LUA_TSTRING)
    return coh_misuse(L, "task.name expects a string, got %s", coh_type_name(L, 3));
  if (strlen(lua_tostring(L, 3)) != lua_rawlen(L, 3))
    return coh_misuse(L, "task.name expects a string without NUL bytes");
  lua_settop(L, 3);
  lua_setiuservalue(L, 1, COH_UV_IDENTITY);
  return 0;
}


/* tostring(task): "task 'name' (waiting)" */
static int l_tostring(lua_State *L) {
  struct coh_object *o = check_task(L, "tostring");
  push_name(L);
  lua_pushfstring(L, "task '%s' (%s)", lua_tostring(L, -1), status_of(o));
  return 1;
}


static const luaL_Reg methods[] = {
  {"result", l_result},       {"error", l_error},   {"wait", l_wait},
  {"join", l_join},           {"cancel", l_cancel}, {"status", l_status},
  {"traceback", l_traceback}, {NULL, NULL}
};

static const luaL_Reg metamethods[] = {{"__newindex", l_newindex}, {"__tostring", l_tostring}, {NULL, NULL}};

static const luaL_Reg functions[] = {
  {"now", l_now},
  {"sleep", l_sleep},
  {"sleep_until", l_sleep_until},
  {"sleep_forever", l_sleep_forever},
  {"checkpoint", l_checkpoint},
  {"cancelled", l_cancelled},
  {"current_task", l_current_task},
  {NULL, NULL}
};


void coh_tasks_open(lua_State *L) {
  coh_object_define(L, COH_TASK, "cohort.Task", metamethods, methods, fields);
  lua_pushlightuserdata(L, coh_state_of(L));
  luaL_setfuncs(L, functions, 1);
}

/* }} */
