/*
** Groups: see groups.h. Both forms arrange the stack for the end of the group,
** which groupend.c goes through.
*/
#include "glue/groups.h"

#include <stdio.h>
#include <string.h>

#include "errors/error.h"
#include "glue/abandon.h"
#include "glue/context.h"
#include "glue/deferred.h"
#include "glue/fibername.h"
#include "glue/groupend.h"
#include "glue/handler.h"
#include "glue/object.h"
#include "glue/reuse.h"
#include "glue/scopeobject.h"
#include "glue/scopes.h"
#include "glue/spawn.h"
#include "glue/wait.h"
#include "lua/arg.h"


#define NESTING_MAX 2000
#define RESULTS_FREE (LUA_MINSTACK / 2)  /* as many results of a body leave room for the end of its group */


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


/* Push the object of a new group. [-0, +1, m] */
static struct coh_object *push_object(lua_State *L, const struct coh_state *S) {
  struct coh_object *o = lua_newuserdatauv(L, sizeof *o, COH_UVS_GROUP);
  coh_object_init(L, S, o, COH_GROUP);
  return o;
}


/* Push the name that the options at 'arg' give, or nil. [-0, +1, -] */
static bool push_name(lua_State *L, int arg) {
  if (lua_istable(L, arg)) return coh_get_option(L, arg, "name") != LUA_TNIL;
  lua_pushnil(L);
  return false;
}


/*
** How many groups deep 'f' will be in the next one. An endless recursion would take minutes to fail by
** itself, because each group adds its part to an error that passes. [-0, +0, v]
*/
static unsigned check_nesting(lua_State *L, const struct coh_fiber *f) {
  struct coh_scope *s = f->task.current;
  unsigned nesting = 1;
  while (s != &f->task.scope && coh_luagroup_around(s) == NULL) s = s->parent;
  if (s != &f->task.scope) nesting += coh_luagroup_around(s)->nesting;
  if (nesting > NESTING_MAX)
    coh_misuse(L, "this task is in %d groups, one in the other: is that a recursion without an end?",
               NESTING_MAX);
  return nesting;
}


/* Open a group in 'f' for the object on top. [-0, +0, v] before anything changed */
static struct coh_luagroup *open_group(lua_State *L, struct coh_state *S, struct coh_fiber *f,
                                       struct coh_object *o, struct wish w, bool block) {
  unsigned nesting = check_nesting(L, f);
  struct coh_luagroup *g = coh_luagroup_take(L, S);
  g->nesting = nesting;
  coh_group_open(&g->group, &f->task, block ? &g->block : NULL, w.limit, w.collect);
  g->object = o;
  o->scope = &g->group.scope;
  lua_pushvalue(L, -1);
  lua_rawseti(L, lua_upvalueindex(2), g->slot);
  return g;
}


/* The body returned or raised. */
static int body_returned(lua_State *L, int status, lua_KContext number) {
  struct coh_luagroup *g = coh_luagroup_around(coh_check_open_scope(L, number));
  if (g->group.body_ended) return coh_misuse(L, "this group was given up while its coroutine was suspended");
  g->body_failed = status != LUA_OK && status != LUA_YIELD;
  g->body_cut = g->body_failed && coh_cancelled_is(L, -1);
  if (lua_gettop(L) > RESULTS_FREE) luaL_checkstack(L, LUA_MINSTACK, "too many results");
  return coh_luagroup_body_left(L, g);
}


/* Name the group on top after its options at 'arg', or after the body at 'body'. [-0, +0, -] */
static void name_group(lua_State *L, int arg, int body) {
  if (arg == 0) lua_pushvalue(L, body);
  else if (!push_name(L, arg)) lua_copy(L, body, -1);
  lua_setiuservalue(L, -2, COH_UV_NAME);
}


