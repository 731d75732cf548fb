/*
** Fibers: see fiber.h.
**
**   the coroutine's stack at the bottom, from the first step on
**   1 handler   2 handle, or what it is named after   3.. function and arguments
**   then from 2 on the results, or what it is named after, and the error
**
** Before that it is as fiberload.c says.
**
** A failed fiber keeps those two on its stack until its group has taken them, so
** that recording a failure needs no memory; unless memory is what it lacked, see shed.h.
*/
#include "glue/fiber.h"

#include <lauxlib.h>

#include <string.h>

#include "errors/error.h"
#include "glue/abandon.h"
#include "glue/fibername.h"
#include "glue/hook.h"
#include "glue/lost.h"
#include "glue/note.h"
#include "glue/object.h"
#include "glue/reuse.h"
#include "glue/shed.h"
#include "glue/stubborn.h"
#include "glue/wait.h"
#include "glue/watch.h"
#include "lua/text.h"


enum { HANDLER = 1, OWNER = COH_FIBER_OWNER, FUNCTION };  /* slots of the bottom frame */

/* Bytes to prefetch. Wrong figures cost only speed. */
#define CACHE_LINE 64
#define COROUTINE_BYTES 256  /* of a lua_State, about */


/* {{ The body: what runs inside the coroutine */

/* Put the results from FUNCTION on into the handle: one as it is, more in a table. [-0, +0, m] */
static void keep_results(lua_State *L, struct coh_fiber *f, int count) {
  int i;
  luaL_checkstack(L, 3, "too many results");
  if (count == 0) {
    if (f->task.scope.reason == COH_REASON_NONE) return;
    lua_pushnil(L);  /* overwrites who cancelled it, in vain */
  } else if (count == 1 && !lua_isnil(L, FUNCTION)) {
    lua_pushvalue(L, FUNCTION);
  } else {
    lua_createtable(L, count, 1);
    for (i = 1; i <= count; i++) {
      lua_pushvalue(L, FUNCTION + i - 1);
      lua_rawseti(L, -2, i);
    }
    lua_pushinteger(L, count);
    lua_setfield(L, -2, "n");
    f->handle->packed = true;
  }
  lua_setiuservalue(L, OWNER, COH_UV_RESULT);
}


/* A Cancelled that came from no scope was raised by hand: that is an error. [-1, +1, m] */
static void replace_orphan(lua_State *L, struct coh_fiber *f) {
  if (!coh_cancelled_is(L, -1) || coh_scope_source(&f->task.scope) != NULL) return;
  lua_pop(L, 1);
  coh_error_push(L, COH_ERROR, "Cancelled was raised again where nothing is cancelled: let it pass where "
                               "it is caught, and never keep it");
}


/* Replace the error of a task that was ended by force, or whose last act was a plain yield. [-1, +1, m] */
static void replace_error(lua_State *L, struct coh_state *S, struct coh_fiber *f) {
  if (f->unwinding && coh_cancelled_is(L, -1)) {
    lua_pop(L, 1);
    coh_stubborn_push_error(L, S, f);
  } else if (f->yielded) {
    lua_pop(L, 1);
    lua_pushliteral(L, COH_YIELD_MESSAGE);
  } else {
    replace_orphan(L, f);
  }
}


/* Leave only the error above the frame's slots. [-?, +0, -] */
static void keep_error(lua_State *L, struct coh_fiber *f) {
  f->failed = true;
  lua_copy(L, -1, FUNCTION);
  lua_settop(L, FUNCTION);
}


/*
** Keep in a task's handle who cancelled it, and with what text: as a reference to the
** object of the group or scope that knows. If a task knows, that is copied, because
** it may yet return and keep its result in that place. [-0, +0, -]
*/
static void keep_reason(lua_State *L, struct coh_state *S, struct coh_fiber *f) {
  struct coh_scope *canceller = coh_scope_source(&f->task.scope);
  if (canceller == NULL || canceller == &f->task.scope) return;  /* none, or its own handle knows */
  if (canceller->reason != COH_REASON_CANCEL) return;            /* nobody called cancel */
  coh_object_push(L, S, canceller);
  if (canceller->role == COH_SCOPE_TASK && !lua_isnil(L, -1)) {
    lua_getiuservalue(L, -1, COH_UV_TEXT);
    lua_setiuservalue(L, OWNER, COH_UV_TEXT);
    lua_getiuservalue(L, -1, COH_UV_CANCELLER);
    lua_replace(L, -2);
  }
  lua_setiuservalue(L, OWNER, COH_UV_CANCELLER);
}


