/*
** Error types and error values. A type is the metatable of its values; its
** descent is kept aside, in a weak table from type to parent, so that asking
** "is it one?" reads nothing a user could have changed and runs nothing a
** user could have written.
**
** registry[&types_key] is one array: the library's types, then the weak table.
*/
#include "errors/error.h"

#include <lauxlib.h>
#include <lua.h>

#include "errors/chain.h"
#include "errors/group.h"
#include "lua/arg.h"
#include "lua/text.h"
#include "lua/weak.h"

#define HOPS_MAX 100                       /* longest chain of __index tables looked at */

enum { PARENTS_SLOT = COH_ERROR_KINDS + 1 };  /* types are in slots 1 to COH_ERROR_KINDS */

static const char types_key = 't';

static const char *const kind_names[COH_ERROR_KINDS] = {
  "Error", "ErrorGroup", "Timeout", "Deadlock", "Interrupted", "Closed", "Broken",
  "Busy", "Aborted", "Stubborn", "TooLong", "ProcessError", "SystemError", "Cancelled",
};


/* [-0, +1, -] */
static void push_slot(lua_State *L, int slot) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &types_key);
  lua_rawgeti(L, -1, slot);
  lua_remove(L, -2);
}


void coh_error_push_type(lua_State *L, enum coh_error_kind kind) {
  push_slot(L, (int)kind + 1);
}


/* Is the value at 'index' an error type? [-0, +0, -] */
static bool is_type(lua_State *L, int index) {
  if (!lua_istable(L, index)) return false;
  lua_pushvalue(L, index);
  push_slot(L, PARENTS_SLOT);
  lua_insert(L, -2);                       /* parents value */
  lua_rawget(L, -2);                       /* parents parent */
  bool is = !lua_isnil(L, -1);             /* false: a root */
  lua_pop(L, 2);
  return is;
}


/* Is the type on top the one below it, or a descendant? [-2, +0, -] */
static bool pop_descends(lua_State *L) {
  push_slot(L, PARENTS_SLOT);
  lua_insert(L, -2);                       /* wanted parents type */
  bool is = false;
  while (lua_istable(L, -1) && !is) {
    is = lua_rawequal(L, -1, -3);
    lua_rawget(L, -2);                     /* wanted parents parent */
  }
  lua_pop(L, 3);
  return is;
}


bool coh_error_is(lua_State *L, int index, enum coh_error_kind kind) {
  if (kind == COH_CANCELLED) return coh_cancelled_is(L, index);
  if (kind == COH_ERROR_GROUP) return coh_errgroup_is(L, index);
  index = lua_absindex(L, index);
  coh_error_push_type(L, kind);
  if (!lua_getmetatable(L, index)) {
    lua_pop(L, 1);
    return false;
  }
  return pop_descends(L);
}


void coh_error_push(lua_State *L, enum coh_error_kind kind, const char *message) {
  lua_createtable(L, 0, 4);                /* err */
  lua_pushstring(L, message);              /* nil for NULL */
  lua_setfield(L, -2, "message");
  coh_text_push_where(L);
  lua_setfield(L, -2, "where");
  coh_error_push_type(L, kind);
  lua_setmetatable(L, -2);
}


void coh_error_pass_traceback(lua_State *L, int index) {
  if (!lua_istable(L, index) || !coh_error_is(L, index, COH_ERROR)) return;
  index = lua_absindex(L, index);
  lua_pushliteral(L, "traceback");
  lua_pushvalue(L, -1);                    /* text key key */
  if (lua_rawget(L, index) != LUA_TNIL) {
    lua_pop(L, 2);
    return;
  }
  lua_pop(L, 1);
  lua_pushvalue(L, -2);
  lua_rawset(L, index);
}


void coh_error_box_nil(lua_State *L) {
  if (!lua_isnil(L, -1)) return;
  lua_pop(L, 1);
  coh_error_push(L, COH_ERROR, "nil");
  lua_pushliteral(L, "");                  /* where nil was raised is not known */
  lua_setfield(L, -2, "where");
  lua_pushboolean(L, 1);
  lua_setfield(L, -2, "boxed");
}


/* Puts in place of the table on top what its raw __index holds. [-1, +1, m] */
static void step_index(lua_State *L) {
  lua_pushliteral(L, "__index");
  lua_rawget(L, -2);
  lua_replace(L, -2);
}