static int group(lua_State *L, int status, lua_KContext context) {
  struct coh_fiber *f = coh_resumed(L, context);
  struct coh_state *S = coh_state_from(coh_task_runtime(&f->task));
  int options = coh_is_options(L, 1) ? 1 : 0, body = options + 1;
  struct wish w = check_wish(L, options, "group");
  int arguments = lua_gettop(L) - body;
  struct coh_object *o;
  lua_KContext number;
  if (lua_type(L, 1) == LUA_TSTRING && coh_is_callable(L, 2))
    return coh_misuse(L, "group expects options as a table, got string: write group({name = \"%.40s\"}, f)",
                      lua_tostring(L, 1));
  if (lua_type(L, 1) == LUA_TNUMBER && coh_is_callable(L, 2))
    return coh_misuse(L, "group expects options as a table, got number: write group({limit = %.14g}, f)",
                      (double)lua_tonumber(L, 1));
  coh_check_body(L, body, "group", "group(", "g <close> = cohort.open_group()");
  coh_abandon_check_fence(L, S, "group");
  if (arguments > 0) coh_check_options_first(L, body, 1, "group", option_names);
  lua_pushcfunction(L, coh_handler);
  lua_pushvalue(L, body);
  o = push_object(L, S);                                 /* options body ... handler body object */
  name_group(L, options, body);
  number = open_group(L, S, f, o, w, false)->number;
  if (options != 0) lua_remove(L, options);
  if (arguments > 0) lua_rotate(L, 2, 3);                /* body handler body object ... */
  status = lua_pcallk(L, arguments + 1, LUA_MULTRET, 2, number, body_returned);
  f->depth--;
  return body_returned(L, status, number);
}


/* group([options,] body, ...) -> results of body(g, ...) */
static int l_group(lua_State *L) {
  struct coh_fiber *f = coh_check_task(L);
  if (coh_too_deep(L, f)) return coh_yield(L, f, group);
  return group(L, LUA_OK, coh_context(f));
}


/* Push the position 'level' up as a name, without the ": " that separates it from a message. [-0, +1, m] */
static void push_position(lua_State *L, int level) {
  size_t length;
  const char *where;
  luaL_where(L, level);
  where = lua_tolstring(L, -1, &length);
  lua_pushlstring(L, where, length > 2 ? length - 2 : 0);
  lua_remove(L, -2);
}


/*
** Open a group in the block form with the options at 1, for the function 'level'
** up. 'warning' is what to warn of when it is left open; NULL: that is an error.
** The group is left on top.
*/
static int open_block(lua_State *L, int level, const char *warning) {
  struct coh_state *S = coh_state_here(L);
  struct coh_fiber *f = coh_check_task(L);
  struct wish w;
  struct coh_object *o;
  int object;
  if (coh_is_callable(L, 1))
    return coh_misuse(L, "open_group takes no body: write cohort.group(function(g) ... end)");
  w = check_wish(L, 1, "open_group");
  coh_abandon_check_fence(L, S, "open_group");
  o = push_object(L, S);
  object = lua_gettop(L);
  if (!push_name(L, 1)) push_position(L, level);
  lua_setiuservalue(L, object, COH_UV_NAME);
  luaL_where(L, level);
  if (warning != NULL) {
    lua_pushstring(L, warning);
    lua_concat(L, 2);
  }
  lua_setiuservalue(L, object, COH_UV_LINE);
  lua_settop(L, object);
  open_group(L, S, f, o, w, true);
  return 1;
}


/* open_group([options]) -> group, to be put into a <close> variable */
static int l_open_group(lua_State *L) {
  return open_block(L, 1, NULL);
}


/* open_iterator(options, warning) -> group that an iterator of ours opens for its caller */
static int l_open_iterator(lua_State *L) {
  return open_block(L, 2, luaL_checkstring(L, 2));
}


