/*
** The error group: several failures as one value. A userdata whose contents
** are user values that are never handed out for writing, so a group does not
** change once it is made, except that a traceback, a context and the users'
** copy of the list are each filled in once. Leaves are counted when it is made,
** so "how many leaves" never has to descend.
*/
#include "errors/group.h"

#include <lauxlib.h>
#include <lua.h>

#include <string.h>

#include "errors/error.h"
#include "lua/arg.h"

#define HOPS_MAX 1000  /* longest chain of contexts looked at */

struct errgroup {
  lua_Integer leaves;  /* errors that are no groups, at any depth; stops at the maximum */
  bool reading;        /* its text is being made: a member's __tostring may ask for it again */
};


bool coh_errgroup_is(lua_State *L, int index) {
  if (lua_type(L, index) != LUA_TUSERDATA || !lua_getmetatable(L, index)) return false;
  coh_error_push_type(L, COH_ERROR_GROUP);
  bool is = lua_rawequal(L, -1, -2);
  lua_pop(L, 2);
  return is;
}


void coh_errgroup_check(lua_State *L, int arg, const char *what) {
  if (!coh_errgroup_is(L, arg))
    coh_misuse(L, "%s expects an error group, got %s: write eg:%s(...) with a colon", what,
               coh_type_name(L, arg), what);
}


lua_Integer coh_errgroup_leaves(lua_State *L, int index) {
  const struct errgroup *group = lua_touserdata(L, index);
  return group->leaves;
}


bool coh_errgroup_reading(lua_State *L, int index, bool reading) {
  struct errgroup *group = lua_touserdata(L, index);
  bool before = group->reading;
  group->reading = reading;
  return before;
}


bool coh_errgroup_is_reading(lua_State *L, int index) {
  const struct errgroup *group = lua_touserdata(L, index);
  return group->reading;
}


/* Leaves in the list of errors at 'list'. [-0, +0, -] */
static lua_Integer count_leaves(lua_State *L, int list) {
  lua_Integer count = 0;
  lua_Integer n = (lua_Integer)lua_rawlen(L, list);
  for (lua_Integer i = 1; i <= n; i++) {
    lua_rawgeti(L, list, i);
    lua_Integer more = coh_errgroup_is(L, -1) ? coh_errgroup_leaves(L, -1) : 1;
    lua_pop(L, 1);
    count = count > LUA_MAXINTEGER - more ? LUA_MAXINTEGER : count + more;
  }
  return count;
}


void coh_errgroup_push(lua_State *L, const char *message) {
  struct errgroup *group = lua_newuserdatauv(L, sizeof *group, COH_GROUP_SLOTS);
  group->reading = false;
  lua_insert(L, -3);                               /* eg members details */
  group->leaves = count_leaves(L, lua_gettop(L) - 1);
  lua_setiuservalue(L, -3, COH_GROUP_DETAILS);
  lua_setiuservalue(L, -2, COH_GROUP_MEMBERS);     /* eg */
  lua_pushstring(L, message);
  lua_setiuservalue(L, -2, COH_GROUP_MESSAGE);
  coh_error_push_type(L, COH_ERROR_GROUP);
  lua_setmetatable(L, -2);
}


void coh_errgroup_set_traceback(lua_State *L, int index, const char *text, const char *above) {
  index = lua_absindex(L, index);
  if (text != NULL) {
    lua_pushstring(L, text);
    lua_setiuservalue(L, index, COH_GROUP_TRACEBACK);
  }
  if (above != NULL) {
    lua_pushstring(L, above);
    lua_setiuservalue(L, index, COH_GROUP_ABOVE);
  }
}


/*
** A copy of the list of errors at 'arg', read raw. [-0, +1, v] raises when it
** is no list, is empty or has a hole.
*/
static void push_list_copy(lua_State *L, int arg, const char *who) {
  if (!lua_istable(L, arg))
    coh_misuse(L, "%s expects a list of errors, got %s: write {error, ...}", who, luaL_typename(L, arg));
  lua_Integer n = (lua_Integer)lua_rawlen(L, arg);
  lua_createtable(L, n < 1000 ? (int)n : 1000, 0);  /* copy */
  lua_Integer found = 0;
  lua_Integer last = 0;
  lua_pushnil(L);
  while (lua_next(L, arg)) {                       /* copy key value */
    if (lua_isinteger(L, -2) && lua_tointeger(L, -2) > 0) {
      lua_Integer i = lua_tointeger(L, -2);
      last = i > last ? i : last;
      found++;
    }
    lua_pop(L, 1);
  }
  if (found == 0) coh_misuse(L, "%s expects at least one error: with none there is nothing to raise", who);
  if (found != last) coh_misuse(L, "%s expects a list without nil: box a nil error or leave it out", who);
  for (lua_Integer i = 1; i <= last; i++) {
    lua_rawgeti(L, arg, i);
    lua_rawseti(L, -2, i);
  }
}


/* ErrorGroup(...) never returns */
static int l_make_group(lua_State *L) {
  return coh_misuse(L, "ErrorGroup is not called: write cohort.error_group(message, {error, ...})");
}


