/*
** What an error came from: see chain.h. Fields are read raw, and a chain that
** leads back to where it began, or into a group whose text is being made, is cut there;
** any other ends after LINKS_MAX.
*/
#include "errors/chain.h"

#include <lauxlib.h>

#include <string.h>

#include "errors/error.h"
#include "errors/group.h"
#include "lua/text.h"
#include "lua/weak.h"

#define LINKS_MAX 8

static const char left_key = 'l';    /* registry[&left_key]: a weak set of the errors that left a run */
static const char making_key = 'm';  /* registry[&making_key]: is a chain being made? */


/* The field of an error of ours, or nil. [-0, +1, m] */
static void push_field(lua_State *L, int index, const char *name) {
  lua_pushstring(L, name);
  if (coh_errgroup_is(L, index)) {
    coh_errgroup_push_field(L, index);
  } else if (lua_istable(L, index) && coh_error_is(L, index, COH_ERROR)) {
    lua_rawget(L, index);
  } else {
    lua_pop(L, 1);
    lua_pushnil(L);
  }
}


/* Does the group on top say nothing beyond its one error? [-0, +0, -] */
static bool is_wrap(lua_State *L) {
  int top = lua_gettop(L);
  bool is = false;
  lua_getiuservalue(L, -1, COH_GROUP_MESSAGE);
  lua_getiuservalue(L, -2, COH_GROUP_MEMBERS);
  lua_getiuservalue(L, -3, COH_GROUP_DETAILS);
  if (lua_rawlen(L, -3) == 0 && lua_rawlen(L, -2) == 1)
    is = lua_isnil(L, -1) || lua_rawgeti(L, -1, 1) != LUA_TTABLE ||
         lua_getfield(L, -1, "handling") == LUA_TNIL;
  lua_settop(L, top);
  return is;
}


/* Replace such a group, which a handler of a bare error gets, by the error. [-1, +1, -] */
static void unwrap(lua_State *L) {
  while (coh_errgroup_is(L, -1) && is_wrap(L)) {
    lua_getiuservalue(L, -1, COH_GROUP_MEMBERS);
    lua_rawgeti(L, -1, 1);
    lua_replace(L, -3);
    lua_pop(L, 1);
  }
}


/* Push the text of the error at 'index', of a group with all its members. [-0, +1, m] */
static void push_text(lua_State *L, int index, struct coh_text_size *size) {
  if (!coh_errgroup_is(L, index)) {
    coh_text_push(L, index);
    return;
  }
  size->nested++;
  coh_errgroup_push_text(L, index, size);
  size->nested--;
}


/* Push the lines of the string on top, each behind a newline and two spaces. [-0, +1, m] */
static void push_indented(lua_State *L) {
  size_t left;
  const char *line = lua_tolstring(L, -1, &left), *end;
  luaL_Buffer b;
  luaL_buffinit(L, &b);
  luaL_addstring(&b, "\n  ");
  while ((end = memchr(line, '\n', left)) != NULL) {
    luaL_addlstring(&b, line, (size_t)(end - line));
    luaL_addstring(&b, "\n  ");
    left -= (size_t)(end - line) + 1;
    line = end + 1;
  }
  luaL_addlstring(&b, line, left);
  luaL_pushresult(&b);
}


/* Push the lines of the error's traceback; none for a group, whose text has them. [-0, +1, m] */
static void push_traceback(lua_State *L, int index) {
  lua_pushnil(L);
  if (!coh_errgroup_is(L, index)) push_field(L, index, "traceback");
  if (lua_type(L, -1) != LUA_TSTRING || lua_rawlen(L, -1) == 0) lua_pushliteral(L, "");
  else push_indented(L);
  lua_replace(L, index + 1);
  lua_settop(L, index + 1);
}


static void push_links(lua_State *L, int err, int depth, struct coh_text_size *size);


/* Push the lines about the error on top, which another one came from. [-1, +1, m] */
static void show(lua_State *L, const char *label, int depth, struct coh_text_size *size) {
  int index = lua_gettop(L);
  lua_pushfstring(L, "\n%s", label);
  push_text(L, index, size);
  lua_concat(L, 2);
  lua_insert(L, index);                    /* line err */
  push_traceback(L, index + 1);
  lua_insert(L, index + 1);                /* line traceback err */
  if (coh_errgroup_is(L, -1)) lua_pushliteral(L, "");
  else push_links(L, index + 2, depth, size);
  lua_remove(L, index + 2);
  lua_concat(L, 3);
}


