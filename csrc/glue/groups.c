/*
** Groups: see groups.h.
**
**   the stack of the function form
**   1 handler   2.. body, group and arguments; at the end
**   1 handler   2 the group's number   3 luascope of a deferred function   4.. results or error
**
**   the stack of the block form, in its __close
**   1 group   2 error or nil   3 luascope of a deferred function
**
** Both go through the same end: wait, run what was deferred, wait again, settle.
*/
#include "glue/groups.h"

#include <stdio.h>
#include <string.h>

#include "glue/abandon.h"
#include "glue/arg.h"
#include "glue/errgroup.h"
#include "glue/error.h"
#include "glue/fiber.h"
#include "glue/note.h"
#include "glue/object.h"
#include "glue/scopes.h"
#include "glue/spawn.h"
#include "glue/wait.h"


static void forget_failures(struct coh_state *S, struct coh_luagroup *g) {
  struct coh_link *failed = &g->group.failed;
  while (!coh_link_alone(failed)) {
    struct coh_link *l = failed->next;
    coh_link_remove(l);
    if (l != &g->group.body_failed) coh_fiber_give(S, coh_item(l, struct coh_fiber, task.wait.link));
  }
}


void coh_luagroup_close(struct coh_state *S, struct coh_luagroup *g) {
  forget_failures(S, g);
  coh_group_close(&g->group);
  coh_luagroup_give(S, g);
}


/* {{ The error of a group */

/* Push { task = name, traceback = text }; groups have tracebacks of their own. [-0, +1, m] */
static void push_details(lua_State *L, struct coh_state *S, struct coh_fiber *f, const char *text,
                         int error) {
  lua_createtable(L, 0, 2);
  coh_fiber_push_name(L, S, f);
  lua_setfield(L, -2, "task");
  if (text == NULL || coh_error_is(L, error, COH_ERROR_GROUP)) return;
  coh_error_pass_traceback(L, error, text);
  lua_pushstring(L, text);
  lua_setfield(L, -2, "traceback");
}


static const char *text_of(const struct coh_note *note) {
  return note == NULL ? NULL : note->text;
}


/*
** Append the error on top, which happened in 'f' at 'text' (or NULL), and its
** details to the lists at 'errors' and 'errors' + 1. [-1, +0, m]
*/
static void append(lua_State *L, struct coh_state *S, struct coh_fiber *f, const char *text, int errors) {
  lua_Integer n = (lua_Integer)lua_rawlen(L, errors) + 1;
  coh_error_box_nil(L);
  push_details(L, S, f, text, lua_gettop(L));
  lua_rawseti(L, errors + 1, n);
  lua_rawseti(L, errors, n);
}


/* Append every failure of 'g' in order; the body's is at 'body', or was told when that is 0. [-0, +0, m] */
static void append_failures(lua_State *L, struct coh_state *S, struct coh_luagroup *g, int body, int errors) {
  struct coh_link *l;
  for (l = g->group.failed.next; l != &g->group.failed; l = l->next) {
    struct coh_fiber *f = coh_fiber_of(g->group.host);
    if (l == &g->group.body_failed) {
      if (body == 0) continue;
      lua_pushvalue(L, body);
    } else {
      f = coh_item(l, struct coh_fiber, task.wait.link);
      luaL_checkstack(f->L, 1, "no room for an error");
      lua_pushvalue(f->L, -1);
      lua_xmove(f->L, L, 1);
    }
    append(L, S, f, text_of(f->note), errors);
  }
}


/* Append the errors of what was deferred. [-0, +0, m] */
static void append_deferred(lua_State *L, struct coh_state *S, struct coh_luagroup *g, int errors) {
  lua_Integer i, n;
  coh_object_push(L, S, &g->group.scope);
  if (lua_getiuservalue(L, -1, COH_UV_DEFERRED) == LUA_TTABLE) {
    lua_getfield(L, -1, "errors");
    lua_getfield(L, -2, "tracebacks");   /* object deferred errors tracebacks */
    n = (lua_Integer)lua_rawlen(L, -2);
    for (i = 1; i <= n; i++) {
      lua_rawgeti(L, -1, i);
      lua_rawgeti(L, -3, i);
      append(L, S, coh_fiber_of(g->group.host), lua_tostring(L, -2), errors);
      lua_pop(L, 1);
    }
    lua_pop(L, 2);
  }
  lua_pop(L, 2);
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
  return !coh_link_alone(&g->group.failed) || g->deferred_failed > 0;
}