/* error_group(message, errors) -> group */
static int l_error_group(lua_State *L) {
  lua_settop(L, 2);
  if (lua_type(L, 1) != LUA_TSTRING)
    return coh_misuse(L,
                      "error_group expects a string as message, got %s: "
                      "write error_group(\"what failed\", {error, ...})",
                      luaL_typename(L, 1));
  push_list_copy(L, 2, "error_group");
  lua_pushnil(L);
  coh_errgroup_push(L, NULL);
  lua_pushvalue(L, 1);
  lua_setiuservalue(L, -2, COH_GROUP_MESSAGE);
  return 1;
}


/*
** A copy of the list of details at 'arg' that is as long as the list of errors at
** 'errors': false where there is no table. [-0, +1, m]
*/
static void push_details_copy(lua_State *L, int arg, int errors) {
  if (!lua_istable(L, arg)) {
    lua_pushnil(L);
    return;
  }
  lua_newtable(L);
  for (lua_Integer i = (lua_Integer)lua_rawlen(L, errors); i >= 1; i--) {
    if (lua_rawgeti(L, arg, i) != LUA_TTABLE) {
      lua_pop(L, 1);
      lua_pushboolean(L, 0);
    }
    lua_rawseti(L, -2, i);
  }
}


/*
** error_compose(message, errors, details, traceback, above) -> group with all that
** is known: details is a list as in COH_GROUP_DETAILS; texts may be nil
*/
static int l_error_compose(lua_State *L) {
  lua_settop(L, 5);
  luaL_checktype(L, 1, LUA_TSTRING);
  push_list_copy(L, 2, "error_compose");
  push_details_copy(L, 3, 6);
  coh_errgroup_push(L, NULL);                      /* ... eg */
  static const int slots[] = {[1] = COH_GROUP_MESSAGE, [4] = COH_GROUP_TRACEBACK, [5] = COH_GROUP_ABOVE};
  for (int arg = 1; arg <= 5; arg++) {
    if (slots[arg] == 0) continue;
    lua_pushvalue(L, arg);
    lua_setiuservalue(L, -2, slots[arg]);
  }
  return 1;
}


/*
** A list of details for the errors of 'list': those that the group has for each
** that is a direct member, else false. nil if the group has no details. [-0, +1, m]
*/
static void push_known_details(lua_State *L, int group, int list) {
  if (lua_getiuservalue(L, group, COH_GROUP_DETAILS) != LUA_TTABLE) return;  /* nil */
  lua_getiuservalue(L, group, COH_GROUP_MEMBERS);
  lua_newtable(L);                                 /* details members known */
  for (lua_Integer i = (lua_Integer)lua_rawlen(L, -2); i >= 1; i--) {
    lua_rawgeti(L, -2, i);
    if (lua_rawequal(L, -1, -1)) {                 /* not NaN, which no key can be */
      lua_rawgeti(L, -4, i);
      lua_rawset(L, -3);
    } else {
      lua_pop(L, 1);
    }
  }
  lua_Integer n = (lua_Integer)lua_rawlen(L, list);
  lua_newtable(L);                                 /* details members known result */
  for (lua_Integer i = 1; i <= n; i++) {
    lua_rawgeti(L, list, i);
    lua_rawget(L, -3);
    if (lua_isnil(L, -1)) {
      lua_pop(L, 1);
      lua_pushboolean(L, 0);
    }
    lua_rawseti(L, -2, i);
  }
  lua_replace(L, -4);
  lua_pop(L, 2);
}


/* Copies what describes a group, all but its members, to the one on top. [-0, +0, -] */
static void copy_description(lua_State *L, int from) {
  static const int slots[] = {
    COH_GROUP_MESSAGE, COH_GROUP_TRACEBACK, COH_GROUP_ABOVE, COH_GROUP_CAUSE, COH_GROUP_CONTEXT,
  };
  for (size_t i = 0; i < sizeof slots / sizeof slots[0]; i++) {
    lua_getiuservalue(L, from, slots[i]);
    lua_setiuservalue(L, -2, slots[i]);
  }
}


void coh_errgroup_push_derived(lua_State *L, int from) {
  from = lua_absindex(L, from);
  coh_errgroup_push(L, NULL);
  copy_description(L, from);
}


/* eg:derive(errors) -> a group like eg that holds errors */
static int l_derive(lua_State *L) {
  lua_settop(L, 2);
  coh_errgroup_check(L, 1, "derive");
  push_list_copy(L, 2, "derive");                  /* eg errors copy */
  push_known_details(L, 1, 3);
  coh_errgroup_push_derived(L, 1);
  return 1;
}


/* eg:sole() -> the one error in it, or nil */
static int l_sole(lua_State *L) {
  lua_settop(L, 1);
  coh_errgroup_check(L, 1, "sole");
  if (coh_errgroup_leaves(L, 1) != 1) return 0;
  while (coh_errgroup_is(L, -1)) {
    lua_getiuservalue(L, -1, COH_GROUP_MEMBERS);
    lua_rawgeti(L, -1, 1);
    lua_replace(L, 1);
    lua_settop(L, 1);
  }
  return 1;
}


