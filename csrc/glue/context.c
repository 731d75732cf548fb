/*
** Task-locals: see context.h. What a node says never changes, so whoever has it has a snapshot; the collector
** frees it. The innermost of each task is kept in locals.c.
**
**   the stack of with and of what was kept
**   1 handler   2 node   3.. function and arguments, then results or error
*/
#include "glue/context.h"

#include <lauxlib.h>

#include "glue/handler.h"
#include "glue/locals.h"
#include "glue/wait.h"
#include "lua/arg.h"
#include "lua/names.h"
#include "lua/text.h"

static const char context_mark = 0;  /* its address tells our userdata from others of the same size */

/* A context object; its default is the user value. */
struct context {
  const void *mark;
};

struct node {
  const struct context *of;  /* anchored by the node; NULL in a node that restores what was kept */
  uint16_t withs;            /* of its task before it */
};

enum { UV_PARENT = 1, UV_BEFORE, UV_CONTEXT, UV_VALUE };  /* BEFORE was the innermost when it began */


/* {{ with */

/* Replace the node on top by the next one outward until it is 'node'. False: that is not in the chain. */
static bool find(lua_State *L, const struct node *node) {
  while (!lua_isnil(L, -1) && lua_touserdata(L, -1) != node) {
    lua_getiuservalue(L, -1, UV_PARENT);
    lua_replace(L, -2);
  }
  return !lua_isnil(L, -1);
}


/* Leave the node at 2, and those inside it of coroutines that never went on. [-0, +0, -] */
static void leave(lua_State *L, struct coh_state *S, struct coh_fiber *f) {
  const struct node *node = lua_touserdata(L, 2);
  luaL_checkstack(L, 4, "task-locals");
  coh_locals_push(L, S, f);
  if (find(L, node)) {
    lua_getiuservalue(L, 2, UV_BEFORE);
    coh_locals_set(L, S, f);
    if (f != NULL) f->withs = node->withs;
  }
  lua_pop(L, 1);
}


/* The function returned or raised. */
static int ended(lua_State *L, int status, lua_KContext context) {
  struct coh_state *S = coh_state_here(L);
  struct coh_fiber *f = coh_running(S);
  (void)context;
  leave(L, S, f);
  if (status == LUA_OK || status == LUA_YIELD) return lua_gettop(L) - 2;
  return f != NULL ? coh_rethrow(L, f) : lua_error(L);
}


/* Call the function at 3 inside the node at 2. */
static int run(lua_State *L) {
  struct coh_state *S = coh_state_here(L);
  struct coh_fiber *f = coh_running(S);
  int status;
  lua_pushvalue(L, 2);
  coh_locals_set(L, S, f);
  if (f != NULL) ((struct node *)lua_touserdata(L, 2))->withs = f->withs++;
  lua_pushcfunction(L, coh_handler);
  lua_replace(L, 1);
  status = lua_pcallk(L, lua_gettop(L) - 3, LUA_MULTRET, 1, 0, ended);
  if (f != NULL) f->depth--;
  return ended(L, status, 0);
}


/* Push a node of the context at 1 with the value at 2. [-0, +1, m] */
static void push_node(lua_State *L, struct coh_state *S, struct coh_fiber *f) {
  struct node *node = lua_newuserdatauv(L, sizeof *node, UV_VALUE);
  node->of = lua_touserdata(L, 1);
  coh_locals_push(L, S, f);
  lua_pushvalue(L, -1);
  lua_setiuservalue(L, -3, UV_PARENT);
  lua_setiuservalue(L, -2, UV_BEFORE);
  lua_pushvalue(L, 1);
  lua_setiuservalue(L, -2, UV_CONTEXT);
  lua_pushvalue(L, 2);
  lua_setiuservalue(L, -2, UV_VALUE);
}


static int with(lua_State *L, int status, lua_KContext context) {
  struct coh_state *S = coh_state_here(L);
  (void)status;
  (void)context;
  push_node(L, S, coh_running(S));
  lua_replace(L, 2);
  return run(L);
}


static struct context *check_context(lua_State *L, const char *what) {
  struct context *c = lua_type(L, 1) == LUA_TUSERDATA ? lua_touserdata(L, 1) : NULL;
  if (c == NULL || lua_rawlen(L, 1) != sizeof *c || c->mark != &context_mark)
    coh_refuse_self(L, 1, "context", "c", what);
  return c;
}


/* Call 'block' with the stack as it is, from an empty C stack when that is nearly full. */
static int begin(lua_State *L, lua_KFunction block) {
  struct coh_fiber *f = coh_running(coh_state_here(L));
  if (f != NULL && coh_too_deep(L, f)) return coh_yield(L, f, block);
  return block(L, LUA_OK, 0);
}


