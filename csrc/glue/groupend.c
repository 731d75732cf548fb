/*
** The end of a group: see groupend.h. Both forms go through the same end: wait,
** run what was deferred, wait again, settle. The context of its continuations is
** the group, which its own task alone can close; but code of the user's may be
** suspended and go on too late, so what follows that looks for its number.
**
**   the stack of the function form
**   1 body   2 handler   3.. results or error
**
**   the stack of the block form, in its __close
**   1 group   2 error or nil
*/
#include "glue/groupend.h"

#include <string.h>

#include "errors/error.h"
#include "errors/group.h"
#include "glue/abandon.h"
#include "glue/deferred.h"
#include "glue/fibername.h"
#include "glue/note.h"
#include "glue/object.h"
#include "glue/reuse.h"
#include "glue/stubborn.h"
#include "glue/wait.h"
#include "lua/arg.h"
#include "lua/outofmemory.h"


/* {{ The error of a group */

/* The length of the 'n' bytes at 'text' without the lines at their end that 'around' ends with, too. */
static size_t own_length(const char *text, size_t n, const char *around) {
  size_t m = strlen(around), own = n;
  while (n > 0 && m > 0 && text[n - 1] == around[m - 1]) {
    n--;
    m--;
    if ((n == 0 || text[n - 1] == '\n') && (m == 0 || around[m - 1] == '\n')) own = n == 0 ? 0 : n - 1;
  }
  return own;
}


/* What a note says; NULL when there is none. */
struct noted {
  const char *text;
  size_t length;
};


static struct noted noted_by(const struct coh_note *note) {
  return note == NULL ? (struct noted){NULL, 0} : (struct noted){note->text, note->length};
}


/*
** Push { task = name, traceback = text, handling = the rest of the text }, without the
** frames that 'around', the group's own traceback, has too. Groups have tracebacks of
** their own. [-0, +1, m]
*/
static void push_details(lua_State *L, struct coh_fiber *f, struct noted at, const char *around, int error) {
  const char *handling;
  size_t own;
  lua_createtable(L, 0, 3);
  coh_fiber_push_name(L, f);
  lua_setfield(L, -2, "task");
  if (at.length == 0 || coh_error_is(L, error, COH_ERROR_GROUP)) return;
  lua_pushlstring(L, at.text, at.length);
  coh_error_pass_traceback(L, error);
  own = own_length(at.text, coh_note_split(at.text, at.length, &handling), around);
  if (own < at.length) {
    lua_pushlstring(L, at.text, own);
    lua_replace(L, -2);
  }
  lua_setfield(L, -2, "traceback");
  if (handling == NULL) return;
  lua_pushlstring(L, handling, at.length - (size_t)(handling - at.text));
  lua_setfield(L, -2, "handling");
}


/*
** Append the error on top, which happened in 'f' and 'at' there, and its details to the lists at
** 'errors' and 'errors' + 1. [-1, +0, m]
**
**   message   place of the group   hosts   errors   details   error
*/
static void append(lua_State *L, struct coh_fiber *f, struct noted at, int errors) {
  lua_Integer n = (lua_Integer)lua_rawlen(L, errors) + 1;
  coh_error_box_nil(L);
  push_details(L, f, at, lua_tostring(L, errors - 2), lua_gettop(L));
  lua_rawseti(L, errors + 1, n);
  lua_rawseti(L, errors, n);
}


/* Append the failure at 'l'; the body's is at 'body', or was told when that is 0. [-0, +0, m] */
static void append_failure(lua_State *L, struct coh_luagroup *g, struct coh_link *l, int body, int errors) {
  struct coh_fiber *f = coh_fiber_of(g->group.host);
  if (l == &g->group.body_failed) {
    if (body == 0) return;
    lua_pushvalue(L, body);
  } else {
    f = coh_item(l, struct coh_fiber, task.wait.link);
    coh_fiber_push_error(L, f);
  }
  append(L, f, noted_by(f->note), errors);
}


/*
** Append the errors of what was deferred, from number 'i' on, that were raised
** when there were 'failures' others; the number of the first that was not. [-0, +0, m]
*/
static unsigned append_deferred(lua_State *L, struct coh_state *S, struct coh_luagroup *g, unsigned i,
                                lua_Integer failures, int errors) {
  bool more = i <= g->deferred_failed;
  struct noted at;
  for (; more; i += more, more = more && i <= g->deferred_failed) {
    coh_object_push(L, S, &g->group.scope);
    lua_getiuservalue(L, -1, COH_UV_DEFERRED);
    lua_getfield(L, -1, "errors");
    lua_rawgeti(L, -1, i);               /* object deferred errors entry */
    lua_rawgeti(L, -1, 3);
    more = lua_tointeger(L, -1) == failures;
    lua_rawgeti(L, -2, 2);
    lua_rawgeti(L, -3, 1);               /* ... entry failures traceback error */
    at.text = lua_tolstring(L, -2, &at.length);
    if (more) append(L, coh_fiber_of(g->group.host), at, errors);
    else lua_pop(L, 1);
    lua_pop(L, 6);
  }
  return i;
}


