/*
** Boxes: see box.h.
*/
#include "io/box.h"

#include "errors/system.h"
#include "glue/fibername.h"
#include "glue/object.h"
#include "io/handle.h"
#include "lua/arg.h"
#include "lua/names.h"
#include "lua/text.h"

static const char sendable_key = 0;  /* registry[&sendable_key] is the kind that can be written to streams */

enum { SLOT_WHERE = 1, SLOT_KEPT, SLOTS = SLOT_KEPT + 1 };


/* {{ The end of a box */

static const struct coh_box_kind *kind_of(lua_State *L) {
  return lua_touserdata(L, lua_upvalueindex(2));
}


/* close(), __close */
static int l_close(lua_State *L) {
  struct coh_box *box = coh_box_check(L, kind_of(L), "close");
  if (box->handle != NULL) coh_handle_close(box->handle);
  return 0;
}


/* __gc */
static int l_gc(lua_State *L) {
  struct coh_box *box = coh_box_check(L, kind_of(L), "__gc");
  if (box->handle == NULL) return 0;
  coh_handle_close(box->handle);
  lua_settop(L, 1);
  lua_getiuservalue(L, 1, SLOT_WHERE);
  coh_text_push_at(L, "opened", lua_tostring(L, -1));
  lua_pushfstring(L, "cohort: a %s%s was collected without close: write 'local x <close> = ...', "
                     "or call its close()", kind_of(L)->noun, lua_tostring(L, -1));
  lua_warning(L, lua_tostring(L, -1), 0);
  return 0;
}


/* Push the address as text, or the name that stands for it. [-0, +1, m] */
static void push_name(lua_State *L, const struct coh_box *box) {
  if (box->address.length == 0 && box->name != NULL) lua_pushstring(L, box->name);
  else coh_addr_push_text(L, &box->address);
}


/* tostring(box): "stream 127.0.0.1:80 (closed)" */
static int l_tostring(lua_State *L) {
  const struct coh_box *box = coh_box_check(L, kind_of(L), "tostring");
  const char *state = box->handle == NULL ? " (closed)" : "";
  push_name(L, box);
  lua_pushfstring(L, "%s %s%s", kind_of(L)->noun, lua_tostring(L, -1), state);
  return 1;
}


/* The same for a task that is named after the box, whether open or not: without "(closed)". */
static int l_title(lua_State *L) {
  const struct coh_box *box = coh_box_test(L, 1, kind_of(L));
  if (box == NULL) {
    lua_pushliteral(L, "task");
    return 1;
  }
  push_name(L, box);
  lua_pushfstring(L, "%s %s", box->kind->noun, lua_tostring(L, -1));
  return 1;
}

/* }} */


/* __newindex */
static int l_newindex(lua_State *L) {
  return coh_misuse(L, "nothing can be assigned to a field of this %s: options are for who opens it",
                    kind_of(L)->noun);
}


/* Push the upvalues that all functions of a kind need. [-0, +2, -] */
static void push_upvalues(lua_State *L, const struct coh_box_kind *kind) {
  lua_pushlightuserdata(L, coh_state_of(L));
  lua_pushlightuserdata(L, (void *)kind);
}


/* Add functions to the table on top. [-0, +0, m] */
static void add(lua_State *L, const struct coh_box_kind *kind, const luaL_Reg *functions) {
  push_upvalues(L, kind);
  luaL_setfuncs(L, functions, 2);
}


void coh_box_define(lua_State *L, const struct coh_box_kind *kind) {
  static const luaL_Reg closing[] = {{"close", l_close}, {NULL, NULL}};
  static const luaL_Reg shared[] = {
    {"__close", l_close}, {"__gc", l_gc}, {"__tostring", l_tostring}, {"__newindex", l_newindex},
    {NULL, NULL}};
  const luaL_Reg *const *list;
  lua_newtable(L);
  add(L, kind, shared);
  add(L, kind, kind->metamethods);
  lua_pushstring(L, kind->name);
  lua_setfield(L, -2, "__name");
  coh_name_guard_call(L, kind->noun);
  push_upvalues(L, kind);
  lua_pushcclosure(L, l_title, 2);
  coh_fiber_set_title(L);
  lua_pushlightuserdata(L, coh_state_of(L));
  lua_newtable(L);
  add(L, kind, closing);
  for (list = kind->methods; *list != NULL; list++) add(L, kind, *list);
  coh_object_push_index(L, kind->noun, kind->fields);
  lua_setfield(L, -2, "__index");
  lua_rawsetp(L, LUA_REGISTRYINDEX, kind);
  if (kind->send == NULL) return;
  lua_pushlightuserdata(L, (void *)kind);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &sendable_key);
}


struct coh_box *coh_box_new(lua_State *L, const struct coh_box_kind *kind) {
  struct coh_box *box = lua_newuserdatauv(L, sizeof *box, SLOTS);
  *box = (struct coh_box){.kind = kind};
  lua_rawgetp(L, LUA_REGISTRYINDEX, kind);
  lua_setmetatable(L, -2);
  return box;
}


/* The userdata may be another library's, whose contents must not be followed; so kinds are only compared. */
const struct coh_box_kind *coh_box_sendable(lua_State *L, int arg) {
  const struct coh_box_kind *kind;
  lua_rawgetp(L, LUA_REGISTRYINDEX, &sendable_key);
  kind = lua_touserdata(L, -1);
  lua_pop(L, 1);
  return kind != NULL && coh_box_test(L, arg, kind) != NULL ? kind : NULL;
}


int coh_box_refuse(lua_State *L, const struct coh_box_kind *kind, const char *what) {
  return coh_refuse_self(L, 1, kind->noun, (const char[]){*kind->noun, '\0'}, what);
}


void coh_box_set_where(lua_State *L, int index) {
  ((struct coh_box *)lua_touserdata(L, index))->where = lua_tostring(L, -1);
  lua_setiuservalue(L, index, SLOT_WHERE);
}


int coh_box_raise_closed(lua_State *L, const struct coh_box_kind *kind, const char *what) {
  return coh_syserr_raise(L, COH_CLOSED, what, lua_pushfstring(L, "the %s is closed", kind->noun));
}


int coh_box_raise(lua_State *L, enum coh_error_kind error, int status, const char *what) {
  const struct coh_box *box = lua_touserdata(L, 1);
  const char *field = coh_addr_is_unix(&box->address) ? "path" : "address";
  if (box->address.length == 0) {
    coh_syserr_push(L, error, status, what, NULL, NULL);
    return lua_error(L);
  }
  coh_addr_push_text(L, &box->address);
  coh_syserr_push(L, error, status, what, field, lua_tostring(L, -1));
  return lua_error(L);
}


void coh_box_push_address(lua_State *L, int slot, const struct coh_addr *a) {
  if (lua_getiuservalue(L, 1, SLOT_KEPT + slot) != LUA_TNIL || a->length == 0) return;
  lua_pop(L, 1);
  coh_addr_push(L, a);
  lua_pushvalue(L, -1);
  lua_setiuservalue(L, 1, SLOT_KEPT + slot);
}


void coh_box_keep(lua_State *L, int index, int slot) {
  lua_setiuservalue(L, index, SLOT_KEPT + slot);
}


void coh_box_push_kept(lua_State *L, int index, int slot) {
  lua_getiuservalue(L, index, SLOT_KEPT + slot);
}
