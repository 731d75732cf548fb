/*
** What a group defers: see deferred.h. Functions with their arguments are in a table
** that is the group's user value, latest last, and the errors of those that ran in its
** field 'errors'. Whatever needs memory at the end of a group is done in a protected
** call: the group ends all the same.
*/
#include "glue/deferred.h"

#include <lauxlib.h>

#include "errors/error.h"
#include "glue/fiberload.h"
#include "glue/note.h"
#include "glue/object.h"
#include "glue/reuse.h"
#include "lua/outofmemory.h"


static struct coh_state *state_of(const struct coh_luagroup *g) {
  return coh_state_from(g->group.scope.slot.rt);
}


void coh_deferred_push(lua_State *L, int object) {
  if (lua_getiuservalue(L, object, COH_UV_DEFERRED) == LUA_TTABLE) return;
  lua_pop(L, 1);
  lua_newtable(L);
  lua_newtable(L);
  lua_setfield(L, -2, "errors");
  if (lua_getiuservalue(L, object, COH_UV_DEFERRED) == LUA_TTABLE) {  /* a finalizer has made one */
    lua_replace(L, -2);
    return;
  }
  lua_pop(L, 1);
  lua_pushvalue(L, -1);
  lua_setiuservalue(L, object, COH_UV_DEFERRED);
}


/* {{ Their errors */

static lua_Integer count_failures(const struct coh_luagroup *g) {
  const struct coh_link *l;
  lua_Integer n = 0;
  for (l = g->group.failed.next; l != &g->group.failed; l = l->next) n++;
  return n;
}


/* pcall'ed: (group, error of a deferred function, has it run): keeps it, its traceback, and its place */
static int l_keep_error(lua_State *L) {
  struct coh_luagroup *g = lua_touserdata(L, 1);
  const struct coh_note *note = lua_toboolean(L, 3) ? coh_fiber_of(g->group.host)->note : NULL;
  lua_settop(L, 2);
  coh_error_box_nil(L);
  coh_object_push(L, state_of(g), &g->group.scope);
  coh_deferred_push(L, lua_gettop(L));
  lua_getfield(L, -1, "errors");
  lua_createtable(L, 3, 0);            /* error object deferred errors entry */
  lua_pushvalue(L, 2);
  lua_rawseti(L, -2, 1);
  if (note != NULL) coh_note_push(L, note);
  else lua_pushboolean(L, 0);
  lua_rawseti(L, -2, 2);
  lua_pushinteger(L, count_failures(g));
  lua_rawseti(L, -2, 3);
  lua_rawseti(L, -2, (lua_Integer)g->deferred_failed + 1);
  g->deferred_failed++;
  return 0;
}


/* Keep the error on top. [-1, +0, -] */
static void keep_error(lua_State *L, struct coh_luagroup *g, bool has_run) {
  lua_pushcfunction(L, l_keep_error);
  lua_insert(L, -2);
  lua_pushlightuserdata(L, g);
  lua_insert(L, -2);
  lua_pushboolean(L, has_run);
  if (lua_pcall(L, 3, 0, 0) == LUA_OK) return;
  g->deferred_lost = true;
  lua_pop(L, 1);
}


void coh_deferred_keep_error(lua_State *L, struct coh_luagroup *g) {
  if (coh_cancelled_is(L, -1)) lua_pop(L, 1);
  else keep_error(L, g, true);
}

/* }} */


/* {{ Taking them */

/* Push the latest deferred function and its arguments, and forget them; returns their count. [-0, +n, m] */
static int push_latest(lua_State *L, struct coh_luagroup *g) {
  int entry, count, i;
  coh_object_push(L, state_of(g), &g->group.scope);
  lua_getiuservalue(L, -1, COH_UV_DEFERRED);
  lua_rawgeti(L, -1, g->deferred);        /* object deferred entry */
  lua_pushnil(L);
  lua_rawseti(L, -3, g->deferred);
  entry = lua_gettop(L);
  lua_getfield(L, entry, "n");
  count = (int)lua_tointeger(L, -1);
  luaL_checkstack(L, count + LUA_MINSTACK, "too many arguments");
  for (i = 1; i <= count; i++) lua_rawgeti(L, entry, i);
  return count;
}


/* pcall'ed: (group) -> the latest deferred function and its arguments; sets 'deferring' */
static int l_take(lua_State *L) {
  struct coh_luagroup *g = lua_touserdata(L, 1);
  int count = push_latest(L, g);
  g->deferring = coh_luascope_take(L, state_of(g));
  return count;
}


/* pcall'ed: (group): the latest deferred function becomes a task */
static int l_spawn(lua_State *L) {
  struct coh_luagroup *g = lua_touserdata(L, 1);
  int count = push_latest(L, g);
  struct coh_fiber *f = coh_fiber_load(L, state_of(g), count - 1, NULL);
  g->group.shut = false;  /* its scope is cancelled by now */
  coh_group_spawn(&g->group, &f->task, false);
  coh_scope_set_shield(&f->task.scope, true);
  return 0;
}


/*
** Call 'function' for the latest deferred function; returns how many values it left. When memory
** runs out, or the arguments find no room on the stack, the deferred function will not run, and
** the group fails. [-0, +n, -]
*/
static int take(lua_State *L, struct coh_luagroup *g, lua_CFunction function) {
  int top = lua_gettop(L), status;
  lua_pushcfunction(L, function);
  lua_pushlightuserdata(L, g);
  status = lua_pcall(L, 1, LUA_MULTRET, 0);
  if (status != LUA_OK) {
    if (status == LUA_ERRMEM || coh_is_out_of_memory(L, -1)) g->deferred_lost = true;
    else keep_error(L, g, false);
    lua_settop(L, top);
  }
  g->deferred--;
  return lua_gettop(L) - top;
}


int coh_deferred_take(lua_State *L, struct coh_luagroup *g) {
  return take(L, g, l_take);
}


void coh_deferred_spawn(lua_State *L, struct coh_luagroup *g) {
  while (g->deferred > 0 && coh_group_is_empty(&g->group)) take(L, g, l_spawn);
}

/* }} */
