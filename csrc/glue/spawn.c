/*
** Spawning: see spawn.h. The handle and the coroutine are made before the group
** is touched, so that running out of memory leaves it as it was.
*/
#include "glue/spawn.h"

#include "glue/fiberload.h"
#include "glue/fibername.h"
#include "glue/lost.h"
#include "glue/object.h"
#include "glue/reason.h"
#include "glue/reuse.h"
#include "glue/wait.h"
#include "lua/arg.h"

#define GENERATIONS_MAX 1000


static int refuse_ended(lua_State *L, const char *what) {
  return coh_misuse(L, "%s: this group has ended, no task can be spawned into it", what);
}


/* The open group at 1. [-0, +0, v] */
static struct coh_luagroup *check_open(lua_State *L, const struct coh_state *S, const char *what) {
  const struct coh_object *o = coh_object_test(L, S, 1, COH_GROUP);
  struct coh_luagroup *g;
  if (o == NULL) coh_object_check(L, 1, COH_GROUP, what);
  if (o->scope == NULL || S->closing) refuse_ended(L, what);
  g = coh_item(o->scope, struct coh_luagroup, group.scope);
  if (g->given_up) refuse_ended(L, what);
  return g;
}


/*
** What to check again once a task was made: making one may run a finalizer, and
** that may close the group, if the running task is its host and it is empty.
*/
struct check {
  struct coh_fiber *host;  /* NULL: nobody can close it now */
  lua_KContext number;
  size_t closed;
};


static struct check check_of(struct coh_state *S, const struct coh_luagroup *g) {
  struct coh_fiber *f = coh_running(S);
  bool own = f != NULL && g->group.host == &f->task;
  return (struct check){own ? f : NULL, g->number, S->groups_closed};
}


/* Groups were closed meanwhile: was this among them? Then give back what was made for it. [-0, +0, v] */
static void look_again(lua_State *L, struct coh_state *S, const struct check *c, struct coh_fiber *made,
                       const char *what) {
  struct coh_scope *s;
  for (s = c->host->task.current; s != &c->host->task.scope; s = s->parent)
    if (coh_number_of(s) == c->number) return;
  made->handle->scope = NULL;
  made->handle->result = COH_FAILED;
  made->handle = NULL;
  coh_fiber_give(S, made);
  refuse_ended(L, what);
}


/* Is it still open? [-0, +0, v] */
static void check_again(lua_State *L, struct coh_state *S, struct check c, struct coh_fiber *made,
                        const char *what) {
  if (S->groups_closed != c.closed && c.host != NULL) look_again(L, S, &c, made, what);
}


/* The group at 1 and a function at 2. [-0, +0, v] */
static struct coh_luagroup *check_spawn(lua_State *L, const struct coh_state *S, const char *what) {
  struct coh_luagroup *g = check_open(L, S, what);
  if (coh_is_callable(L, 2)) return g;
  if ((lua_istable(L, 2) || lua_type(L, 2) == LUA_TSTRING) && coh_is_callable(L, 3))
    coh_misuse(L, "%s expects a function first, got %s: name the task afterwards, g:%s(f, ...).name = \"x\"",
               what, coh_type_name(L, 2), what);
  coh_check_callable(L, 2, what);
  return g;
}


/* Make a fiber of the function at 2 and what is above it; its handle is left at 1, alone. [m] */
static struct coh_fiber *load(lua_State *L, struct coh_state *S) {
  int arguments = lua_gettop(L) - 2;
  struct coh_object *handle = coh_fiber_handle_new(L, S);
  lua_replace(L, 1);
  return coh_fiber_load(L, S, arguments, handle);
}


/*
** Call 'make' with the whole stack, for a spawner that was granted a place: when it
** raises, the next in the backlog gets the place. It leaves 'results' values and,
** on top, a pointer, which is taken off. [e]
*/
static void *make_granted(lua_State *L, struct coh_fiber *f, lua_CFunction make, int results) {
  int count = lua_gettop(L);
  void *made;
  lua_pushcfunction(L, make);
  lua_insert(L, 1);
  if (lua_pcall(L, count, results + 1, 0) != LUA_OK) {
    coh_group_place_given_up(&f->task);
    lua_error(L);
  }
  made = lua_touserdata(L, -1);
  lua_pop(L, 1);
  coh_group_place_waited(&f->task, true);
  return made;
}


/* {{ spawn */