/* Is there nothing to show: no link, a Cancelled, or an error whose chain or group this is in? [-0, +0, -] */
static bool is_skipped(lua_State *L, int link, int err, const struct coh_text_size *size) {
  if (lua_isnil(L, link) || coh_cancelled_is(L, link)) return true;
  if (coh_errgroup_is(L, link) && coh_errgroup_is_reading(L, link)) return true;
  return lua_rawequal(L, link, err) || (size->first != 0 && lua_rawequal(L, link, size->first));
}


/* Push the lines about what the error at 'err' came from. [-0, +1, m] */
static void push_links(lua_State *L, int err, int depth, struct coh_text_size *size) {
  luaL_checkstack(L, LUA_MINSTACK, "the chain of errors is too long");
  int top = lua_gettop(L);
  if (depth == LINKS_MAX) {
    lua_pushliteral(L, "");
    return;
  }
  push_field(L, err, "cause");
  unwrap(L);
  push_field(L, err, "context");
  unwrap(L);                               /* cause context */
  if (lua_rawequal(L, -1, -2)) {
    lua_pop(L, 1);
    lua_pushnil(L);
  }
  static const char *const labels[] = {"caused by: ", COH_HANDLING};
  for (int link = top + 1; link <= top + 2; link++) {
    lua_pushvalue(L, link);
    if (is_skipped(L, link, err, size)) lua_pushliteral(L, "");
    else show(L, labels[link - top - 1], depth + 1, size);
    lua_replace(L, link);
    lua_settop(L, top + 2);
  }
  lua_concat(L, 2);
}


/* Is a chain being made? Each error in it gives its own text alone. [-0, +0, -] */
static bool is_making(lua_State *L) {
  bool is;
  lua_rawgetp(L, LUA_REGISTRYINDEX, &making_key);
  is = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return is;
}


static void set_making(lua_State *L, bool making) {
  lua_pushboolean(L, making);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &making_key);
}


/* links(err, size) -> lines */
static int l_links(lua_State *L) {
  push_links(L, 1, 0, lua_touserdata(L, 2));
  return 1;
}


void coh_errchain_push(lua_State *L, int index, struct coh_text_size *size) {
  int first = size->first, status;
  bool was = is_making(L);
  index = lua_absindex(L, index);
  set_making(L, true);
  lua_pushcfunction(L, l_links);
  lua_pushvalue(L, index);
  lua_pushlightuserdata(L, size);
  size->first = 1;  /* of l_links */
  status = lua_pcall(L, 2, 1, 0);
  size->first = first;
  set_making(L, was);
  if (status != LUA_OK) lua_error(L);
}


void coh_errchain_push_handling(lua_State *L, int index, int err) {
  struct coh_text_size size = {0, 0, 0};
  int top = lua_gettop(L);
  lua_pushvalue(L, index);
  unwrap(L);
  if (lua_rawequal(L, -1, err) || coh_cancelled_is(L, -1)) {
    lua_pushliteral(L, "");
  } else {
    show(L, COH_HANDLING, 0, &size);
    lua_pushlstring(L, lua_tostring(L, -1) + 1, lua_rawlen(L, -1) - 1);  /* without its newline */
  }
  lua_replace(L, top + 1);
  lua_settop(L, top + 1);
}


void coh_errchain_mark_left(lua_State *L, int index) {
  index = lua_absindex(L, index);
  if (!lua_istable(L, index) || !coh_error_is(L, index, COH_ERROR)) return;
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &left_key) != LUA_TTABLE) {
    lua_pop(L, 1);
    coh_weak_table_push(L);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &left_key);
  }
  lua_pushvalue(L, index);
  lua_pushboolean(L, 1);
  lua_rawset(L, -3);
  lua_pop(L, 1);
}


/* Did the error leave a run? [-0, +0, -] */
static bool has_left(lua_State *L, int index) {
  bool has = false;
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &left_key) == LUA_TTABLE) {
    lua_pushvalue(L, index);
    has = lua_rawget(L, -2) == LUA_TBOOLEAN;
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  return has;
}


void coh_errchain_add(lua_State *L, int index) {
  struct coh_text_size size = {0, 0, 0};
  if (is_making(L) || !has_left(L, index)) return;
  coh_errchain_push(L, index, &size);
  lua_concat(L, 2);
}
