/*
** Cancelled: what unwinds a cancelled task. There is one value per lua_State,
** made before it is needed, so that raising it allocates nothing; nobody can make
** another. What differs from task to task, the reason, is looked up when it
** is read, from the task that reads.
*/
#include "errors/error.h"

#include <lauxlib.h>
#include <lua.h>

#include <string.h>

#include "lua/arg.h"
#include "lua/text.h"

static const char value_key = 'c';  /* registry[&value_key] is the value */

struct cancelled {
  const char *key;       /* &value_key, which identifies the value without a look into the registry */
  lua_CFunction reason;  /* finds the running task's reason; NULL: there is none */
};


void coh_cancelled_push(lua_State *L) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &value_key);
}


/* Another state's Cancelled cannot come here, and no other userdata holds the address of our key. */
bool coh_cancelled_is(lua_State *L, int index) {
  if (lua_type(L, index) != LUA_TUSERDATA || lua_rawlen(L, index) != sizeof(struct cancelled)) return false;
  return ((const struct cancelled *)lua_touserdata(L, index))->key == &value_key;
}


void coh_cancelled_set_reason(lua_State *L, lua_CFunction reason) {
  coh_cancelled_push(L);
  struct cancelled *cancelled = lua_touserdata(L, -1);
  cancelled->reason = reason;
  lua_pop(L, 1);
}


/* The reason of the running task, or nil. [-0, +1, m] */
static void push_reason(lua_State *L) {
  coh_cancelled_push(L);
  const struct cancelled *cancelled = lua_touserdata(L, -1);
  lua_CFunction reason = cancelled->reason;
  lua_pop(L, 1);
  if (reason == NULL) {
    lua_pushnil(L);
    return;
  }
  lua_pushcfunction(L, reason);
  lua_call(L, 0, 1);
}


/* reason() -> reason or nil; for lua_pcall */
static int l_reason(lua_State *L) {
  push_reason(L);
  return 1;
}


/* Cancelled.__index(value, key) -> field; upvalue 1 is the type */
static int l_index(lua_State *L) {
  const char *key = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "";
  if (strcmp(key, "reason") == 0) {
    push_reason(L);
  } else if (strcmp(key, "message") == 0) {
    lua_pushliteral(L, "cancelled");
  } else {
    lua_settop(L, 2);
    lua_rawget(L, lua_upvalueindex(1));
  }
  return 1;
}


/* Cancelled.__newindex(value, key, v) never returns */
static int l_newindex(lua_State *L) {
  return coh_misuse(L, "Cancelled takes no fields: all tasks share the one value");
}


/* tostring(cancelled) -> "Cancelled: reason" */
static int l_tostring(lua_State *L) {
  lua_settop(L, 0);
  lua_pushcfunction(L, l_reason);
  if (lua_pcall(L, 0, 1, 0) != LUA_OK || lua_isnil(L, -1)) {
    lua_pushliteral(L, "Cancelled");
    return 1;
  }
  lua_pushliteral(L, "Cancelled: ");
  coh_text_push(L, 1);
  lua_concat(L, 2);
  return 1;
}


/* Cancelled(...) never returns */
static int l_make(lua_State *L) {
  return coh_misuse(L, "Cancelled cannot be made: call cancel() on a task, a group or a scope");
}


static const luaL_Reg metamethods[] = {
  {"__newindex", l_newindex},
  {"__tostring", l_tostring},
  {"__concat", coh_error_concat},
  {NULL, NULL}
};


void coh_cancelled_open(lua_State *L) {
  luaL_setfuncs(L, metamethods, 0);           /* type */
  lua_pushvalue(L, -1);
  lua_pushcclosure(L, l_index, 1);
  lua_setfield(L, -2, "__index");
  lua_getmetatable(L, -1);                    /* type meta */
  lua_pushcfunction(L, l_make);
  lua_setfield(L, -2, "__call");
  lua_pop(L, 1);                              /* type */
  struct cancelled *cancelled = lua_newuserdatauv(L, sizeof *cancelled, 0);
  *cancelled = (struct cancelled){&value_key, NULL};
  lua_pushvalue(L, -2);
  lua_setmetatable(L, -2);                    /* type value */
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &value_key);
}