/* Leave two values of a failure: the task's identity, for its name, and the error. */
static int body_failed(lua_State *L, struct coh_state *S, struct coh_fiber *f) {
  lua_settop(L, FUNCTION);
  f->failed = true;
  replace_error(L, S, f);
  f->cut = coh_cancelled_is(L, FUNCTION);
  if (f->cut) {
    if (f->handle != NULL) keep_reason(L, S, f);
    return 2;
  }
  if (f->task.group != NULL && !f->task.starting) coh_error_box_nil(L);
  if (f->handle != NULL) {
    lua_pushvalue(L, FUNCTION);
    lua_setiuservalue(L, OWNER, COH_UV_RESULT);
    lua_getiuservalue(L, OWNER, COH_UV_IDENTITY);
    lua_replace(L, OWNER);
  }
  return 2;
}


/* Tell what the task still holds that it ends, while its name can be read. [-0, +0, m] */
static void let_go(lua_State *L, struct coh_fiber *f) {
  if (coh_link_alone(&f->extra->held) || !lua_checkstack(L, LUA_MINSTACK)) return;
  coh_fiber_push_name(L, f);
  coh_fiber_let_go(L, f, lua_tostring(L, -1));
  lua_pop(L, 1);
}


/* The last part of the body, when nothing is open any more. */
static int body_end(lua_State *L, struct coh_state *S, struct coh_fiber *f) {
  int count;
  if (f->extra != NULL) let_go(L, f);
  if (f->failed || f->yielded) return body_failed(L, S, f);
  count = lua_gettop(L) - FUNCTION + 1;
  if (f->handle != NULL) keep_results(L, f, count);
  return count;
}


/* Close what was left open, before the end. */
static int close_inner(lua_State *L, int status, lua_KContext context) {
  struct coh_fiber *f = coh_resumed(L, context);
  struct coh_state *S = coh_state_from(coh_task_runtime(&f->task));
  (void)status;
  while (f->task.current != &f->task.scope) {
    if (coh_abandon(L, S, f, &f->task.scope)) return coh_yield(L, f, close_inner);
    if (lua_isnil(L, -1)) {
      lua_pop(L, 1);
    } else {
      if (f->failed && !coh_cancelled_is(L, FUNCTION)) coh_abandon_join(L, f, FUNCTION);
      keep_error(L, f);
    }
  }
  return body_end(L, S, f);
}


static int body_returned(lua_State *L, int status, lua_KContext context) {
  struct coh_fiber *f = coh_fiber_at(context);
  if (status != LUA_OK && status != LUA_YIELD) keep_error(L, f);
  if (f->task.current != &f->task.scope) return close_inner(L, LUA_OK, context);
  return body_end(L, coh_state_from(coh_task_runtime(&f->task)), f);
}


int coh_fiber_l_body(lua_State *L) {
  lua_KContext context = (lua_KContext)lua_touserdata(L, -1);
  int arguments = lua_gettop(L) - FUNCTION - 1;
  lua_settop(L, FUNCTION + arguments);
  coh_resumed(L, context);  /* raises unless it was us */
  return body_returned(L, lua_pcallk(L, arguments, LUA_MULTRET, HANDLER, context, body_returned), context);
}

/* }} */


/* {{ Steps */

/* The note has the line of the call. */
void coh_fiber_raise_yield(lua_State *L, struct coh_fiber *f) {
  f->yielded = false;
  coh_hook_set(coh_state_from(coh_task_runtime(&f->task)), L);
  coh_note_push_where(L, f->note);
  lua_pushliteral(L, COH_YIELD_MESSAGE);
  lua_concat(L, 2);
  lua_error(L);
}


