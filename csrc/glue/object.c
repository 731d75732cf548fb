/*
** Objects: see object.h. A metatable is found in the registry by the address of
** its entry in 'names', and its method table is what its '__index' would find.
*/
#include "glue/object.h"

#include "glue/arg.h"
#include "glue/fiber.h"

static const char *const names[COH_KINDS] = {"scope", "group", "task", "clock"};


static void push_metatable(lua_State *L, enum coh_kind kind) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &names[kind]);
}


/* __index(object, key): upvalues are the state, the methods and the function for fields */
static int index(lua_State *L) {
  lua_settop(L, 2);
  lua_pushvalue(L, 2);
  if (lua_rawget(L, lua_upvalueindex(2)) != LUA_TNIL) return 1;
  lua_pop(L, 1);
  return lua_tocfunction(L, lua_upvalueindex(3))(L);
}


void coh_object_define(lua_State *L, enum coh_kind kind, const char *name, const luaL_Reg *metamethods,
                       const luaL_Reg *methods, lua_CFunction field) {
  struct coh_state *S = coh_state_of(L);
  lua_newtable(L);                       /* metatable */
  lua_pushlightuserdata(L, S);
  luaL_setfuncs(L, metamethods, 1);
  lua_pushstring(L, name);
  lua_setfield(L, -2, "__name");
  lua_pushlightuserdata(L, S);
  lua_newtable(L);
  lua_pushlightuserdata(L, S);
  luaL_setfuncs(L, methods, 1);
  lua_pushcfunction(L, field);
  lua_pushcclosure(L, index, 3);
  lua_setfield(L, -2, "__index");
  lua_rawsetp(L, LUA_REGISTRYINDEX, &names[kind]);
}


void coh_object_set_kind(lua_State *L, enum coh_kind kind) {
  push_metatable(L, kind);
  lua_setmetatable(L, -2);
}


void *coh_object_test(lua_State *L, int arg, enum coh_kind kind) {
  void *p = lua_touserdata(L, arg);
  bool same;
  if (p == NULL || !lua_getmetatable(L, arg)) return NULL;
  push_metatable(L, kind);
  same = lua_rawequal(L, -1, -2);
  lua_pop(L, 2);
  return same ? p : NULL;
}


void *coh_object_check(lua_State *L, int arg, enum coh_kind kind, const char *what) {
  void *p = coh_object_test(L, arg, kind);
  if (p == NULL)
    coh_misuse(L, "%s expects a %s first, got %s: write %c:%s(...) with a colon", what, names[kind],
               luaL_typename(L, arg), *names[kind], what);
  return p;
}


void coh_object_push(lua_State *L, struct coh_state *S, struct coh_scope *scope) {
  if (scope->role == COH_SCOPE_GROUP) {
    coh_anchors_push(L, &S->objects, coh_item(scope, struct coh_luagroup, group.scope)->slot);
  } else if (scope->role == COH_SCOPE_TASK && coh_item(scope, struct coh_fiber, task.scope)->handle != NULL) {
    coh_fiber_push_handle(L, S, coh_item(scope, struct coh_fiber, task.scope));
  } else if (scope->role == COH_SCOPE_PLAIN && scope->parent != NULL &&
             coh_item(scope, struct coh_luascope, scope)->face != NULL) {
    coh_anchors_push(L, &S->objects, coh_item(scope, struct coh_luascope, scope)->slot);
  } else {
    lua_pushnil(L);
  }
}