/* The list users see, made when it is first asked for. [-0, +1, m] */
static void push_errors(lua_State *L, int group) {
  if (lua_getiuservalue(L, group, COH_GROUP_ERRORS) != LUA_TNIL) return;
  lua_getiuservalue(L, group, COH_GROUP_MEMBERS);
  lua_Integer n = (lua_Integer)lua_rawlen(L, -1);
  lua_newtable(L);                                 /* nil members errors */
  for (lua_Integer i = 1; i <= n; i++) {
    lua_rawgeti(L, -2, i);
    lua_rawseti(L, -2, i);
  }
  lua_pushvalue(L, -1);
  lua_setiuservalue(L, group, COH_GROUP_ERRORS);
  lua_replace(L, -3);
  lua_pop(L, 1);
}


void coh_errgroup_push_field(lua_State *L, int index) {
  static const struct { const char *name; int slot; } fields[] = {
    {"message", COH_GROUP_MESSAGE}, {"traceback", COH_GROUP_TRACEBACK},
    {"cause", COH_GROUP_CAUSE},     {"context", COH_GROUP_CONTEXT},
  };
  index = lua_absindex(L, index);
  const char *key = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "";
  if (strcmp(key, "errors") == 0) {
    push_errors(L, index);
    lua_replace(L, -2);
    return;
  }
  for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
    if (strcmp(key, fields[i].name) == 0) {
      lua_getiuservalue(L, index, fields[i].slot);
      lua_replace(L, -2);
      return;
    }
  }
  coh_error_push_type(L, COH_ERROR_GROUP);
  lua_insert(L, -2);                               /* type key */
  coh_error_raw_field(L, -2);                      /* type value */
  lua_remove(L, -2);
}


/* eg.key -> field or method */
static int l_index(lua_State *L) {
  lua_settop(L, 2);
  coh_errgroup_check(L, 1, "__index");
  coh_errgroup_push_field(L, 1);
  return 1;
}


/* eg.key = v never returns */
static int l_newindex(lua_State *L) {
  return coh_misuse(L, "an error group cannot be changed: make another with eg:derive(errors)");
}


/* The context of an error of ours, else nil. [-0, +1, m] */
static void push_context(lua_State *L, int index) {
  if (coh_errgroup_is(L, index)) {
    lua_getiuservalue(L, index, COH_GROUP_CONTEXT);
  } else if (lua_istable(L, index)) {
    lua_pushvalue(L, index);
    lua_pushliteral(L, "context");
    lua_rawget(L, -2);
    lua_replace(L, -2);
  } else {
    lua_pushnil(L);
  }
}


/*
** error_link(err, context): err.context = context, when err is an error of
** ours that has none and the chain of contexts does not lead back to it.
*/
static int l_link(lua_State *L) {
  lua_settop(L, 2);
  if (!coh_error_is(L, 1, COH_ERROR)) return 0;
  push_context(L, 1);
  if (!lua_isnil(L, 3)) return 0;
  lua_pushvalue(L, 2);
  lua_replace(L, 3);                               /* err context here */
  for (int hops = 0; !lua_isnil(L, 3); hops++) {
    if (hops == HOPS_MAX || lua_rawequal(L, 3, 1)) return 0;
    push_context(L, 3);
    lua_replace(L, 3);
  }
  lua_settop(L, 2);
  if (coh_errgroup_is(L, 1)) {
    lua_setiuservalue(L, 1, COH_GROUP_CONTEXT);
  } else if (lua_istable(L, 1)) {
    lua_pushliteral(L, "context");
    lua_insert(L, 2);
    lua_rawset(L, 1);
  }
  return 0;
}


/* error_chain(err) -> the lines about what it came from, each behind a newline */
static int l_chain(lua_State *L) {
  struct coh_text_size size = {0, 0, 0};
  lua_settop(L, 1);
  coh_errchain_push(L, 1, &size);
  return 1;
}


/* is_error_group(v) -> boolean */
static int l_is_group(lua_State *L) {
  luaL_checkany(L, 1);
  lua_pushboolean(L, coh_errgroup_is(L, 1));
  return 1;
}


static const luaL_Reg group_methods[] = {
  {"derive", l_derive},
  {"leaves", coh_errgroup_l_leaves},
  {"sole", l_sole},
  {"__index", l_index},
  {"__newindex", l_newindex},
  {"__tostring", coh_errgroup_l_tostring},
  {NULL, NULL}
};

static const luaL_Reg group_functions[] = {
  {"error_group", l_error_group},
  {"error_compose", l_error_compose},
  {"error_chain", l_chain},
  {"error_link", l_link},
  {"is_error_group", l_is_group},
  {"split", coh_errgroup_l_split},
  {NULL, NULL}
};


void coh_errgroup_open(lua_State *L) {
  luaL_setfuncs(L, group_methods, 0);
  lua_getmetatable(L, -1);
  lua_pushcfunction(L, l_make_group);
  lua_setfield(L, -2, "__call");
  lua_pop(L, 2);
  luaL_setfuncs(L, group_functions, 0);
}
