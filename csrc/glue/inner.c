/*
** Coroutines inside of others: see inner.h.
*/
#include "glue/inner.h"


/* The innermost function of a suspended 'co' if it is one of ours, else NULL. [-0, +0, -] */
static lua_CFunction function_of(const struct coh_state *S, lua_State *co) {
  lua_CFunction f = NULL;
  lua_Debug ar;
  if (!lua_checkstack(co, 2) || !lua_getstack(co, 0, &ar)) return NULL;
  lua_getinfo(co, "f", &ar);
  if (coh_is_ours(co, S)) f = lua_tocfunction(co, -1);
  lua_pop(co, 1);
  return f;
}


/*
** If it does, one of our functions other than 'yield' has yielded. Mostly a glance at the stack is enough:
** 'yield' leaves nothing there, and a function that waits something, unless it passes on the wait of a
** coroutine that it resumed.
*/
bool coh_inner_waits(const struct coh_state *S, lua_State *co) {
  lua_CFunction f;
  if (S->passing == 0 && lua_gettop(co) == 0) return false;
  f = function_of(S, co);
  return f != NULL && f != S->known.yield;
}


lua_State *coh_inner_of(const struct coh_state *S, lua_State *L) {
  lua_CFunction f;
  lua_State *co = NULL;
  lua_Debug ar;
  if (lua_status(L) != LUA_YIELD) return NULL;
  f = function_of(S, L);
  if (f != S->known.resume && f != S->known.close && f != S->known.next) return NULL;
  lua_getstack(L, 0, &ar);
  if (f == S->known.next) {
    lua_getinfo(L, "f", &ar);
    if (lua_getupvalue(L, -1, 2) != NULL) {
      co = lua_tothread(L, -1);
      lua_pop(L, 1);
    }
    lua_pop(L, 1);
  } else if (lua_getlocal(L, &ar, 1) != NULL) {
    co = lua_tothread(L, -1);
    lua_pop(L, 1);
  }
  return co;
}


lua_State *coh_innermost(const struct coh_state *S, lua_State *L) {
  lua_State *inner;
  while ((inner = coh_inner_of(S, L)) != NULL) L = inner;
  return L;
}
