/*
** Splitting a group in two, as PEP 654 does: what a predicate takes and the
** rest, both of the same shape. One frame of Lua stack slots per open group, no C
** recursion. Nothing is built while all members seen so far went to the same
** side: a group that goes whole to one side is that very group, so identity is
** kept and a split that finds nothing allocates nothing.
*/
#include "errors/group.h"

#include <lauxlib.h>
#include <lua.h>

/* Arguments of split. */
enum { GROUP_ARG = 1, PREDICATE_ARG, ON_GROUPS_ARG, MARKS_ARG, ARGS = MARKS_ARG };

/* Slots of a frame, counted from its first. */
enum {
  GROUP,                /* the group that is being split */
  MEMBERS,
  DETAILS,
  NEXT,                 /* integer: members already looked at */
  SIDE,                 /* integer: enum side, where all of these went */
  MATCHED,              /* list, nil until members differ in side */
  MATCHED_DETAILS,
  REST,
  REST_DETAILS,
  FRAME_SIZE
};

enum side { NOWHERE, TO_MATCHED, TO_REST, TO_BOTH };


/* [-0, +0, -] */
static lua_Integer slot_integer(lua_State *L, int slot) {
  return lua_tointeger(L, slot);
}


/* [-0, +0, -] */
static void set_slot_integer(lua_State *L, int slot, lua_Integer value) {
  lua_pushinteger(L, value);
  lua_replace(L, slot);
}


/* Makes a frame of the group on top. [-1, +FRAME_SIZE, v] raises when the stack is full */
static void open_frame(lua_State *L) {
  luaL_checkstack(L, FRAME_SIZE + LUA_MINSTACK, "error groups nested too deep");
  lua_getiuservalue(L, -1, COH_GROUP_MEMBERS);
  lua_getiuservalue(L, -2, COH_GROUP_DETAILS);
  lua_pushinteger(L, 0);
  lua_pushinteger(L, NOWHERE);
  for (int slot = MATCHED; slot < FRAME_SIZE; slot++) lua_pushnil(L);
}


/* Appends the value on top and its details below to the lists at 'list'. [-2, +0, m] */
static void append(lua_State *L, int list) {
  lua_Integer i = (lua_Integer)lua_rawlen(L, list) + 1;
  lua_rawseti(L, list, i);
  lua_rawseti(L, list + 1, i);
}


/* Pushes details of member i of the frame, false if none. [-0, +1, -] */
static void push_details(lua_State *L, int frame, lua_Integer i) {
  if (lua_istable(L, frame + DETAILS)) lua_rawgeti(L, frame + DETAILS, i);
  else lua_pushboolean(L, 0);
}


/* Makes the four lists and puts the first n members where they went. [-0, +0, m] */
static void build_lists(lua_State *L, int frame, lua_Integer n) {
  for (int slot = MATCHED; slot < FRAME_SIZE; slot++) {
    lua_newtable(L);
    lua_replace(L, frame + slot);
  }
  int list = frame + (slot_integer(L, frame + SIDE) == TO_MATCHED ? MATCHED : REST);
  for (lua_Integer i = 1; i <= n; i++) {
    push_details(L, frame, i);
    lua_rawgeti(L, frame + MEMBERS, i);
    append(L, list);
  }
  set_slot_integer(L, frame + SIDE, TO_BOTH);
}


/*
** Records where the member last looked at went. For TO_BOTH its two halves are on
** top, matched below rest; otherwise it went whole. [-0 or -2, +0, m]
*/
static void place(lua_State *L, int frame, enum side side) {
  lua_Integer i = slot_integer(L, frame + NEXT);
  enum side before = (enum side)slot_integer(L, frame + SIDE);
  if (before == NOWHERE && side != TO_BOTH) set_slot_integer(L, frame + SIDE, side);
  else if (before != TO_BOTH && before != side) build_lists(L, frame, i - 1);
  if (slot_integer(L, frame + SIDE) != TO_BOTH) return;
  if (side == TO_BOTH) {                   /* matched rest */
    push_details(L, frame, i);
    lua_insert(L, -2);
    append(L, frame + REST);
    push_details(L, frame, i);
    lua_insert(L, -2);
    append(L, frame + MATCHED);
  } else {
    push_details(L, frame, i);
    lua_rawgeti(L, frame + MEMBERS, i);
    append(L, frame + (side == TO_MATCHED ? MATCHED : REST));
  }
}


