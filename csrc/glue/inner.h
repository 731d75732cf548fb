/*
** What the stack of a suspended coroutine tells: whether it waits, and in which coroutine that it has
** resumed, so that the end of the wait can be passed inward. None of this is kept anywhere else.
*/
#ifndef COH_GLUE_INNER_H
#define COH_GLUE_INNER_H

#include "glue/state.h"
#include "kernel/hidden.h"

COH_HIDDEN

/* Is the function on top one of ours, which have the state as first upvalue? [-0, +0, -] */
static inline bool coh_is_ours(lua_State *L, const struct coh_state *S) {
  bool is;
  if (!lua_iscfunction(L, -1) || lua_getupvalue(L, -1, 1) == NULL) return false;
  is = lua_touserdata(L, -1) == S;
  lua_pop(L, 1);
  return is;
}

/* Did 'co', which is suspended, yield in order to wait? [-0, +0, -] */
bool coh_inner_waits(const struct coh_state *S, lua_State *co);

/* The coroutine that 'L', which is suspended, will pass a wait's end on to, or NULL. [-0, +0, -] */
lua_State *coh_inner_of(const struct coh_state *S, lua_State *L);

/* The innermost of them, which is 'L' itself when it waits in none. [-0, +0, -] */
lua_State *coh_innermost(const struct coh_state *S, lua_State *L);

COH_SEEN

#endif
