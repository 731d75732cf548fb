/*
** Objects that tasks wait for: see object.h.
*/
#include "sync/object.h"

#include <math.h>
#include <string.h>

#include "glue/object.h"
#include "glue/waiter.h"
#include "lua/arg.h"
#include "lua/names.h"


int coh_sync_refuse(lua_State *L, int arg, const struct coh_sync_class *class, const char *what) {
  return coh_refuse_self(L, arg, class->noun, class->noun, what);
}


/* __newindex of the classes that have no field to assign */
static int no_fields(lua_State *L) {
  return coh_misuse(L, "nothing can be assigned to a field of this %s: its methods change it",
                    coh_sync_class_here(L)->noun);
}


/* tostring(object): "lock 0x5581 (held by task 'a', 2 waiting)" */
static int l_tostring(lua_State *L) {
  const struct coh_sync_class *class = coh_sync_class_here(L);
  coh_sync_check(L, class, "tostring");
  coh_sync_push_state(L, 1, class);
  lua_pushfstring(L, "%s %p %s", class->noun, lua_topointer(L, 1), lua_tostring(L, -1));
  return 1;
}


/* Setting the metatable again makes Lua call the finalizer again. */
void coh_sync_revive(lua_State *L, int arg) {
  struct coh_sync *o = lua_touserdata(L, arg);
  o->collected = false;
  arg = lua_absindex(L, arg);
  lua_rawgetp(L, LUA_REGISTRYINDEX, o->class);
  lua_setmetatable(L, arg);
}


void coh_sync_collected(struct coh_sync *o) {
  o->collected = true;
  while (!coh_link_alone(&o->waiters)) coh_waiter_send_off(coh_sync_first(o));
}


/* __gc */
static int l_gc(lua_State *L) {
  struct coh_sync *o = coh_sync_test(L, 1, coh_sync_class_here(L));
  if (o != NULL) coh_sync_collected(o);
  return 0;
}


static const luaL_Reg common[] = {
  {"__newindex", no_fields}, {"__gc", l_gc}, {"__tostring", l_tostring}, {NULL, NULL}};


/* Put functions of a class into the table on top. [-0, +0, m] */
static void set_functions(lua_State *L, const struct coh_sync_class *class, const luaL_Reg *list) {
  lua_pushlightuserdata(L, coh_state_of(L));
  lua_pushlightuserdata(L, (void *)(uintptr_t)class);
  luaL_setfuncs(L, list, 2);
}


void coh_sync_define(lua_State *L, const struct coh_sync_class *class, const luaL_Reg *metamethods,
                     const luaL_Reg *methods) {
  lua_createtable(L, 0, 8);
  set_functions(L, class, common);
  set_functions(L, class, metamethods);
  lua_pushstring(L, class->name);
  lua_setfield(L, -2, "__name");
  coh_name_guard_call(L, class->noun);
  if (class->fields != NULL) lua_pushlightuserdata(L, coh_state_of(L));
  lua_newtable(L);
  set_functions(L, class, methods);
  if (class->fields != NULL) coh_object_push_index(L, class->noun, class->fields);
  else coh_name_guard(L, class->noun);
  lua_setfield(L, -2, "__index");
  lua_rawsetp(L, LUA_REGISTRYINDEX, class);
}


void coh_sync_export(lua_State *L, const char *name, lua_CFunction constructor) {
  lua_pushlightuserdata(L, coh_state_of(L));
  lua_pushcclosure(L, constructor, 1);
  lua_setfield(L, -2, name);
}


void *coh_sync_new(lua_State *L, const struct coh_sync_class *class) {
  struct coh_sync *o = lua_newuserdatauv(L, class->size, class->values);
  memset(o, 0, class->size);
  o->class = class;
  o->state = coh_state_here(L);
  coh_link_init(&o->waiters);
  lua_rawgetp(L, LUA_REGISTRYINDEX, class);
  lua_setmetatable(L, -2);
  return o;
}


lua_Integer coh_sync_check_count(lua_State *L, int arg, const char *what, lua_Integer least, bool huge) {
  int exact = 0;
  lua_Integer count = 0;
  if (lua_type(L, arg) == LUA_TNUMBER) count = lua_tointegerx(L, arg, &exact);
  if (exact && count >= least) return count;
  if (lua_type(L, arg) != LUA_TNUMBER || lua_tonumber(L, arg) != lua_tonumber(L, arg))
    coh_misuse(L, "%s expects a whole number of %d or more%s, got %s%s%s%s", what, (int)least,
               huge ? ", or math.huge" : "", coh_type_name(L, arg), lua_isnone(L, arg) ? ": write " : "",
               lua_isnone(L, arg) ? what : "", lua_isnone(L, arg) ? "(n)" : "");
  if (huge && lua_tonumber(L, arg) == (lua_Number)HUGE_VAL) return LUA_MAXINTEGER;
  return coh_misuse(L, "%s expects a whole number of %d or more%s, got %.14g", what, (int)least,
                    huge ? ", or math.huge" : "", (double)lua_tonumber(L, arg));
}


/* How many wait. Linear: for people. */
static size_t count_waiters(const struct coh_sync *o) {
  const struct coh_link *l;
  size_t count = 0;
  for (l = o->waiters.next; l != &o->waiters; l = l->next) count++;
  return count;
}


void coh_sync_push_state(lua_State *L, int object, const struct coh_sync_class *class) {
  size_t waiting = count_waiters(lua_touserdata(L, object));
  class->describe(L, object);
  if (waiting == 0) lua_pushfstring(L, "(%s)", lua_tostring(L, -1));
  else lua_pushfstring(L, "(%s, %I waiting)", lua_tostring(L, -1), (LUAI_UACINT)waiting);
  lua_replace(L, -2);
}
