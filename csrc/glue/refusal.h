/*
** Can a coroutine wait where it is, and if not, what is in the way: a function written in C, a finalizer or
** a hook, Lua's own coroutine library, or that it is being closed?
*/
#ifndef COH_GLUE_REFUSAL_H
#define COH_GLUE_REFUSAL_H

#include "glue/state.h"
#include "kernel/hidden.h"

COH_HIDDEN

/* Can 'L' wait now? No effect, constant time. [-0, +0, -] */
static inline bool coh_can_wait(const struct coh_state *S, lua_State *L) {
  const struct coh_frame *frame = S->frame;
  return frame != NULL && frame->co == L && frame->ok && lua_isyieldable(L);
}

/* Push what is in the way of a wait in 'L'. [-0, +1, m] */
void coh_push_refusal(lua_State *L, struct coh_state *S);

/* Raise it. Never returns. [-0, +0, v] */
int coh_refuse_wait(struct coh_state *S, lua_State *L);

COH_SEEN

#endif
