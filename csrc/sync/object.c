/*
** Objects that tasks wait for: see object.h.
*/
#include "sync/object.h"

#include <string.h>

#include "glue/arg.h"


int coh_sync_refuse(lua_State *L, int arg, const struct coh_sync_class *class, const char *what) {
  return coh_misuse(L, "%s expects %s %s first, got %s: write %s:%s(...) with a colon", what,
                    strchr("aeiou", *class->noun) != NULL ? "an" : "a", class->noun, luaL_typename(L, arg),
                    class->noun, what);
}


/* __index(object, key): upvalues are the state, the methods and the function for fields */
static int get_field(lua_State *L) {
  lua_pushvalue(L, 2);
  if (lua_rawget(L, lua_upvalueindex(2)) != LUA_TNIL) return 1;
  lua_pop(L, 1);
  return lua_tocfunction(L, lua_upvalueindex(3))(L);
}


/* __newindex of the classes that have no field to assign; upvalue 2 is the noun */
static int no_fields(lua_State *L) {
  return coh_misuse(L, "a value cannot be assigned to a field of this %s: it has methods only",
                    lua_tostring(L, lua_upvalueindex(2)));
}


/* tostring(object): "lock 0x5581 (held by task 'a', 2 waiting)"; upvalue 2 is the class */
static int l_tostring(lua_State *L) {
  const struct coh_sync_class *class = lua_touserdata(L, lua_upvalueindex(2));
  coh_sync_check(L, class, "tostring");
  coh_sync_push_state(L, 1, class);
  lua_pushfstring(L, "%s %p %s", class->noun, lua_topointer(L, 1), lua_tostring(L, -1));
  return 1;
}


/* Set the functions of 'list' in the table below the second upvalue, which stays on top. [-0, +0, m] */
static void set_functions(lua_State *L, struct coh_state *S, const luaL_Reg *list) {
  for (; list->name != NULL; list++) {
    lua_pushlightuserdata(L, S);
    lua_pushvalue(L, -2);
    lua_pushcclosure(L, list->func, 2);
    lua_setfield(L, -3, list->name);
  }
}


/* Push '__index' for the methods on top, which are popped. [-1, +1, m] */
static void push_index(lua_State *L, struct coh_state *S, lua_CFunction field) {
  if (field == NULL) return;
  lua_pushlightuserdata(L, S);
  lua_insert(L, -2);
  lua_pushcfunction(L, field);
  lua_pushcclosure(L, get_field, 3);
}


void coh_sync_define(lua_State *L, const struct coh_sync_class *class, const luaL_Reg *metamethods,
                     const luaL_Reg *methods, lua_CFunction field) {
  struct coh_state *S = coh_state_of(L);
  lua_createtable(L, 0, 8);                   /* second metatable */
  lua_pushlightuserdata(L, S);
  lua_pushstring(L, class->noun);
  lua_pushcclosure(L, no_fields, 2);
  lua_setfield(L, -2, "__newindex");
  lua_pushlightuserdata(L, S);
  lua_pushlightuserdata(L, (void *)(uintptr_t)class);
  lua_pushcclosure(L, l_tostring, 2);
  lua_setfield(L, -2, "__tostring");
  lua_pushstring(L, class->name);
  lua_setfield(L, -2, "__name");
  lua_insert(L, -2);                          /* metatable second */
  set_functions(L, S, metamethods);
  lua_newtable(L);
  lua_insert(L, -2);                          /* metatable methods second */
  set_functions(L, S, methods);
  lua_pop(L, 1);
  push_index(L, S, field);
  lua_setfield(L, -2, "__index");
}


void coh_sync_export(lua_State *L, const char *name, lua_CFunction constructor) {
  lua_pushlightuserdata(L, coh_state_of(L));
  lua_insert(L, -2);
  lua_pushcclosure(L, constructor, 2);
  lua_setfield(L, -2, name);
}


void *coh_sync_new(lua_State *L, const struct coh_sync_class *class) {
  struct coh_sync *o = lua_newuserdatauv(L, class->size, class->values);
  memset(o, 0, class->size);
  o->class = class;
  coh_link_init(&o->waiters);
  lua_pushvalue(L, lua_upvalueindex(2));
  lua_setmetatable(L, -2);
  return o;
}


size_t coh_sync_waiting(const struct coh_sync *o) {
  const struct coh_link *l;
  size_t count = 0;
  for (l = o->waiters.next; l != &o->waiters; l = l->next) count++;
  return count;
}


void coh_sync_push_state(lua_State *L, int object, const struct coh_sync_class *class) {
  size_t waiting = coh_sync_waiting(lua_touserdata(L, object));
  class->describe(L, object);
  if (waiting == 0) lua_pushfstring(L, "(%s)", lua_tostring(L, -1));
  else lua_pushfstring(L, "(%s, %I waiting)", lua_tostring(L, -1), (LUAI_UACINT)waiting);
  lua_replace(L, -2);
}
