/*
** The end of a group: see groupend.h. Both forms go through the same end: wait,
** run what was deferred, wait again, settle. The context of its continuations is
** the group, which only its own task can close. But user code may be suspended in
** it and go on too late: so a continuation after user code gets the group's number
** and looks for that.
**
**   the stack of the function form
**   1 body   2 handler   3.. results or error
**
**   the stack of the block form, in its __close
**   1 group   2 error or nil
*/
#include "glue/groupend.h"

#include <lauxlib.h>

#include "errors/error.h"
#include "glue/abandon.h"
#include "glue/deferred.h"
#include "glue/grouperror.h"
#include "glue/handler.h"
#include "glue/reuse.h"
#include "glue/stubborn.h"
#include "glue/wait.h"
#include "lua/arg.h"


static struct coh_fiber *host_of(const struct coh_luagroup *g) {
  return coh_fiber_of(g->group.host);
}


/* The group of a continuation, whose host runs. [-0, +0, v] */
static struct coh_luagroup *resumed(lua_State *L, lua_KContext context) {
  struct coh_luagroup *g = (struct coh_luagroup *)context;
  coh_resumed(L, coh_context(host_of(g)));
  return g;
}


static struct coh_state *state_of(const struct coh_luagroup *g) {
  return coh_state_from(g->group.scope.slot.rt);
}


static bool is_block(const struct coh_luagroup *g) {
  return g->group.around != &g->group.scope;
}


/* The stack index of the error, or of the first result. */
static int outcome(const struct coh_luagroup *g) {
  return is_block(g) ? 2 : 3;
}


/* Yield the host, which is parked; 'k' gets the group. */
static int yield(lua_State *L, struct coh_luagroup *g, lua_KFunction k) {
  return lua_yieldk(L, 0, (lua_KContext)g, k);
}

static int end_group(lua_State *L, struct coh_luagroup *g);
static int abandoned(lua_State *L, int status, lua_KContext context);
static int deferred_left(lua_State *L, int status, lua_KContext context);


/* A deferred function has ended, and may have left things open. Its error is on top, or nil. [-2, +0, m] */
static void leave_deferred(lua_State *L, struct coh_luagroup *g) {
  struct coh_state *S = state_of(g);
  struct coh_fiber *f = host_of(g);
  struct coh_luascope *s = g->deferring;
  for (;;) {
    if (coh_abandon(L, S, f, &s->scope)) yield(L, g, deferred_left);  /* does not return */
    if (!lua_isnil(L, -1) && (!s->failed || coh_cancelled_is(L, -2))) lua_replace(L, -2);
    else lua_pop(L, 1);
    if (s->failed || !lua_isnil(L, -1)) coh_deferred_keep_error(L, g);
    else lua_pop(L, 1);
    if (f->task.current == &s->scope) break;
    s->failed = false;  /* a finalizer left something open just now */
    lua_pushnil(L);
  }
  coh_note_free(S, &f->note);
  f->note = s->stuck;
  s->stuck = NULL;
  g->deferring = NULL;
  coh_task_leave(&f->task, &s->scope);
  coh_luascope_give(S, s);
  lua_pop(L, 1);  /* the handler */
}


static int deferred_left(lua_State *L, int status, lua_KContext context) {
  struct coh_luagroup *g = resumed(L, context);
  (void)status;
  leave_deferred(L, g);
  return end_group(L, g);
}


/* Leave a deferred function that has ended. Returns its group; raises if that was closed. [-2, +0, v] */
static struct coh_luagroup *end_deferred(lua_State *L, int status, lua_KContext number) {
  struct coh_luagroup *g = coh_luagroup_around(coh_check_open_scope(L, number));
  if (g->deferring == NULL) coh_misuse(L, "this group was closed while its coroutine was suspended");
  g->deferring->failed = status != LUA_OK && status != LUA_YIELD;
  if (!g->deferring->failed) lua_pushnil(L);
  leave_deferred(L, g);
  return g;
}


static int deferred_ended(lua_State *L, int status, lua_KContext number) {
  return end_group(L, end_deferred(L, status, number));
}


/*
** Take the latest deferred function and call it, shielded from every
** cancellation. Its scope keeps the body's note meanwhile.
*/
static void run_deferred(lua_State *L, struct coh_luagroup *g) {
  struct coh_fiber *f = host_of(g);
  lua_KContext number = g->number;
  int count;
  lua_pushcfunction(L, coh_handler);
  count = coh_deferred_take(L, g);
  if (count == 0) {
    lua_pop(L, 1);
    return;
  }
  coh_task_enter(&f->task, &g->deferring->scope, COH_NEVER, true);
  g->deferring->stuck = f->note;
  f->note = NULL;
  end_deferred(L, lua_pcallk(L, count - 1, 0, -count - 1, number, deferred_ended), number);
}