/* Push one error with all failures, and that at 'more' unless it is 0. [-0, +1, m] */
static void push_error(lua_State *L, struct coh_state *S, struct coh_luagroup *g, int body, int more) {
  struct coh_fiber *host = coh_fiber_of(g->group.host);
  int first = lua_gettop(L) + 1;
  luaL_checkstack(L, 12, "errors of a group");
  push_message(L, S, g);
  coh_note_push_place(L, S, host, false);
  coh_note_push_hosts(L, S, host);
  lua_newtable(L);
  lua_newtable(L);                     /* message place hosts errors details */
  append_failures(L, S, g, body, first + 3);
  append_deferred(L, S, g, first + 3);
  if (more != 0) {
    lua_pushvalue(L, more);
    append(L, S, host, NULL, first + 3);
  }
  coh_errgroup_push(L, lua_tostring(L, first));
  coh_errgroup_set_traceback(L, -1, lua_tostring(L, first + 1), lua_tostring(L, first + 2));
  lua_replace(L, first);
  lua_settop(L, first);
}


void coh_luagroup_add_failures(lua_State *L, struct coh_state *S, struct coh_luagroup *g) {
  int more = lua_gettop(L);
  if (!has_failed(g)) return;
  push_error(L, S, g, 0, lua_isnil(L, more) ? 0 : more);
  lua_replace(L, more);
}

/* }} */


/* {{ The end of a group */

/* Where the end of a group finds things on the stack. */
struct end {
  struct coh_state *S;
  struct coh_fiber *f;
  struct coh_luagroup *g;
  bool block;   /* the block form */
  int scope;    /* index of the luascope of a deferred function, or nil */
  int outcome;  /* index of the error, or of the first result */
};

static struct end find_end(lua_State *L) {
  struct end e = {coh_state_here(L), NULL, NULL, false, 3, 4};
  e.f = coh_running(e.S);
  e.block = !lua_isfunction(L, 1);
  if (e.block) {
    struct coh_object *o = lua_touserdata(L, 1);
    if (o->scope == NULL) coh_misuse(L, "this group was closed while the coroutine that ends it was suspended");
    e.g = coh_item(o->scope, struct coh_luagroup, group.scope);
    e.outcome = 2;
  } else {
    e.g = coh_item(coh_scopes_check_open(L, lua_tointeger(L, 2)), struct coh_luagroup, group.scope);
  }
  return e;
}

static int end_group(lua_State *L, int status, lua_KContext top);


/* Remember that a deferred function raised what is on top. [-1, +0, m] */
static void keep_deferred_error(lua_State *L, const struct end *e) {
  if (!coh_cancelled_is(L, -1)) {
    coh_error_box_nil(L);
    coh_object_push(L, e->S, &e->g->group.scope);
    lua_getiuservalue(L, -1, COH_UV_DEFERRED);
    lua_getfield(L, -1, "errors");
    lua_getfield(L, -2, "tracebacks");   /* error object deferred errors tracebacks */
    if (e->f->note != NULL) lua_pushstring(L, e->f->note->text);
    else lua_pushboolean(L, 0);
    lua_rawseti(L, -2, (lua_Integer)e->g->deferred_failed + 1);
    lua_pushvalue(L, -5);
    lua_rawseti(L, -3, (lua_Integer)++e->g->deferred_failed);
    lua_pop(L, 4);
  }
  lua_pop(L, 1);
}


/* A deferred function has ended, and maybe left something open. An error is on top, or nil. */
static int deferred_left(lua_State *L, int status, lua_KContext top) {
  struct end e = find_end(L);
  struct coh_luascope *s;
  (void)status;
  lua_settop(L, (int)top);
  s = lua_touserdata(L, e.scope);
  if (coh_abandon(L, e.S, e.f, &s->scope)) return coh_yield(L, deferred_left);
  if (!lua_isnil(L, -1) && (!s->failed || coh_cancelled_is(L, -2))) lua_replace(L, -2);
  else lua_pop(L, 1);
  if (s->failed || !lua_isnil(L, -1)) keep_deferred_error(L, &e);
  else lua_pop(L, 1);
  coh_note_free(e.S, &e.f->note);
  e.f->note = s->stuck;
  s->stuck = NULL;
  coh_task_leave(&e.f->task, &s->scope);
  coh_luascope_give(e.S, s);
  return end_group(L, LUA_OK, lua_gettop(L));
}


