/*
** Objects: see object.h. The state remembers each metatable twice: where it is
** in the registry, to give it to a new object, and its address, to recognize it.
*/
#include "glue/object.h"

#include "glue/fibername.h"
#include "glue/lost.h"
#include "lua/arg.h"
#include "lua/funcname.h"
#include "lua/names.h"

static const char *const names[COH_KINDS] = {"scope", "group", "task", "clock"};

static const size_t sizes[COH_KINDS] = {sizeof(struct coh_face), sizeof(struct coh_object),
                                        sizeof(struct coh_object), sizeof(struct coh_clock)};

_Static_assert(sizeof ((struct coh_state *)0)->kinds / sizeof (void *) == COH_KINDS, "a place for each kind");


/*
** __index(object, key): upvalues are the state, the methods, what the object is called, and its fields.
*/
static int l_index(lua_State *L) {
  lua_pushvalue(L, 2);
  if (lua_rawget(L, lua_upvalueindex(2)) != LUA_TNIL) return 1;
  lua_pop(L, 1);
  return coh_name_index(L, lua_touserdata(L, lua_upvalueindex(3)), lua_upvalueindex(2),
                        lua_touserdata(L, lua_upvalueindex(4)));
}


void coh_object_push_index(lua_State *L, const char *noun, const luaL_Reg *fields) {
  coh_funcname_know(L, noun);
  lua_pushlightuserdata(L, (void *)(uintptr_t)noun);
  lua_pushlightuserdata(L, (void *)(uintptr_t)fields);
  lua_pushcclosure(L, l_index, 4);
}


/* __newindex of the kinds that have no field to assign; upvalue 2 is the name */
static int no_fields(lua_State *L) {
  return coh_misuse(L, "a %s has no fields to assign: give options when it is made",
                    lua_tostring(L, lua_upvalueindex(2)));
}


void coh_object_define(lua_State *L, enum coh_kind kind, const char *name, const luaL_Reg *metamethods,
                       const luaL_Reg *methods, const luaL_Reg *fields) {
  struct coh_state *S = coh_state_of(L);
  lua_newtable(L);                       /* metatable */
  lua_pushlightuserdata(L, S);
  lua_pushstring(L, names[kind]);
  lua_pushcclosure(L, no_fields, 2);
  lua_setfield(L, -2, "__newindex");
  lua_pushlightuserdata(L, S);
  luaL_setfuncs(L, metamethods, 1);
  lua_pushstring(L, name);
  lua_setfield(L, -2, "__name");
  lua_pushlightuserdata(L, S);
  lua_newtable(L);
  lua_pushlightuserdata(L, S);
  luaL_setfuncs(L, methods, 1);
  coh_object_push_index(L, names[kind], fields);
  lua_setfield(L, -2, "__index");
  S->kinds[kind] = lua_topointer(L, -1);
  S->kind_references[kind] = luaL_ref(L, LUA_REGISTRYINDEX);
}


/* A clock is the kernel's struct, which has no mark: its metatable tells. [-0, +0, -] */
static bool is_clock(lua_State *L, const struct coh_state *S, int arg) {
  const void *metatable = NULL;
  if (lua_getmetatable(L, arg)) {
    metatable = lua_topointer(L, -1);
    lua_pop(L, 1);
  }
  return metatable == S->kinds[COH_CLOCK];
}


/* Size, mark and kind tell: a metatable does not, because debug functions can put it on any userdata. */
void *coh_object_test(lua_State *L, const struct coh_state *S, int arg, enum coh_kind kind) {
  struct coh_object *o;
  if (lua_rawlen(L, arg) != sizes[kind]) return NULL;
  o = lua_touserdata(L, arg);
  if (o == NULL) return NULL;
  if (kind == COH_CLOCK) return is_clock(L, S, arg) ? o : NULL;
  if (o->mark != COH_OBJECT_MARK || o->kind != kind) return NULL;
  if (kind == COH_TASK) coh_lost_settle(S, o);
  return o;
}


void *coh_object_check(lua_State *L, int arg, enum coh_kind kind, const char *what) {
  void *p = coh_object_test(L, coh_state_here(L), arg, kind);
  if (p == NULL) coh_refuse_self(L, arg, names[kind], (const char[]){*names[kind], '\0'}, what);
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