void coh_error_raw_field(lua_State *L, int index) {
  lua_pushvalue(L, index);                 /* key here */
  for (int hops = 0; hops < HOPS_MAX; hops++) {
    if (lua_istable(L, -1)) {
      lua_pushvalue(L, -2);
      lua_rawget(L, -2);                   /* key here value */
      if (!lua_isnil(L, -1)) {
        lua_replace(L, -3);
        lua_pop(L, 1);
        return;
      }
      lua_pop(L, 1);
    }
    if (!lua_getmetatable(L, -1)) break;   /* key here meta */
    step_index(L);
    lua_replace(L, -2);                    /* key next */
    if (!lua_istable(L, -1)) break;
  }
  lua_pop(L, 2);
  lua_pushnil(L);
}


/* Is 'class' among the metatables and __index tables of the value? [-0, +0, m] */
static bool inherits(lua_State *L, int index, int class) {
  bool is = false;
  lua_pushvalue(L, index);                 /* here */
  for (int hops = 0; hops < HOPS_MAX && !is; hops++) {
    if (!lua_getmetatable(L, -1)) break;
    lua_replace(L, -2);                    /* meta */
    is = lua_rawequal(L, -1, class);
    lua_pushvalue(L, -1);
    step_index(L);                         /* meta next */
    if (lua_istable(L, -1)) lua_replace(L, -2);
    else lua_pop(L, 1);                    /* no __index table: go on from the metatable */
    is = is || lua_rawequal(L, -1, class);
  }
  lua_pop(L, 1);
  return is;
}


/* Copies the fields of the table at 2 to the one on top. [-0, +0, m] */
static void copy_fields(lua_State *L) {
  lua_pushnil(L);                          /* err key */
  while (lua_next(L, 2)) {                 /* err key value */
    lua_pushvalue(L, -2);
    lua_insert(L, -2);                     /* err key key value */
    lua_rawset(L, -4);
  }
}


/* Refuse the arguments of l_make, in its frame; 'both' when it was given a message and fields. [-0, +0, v] */
static int misuse_of_type(lua_State *L, bool both) {
  const char *name, *mend = both ? "{message = \"what went wrong\", code = 1}" : "\"what went wrong\"";
  lua_getfield(L, 1, "__name");
  name = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "an error type";
  return coh_misuse(L, "%s expects a message or a table of fields, got %s: write %s %s", name,
                    both ? "both" : luaL_typename(L, 2), name, mend);
}


/* Type(message) or Type(fields) -> error value */
static int l_make(lua_State *L) {
  const bool both = lua_istable(L, 3);
  lua_settop(L, 2);
  luaL_argcheck(L, is_type(L, 1), 1, "error type expected");
  if (both || !(lua_istable(L, 2) || lua_type(L, 2) == LUA_TSTRING)) return misuse_of_type(L, both);
  lua_createtable(L, 0, 4);                /* err */
  if (lua_istable(L, 2)) {
    copy_fields(L);
  } else {
    lua_pushvalue(L, 2);
    lua_setfield(L, -2, "message");
  }
  if (lua_getfield(L, -1, "where") == LUA_TNIL) {
    coh_text_push_where(L);
    lua_setfield(L, -3, "where");
  }
  lua_pop(L, 1);
  lua_pushvalue(L, 1);
  lua_setmetatable(L, -2);
  return 1;
}


/* tostring(Type) -> "error type Name" */
static int l_type_tostring(lua_State *L) {
  lua_settop(L, 1);
  lua_pushliteral(L, "__name");
  coh_error_raw_field(L, 1);
  lua_pushliteral(L, "error type ");
  coh_text_push(L, 2);
  lua_concat(L, 2);
  return 1;
}


/* The raw __name of the metatable of the value at 'index', "Error" if none. [-0, +1, m] */
static void push_name(lua_State *L, int index) {
  if (lua_getmetatable(L, index)) {
    lua_pushliteral(L, "__name");
    lua_rawget(L, -2);
    lua_replace(L, -2);
    if (lua_type(L, -1) == LUA_TSTRING) return;
    lua_pop(L, 1);
  }
  lua_pushliteral(L, "Error");
}