static int deferred_ended(lua_State *L, int status, lua_KContext unused) {
  struct end e = find_end(L);
  struct coh_luascope *s = lua_touserdata(L, e.scope);
  (void)unused;
  s->failed = status != LUA_OK && status != LUA_YIELD;
  if (!s->failed) lua_pushnil(L);
  return deferred_left(L, LUA_OK, lua_gettop(L));
}


/* Push the latest deferred function and its arguments; how many values that is. [-0, +n, m] */
static int take_deferred(lua_State *L, struct coh_state *S, struct coh_luagroup *g) {
  int entry, count, i;
  luaL_checkstack(L, 4, "deferred functions");
  coh_object_push(L, S, &g->group.scope);
  lua_getiuservalue(L, -1, COH_UV_DEFERRED);
  lua_rawgeti(L, -1, g->deferred);        /* object deferred entry */
  lua_pushnil(L);
  lua_rawseti(L, -3, g->deferred--);
  lua_replace(L, -3);
  lua_pop(L, 1);                          /* entry */
  entry = lua_gettop(L);
  lua_getfield(L, entry, "n");
  count = (int)lua_tointeger(L, -1);
  lua_pop(L, 1);
  luaL_checkstack(L, count, "too many arguments");
  for (i = 1; i <= count; i++) lua_rawgeti(L, entry, i);
  lua_remove(L, entry);
  return count;
}


/*
** Take the latest deferred function and call it, out of reach of every
** cancellation. Its scope keeps the note of the body meanwhile.
*/
static int run_deferred(lua_State *L, const struct end *e) {
  struct coh_luascope *s;
  int count;
  luaL_checkstack(L, LUA_MINSTACK, "deferred functions");
  s = coh_luascope_take(L, e->S);
  lua_pushlightuserdata(L, s);
  lua_replace(L, e->scope);
  coh_task_enter(&e->f->task, &s->scope, COH_NEVER, true);
  s->stuck = e->f->note;
  e->f->note = NULL;
  lua_pushcfunction(L, coh_note_handler);
  count = take_deferred(L, e->S, e->g);
  return deferred_ended(L, lua_pcallk(L, count - 1, 0, -count - 1, 0, deferred_ended), 0);
}


void coh_luagroup_spawn_deferred(lua_State *L, struct coh_state *S, struct coh_luagroup *g) {
  struct coh_fiber *f = coh_fiber_load(L, S, take_deferred(L, S, g) - 1, 0);
  g->group.shut = false;  /* its scope is cancelled by now */
  coh_group_spawn(&g->group, &f->task, false);
  coh_scope_set_shield(&f->task.scope, true);
}


/* Close the group and hand on what came of it. */
static int settle(lua_State *L, const struct end *e) {
  bool block = e->block, cut = e->g->body_cut, interrupted = e->g->group.interrupted, caught;
  if (has_failed(e->g)) push_error(L, e->S, e->g, e->outcome, 0);
  else lua_pushnil(L);
  caught = interrupted && coh_scope_catches(&e->g->group.scope);
  if (caught) e->g->group.scope.caught = true;
  coh_luagroup_close(e->S, e->g);
  if (!lua_isnil(L, -1)) return lua_error(L);
  lua_pop(L, 1);
  if (interrupted && !caught && !(block && cut)) {
    if (!cut) return coh_raise_cancelled(L, e->f);
    coh_cancelled_push(L);
    return coh_rethrow(L, e->f);
  }
  if (block || cut) return 0;
  return lua_gettop(L) - e->outcome + 1;
}


/*
** A group cannot end where its task cannot wait: its tasks are cancelled then, what
** is around it joins them, and the error says so. Never returns. [-?, +0, e]
*/
static int refuse_end(lua_State *L, const struct end *e) {
  luaL_checkstack(L, LUA_MINSTACK, "the end of a group");
  e->g->joined = true;
  coh_push_refusal(L, e->S);
  lua_pushliteral(L, "; the tasks of this group were cancelled, and what is around it waits for them");
  lua_concat(L, 2);
  if (has_failed(e->g)) push_error(L, e->S, e->g, e->outcome, lua_gettop(L));
  forget_failures(e->S, e->g);
  return lua_error(L);
}


