/*
** Reading the errors of a group one by one, depth first, each with its task
** and its whole traceback. The iterator keeps the path from the outermost
** group to where it is in a table, so depth costs memory and never C stack.
*/
#include "errors/group.h"

#include <lauxlib.h>
#include <lua.h>

#include <string.h>

#include "errors/error.h"

/* Upvalues of the iterator. */
enum {
  PATH = 1,  /* see group.h */
  PLACES,    /* for each group of the path, the index of the member last read */
  DEPTH      /* number of groups in the path, 0 at the end */
};


/*
** Adds the text at 'index' and a newline to the buffer; nothing if it is empty or no string.
** [-0, +?, m]
*/
static void add_text(lua_State *L, luaL_Buffer *text, int index) {
  if (lua_type(L, index) != LUA_TSTRING || lua_rawlen(L, index) == 0) return;
  lua_pushvalue(L, index);
  luaL_addvalue(text);
  luaL_addchar(text, '\n');
}


/* The field of the details at 'details' (a table or not), or nil. [-0, +1, m] */
static void push_detail(lua_State *L, int details, const char *name) {
  if (lua_istable(L, details)) {
    lua_pushvalue(L, details);
    lua_pushstring(L, name);
    lua_rawget(L, -2);
    lua_remove(L, -2);
  } else {
    lua_pushnil(L);
  }
}


/* The leaf's own traceback, or nil. [-0, +1, m] */
static void push_own(lua_State *L, int leaf, int details) {
  push_detail(L, details, "traceback");
  if (!lua_isnil(L, -1) || !lua_istable(L, leaf) || !coh_error_is(L, leaf, COH_ERROR)) return;
  lua_pop(L, 1);
  push_detail(L, leaf, "traceback");
}


/* The traceback of the i-th group of the path, or nil. [-0, +1, m] */
static void push_of_group(lua_State *L, int path, lua_Integer i) {
  lua_rawgeti(L, path, 2 * i - 1);
  lua_rawgeti(L, path, 2 * i);             /* group details */
  if (lua_getiuservalue(L, -2, COH_GROUP_TRACEBACK) == LUA_TNIL) {
    lua_pop(L, 1);
    push_detail(L, -1, "traceback");
  }
  lua_replace(L, -3);
  lua_pop(L, 1);
}


size_t coh_errgroup_own_length(const char *text, size_t n, const char *around) {
  size_t m = strlen(around), own = n;
  while (n > 0 && m > 0 && text[n - 1] == around[m - 1]) {
    n--;
    m--;
    if ((n == 0 || text[n - 1] == '\n') && (m == 0 || around[m - 1] == '\n')) own = n == 0 ? 0 : n - 1;
  }
  return own;
}


/* Was the i-th group of the path raised in another task than the one around it? [-0, +0, m] */
static bool is_of_other_task(lua_State *L, int path, lua_Integer i) {
  bool other;
  lua_rawgeti(L, path, 2 * i);
  push_detail(L, -1, COH_OTHER_TASK);
  other = lua_toboolean(L, -1);
  lua_pop(L, 2);
  return other;
}


/* The traceback of the i-th group of the path, what those around it have excepted; or nil. [-0, +1, m] */
static void push_own_of_group(lua_State *L, int path, lua_Integer i) {
  size_t length;
  const char *text;
  push_of_group(L, path, i);
  text = lua_tolstring(L, -1, &length);
  for (; text != NULL && i > 1 && !is_of_other_task(L, path, i); i--) {
    push_of_group(L, path, i - 1);
    if (lua_isstring(L, -1)) {
      lua_pushlstring(L, text, coh_errgroup_own_length(text, length, lua_tostring(L, -1)));
      lua_replace(L, -3);
      text = NULL;
    }
    lua_pop(L, 1);
  }
}


void coh_errgroup_push_trace(lua_State *L, int leaf, int details, int path, lua_Integer depth) {
  luaL_Buffer text;
  push_own(L, leaf, details);
  lua_rawgeti(L, path, 1);
  lua_getiuservalue(L, -1, COH_GROUP_ABOVE);
  int above = lua_gettop(L);               /* own outermost above */
  luaL_buffinit(L, &text);
  add_text(L, &text, above - 2);
  for (lua_Integer i = depth; i >= 1; i--) {
    push_own_of_group(L, path, i);
    lua_replace(L, above - 1);             /* the buffer needs the top for itself */
    add_text(L, &text, above - 1);
  }
  add_text(L, &text, above);
  push_detail(L, details, "handling");
  lua_replace(L, above);
  add_text(L, &text, above);
  bool any = luaL_bufflen(&text) > 0;
  if (any) luaL_buffsub(&text, 1);         /* the last newline */
  luaL_pushresult(&text);
  if (!any) {
    lua_pop(L, 1);
    lua_pushnil(L);
  }
  lua_replace(L, above - 2);
  lua_settop(L, above - 2);
}