/* "file:line: Name: message" of the error at 'index'. [-0, +1, m] */
static void push_text(lua_State *L, int index) {
  luaL_Buffer text;
  int top = lua_gettop(L);
  lua_pushliteral(L, "where");
  coh_error_raw_field(L, index);           /* where */
  lua_pushliteral(L, "message");
  coh_error_raw_field(L, index);           /* where message */
  bool bare = lua_isnil(L, -1);
  coh_text_push(L, top + 2);               /* where message its_text */
  push_name(L, index);                     /* where message its_text name */
  luaL_buffinit(L, &text);
  if (lua_type(L, top + 1) == LUA_TSTRING && lua_rawlen(L, top + 1) > 0) {
    lua_pushvalue(L, top + 1);
    luaL_addvalue(&text);
    luaL_addstring(&text, ": ");
  }
  lua_pushvalue(L, top + 4);
  luaL_addvalue(&text);
  if (!bare) {
    luaL_addstring(&text, ": ");
    lua_pushvalue(L, top + 3);
    luaL_addvalue(&text);
  }
  luaL_pushresult(&text);
  lua_replace(L, top + 1);
  lua_settop(L, top + 1);
}


/* tostring(err) -> "file:line: Name: message" */
static int l_tostring(lua_State *L) {
  lua_settop(L, 1);
  push_text(L, 1);
  coh_errchain_add(L, 1);
  return 1;
}


/* Is the error's __tostring l_tostring, and its message a string or nothing? [-0, +0, m] */
static bool is_plain(lua_State *L, int index) {
  if (luaL_getmetafield(L, index, "__tostring") == LUA_TNIL) return false;
  lua_pushliteral(L, "message");
  coh_error_raw_field(L, index);
  bool is = lua_tocfunction(L, -2) == l_tostring && (lua_isnil(L, -1) || lua_type(L, -1) == LUA_TSTRING);
  lua_pop(L, 2);
  return is;
}


/*
** err .. other -> string; raises where a string error would. Calls nothing for
** plain errors: Debian 12's Lua loses values when the stack grows in a __concat.
*/
int coh_error_concat(lua_State *L) {
  lua_settop(L, 2);
  for (int arg = 1; arg <= 2; arg++) {
    if (coh_error_is(L, arg, COH_ERROR) || coh_cancelled_is(L, arg)) {
      if (is_plain(L, arg)) push_text(L, arg);
      else coh_text_push(L, arg);
      lua_replace(L, arg);
    } else if (!lua_isstring(L, arg)) {
      if (luaL_getmetafield(L, arg, "__concat") == LUA_TNIL)
        return luaL_error(L, "attempt to concatenate a %s value", luaL_typename(L, arg));
      lua_pop(L, 1);
    }
  }
  lua_concat(L, 2);
  return 1;
}


/*
** Copies the raw field 'name' of the type at 'parent' to the one on top, or
** sets it to 'own' when there is no parent. [-0, +0, m]
*/
static void inherit(lua_State *L, const char *name, int parent, lua_CFunction own) {
  lua_pushstring(L, name);
  if (parent == 0) {
    lua_pushcfunction(L, own);
  } else {
    lua_pushvalue(L, -1);
    lua_rawget(L, parent);
  }
  lua_rawset(L, -3);
}


/*
** Gives the name on top a type; 'parent' is the parent's index, or 0.
** [-1, +1, m]
*/
static void make_type(lua_State *L, int parent) {
  lua_createtable(L, 0, 8);                /* name type */
  lua_insert(L, -2);
  lua_setfield(L, -2, "__name");           /* type */
  lua_pushvalue(L, -1);
  lua_setfield(L, -2, "__index");
  inherit(L, "__tostring", parent, l_tostring);
  inherit(L, "__concat", parent, coh_error_concat);
  lua_createtable(L, 0, 4);                /* type meta */
  lua_pushliteral(L, "error type");
  lua_setfield(L, -2, "__name");
  lua_pushcfunction(L, l_make);
  lua_setfield(L, -2, "__call");
  lua_pushcfunction(L, l_type_tostring);
  lua_setfield(L, -2, "__tostring");
  if (parent != 0) {
    lua_pushvalue(L, parent);
    lua_setfield(L, -2, "__index");
  }
  lua_setmetatable(L, -2);                 /* type */
  push_slot(L, PARENTS_SLOT);
  lua_pushvalue(L, -2);
  if (parent != 0) lua_pushvalue(L, parent);
  else lua_pushboolean(L, 0);
  lua_rawset(L, -3);                       /* parents[type] = parent or false */
  lua_pop(L, 1);
}