/* The body is over: wait for the tasks, run what was deferred, settle. */
static int end_group(lua_State *L, int status, lua_KContext top) {
  struct end e;
  struct coh_group *group;
  (void)status;
  lua_settop(L, (int)top);
  e = find_end(L);
  group = &e.g->group;
  if (!coh_group_is_empty(group) || (group->spawned_any && !e.g->joined)) {
    if (!coh_can_wait(e.S, L)) return refuse_end(L, &e);
    e.g->joined = true;
    coh_group_join(group);
    return coh_yield(L, end_group);
  }
  if (e.g->deferred > 0) return run_deferred(L, &e);
  return settle(L, &e);
}


/* The body's code is over: close what it left open, and tell the group how it ended. */
static int body_left(lua_State *L, int status, lua_KContext top) {
  struct end e;
  (void)status;
  lua_settop(L, (int)top);
  e = find_end(L);
  if (coh_abandon(L, e.S, e.f, e.g->group.around)) return coh_yield(L, body_left);
  if (!lua_isnil(L, -1) && (!e.g->body_failed || e.g->body_cut)) {
    lua_insert(L, e.outcome);  /* the body may have returned nothing */
    coh_note_free(e.S, &e.f->note);
    e.g->body_failed = true;
    e.g->body_cut = false;
  } else {
    lua_pop(L, 1);
  }
  if (!e.g->group.body_ended)  /* what is around it may have tried to close it already */
    if (!coh_can_wait(e.S, L)) coh_group_shut(&e.g->group);
  coh_group_body_ended(&e.g->group, e.g->body_failed && !e.g->body_cut, e.g->body_cut);
  return end_group(L, LUA_OK, lua_gettop(L));
}

/* }} */


/* {{ The two forms */

static const char *const option_names[] = {"name", "limit", "on_error", NULL};

struct wish {
  size_t limit;
  bool collect;
};

static struct wish check_wish(lua_State *L, int arg, const char *what) {
  struct wish w = {0, false};
  const char *on_error;
  if (arg == 0 || lua_isnoneornil(L, arg)) return w;
  coh_check_options(L, arg, what, option_names);
  coh_opt_string(L, arg, "name");
  w.limit = (size_t)coh_opt_count(L, arg, "limit", 1, 0);
  on_error = coh_opt_string(L, arg, "on_error");
  w.collect = on_error != NULL && strcmp(on_error, "collect") == 0;
  if (on_error != NULL && !w.collect && strcmp(on_error, "cancel") != 0)
    coh_misuse(L, "option 'on_error' expects \"cancel\" or \"collect\", got \"%s\"", on_error);
  return w;
}


/* Push the object of a new group, named by the options at 'options'. [-0, +1, m] */
static struct coh_object *push_object(lua_State *L, int options) {
  struct coh_object *o = lua_newuserdatauv(L, sizeof *o, COH_UVS_GROUP);
  *o = (struct coh_object){.scope = NULL};
  coh_object_set_kind(L, coh_state_here(L), COH_GROUP);
  if (options == 0) return o;
  coh_get_option(L, options, "name");
  lua_setiuservalue(L, -2, COH_UV_NAME);
  return o;
}


/* Open a group for the object on top. [-0, +0, m] before anything changed */
static struct coh_luagroup *open_group(lua_State *L, struct coh_object *o, struct wish w, bool block) {
  struct coh_state *S = coh_state_here(L);
  struct coh_luagroup *g = coh_luagroup_take(L, S);
  coh_group_open(&g->group, &coh_running(S)->task, block ? &g->block : NULL, w.limit, w.collect);
  g->object = o;
  o->scope = &g->group.scope;
  lua_pushvalue(L, -1);
  coh_anchors_set(L, &S->objects, g->slot);
  return g;
}


/* The body returned or raised: arrange the stack for the end. */
static int body_returned(lua_State *L, int status, lua_KContext number) {
  struct coh_luagroup *g = coh_item(coh_scopes_check_open(L, number), struct coh_luagroup, group.scope);
  if (g->group.body_ended) return coh_misuse(L, "this group was given up while its coroutine was suspended");
  g->body_failed = status != LUA_OK && status != LUA_YIELD;
  g->body_cut = g->body_failed && coh_cancelled_is(L, -1);
  luaL_checkstack(L, LUA_MINSTACK, "too many results");
  lua_pushinteger(L, number);
  lua_insert(L, 2);
  lua_pushnil(L);
  lua_insert(L, 3);
  return body_left(L, LUA_OK, lua_gettop(L));
}