/* A plain coroutine.yield handed us values: drop them, and raise in the task at its next instruction. */
static void foreign_yield(struct coh_state *S, struct coh_fiber *f, int values) {
  lua_pop(f->L, values);
  f->yielded = true;
  coh_note_take(S, f, 0, &f->note);
  coh_hook_set(S, f->L);
  coh_wait_yield(&S->loop.rt, &f->task.wait);
}


static enum coh_result result_of(struct coh_fiber *f) {
  if (!f->failed) return COH_SUCCEEDED;
  if (!f->cut) return COH_FAILED;
  return coh_task_cancelled_result(&f->task);
}


/* Put the error of a coroutine that died into its handle, if that is still there. [-0, +0, -] */
static void keep_death(lua_State *L, struct coh_fiber *f) {
  coh_fiber_push_owner(L, f);
  if (lua_touserdata(L, -1) == f->handle && lua_checkstack(f->L, 1)) {
    lua_pushvalue(f->L, -1);
    lua_xmove(f->L, L, 1);
    lua_setiuservalue(L, -2, COH_UV_RESULT);
  }
  lua_pop(L, 1);
}


/* Did Lua refuse to resume it, because somebody else has ended it? No other error gets past the body. */
static bool is_refused(const struct coh_fiber *f, int status) {
  return status == LUA_ERRRUN && !f->dead && lua_type(f->L, -1) == LUA_TSTRING &&
         strcmp(lua_tostring(f->L, -1), "cannot resume dead coroutine") == 0;
}


/*
** The coroutine has ended. The body ends with LUA_OK whatever happened in it;
** another status means that memory ran out after it, and leaves a dead one. What
** the body could not close, or a finalizer opened afterwards, is closed here; when a
** group among it still has tasks the fiber is parked, and comes here again.
*/
static void ended(struct coh_state *S, struct coh_fiber *f, int status) {
  if (status != LUA_OK && coh_lost_is(f)) coh_lost_handle(f);
  if (is_refused(f, status)) {
    f->taken = true;
    if (f->handle != NULL) f->handle->taken = true;
  }
  if (status != LUA_OK && !f->dead) {
    f->failed = f->dead = true;
    f->cut = false;
    if (f->handle != NULL) keep_death(S->pump, f);
    coh_wait_forfeit(&f->task.wait);
  }
  if (f->task.current != &f->task.scope) {
    f->dead = true;
    if (coh_abandon_quietly(S, f, &f->task.scope)) return;
  }
  if (f->failed) coh_shed(S, f);
  coh_fiber_finish(S, f, result_of(f));
}


/* GCC drops calls of functions that only prefetch, unless they were inlined before it looks. */
#define FETCHES __attribute__((always_inline)) static inline

FETCHES void fetch(const void *at, size_t size) {
  size_t i;
  for (i = 0; i < size; i += CACHE_LINE) __builtin_prefetch((const char *)at + i);
}


/*
** Prefetch the memory of the next fibers while one runs: when there are many, none of it is in the cache.
** The address of a coroutine is in its fiber, so the fiber is fetched first, one step earlier.
*/
FETCHES void fetch_ahead(const struct coh_runtime *rt) {
  const struct coh_link *next = rt->pass.next, *second = next->next;
  if (next == &rt->pass || second == &rt->pass) return;
  fetch(coh_item(second, const struct coh_fiber, task.wait.link), sizeof(struct coh_fiber));
  fetch(coh_item(next, const struct coh_fiber, task.wait.link)->L, COROUTINE_BYTES);
}