/* __close(group, err) */
static int l_close(lua_State *L) {
  struct coh_state *S = coh_state_here(L);
  struct coh_object *o = coh_object_check(L, 1, COH_GROUP, "__close");
  struct coh_fiber *f = coh_running(S);
  struct coh_luagroup *g;
  lua_settop(L, 2);
  if (o->scope == NULL || S->closing) return 0;
  g = coh_item(o->scope, struct coh_luagroup, group.scope);
  if (f == NULL || !coh_task_has_open(&f->task, g->group.around))
    return coh_misuse(L, "a group is closed by the task that opened it");
  if (g->group.around == &g->group.scope)
    return coh_misuse(L, "the group of cohort.group ends with its function: "
                         "only open_group goes with <close>");
  if (g->group.body_ended) return 0;
  coh_abandon_check_fence(L, S, "__close");
  coh_scopes_check_blocks(L, f, g->group.around);
  g->body_failed = !lua_isnil(L, 2);
  g->body_cut = coh_cancelled_is(L, 2);
  return coh_luagroup_body_left(L, g);
}

/* }} */


/* {{ The group object */

/* group:cancel([reason]) */
static int l_cancel(lua_State *L) {
  struct coh_object *o = coh_object_check(L, 1, COH_GROUP, "cancel");
  lua_settop(L, 2);
  coh_scopeobject_check_text(L, "cancel");
  return coh_scopeobject_cancel(L, o, 1);
}


/* The open group at 1. [-0, +0, v] */
static struct coh_luagroup *check_defer(lua_State *L) {
  const struct coh_object *o = coh_object_check(L, 1, COH_GROUP, "defer");
  struct coh_luagroup *g = o->scope == NULL ? NULL : coh_item(o->scope, struct coh_luagroup, group.scope);
  if (g == NULL || g->given_up)
    coh_misuse(L, "defer: this group has ended, nothing runs at its end any more");
  return g;
}


/* group:defer(f, ...); a finalizer that runs while the entry is made may defer too, or close the group */
static int l_defer(lua_State *L) {
  struct coh_luagroup *g;
  int count, i;
  coh_object_check(L, 1, COH_GROUP, "defer");
  coh_check_callable(L, 2, "defer");
  g = check_defer(L);
  coh_context_keep(L, 2, coh_fiber_of(g->group.host));
  count = lua_gettop(L) - 1;
  lua_createtable(L, count, 1);
  lua_insert(L, 2);                            /* group entry f ... */
  for (i = count; i >= 1; i--) lua_rawseti(L, 2, i);
  lua_pushinteger(L, count);
  lua_setfield(L, 2, "n");
  coh_deferred_push(L, 1);                     /* group entry deferred */
  g = check_defer(L);
  lua_pushvalue(L, 2);
  lua_rawseti(L, -2, (lua_Integer)g->deferred + 1);
  g->deferred++;
  return 0;
}


/* group.scope */
static int get_scope(lua_State *L) {
  coh_object_check(L, 1, COH_GROUP, "field");
  lua_pushvalue(L, 1);
  coh_scopeobject_push_proxy(L);
  return 1;
}


/* group.name */
static int get_name(lua_State *L) {
  coh_object_check(L, 1, COH_GROUP, "field");
  lua_getiuservalue(L, 1, COH_UV_NAME);
  coh_fiber_render_identity(L);
  return 1;
}


static const luaL_Reg fields[] = {{"scope", get_scope}, {"name", get_name}, {NULL, NULL}};


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

/* Their second upvalue is the table of state.objects. */
static const luaL_Reg functions[] = {
  {"group", l_group}, {"open_group", l_open_group}, {"open_iterator", l_open_iterator}, {NULL, NULL}};


void coh_groups_open(lua_State *L) {
  struct coh_state *S = coh_state_of(L);
  coh_object_define(L, COH_GROUP, "cohort.Group", metamethods, methods, fields);
  lua_pushlightuserdata(L, S);
  lua_rawgeti(L, LUA_REGISTRYINDEX, S->objects.table);
  luaL_setfuncs(L, functions, 2);
}

/* }} */