static int group(lua_State *L, int status, lua_KContext top) {
  struct coh_fiber *f = coh_running(coh_state_here(L));
  bool has_options;
  struct coh_object *o;
  lua_KContext number;
  struct wish w;
  (void)status;
  lua_settop(L, (int)top);
  has_options = coh_is_options(L, 1);
  w = check_wish(L, has_options ? 1 : 0, "group");
  coh_check_callable(L, has_options ? 2 : 1, "group");
  if (!has_options) {
    lua_pushnil(L);
    lua_insert(L, 1);
  }
  o = push_object(L, has_options ? 1 : 0);         /* options body ... object */
  if (lua_getiuservalue(L, -1, COH_UV_NAME) == LUA_TNIL) {
    lua_pushvalue(L, 2);
    lua_setiuservalue(L, -3, COH_UV_NAME);
  }
  lua_pop(L, 1);
  number = open_group(L, o, w, false)->number;
  lua_insert(L, 3);                                /* options body object ... */
  lua_pushcfunction(L, coh_note_handler);
  lua_replace(L, 1);                               /* handler body object ... */
  status = lua_pcallk(L, lua_gettop(L) - 2, LUA_MULTRET, 1, number, body_returned);
  f->depth--;
  return body_returned(L, status, number);
}


/* group([options,] body, ...) -> results of body(g, ...) */
static int l_group(lua_State *L) {
  struct coh_fiber *f = coh_check_task(L);
  if (coh_too_deep(L, f)) return coh_yield(L, group);
  return group(L, LUA_OK, lua_gettop(L));
}


/* Push the position 'level' up, as a name: without what separates it from a message. [-0, +1, m] */
static void push_position(lua_State *L, int level) {
  size_t length;
  const char *where;
  luaL_where(L, level);
  where = lua_tolstring(L, -1, &length);
  lua_pushlstring(L, where, length > 2 ? length - 2 : 0);
  lua_remove(L, -2);
}


/*
** open_group([options]) -> group, to be put into a <close> variable. Iterators that
** hold a group tell also whose line it is, and what to warn of when it is left open.
*/
static int l_open_group(lua_State *L) {
  int level = (int)luaL_optinteger(L, 2, 1);
  struct wish w;
  struct coh_object *o;
  coh_check_task(L);
  if (coh_is_callable(L, 1))
    return coh_misuse(L, "open_group takes no body: write cohort.group(function(g) ... end)");
  w = check_wish(L, 1, "open_group");
  lua_settop(L, 3);
  o = push_object(L, lua_istable(L, 1) ? 1 : 0);
  luaL_where(L, level);
  if (lua_isstring(L, 3)) {
    lua_pushvalue(L, 3);
    lua_concat(L, 2);
  }
  lua_setiuservalue(L, 4, COH_UV_LINE);
  if (lua_getiuservalue(L, 4, COH_UV_NAME) == LUA_TNIL) {
    push_position(L, level);
    lua_setiuservalue(L, 4, COH_UV_NAME);
  }
  lua_settop(L, 4);
  open_group(L, o, w, true);
  return 1;
}


/* __close(group, err) */
static int l_close(lua_State *L) {
  struct coh_state *S = coh_state_here(L);
  struct coh_object *o = coh_object_check(L, 1, COH_GROUP, "__close");
  struct coh_fiber *f = coh_running(S);
  struct coh_luagroup *g;
  lua_settop(L, 3);
  if (o->scope == NULL || S->closing) return 0;
  g = coh_item(o->scope, struct coh_luagroup, group.scope);
  if (f == NULL || !coh_task_has_open(&f->task, g->group.around))
    return coh_misuse(L, "a group is closed by the task that opened it");
  if (g->group.around == &g->group.scope)
    return coh_misuse(L, "the group of cohort.group ends with its function: only open_group goes with <close>");
  if (g->group.body_ended) return 0;
  coh_abandon_check(L, f, g->group.around);
  g->body_failed = !lua_isnil(L, 2);
  g->body_cut = coh_cancelled_is(L, 2);
  return body_left(L, LUA_OK, 3);
}