/* error_type(name [, parent]) -> type */
static int l_error_type(lua_State *L) {
  lua_settop(L, 2);
  if (lua_type(L, 1) != LUA_TSTRING)
    return coh_misuse(L, "error_type expects a name, got %s: write error_type \"ValueError\"",
                      luaL_typename(L, 1));
  if (lua_isnil(L, 2)) {
    coh_error_push_type(L, COH_ERROR);
    lua_replace(L, 2);
  }
  if (!is_type(L, 2))
    return coh_misuse(L, "error_type expects an error type as parent, got %s: leave it out or use "
                         "cohort.Error", luaL_typename(L, 2));
  coh_error_push_type(L, COH_CANCELLED);
  coh_error_push_type(L, COH_ERROR_GROUP);
  if (lua_rawequal(L, 2, -1) || lua_rawequal(L, 2, -2))
    return coh_misuse(L, "no type can descend from %s: leave the parent out or write cohort.Error",
                      lua_rawequal(L, 2, -1) ? "ErrorGroup" : "Cancelled");
  lua_pushvalue(L, 1);
  make_type(L, 2);
  return 1;
}


/* error_is(err, type) -> is it of this type or of one below it? */
static int l_error_is(lua_State *L) {
  lua_settop(L, 2);
  coh_error_push_type(L, COH_CANCELLED);
  coh_error_push_type(L, COH_ERROR_GROUP);  /* err type Cancelled ErrorGroup */
  bool is;
  if (lua_rawequal(L, 2, 3)) {
    is = coh_cancelled_is(L, 1);
  } else if (lua_rawequal(L, 2, 4)) {
    is = coh_errgroup_is(L, 1);
  } else {
    lua_settop(L, 2);
    is = lua_getmetatable(L, 1) && pop_descends(L);
  }
  lua_pushboolean(L, is);
  return 1;
}


/* error_inherits(value, class) -> is class among its metatables and __index tables? */
static int l_inherits(lua_State *L) {
  lua_settop(L, 2);
  lua_pushboolean(L, inherits(L, 1, 2));
  return 1;
}


/* error_field(err, key) -> the field, without calling anything of the user's */
static int l_field(lua_State *L) {
  lua_settop(L, 2);
  if (coh_errgroup_is(L, 1)) coh_errgroup_push_field(L, 1);
  else coh_error_raw_field(L, 1);
  return 1;
}


/* error_box(v) -> v, or an Error in place of nil */
static int l_box(lua_State *L) {
  lua_settop(L, 1);
  coh_error_box_nil(L);
  return 1;
}


/* is_error_type(v) -> boolean */
static int l_is_type(lua_State *L) {
  luaL_checkany(L, 1);
  lua_pushboolean(L, is_type(L, 1));
  return 1;
}


/* is_cancelled(v) -> boolean */
static int l_is_cancelled(lua_State *L) {
  luaL_checkany(L, 1);
  lua_pushboolean(L, coh_cancelled_is(L, 1));
  return 1;
}


/* Makes the library's types, under their names in the module on top. [-0, +0, m] */
static void open_types(lua_State *L) {
  int module = lua_gettop(L);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &types_key);  /* module types */
  for (int kind = COH_ERROR; kind < COH_ERROR_KINDS; kind++) {
    int parent = 0;
    if (kind != COH_ERROR && kind != COH_CANCELLED) {
      coh_error_push_type(L, COH_ERROR);
      parent = lua_gettop(L);
    }
    lua_pushstring(L, kind_names[kind]);
    make_type(L, parent);                  /* module types [Error] type */
    lua_pushvalue(L, -1);
    lua_rawseti(L, module + 1, kind + 1);
    lua_setfield(L, module, kind_names[kind]);
    lua_settop(L, module + 1);
  }
  lua_settop(L, module);
}


static const luaL_Reg error_functions[] = {
  {"error_type", l_error_type},
  {"error_is", l_error_is},
  {"error_inherits", l_inherits},
  {"error_field", l_field},
  {"error_box", l_box},
  {"is_error_type", l_is_type},
  {"is_cancelled", l_is_cancelled},
  {NULL, NULL}
};


void coh_error_open(lua_State *L) {
  luaL_checkstack(L, LUA_MINSTACK, "opening error types");
  lua_createtable(L, PARENTS_SLOT, 0);     /* module types */
  coh_weak_table_push(L);                  /* module types parents */
  lua_rawseti(L, -2, PARENTS_SLOT);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &types_key);  /* module */
  open_types(L);
  coh_error_push_type(L, COH_CANCELLED);
  coh_cancelled_open(L);                   /* module Cancelled value */
  lua_setfield(L, -3, "CANCELLED");
  lua_pop(L, 1);
  coh_error_push_type(L, COH_ERROR_GROUP);  /* module ErrorGroup */
  coh_errgroup_open(L);
  luaL_setfuncs(L, error_functions, 0);
}