/* The generation of a new task: a cancelled group must not respawn its tasks for ever. [-0, +0, v] */
static uint16_t next_generation(lua_State *L, const struct coh_fiber *f, bool cancelled, const char *what) {
  if (f == NULL) return 0;
  if (!cancelled) return f->generation;
  if (f->generation == GENERATIONS_MAX)
    coh_misuse(L, "%s: this group is cancelled, and %d tasks have each spawned the next into it since: who "
                  "restarts a task must stop when it is cancelled", what, GENERATIONS_MAX);
  return (uint16_t)(f->generation + 1);
}


static int spawn(lua_State *L, struct coh_state *S, struct coh_luagroup *g, bool daemon) {
  const char *what = daemon ? "spawn_daemon" : "spawn";
  uint16_t generation = next_generation(L, coh_running(S), coh_scope_is_cut(&g->group.scope), what);
  struct check c = check_of(S, g);
  struct coh_fiber *child = load(L, S);
  check_again(L, S, c, child, what);
  child->generation = generation;
  coh_group_spawn(&g->group, &child->task, daemon);
  return 1;
}


/* pcall'ed: (group, f, ...) -> handle, fiber */
static int load_granted(lua_State *L) {
  lua_pushlightuserdata(L, load(L, coh_state_of(L)));
  return 2;
}


/* The spawner waited for a place and was granted one, or cancelled. */
static int spawn_granted(lua_State *L, int status, lua_KContext context) {
  struct coh_fiber *f = coh_resumed(L, context);
  struct coh_luagroup *g = check_open(L, coh_state_here(L), "spawn");
  struct coh_fiber *child;
  (void)status;
  if (f->task.wait.outcome != COH_WOKEN) {
    coh_group_place_waited(&f->task, false);
    return coh_raise_cancelled(L, f);
  }
  child = make_granted(L, f, load_granted, 1);
  coh_group_spawn_granted(&g->group, &child->task);
  return 1;
}


static int spawn_try(lua_State *L, int status, lua_KContext context) {
  struct coh_fiber *f = coh_test(L, context);
  struct coh_state *S = coh_state_here(L);
  struct coh_luagroup *g = check_open(L, S, "spawn");
  (void)status;
  if (!coh_group_must_wait(&g->group, &f->task)) return spawn(L, S, g, false);
  coh_group_wait_place(&g->group, &f->task);
  return coh_yield(L, f, spawn_granted);
}


int coh_group_l_spawn(lua_State *L) {
  struct coh_state *S = coh_state_here(L);
  struct coh_luagroup *g = check_spawn(L, S, "spawn");
  struct coh_fiber *f = coh_running(S);
  if (f != NULL && coh_group_must_wait(&g->group, &f->task)) return coh_begin(L, spawn_try);
  return spawn(L, S, g, false);
}


int coh_group_l_spawn_daemon(lua_State *L) {
  struct coh_state *S = coh_state_here(L);
  return spawn(L, S, check_spawn(L, S, "spawn_daemon"), true);
}

/* }} */


/* {{ start
**
** the starter's stack while it waits: 1 handle  2 started
** 'started' has the upvalues state, record, the table of what it was given, and
** the handle, which tells whether the child still lives.
*/

struct record {
  struct coh_fiber *child;  /* until it is adopted; one that ended before is the starter's to free */
  bool called;
};


/* started(...): the child is ready to be seen */
static int l_started(lua_State *L) {
  struct record *r = lua_touserdata(L, lua_upvalueindex(2));
  struct coh_object *handle = lua_touserdata(L, lua_upvalueindex(4));
  struct coh_fiber *child;
  int count = lua_gettop(L);
  lua_createtable(L, count, 1);  /* which may run a finalizer, before the check */
  lua_insert(L, 1);
  lua_pushinteger(L, count);
  lua_setfield(L, 1, "n");
  if (r->called) return coh_misuse(L, "started was called already: call it once, when the task is ready");
  coh_lost_settle(coh_state_here(L), handle);
  if (handle->scope == NULL) return coh_misuse(L, "started was called after its task had ended");
  child = coh_item(handle->scope, struct coh_fiber, task.scope);
  for (; count > 0; count--) lua_rawseti(L, 1, count);
  lua_replace(L, lua_upvalueindex(3));
  r->called = true;
  if (coh_scope_is_cut(child->task.scope.parent)) return 0;
  r->child = NULL;
  coh_group_adopt(&child->task);
  return 0;
}


/* Return the handle at 1 and what the started at 2 was given. */
static int return_started(lua_State *L) {
  int count = 0, i;
  if (lua_getupvalue(L, 2, 3) != NULL && lua_istable(L, 3)) {
    lua_getfield(L, 3, "n");
    count = (int)lua_tointeger(L, -1);
    lua_pop(L, 1);
    luaL_checkstack(L, count, "too many values given to started");
    for (i = 1; i <= count; i++) lua_rawgeti(L, 3, i);
  }
  lua_remove(L, 3);
  lua_remove(L, 2);
  return count + 1;
}


