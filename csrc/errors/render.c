/*
** The text of a group: a tree of its errors, each with its task, its whole
** traceback and what it came from, ten levels deep and fifteen members wide, and no
** more than ERRORS_MAX errors in all; what is left out is counted. Text is collected
** as pieces in a table, not in a buffer on the stack, because a member may run its own
** __tostring between one piece and the next.
*/
#include "errors/group.h"

#include <lauxlib.h>
#include <lua.h>

#include <string.h>

#include "lua/text.h"

#define LEVELS_MAX 10
#define MEMBERS_MAX 15
#define ERRORS_MAX 5000   /* a group held in many places is shown in each */
#define NESTED_MAX 4      /* trees in trees: what was being handled when a member was raised, and so on */

#define BRANCH "├─ "      /* before a member */
#define LAST_BRANCH "╰─ "
#define TRUNK "│  "       /* before what hangs below a member */
#define LAST_TRUNK "   "
#define TRUNK_SIZE 5      /* bytes of the longer trunk */

enum { PIECES = 2, PATH };  /* stack: group, list of pieces, path to where it is */

struct level {
  lua_Integer next;  /* members already shown */
  size_t margin;     /* bytes of margin in front of this group's members */
};

struct tree {
  lua_State *L;
  lua_Integer pieces;            /* length of the list of pieces */
  struct coh_text_size *size;    /* errors shown so far, in this tree and in those around it */
  int depth;                     /* levels in use, 1 or more */
  struct level levels[LEVELS_MAX];
  char margin[LEVELS_MAX * TRUNK_SIZE + TRUNK_SIZE];
};


/* Takes the string on top as the next piece. [-1, +0, m] */
static void add(struct tree *tree) {
  lua_rawseti(tree->L, PIECES, ++tree->pieces);
}


/* Begins a line: newline, the first 'n' bytes of the margin, 'mark'. [-0, +0, m] */
static void begin_line(struct tree *tree, size_t n, const char *mark) {
  lua_pushliteral(tree->L, "\n");
  lua_pushlstring(tree->L, tree->margin, n);
  lua_pushstring(tree->L, mark);
  lua_concat(tree->L, 3);
  add(tree);
}


/* Adds the text on top; its lines after the first begin with margin and mark. [-1, +0, m] */
static void add_lines(struct tree *tree, size_t n, const char *mark) {
  size_t left;
  const char *line = lua_tolstring(tree->L, -1, &left);
  const char *end;
  while ((end = memchr(line, '\n', left)) != NULL) {
    lua_pushlstring(tree->L, line, (size_t)(end - line));
    add(tree);
    begin_line(tree, n, mark);
    left -= (size_t)(end - line) + 1;
    line = end + 1;
  }
  lua_pushlstring(tree->L, line, left);
  add(tree);
  lua_pop(tree->L, 1);
}


/* The first line of the group at 'index': "message (2 errors)". [-0, +1, m] */
static void push_title(lua_State *L, int index) {
  index = lua_absindex(L, index);
  lua_getiuservalue(L, index, COH_GROUP_MESSAGE);
  lua_getiuservalue(L, index, COH_GROUP_MEMBERS);
  lua_Integer n = (lua_Integer)lua_rawlen(L, -1);
  lua_pop(L, 1);
  const char *space = lua_rawlen(L, -1) == 0 ? "" : " ";
  lua_pushfstring(L, n == 1 ? "%s(%I error)" : "%s(%I errors)", space, (LUAI_UACINT)n);
  lua_concat(L, 2);
}


/* Adds "task 'name': " when the details on top, or those of a group above, name one. [-0, +0, m] */
static void add_task(struct tree *tree, size_t n, const char *mark) {
  lua_State *L = tree->L;
  coh_errgroup_push_task(L, lua_gettop(L), PATH, tree->depth);
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    return;
  }
  lua_pushliteral(L, "task '");
  coh_text_push(L, -2);
  lua_pushliteral(L, "': ");
  lua_concat(L, 3);
  add_lines(tree, n, mark);
  lua_pop(L, 1);
}


/* Shows the leaf at -2 with details at -1, below a trunk. [-0, +0, m] */
static void show_leaf(struct tree *tree, size_t n, const char *trunk) {
  lua_State *L = tree->L;
  int leaf = lua_gettop(L) - 1;
  coh_text_push(L, leaf);                         /* runs user code */
  add_lines(tree, n, trunk);
  lua_pushfstring(L, "%s  ", trunk);
  const char *mark = lua_tostring(L, -1);
  coh_errgroup_push_trace(L, leaf, leaf + 1, PATH, tree->depth);
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
  } else {
    begin_line(tree, n, mark);
    add_lines(tree, n, mark);
  }
  coh_errchain_push(L, leaf, tree->size);         /* runs user code */
  add_lines(tree, n, mark);
  lua_pop(L, 1);
}