/* Does the predicate take the value on top? Runs user code. [-0, +0, e] */
static bool takes(lua_State *L) {
  lua_pushvalue(L, PREDICATE_ARG);
  lua_pushvalue(L, -2);
  lua_call(L, 1, 1);
  bool yes = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return yes;
}


/* Appends 'matched' for each of n leaves to the list of marks, if there is one. [-0, +0, m] */
static void mark(lua_State *L, lua_Integer n, bool matched) {
  if (!lua_istable(L, MARKS_ARG)) return;
  lua_Integer last = (lua_Integer)lua_rawlen(L, MARKS_ARG);
  for (lua_Integer i = 1; i <= n; i++) {
    lua_pushboolean(L, matched);
    lua_rawseti(L, MARKS_ARG, last + i);
  }
}


/* Looks at the next member of the last frame; may open another. [-0, +0 or +FRAME_SIZE, e] */
static void look_at(lua_State *L, int frame) {
  lua_Integer i = slot_integer(L, frame + NEXT) + 1;
  set_slot_integer(L, frame + NEXT, i);
  lua_rawgeti(L, frame + MEMBERS, i);
  bool group = coh_errgroup_is(L, -1);
  bool taken = (!group || lua_toboolean(L, ON_GROUPS_ARG)) && takes(L);
  if (group && !taken) {
    open_frame(L);
    return;
  }
  mark(L, group ? coh_errgroup_leaves(L, -1) : 1, taken);
  lua_pop(L, 1);
  place(L, frame, taken ? TO_MATCHED : TO_REST);
}


/*
** Ends the last frame and gives its parent what it split into; the outermost
** leaves matched and rest (or nil) instead. [-FRAME_SIZE, +0 or +2, m]
*/
static void close_frame(lua_State *L, int frame) {
  enum side side = (enum side)slot_integer(L, frame + SIDE);
  if (side == TO_BOTH) {
    coh_errgroup_push_derived(L, frame + GROUP);   /* ... rest, of the two last slots */
    lua_insert(L, frame + MEMBERS);                /* group rest members ... matched matched_details */
    coh_errgroup_push_derived(L, frame + GROUP);
    lua_insert(L, frame + MEMBERS);                /* group matched rest ... */
    lua_settop(L, frame + DETAILS);
    lua_remove(L, frame + GROUP);                  /* matched rest */
  } else {
    lua_settop(L, frame + GROUP);                  /* group */
  }
  if (frame > ARGS + 1) {
    if (side != TO_BOTH) lua_pop(L, 1);
    place(L, frame - FRAME_SIZE, side);
  } else if (side != TO_BOTH) {
    lua_pushnil(L);
    if (side == TO_REST) lua_insert(L, -2);
  }
}


/*
** split(eg, predicate, on_groups [, marks]) -> matched, rest: groups or nil.
** With on_groups the predicate is tried on every node from the root down, and a
** true on a group takes it whole; without, on leaves only. For each leaf, depth first,
** true (taken) or false is appended to the list 'marks'.
*/
int coh_errgroup_l_split(lua_State *L) {
  lua_settop(L, ARGS);
  coh_errgroup_check(L, GROUP_ARG, "split");
  luaL_checktype(L, PREDICATE_ARG, LUA_TFUNCTION);
  lua_pushvalue(L, GROUP_ARG);
  if (lua_toboolean(L, ON_GROUPS_ARG) && takes(L)) {
    mark(L, coh_errgroup_leaves(L, GROUP_ARG), true);
    lua_pushnil(L);
    return 2;
  }
  open_frame(L);
  while (lua_gettop(L) > ARGS + 2) {
    int frame = lua_gettop(L) - FRAME_SIZE + 1;
    lua_Integer n = (lua_Integer)lua_rawlen(L, frame + MEMBERS);
    if (slot_integer(L, frame + NEXT) < n) look_at(L, frame);
    else close_frame(L, frame);
  }
  return 2;
}
