/*
** Which task-locals each task has: the innermost node of its chain is all that is kept for it. What a node
** is, and how it is made, is in context.c.
*/
#ifndef COH_GLUE_LOCALS_H
#define COH_GLUE_LOCALS_H

#include "glue/state.h"
#include "kernel/hidden.h"

COH_HIDDEN

/* Has the running code task-locals? */
static inline bool coh_locals_any(struct coh_state *S) {
  const struct coh_fiber *f = coh_running(S);
  return f != NULL ? f->locals : S->locals_outside;
}

/*
** Push the innermost node of 'f', or of code outside tasks when that is NULL, and return its address; nil and
** NULL when there is none. [-0, +1, -]
*/
void *coh_locals_push(lua_State *L, struct coh_state *S, struct coh_fiber *f);

/* Make what is on top, a node or nil, the innermost. Needs memory only when it is the first. [-1, +0, m] */
void coh_locals_set(lua_State *L, struct coh_state *S, struct coh_fiber *f);

/* Give the new 'f' the task-locals of the running code, which has some. False without memory. [-0, +0, -] */
bool coh_locals_inherit(lua_State *L, struct coh_state *S, struct coh_fiber *f);

/* A fiber that has some ends. [-0, +0, -] */
void coh_locals_forget(struct coh_state *S, struct coh_fiber *f);

/* Make the table. Once. [-0, +0, m] */
void coh_locals_open(lua_State *L, struct coh_state *S);

COH_SEEN

#endif
