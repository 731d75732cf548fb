/*
** Task-locals: values that follow a task and are inherited by those it spawns.
** What a task has is a chain of nodes, one for each 'with' that is open, shared
** with whoever inherited it; a task that has none pays for a bit.
*/
#ifndef COH_GLUE_CONTEXT_H
#define COH_GLUE_CONTEXT_H

#include "glue/state.h"
#include "kernel/hidden.h"

COH_HIDDEN

/* What runs now has task-locals: give them to 'f', which is new. False without memory. [-0, +0, -] */
bool coh_context_inherit(lua_State *L, struct coh_state *S, struct coh_fiber *f);

/* A fiber that has some ends. [-0, +0, -] */
void coh_context_forget(struct coh_state *S, struct coh_fiber *f);

/*
** Keep the task-locals of now for the function at 'arg', which 'caller' will call later with what is above
** it: put a function before it that puts them back, and what they are. [-0, +0 or +2, m]
*/
void coh_context_keep(lua_State *L, int arg, const struct coh_fiber *caller);

/* Is a 'with' open in the coroutine 'L'? Linear in its depth. [-0, +0, -] */
bool coh_context_is_open_in(lua_State *L);

/* Has what runs now task-locals? */
static inline bool coh_context_is_set(struct coh_state *S) {
  const struct coh_fiber *f = coh_running(S);
  return f != NULL ? f->locals : S->locals_outside;
}

/* Add the function 'context' to the table on top. [-0, +0, m] */
void coh_context_open(lua_State *L);

COH_SEEN

#endif