/* Free a child that has ended and was looked at. */
static void forget(struct coh_state *S, struct coh_fiber *child) {
  coh_link_remove(&child->task.wait.link);
  coh_fiber_give(S, child);
}


/* The child failed before it had started: its error is ours, bare, with its note. */
static int raise_failure(lua_State *L, struct coh_state *S, struct coh_fiber *f, struct coh_fiber *child) {
  struct coh_note *note = f->note;
  coh_fiber_push_error(L, child);
  f->note = child->note;
  child->note = note;
  forget(S, child);
  return coh_rethrow(L, f);
}


/* The child ended and was never adopted. */
static int start_failed(lua_State *L, struct coh_state *S, struct coh_fiber *f, struct record *r) {
  struct coh_fiber *child = r->child;
  enum coh_result result = child->task.result;
  if (result == COH_FAILED) return raise_failure(L, S, f, child);
  forget(S, child);
  if (result == COH_SUCCEEDED && r->called) return return_started(L);
  if (result == COH_WAS_INTERRUPTED || coh_task_cancelled(&f->task)) return coh_raise_cancelled(L, f);
  if (result == COH_SUCCEEDED)
    return coh_misuse(L, "start: the task ended without calling started, its first argument");
  lua_pushnil(L);
  coh_reason_push_aborted(L, "the task was cancelled before it had started");
  return lua_error(L);
}


static int start_woken(lua_State *L, int status, lua_KContext context) {
  struct coh_fiber *f = coh_resumed(L, context);
  struct record *r;
  (void)status;
  lua_getupvalue(L, 2, 2);
  r = lua_touserdata(L, -1);
  lua_pop(L, 1);
  if (r->child != NULL) return start_failed(L, coh_state_here(L), f, r);
  return return_started(L);
}


/* Make a fiber of the function at 2, started before its arguments; handle and started are left. [m] */
static struct record *prepare(lua_State *L, struct coh_state *S) {
  struct coh_object *handle;
  struct record *r;
  lua_pushlightuserdata(L, S);
  r = lua_newuserdatauv(L, sizeof *r, 0);
  *r = (struct record){NULL, false};
  lua_pushnil(L);
  handle = coh_fiber_handle_new(L, S);
  lua_copy(L, -1, 1);
  lua_pushcclosure(L, l_started, 4);  /* handle f ... started */
  lua_pushvalue(L, -1);
  lua_insert(L, 2);                   /* handle started f ... started */
  lua_insert(L, 4);                   /* handle started f started ... */
  r->child = coh_fiber_load(L, S, lua_gettop(L) - 3, handle);
  return r;
}


/* pcall'ed: (group, f, ...) -> handle, started, record */
static int prepare_granted(lua_State *L) {
  lua_pushlightuserdata(L, prepare(L, coh_state_of(L)));
  return 3;
}


/* Begin what was prepared, and wait. */
static int start(lua_State *L, struct coh_luagroup *g, struct coh_fiber *f, struct record *r) {
  coh_group_start(&g->group, &r->child->task, &f->task);
  return coh_yield(L, f, start_woken);
}


static int start_now(lua_State *L, struct coh_luagroup *g, struct coh_fiber *f) {
  struct coh_state *S = coh_state_here(L);
  struct check c = check_of(S, g);
  struct record *r = prepare(L, S);
  check_again(L, S, c, r->child, "start");
  return start(L, g, f, r);
}


static int start_granted(lua_State *L, int status, lua_KContext context) {
  struct coh_fiber *f = coh_resumed(L, context);
  struct coh_luagroup *g = check_open(L, coh_state_here(L), "start");
  (void)status;
  if (f->task.wait.outcome != COH_WOKEN) {
    coh_group_place_waited(&f->task, false);
    return coh_raise_cancelled(L, f);
  }
  return start(L, g, f, make_granted(L, f, prepare_granted, 2));
}


static int start_try(lua_State *L, int status, lua_KContext context) {
  struct coh_fiber *f = coh_test(L, context);
  struct coh_luagroup *g = check_open(L, coh_state_here(L), "start");
  (void)status;
  if (!coh_group_must_wait(&g->group, &f->task)) return start_now(L, g, f);
  coh_group_wait_place(&g->group, &f->task);
  return coh_yield(L, f, start_granted);
}


int coh_group_l_start(lua_State *L) {
  check_spawn(L, coh_state_here(L), "start");
  return coh_begin(L, start_try);
}

/* }} */