/* Append every failure of 'g' in order. [-0, +0, m] */
static void append_failures(lua_State *L, struct coh_state *S, struct coh_luagroup *g, int body, int errors) {
  struct coh_link *l;
  lua_Integer failures = 0;
  unsigned next = append_deferred(L, S, g, 1, failures, errors);
  for (l = g->group.failed.next; l != &g->group.failed; l = l->next) {
    append_failure(L, g, l, body, errors);
    next = append_deferred(L, S, g, next, ++failures, errors);
  }
}


/* Push "group 'name' failed". [-0, +1, m] */
static void push_message(lua_State *L, struct coh_state *S, struct coh_luagroup *g) {
  coh_object_push(L, S, &g->group.scope);
  lua_getiuservalue(L, -1, COH_UV_NAME);
  coh_fiber_render_identity(L);
  lua_pushfstring(L, "group '%s' failed", lua_tostring(L, -1));
  lua_replace(L, -3);
  lua_pop(L, 1);
}


static bool has_failed(const struct coh_luagroup *g) {
  return !coh_link_alone(&g->group.failed) || g->deferred_failed > 0 || g->deferred_lost;
}


/* pcall'ed: (group, one error more or nil, error of the body or none) -> one error with all failures */
static int l_error(lua_State *L) {
  enum { GROUP = 1, MORE, BODY };
  struct coh_luagroup *g = lua_touserdata(L, GROUP);
  struct coh_state *S = coh_state_from(g->group.scope.slot.rt);
  struct coh_fiber *host = coh_fiber_of(g->group.host);
  int body = lua_gettop(L) == BODY ? BODY : 0, first = lua_gettop(L) + 1;
  push_message(L, S, g);
  coh_note_push_place(L, S, host, false);
  coh_note_push_hosts(L, S, host);
  lua_createtable(L, 1, 0);
  lua_createtable(L, 1, 0);            /* message place hosts errors details: most groups fail by one error */
  append_failures(L, S, g, body, first + 3);
  if (g->deferred_lost) {
    lua_pushliteral(L, COH_OUT_OF_MEMORY);
    append(L, host, noted_by(NULL), first + 3);
  }
  if (!lua_isnil(L, MORE)) {
    lua_pushvalue(L, MORE);
    append(L, host, noted_by(NULL), first + 3);
  }
  coh_errgroup_push(L, lua_tostring(L, first));
  coh_errgroup_set_traceback(L, -1, lua_tostring(L, first + 1), lua_tostring(L, first + 2));
  return 1;
}


/*
** Push one error with all failures, that of the body at 'body' and one more at
** 'more' among them (0: none). When memory runs out meanwhile, it is that which is
** pushed: whoever ends a group goes on to close it. [-0, +1, m] of stack alone
*/
static void push_error(lua_State *L, struct coh_luagroup *g, int body, int more) {
  lua_pushcfunction(L, l_error);
  lua_pushlightuserdata(L, g);
  if (more != 0) lua_pushvalue(L, more);
  else lua_pushnil(L);
  if (body != 0) lua_pushvalue(L, body);
  lua_pcall(L, body != 0 ? 3 : 2, 1, 0);
}


void coh_luagroup_add_failures(lua_State *L, struct coh_luagroup *g) {
  int more = lua_gettop(L);
  if (!has_failed(g)) return;
  push_error(L, g, 0, more);
  lua_replace(L, more);
}

/* }} */


/* {{ The end of a group */

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


/* Where the error is, or the first result. */
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


/* A deferred function has ended, and maybe left something open. An error is on top, or nil. [-2, +0, m] */
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


/* The group whose deferred function has ended: it may have been closed meanwhile. [-2, +0, v] */
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
** Take the latest deferred function and call it, out of reach of every
** cancellation. Its scope keeps the note of the body meanwhile.
*/
static void run_deferred(lua_State *L, struct coh_luagroup *g) {
  struct coh_fiber *f = host_of(g);
  lua_KContext number = g->number;
  int count;
  lua_pushcfunction(L, coh_note_handler);
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


/* Is there anything that the end of a group has yet to see to? */
static bool is_over(const struct coh_luagroup *g) {
  return coh_group_is_empty(&g->group) && g->deferred == 0 && g->group.host->current == g->group.around;
}


/* The error of a group that failed is on top. It is raised, or Cancelled, when the group is closed. */
static int settle(lua_State *L, struct coh_luagroup *g) {
  struct coh_state *S = state_of(g);
  struct coh_fiber *f = host_of(g);
  bool block = is_block(g), cut = g->body_cut, failed = has_failed(g);
  bool interrupted = g->group.interrupted, caught = interrupted && coh_scope_catches(&g->group.scope);
  bool kept = g->cut_tasks && !interrupted && !failed;  /* they have caught it, and nobody else is told */
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
** A group cannot end where its task cannot wait: its tasks are cancelled then, what
** is around it joins them, and the error says so. Never returns. [-?, +0, e]
*/
static int refuse_end(lua_State *L, struct coh_luagroup *g) {
  struct coh_state *S = state_of(g);
  luaL_checkstack(L, LUA_MINSTACK, "the end of a group");
  g->joined = true;
  coh_push_refusal(L, S);
  lua_pushliteral(L, "; the tasks of this group were cancelled, and what is around it waits for them");
  lua_concat(L, 2);
  if (has_failed(g)) push_error(L, g, outcome(g), lua_gettop(L));
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
    if (has_failed(g)) push_error(L, g, outcome(g), 0);
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


/* What the body left open is closed, which left an error on top, or nil. */
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

/* }} */