/* Enters the group at 'index', its details above it; at the last level only counts it. [-0, +0, m] */
static void enter(struct tree *tree, int index, size_t n, const char *trunk) {
  lua_State *L = tree->L;
  if (tree->depth == LEVELS_MAX) {
    lua_Integer leaves = coh_errgroup_leaves(L, index);
    begin_line(tree, n, trunk);
    lua_pushfstring(L, leaves == 1 ? "... %I error deeper" : "... %I errors deeper", (LUAI_UACINT)leaves);
    add(tree);
    return;
  }
  struct level *level = &tree->levels[tree->depth++];
  size_t size = strlen(trunk);
  memcpy(tree->margin + n, trunk, size);
  level->margin = n + size;
  level->next = 0;
  lua_pushvalue(L, index);
  lua_rawseti(L, PATH, 2 * tree->depth - 1);
  lua_pushvalue(L, index + 1);
  lua_rawseti(L, PATH, 2 * tree->depth);
}


/* Shows the member at -2 with details at -1. [-2, +0, m] */
static void show(struct tree *tree, bool last) {
  lua_State *L = tree->L;
  size_t n = tree->levels[tree->depth - 1].margin;
  const char *trunk = last ? LAST_TRUNK : TRUNK;
  int member = lua_gettop(L) - 1;
  tree->size->errors++;
  begin_line(tree, n, last ? LAST_BRANCH : BRANCH);
  add_task(tree, n, trunk);
  if (coh_errgroup_is(L, member)) {
    push_title(L, member);
    add_lines(tree, n, trunk);
    enter(tree, member, n, trunk);
  } else {
    show_leaf(tree, n, trunk);
  }
  lua_settop(L, member - 1);
}


/* Shows the next member of the last group of the path, or leaves that group. [-0, +0, m] */
static void step(struct tree *tree) {
  lua_State *L = tree->L;
  struct level *level = &tree->levels[tree->depth - 1];
  lua_rawgeti(L, PATH, 2 * tree->depth - 1);
  lua_getiuservalue(L, -1, COH_GROUP_MEMBERS);
  lua_getiuservalue(L, -2, COH_GROUP_DETAILS);    /* group members details */
  lua_Integer n = (lua_Integer)lua_rawlen(L, -2);
  lua_Integer i = ++level->next;
  if (i <= n && (i > MEMBERS_MAX || tree->size->errors >= ERRORS_MAX)) {
    begin_line(tree, level->margin, LAST_BRANCH);
    lua_pushfstring(L, "... and %I more", (LUAI_UACINT)(n - i + 1));
    add(tree);
    level->next = n;
    i = n + 1;
  }
  if (i > n) {
    coh_errchain_push(L, PATH + 1, tree->size);   /* runs user code */
    add_lines(tree, level->margin, "");
    tree->depth--;
  } else {
    lua_rawgeti(L, -2, i);
    if (lua_istable(L, -2)) lua_rawgeti(L, -2, i);
    else lua_pushboolean(L, 0);
    show(tree, i == n);
  }
  lua_settop(L, PATH);
}


/* render(eg, size) -> text, for lua_pcall: raises only when memory is short */
static int l_render(lua_State *L) {
  struct tree tree = {.L = L, .depth = 1, .size = lua_touserdata(L, 2)};
  luaL_checkstack(L, 2 * LUA_MINSTACK, "text of an error group");
  lua_settop(L, 1);
  lua_newtable(L);                                /* group pieces */
  lua_newtable(L);                                /* group pieces path */
  lua_pushvalue(L, 1);
  lua_rawseti(L, PATH, 1);
  push_title(L, 1);
  add(&tree);
  while (tree.depth > 0) step(&tree);
  luaL_Buffer text;
  luaL_buffinit(L, &text);
  for (lua_Integer i = 1; i <= tree.pieces; i++) {
    lua_rawgeti(L, PIECES, i);
    luaL_addvalue(&text);
  }
  luaL_pushresult(&text);
  return 1;
}


void coh_errgroup_push_text(lua_State *L, int index, struct coh_text_size *size) {
  luaL_checkstack(L, LUA_MINSTACK, "text of an error group");
  index = lua_absindex(L, index);
  if (size->nested <= NESTED_MAX && !coh_errgroup_reading(L, index, true)) {
    lua_pushcfunction(L, l_render);
    lua_pushvalue(L, index);
    lua_pushlightuserdata(L, size);
    int status = lua_pcall(L, 2, 1, 0);
    coh_errgroup_reading(L, index, false);
    if (status == LUA_OK) return;
    lua_pop(L, 1);
  }
  push_title(L, index);
}


/* tostring(eg) -> tree; only the title if asked while the tree is being made */
int coh_errgroup_l_tostring(lua_State *L) {
  struct coh_text_size size = {0, 0, 0};
  lua_settop(L, 1);
  if (!coh_errgroup_is(L, 1)) {
    lua_pushfstring(L, "%s: %p", luaL_typename(L, 1), lua_topointer(L, 1));
    return 1;
  }
  coh_errgroup_push_text(L, 1, &size);
  return 1;
}