/* Is there nothing left that the end of a group has to see to? */
static bool is_over(const struct coh_luagroup *g) {
  return coh_group_is_empty(&g->group) && g->deferred == 0 && g->group.host->current == g->group.around;
}


/* Close the group; then raise its error, which is on top if it failed, or Cancelled, or return results. */
static int settle(lua_State *L, struct coh_luagroup *g) {
  struct coh_state *S = state_of(g);
  struct coh_fiber *f = host_of(g);
  bool block = is_block(g), cut = g->body_cut, failed = coh_luagroup_has_failed(g);
  bool interrupted = g->group.interrupted, caught = interrupted && coh_scope_catches(&g->group.scope);
  bool kept = g->cut_tasks && !interrupted && !failed;  /* they caught it, and nobody else learns of it */
  int first = outcome(g);
  if (caught) g->group.scope.caught = true;
  coh_luagroup_close(S, g);
  if (failed) return lua_error(L);
  if (kept && coh_task_cancelled(&f->task)) coh_stubborn_count(L, S, f);
  if (interrupted && !caught && !(block && cut)) {
    if (!cut) return coh_raise_cancelled(L, f);
    coh_cancelled_push(L);
    return coh_rethrow(L, f);
  }
  if (block || cut) return 0;
  return lua_gettop(L) - first + 1;
}


/*
** A group cannot end where its host cannot wait: its tasks are cancelled then, what
** is around it joins them, and the error says so. Never returns. [-?, +0, e]
*/
static int refuse_end(lua_State *L, struct coh_luagroup *g) {
  struct coh_state *S = state_of(g);
  luaL_checkstack(L, LUA_MINSTACK, "the end of a group");
  g->joined = true;
  coh_push_refusal(L, S);
  lua_pushliteral(L, "; the tasks of this group were cancelled, and what is around it waits for them");
  lua_concat(L, 2);
  if (coh_luagroup_has_failed(g)) coh_luagroup_push_error(L, g, outcome(g), lua_gettop(L));
  coh_luagroup_forget_failures(S, g);
  return lua_error(L);
}


static int joined(lua_State *L, int status, lua_KContext context) {
  (void)status;
  return end_group(L, resumed(L, context));
}


/*
** The body is over: wait for the tasks, run what was deferred, settle. Making the error
** may run finalizers, which may spawn, defer, and leave something open: then it goes on.
*/
static int end_group(lua_State *L, struct coh_luagroup *g) {
  for (;;) {
    int top = lua_gettop(L);
    if (g->group.host->current != g->group.around) return abandoned(L, LUA_OK, (lua_KContext)g);
    if (!coh_group_is_empty(&g->group) || (g->group.spawned_any && !g->joined)) {
      if (!coh_can_wait(state_of(g), L)) return refuse_end(L, g);
      g->joined = true;
      coh_group_join(&g->group);
      return yield(L, g, joined);
    }
    if (g->deferred > 0) {
      run_deferred(L, g);
      continue;
    }
    if (coh_luagroup_has_failed(g)) coh_luagroup_push_error(L, g, outcome(g), 0);
    if (is_over(g)) return settle(L, g);
    lua_settop(L, top);
  }
}


/* Tell the group how its body ended. */
static int body_ended(lua_State *L, struct coh_luagroup *g) {
  if (!coh_can_wait(state_of(g), L)) coh_group_shut(&g->group);
  coh_group_body_ended(&g->group, g->body_failed && !g->body_cut, g->body_cut);
  return end_group(L, g);
}


/* What the body left open has been closed, and the error for that, or nil, is on top. */
static int body_closed(lua_State *L, struct coh_luagroup *g) {
  struct coh_state *S = state_of(g);
  struct coh_fiber *f = host_of(g);
  bool real = g->body_failed && !g->body_cut;
  if (real && !lua_isnil(L, -1)) coh_abandon_join(L, f, outcome(g));
  if (lua_isnil(L, -1) || (real && lua_rawequal(L, -1, outcome(g)))) {
    lua_pop(L, 1);
  } else {
    lua_insert(L, outcome(g));  /* the body may have returned nothing */
    coh_note_free(S, &f->note);
    g->body_failed = true;
    g->body_cut = false;
  }
  return body_ended(L, g);
}


static int abandoned(lua_State *L, int status, lua_KContext context) {
  struct coh_luagroup *g = resumed(L, context);
  (void)status;
  if (coh_abandon(L, state_of(g), host_of(g), g->group.around)) return yield(L, g, abandoned);
  if (g->group.body_ended) {  /* a finalizer left it open, after the body */
    if (lua_isnil(L, -1)) lua_pop(L, 1);
    else coh_deferred_keep_error(L, g);
    return end_group(L, g);
  }
  return body_closed(L, g);
}


int coh_luagroup_body_left(lua_State *L, struct coh_luagroup *g) {
  if (g->group.host->current == g->group.around) return body_ended(L, g);
  return abandoned(L, LUA_OK, (lua_KContext)g);
}