/* }} */


/* {{ The group object */

/* group:cancel([reason]) */
static int l_cancel(lua_State *L) {
  struct coh_object *o = coh_object_check(L, 1, COH_GROUP, "cancel");
  lua_settop(L, 2);
  coh_scopes_check_text(L, "cancel");
  return coh_scopes_cancel(L, o, 1);
}


/* group:defer(f, ...) */
static int l_defer(lua_State *L) {
  struct coh_object *o = coh_object_check(L, 1, COH_GROUP, "defer");
  struct coh_luagroup *g;
  int count = lua_gettop(L) - 1, i;
  coh_check_callable(L, 2, "defer");
  if (o->scope == NULL) return coh_misuse(L, "defer: this group has ended, nothing runs at its end any more");
  g = coh_item(o->scope, struct coh_luagroup, group.scope);
  lua_createtable(L, count, 1);
  lua_insert(L, 2);                            /* group entry f ... */
  for (i = count; i >= 1; i--) lua_rawseti(L, 2, i);
  lua_pushinteger(L, count);
  lua_setfield(L, 2, "n");
  if (lua_getiuservalue(L, 1, COH_UV_DEFERRED) != LUA_TTABLE) {
    lua_pop(L, 1);
    lua_newtable(L);
    lua_newtable(L);
    lua_setfield(L, -2, "errors");
    lua_newtable(L);
    lua_setfield(L, -2, "tracebacks");
    lua_pushvalue(L, -1);
    lua_setiuservalue(L, 1, COH_UV_DEFERRED);
  }
  lua_pushvalue(L, 2);
  lua_rawseti(L, -2, (lua_Integer)g->deferred + 1);
  g->deferred++;
  return 0;
}


/* group.scope, group.name */
static int field(lua_State *L) {
  const char *key = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "";
  coh_object_check(L, 1, COH_GROUP, "field");
  if (strcmp(key, "scope") == 0) {
    lua_pushvalue(L, 1);
    coh_scopes_push_proxy(L);
  } else if (strcmp(key, "name") == 0) {
    lua_getiuservalue(L, 1, COH_UV_NAME);
    coh_fiber_render_identity(L);
  } else {
    lua_pushnil(L);
  }
  return 1;
}


static size_t count_tasks(const struct coh_object *o) {
  const struct coh_group *g;
  if (o->scope == NULL) return 0;
  g = &coh_item(o->scope, struct coh_luagroup, group.scope)->group;
  return g->ordinary + g->daemons;
}


/* #group -> number of live tasks */
static int l_len(lua_State *L) {
  lua_pushinteger(L, (lua_Integer)count_tasks(coh_object_check(L, 1, COH_GROUP, "#")));
  return 1;
}


/* tostring(group): "group 'name' (3 tasks)" */
static int l_tostring(lua_State *L) {
  struct coh_object *o = coh_object_check(L, 1, COH_GROUP, "tostring");
  size_t tasks = count_tasks(o);
  char state[48] = "ended";
  if (o->scope != NULL)
    snprintf(state, sizeof state, "%zu task%s%s", tasks, tasks == 1 ? "" : "s",
             o->scope->reason != COH_REASON_NONE ? ", cancelled" : "");
  lua_getiuservalue(L, 1, COH_UV_NAME);
  coh_fiber_render_identity(L);
  lua_pushfstring(L, "group '%s' (%s)", lua_tostring(L, -1), state);
  return 1;
}


static const luaL_Reg methods[] = {
  {"spawn", coh_group_l_spawn},
  {"spawn_daemon", coh_group_l_spawn_daemon},
  {"start", coh_group_l_start},
  {"defer", l_defer},
  {"cancel", l_cancel},
  {NULL, NULL}
};

static const luaL_Reg metamethods[] = {
  {"__close", l_close}, {"__len", l_len}, {"__tostring", l_tostring}, {NULL, NULL}};

static const luaL_Reg functions[] = {{"group", l_group}, {"open_group", l_open_group}, {NULL, NULL}};


void coh_groups_open(lua_State *L) {
  coh_object_define(L, COH_GROUP, "cohort.Group", metamethods, methods, field);
  lua_pushlightuserdata(L, coh_state_of(L));
  luaL_setfuncs(L, functions, 1);
}

/* }} */