/* context:with(value, f, ...) -> results of f */
static int l_with(lua_State *L) {
  check_context(L, "with");
  coh_check_callable_of(L, 3, "with", "context:with(value, ");
  return begin(L, with);
}


static int go_on_in(lua_State *L, int status, lua_KContext context) {
  (void)status;
  (void)context;
  return run(L);
}


/* (kept, f, ...): calls f inside a node of no context whose parent is the one that was kept */
static int l_in_kept(lua_State *L) {
  struct coh_state *S = coh_state_here(L);
  struct node *node = lua_newuserdatauv(L, sizeof *node, UV_BEFORE);
  node->of = NULL;
  lua_insert(L, 1);                        /* node kept f ... */
  lua_pushvalue(L, 2);
  lua_setiuservalue(L, 1, UV_PARENT);
  coh_locals_push(L, S, coh_running(S));
  lua_setiuservalue(L, 1, UV_BEFORE);
  lua_pushvalue(L, 1);
  lua_replace(L, 2);                       /* node node f ... */
  return begin(L, go_on_in);
}


void coh_context_keep(lua_State *L, int arg, const struct coh_fiber *caller) {
  struct coh_state *S = coh_state_here(L);
  if (!caller->locals && !coh_locals_any(S)) return;
  luaL_checkstack(L, 4, "task-locals");
  coh_locals_push(L, S, coh_running(S));
  lua_insert(L, arg);
  lua_pushlightuserdata(L, S);
  lua_pushcclosure(L, l_in_kept, 1);
  lua_insert(L, arg);
}


bool coh_context_is_open_in(lua_State *L) {
  lua_Debug ar;
  int level;
  for (level = 0; lua_getstack(L, level, &ar); level++) {
    lua_CFunction f;
    lua_getinfo(L, "f", &ar);
    f = lua_tocfunction(L, -1);
    lua_pop(L, 1);
    if (f == l_with || f == l_in_kept) return true;
  }
  return false;
}

/* }} */


/* {{ Objects */

/* context:get() -> value */
static int l_get(lua_State *L) {
  struct coh_state *S = coh_state_here(L);
  const struct context *c = check_context(L, "get");
  const struct node *node = coh_locals_push(L, S, coh_running(S));
  while (node != NULL && node->of != c) {
    lua_getiuservalue(L, -1, UV_PARENT);
    lua_replace(L, -2);
    node = lua_touserdata(L, -1);
  }
  lua_getiuservalue(L, node != NULL ? -1 : 1, node != NULL ? UV_VALUE : 1);
  return 1;
}


static int l_tostring(lua_State *L) {
  check_context(L, "tostring");
  l_get(L);
  coh_text_push(L, -1);
  lua_pushfstring(L, "context (%s)", lua_tostring(L, -1));
  return 1;
}


static int l_newindex(lua_State *L) {
  return coh_misuse(L, "a context has no fields to assign: write c:with(value, f, ...)");
}


static const luaL_Reg methods[] = {{"get", l_get}, {"with", l_with}, {NULL, NULL}};

static const luaL_Reg metamethods[] = {{"__tostring", l_tostring}, {"__newindex", l_newindex}, {NULL, NULL}};


/* context([default]) -> context; upvalue 2 is the metatable */
static int l_context(lua_State *L) {
  struct context *c;
  if (lua_gettop(L) > 1) coh_refuse_colon(L);
  lua_settop(L, 1);
  c = lua_newuserdatauv(L, sizeof *c, 1);
  c->mark = &context_mark;
  lua_pushvalue(L, 1);
  lua_setiuservalue(L, 2, 1);
  lua_pushvalue(L, lua_upvalueindex(2));
  lua_setmetatable(L, 2);
  return 1;
}


void coh_context_open(lua_State *L) {
  struct coh_state *S = coh_state_of(L);
  coh_locals_open(L, S);
  lua_pushlightuserdata(L, S);
  lua_newtable(L);                       /* ... state metatable */
  lua_pushlightuserdata(L, S);
  luaL_setfuncs(L, metamethods, 1);
  lua_pushliteral(L, "cohort.Context");
  lua_setfield(L, -2, "__name");
  lua_createtable(L, 0, 2);
  lua_pushlightuserdata(L, S);
  luaL_setfuncs(L, methods, 1);
  coh_name_guard(L, "context");
  lua_setfield(L, -2, "__index");
  lua_pushcclosure(L, l_context, 2);
  lua_setfield(L, -2, "context");
}

/* }} */