void coh_fiber_step(struct coh_task *task) {
  struct coh_fiber *f = coh_fiber_of(task);
  struct coh_state *S = coh_state_from(coh_task_runtime(task));
  struct coh_frame frame = {.co = f->L, .ok = true};
  int status, values, arguments = 0;
  fetch_ahead(&S->loop.rt);
  if (f->dead) {
    ended(S, f, LUA_ERRRUN);
    return;
  }
  if (f->robbed) {
    f->robbed = false;
    coh_wait_forfeit(&f->task.wait);
  }
  if (S->watch != NULL) coh_watch_step(S, f);
  if (f->unwinding && coh_stubborn_step(S, f)) return;
  if (!f->started) {
    f->started = true;
    arguments = lua_status(f->L) == LUA_OK ? lua_gettop(f->L) - 1 : 0;
    if (arguments < 0) arguments = 0;  /* somebody has closed it: it is dead */
  }
  f->budget = COH_CALLS_PER_SWITCH;
  f->depth = 1;  /* a block that begins again here is one level */
  if (S->loop.rt.explores) f->budget = 1;
  S->frame = &frame;
  status = lua_resume(f->L, S->pump, arguments, &values);
  S->frame = NULL;
  if (status != LUA_YIELD) ended(S, f, status);
  else if (f->task.wait.place == COH_RUNNING) foreign_yield(S, f, values);
}

/* }} */


/* {{ The end */

/*
** The handle outlives the task: keep in it what can be read of that. A task that
** was interrupted keeps the reason of its canceller.
*/
static void cut_handle(struct coh_fiber *f, enum coh_result result) {
  struct coh_object *h = f->handle;
  if (h == NULL) return;
  coh_object_end(h);
  h->result = (uint8_t)result;
  if (result == COH_WAS_INTERRUPTED) h->reason = coh_scope_source(&f->task.scope)->reason;
  f->handle = NULL;
}


/* A fiber is kept after its end when somebody will still look at its stack. */
static bool is_kept(const struct coh_fiber *f) {
  if (f->task.group == NULL) return !f->unclaimed;
  return f->task.starting || f->task.result == COH_FAILED;
}


/* pcall'ed: (fiber): the error of a task whose result nobody will take is not lost in silence */
static int warn_unclaimed(lua_State *L) {
  struct coh_fiber *f = lua_touserdata(L, 1);
  coh_fiber_push_name(L, f);
  coh_fiber_push_error(L, f);
  coh_text_push(L, -1);
  lua_pushfstring(L, "cohort: task '%s', whose result nobody takes, failed: %s", lua_tostring(L, 2),
                  lua_tostring(L, -1));
  lua_warning(L, lua_tostring(L, -1), 0);
  return 0;
}


/* pcall'ed: (fiber) */
static int let_go_named(lua_State *L) {
  let_go(L, lua_touserdata(L, 1));
  return 0;
}


/* Tell what a body that was closed by force or lacked memory still holds; then wake who waits for the end. */
static void end_extra(struct coh_state *S, struct coh_fiber *f) {
  if (!coh_link_alone(&f->extra->held)) {
    lua_pushcfunction(S->pump, let_go_named);
    lua_pushlightuserdata(S->pump, f);
    if (lua_pcall(S->pump, 1, 0, 0) != LUA_OK) lua_pop(S->pump, 1);
    coh_fiber_let_go(S->pump, f, NULL);
  }
  coh_wait_wake_all(&f->extra->watchers);
}


void coh_fiber_finish(struct coh_state *S, struct coh_fiber *f, enum coh_result result) {
  S->loop.rt.current = NULL;  /* what runs from here on, a finalizer say, is in no task */
  cut_handle(f, result);  /* first: the handle is on no stack any more, and the collector may run below */
  if (f->unclaimed && result == COH_FAILED) {
    lua_pushcfunction(S->pump, warn_unclaimed);
    lua_pushlightuserdata(S->pump, f);
    if (lua_pcall(S->pump, 1, 0, 0) != LUA_OK) lua_pop(S->pump, 1);
  }
  if (f->extra != NULL) end_extra(S, f);
  coh_stubborn_forget(S, f);
  coh_watch_forget(S, f);
  if (f->task.group == NULL) {
    coh_task_end(&f->task, result);
  } else {
    coh_group_task_ended(&f->task, result);
  }
  if (!is_kept(f)) coh_fiber_give(S, f);
  else if (f->task.starting) coh_link_append(&S->unstarted, &f->task.wait.link);
}

/* }} */
