/*
** A task's coroutine, from its first step to its end. The function runs under a
** protected call at the bottom of the coroutine, so that '<close>' variables may
** wait while an error unwinds, and so that the coroutine always ends clean and
** can be used again. That bottom frame also holds what belongs to the task.
*/
#ifndef COH_GLUE_FIBER_H
#define COH_GLUE_FIBER_H

#include "glue/state.h"
#include "kernel/hidden.h"

COH_HIDDEN

#define COH_YIELD_MESSAGE \
  "coroutine.yield out of a task: a task has no consumer to yield to; wait with cohort.checkpoint(), " \
  "or run the generator in a coroutine of its own"

/*
** A fiber that will call the function with 'arguments' arguments on top of L,
** which are popped; bound to the handle, which is at 1, unless that is NULL.
** Raises before anything changed. [-(arguments + 1), +0, v]
*/
struct coh_fiber *coh_fiber_load(lua_State *L, struct coh_state *S, int arguments,
                                 struct coh_object *handle);

/* Is 'co', which has no frames, the coroutine of a task that has yet to begin? [-0, +0, -] */
bool coh_fiber_is_loaded(lua_State *co);

/* The step of every task: what the kernel calls to run one. */
void coh_fiber_step(struct coh_task *task);

/* In the hook, at the instruction after a plain coroutine.yield: raise. Never returns. [-0, +0, v] */
void coh_fiber_raise_yield(lua_State *L, struct coh_fiber *f);

/* End a fiber whose coroutine is over, by whatever way, and tell its group. */
void coh_fiber_finish(struct coh_state *S, struct coh_fiber *f, enum coh_result result);

/* Push the error that a failed fiber has left. [-0, +1, m] */
void coh_fiber_push_error(lua_State *L, struct coh_fiber *f);

/* Push the handle of a fiber, making it when it has none; nil when its coroutine was ended. [-0, +1, m] */
void coh_fiber_push_handle(lua_State *L, struct coh_state *S, struct coh_fiber *f);

/* Push its name: the given one, or the position of its function. [-0, +1, m] */
void coh_fiber_push_name(lua_State *L, struct coh_fiber *f);

/* Push the name given to its handle, what it is named after, or its function: no allocation. [-0, +1, -] */
void coh_fiber_push_identity(lua_State *L, struct coh_fiber *f);

/* Turn such an identity on top into text. [-1, +1, m] */
void coh_fiber_render_identity(lua_State *L);

/*
** Objects with the metatable below the top can be what a task is named after: the C function on top gets one,
** or what a debug function has given that metatable, and returns the name, which must never be another. It
** runs no code of users. [-1, +0, m]
*/
void coh_fiber_set_title(lua_State *L);

/* The slot of a coroutine's bottom frame with the handle of its task, or what that is named after. */
#define COH_FIBER_OWNER 2

/* Push what is there; of a coroutine that died maybe nil. [-0, +1, -] */
void coh_fiber_push_owner(lua_State *L, struct coh_fiber *f);

/* Push a handle that is bound to no fiber yet. [-0, +1, m] */
struct coh_object *coh_fiber_handle_new(lua_State *L, const struct coh_state *S);

static inline void coh_fiber_bind(struct coh_object *h, struct coh_fiber *f) {
  h->scope = &f->task.scope;
  f->handle = h;
}

COH_SEEN

#endif