void coh_errgroup_push_task(lua_State *L, int details, int path, lua_Integer depth) {
  push_detail(L, details, "task");
  for (lua_Integer i = depth; i >= 1 && lua_isnil(L, -1); i--) {
    lua_pop(L, 1);
    lua_rawgeti(L, path, 2 * i);
    push_detail(L, -1, "task");
    lua_remove(L, -2);
  }
}


/* Lengthens the path by the group at 1 with details at 2. [-0, +0, m] */
static void enter(lua_State *L) {
  lua_Integer depth = lua_tointeger(L, lua_upvalueindex(DEPTH)) + 1;
  lua_pushvalue(L, 1);
  lua_rawseti(L, lua_upvalueindex(PATH), 2 * depth - 1);
  if (lua_istable(L, 2)) lua_pushvalue(L, 2);
  else lua_pushboolean(L, 0);
  lua_rawseti(L, lua_upvalueindex(PATH), 2 * depth);
  lua_pushinteger(L, 0);
  lua_rawseti(L, lua_upvalueindex(PLACES), depth);
  lua_pushinteger(L, depth);
  lua_replace(L, lua_upvalueindex(DEPTH));
}


/* Shortens the path by its last group. [-0, +0, m] */
static void leave(lua_State *L, lua_Integer depth) {
  lua_pushnil(L);
  lua_rawseti(L, lua_upvalueindex(PATH), 2 * depth - 1);
  lua_pushinteger(L, depth - 1);
  lua_replace(L, lua_upvalueindex(DEPTH));
}


/*
** The next member of the last group of the path: leaves the member and its
** details at 1 and 2 and returns true; false at the end of that group. [-0, +0, m]
*/
static bool next_member(lua_State *L, lua_Integer depth) {
  lua_rawgeti(L, lua_upvalueindex(PLACES), depth);
  lua_Integer i = lua_tointeger(L, -1) + 1;
  lua_pushinteger(L, i);
  lua_rawseti(L, lua_upvalueindex(PLACES), depth);
  lua_rawgeti(L, lua_upvalueindex(PATH), 2 * depth - 1);
  int group = lua_gettop(L);
  lua_getiuservalue(L, group, COH_GROUP_MEMBERS);
  bool more = i <= (lua_Integer)lua_rawlen(L, -1);
  if (more) {
    lua_rawgeti(L, -1, i);
    lua_replace(L, 1);
    lua_pushnil(L);
    if (lua_getiuservalue(L, group, COH_GROUP_DETAILS) == LUA_TTABLE) lua_rawgeti(L, -1, i);
    lua_replace(L, 2);
  }
  lua_settop(L, 2);
  return more;
}


/* Pushes {task =, traceback =, handling =} for the leaf at 1 with details at 2. [-0, +1, m] */
static void push_details(lua_State *L, lua_Integer depth) {
  lua_createtable(L, 0, 2);                /* leaf details result */
  coh_errgroup_push_task(L, 2, lua_upvalueindex(PATH), depth);
  lua_setfield(L, 3, "task");
  coh_errgroup_push_trace(L, 1, 2, lua_upvalueindex(PATH), depth);
  lua_setfield(L, 3, "traceback");
  push_detail(L, 2, "handling");
  lua_setfield(L, 3, "handling");
}


/* iterator() -> leaf, {task =, traceback =, handling =}; nothing at the end */
static int l_next(lua_State *L) {
  lua_settop(L, 2);
  for (;;) {
    lua_Integer depth = lua_tointeger(L, lua_upvalueindex(DEPTH));
    if (depth == 0) return 0;
    if (!next_member(L, depth)) {
      leave(L, depth);
    } else if (coh_errgroup_is(L, 1)) {
      enter(L);
    } else {
      push_details(L, depth);              /* leaf details result */
      lua_remove(L, 2);
      return 2;
    }
  }
}


/* eg:leaves() -> iterator */
int coh_errgroup_l_leaves(lua_State *L) {
  lua_settop(L, 1);
  coh_errgroup_check(L, 1, "leaves");
  lua_createtable(L, 2, 0);
  lua_pushvalue(L, 1);
  lua_rawseti(L, -2, 1);
  lua_pushboolean(L, 0);
  lua_rawseti(L, -2, 2);                   /* eg path */
  lua_createtable(L, 1, 0);
  lua_pushinteger(L, 0);
  lua_rawseti(L, -2, 1);                   /* eg path places */
  lua_pushinteger(L, 1);
  lua_pushcclosure(L, l_next, DEPTH);
  return 1;
}
