/*
** The identity of a fiber and what it leaves behind: its handle, what it is named after, and
** the error it has failed with. All of that is on its coroutine's stack.
*/
#ifndef COH_GLUE_FIBERNAME_H
#define COH_GLUE_FIBERNAME_H

#include "glue/state.h"
#include "kernel/hidden.h"

COH_HIDDEN

/* The slot of a coroutine's bottom frame that holds its task's handle, or what that is named after. */
#define COH_FIBER_OWNER 2

/* Is 'co', which has no frames, the coroutine of a task that is yet to begin? See fiberload.c. [-0, +0, -] */
static inline bool coh_fiber_is_loaded(const struct coh_state *S, lua_State *co) {
  return lua_gettop(co) > 0 && lua_tocfunction(co, 1) == S->known.task;
}

/* Push a handle that is bound to no fiber yet. [-0, +1, m] */
struct coh_object *coh_fiber_handle_new(lua_State *L, const struct coh_state *S);

static inline void coh_fiber_bind(struct coh_object *h, struct coh_fiber *f) {
  h->scope = &f->task.scope;
  f->handle = h;
}

/* Push the handle of a fiber, making it when it has none; nil when its coroutine was ended. [-0, +1, m] */
void coh_fiber_push_handle(lua_State *L, struct coh_state *S, struct coh_fiber *f);

/* Push what is in the slot COH_FIBER_OWNER; nil when its coroutine died and left none. [-0, +1, -] */
void coh_fiber_push_owner(lua_State *L, struct coh_fiber *f);

/* Push the given name, what the fiber is named after, or its function, without allocating. [-0, +1, -] */
void coh_fiber_push_identity(lua_State *L, struct coh_fiber *f);

/* Turn such an identity on top into text. [-1, +1, m] */
void coh_fiber_render_identity(lua_State *L);

/* Push its name: the given one, or the position of its function. [-0, +1, m] */
void coh_fiber_push_name(lua_State *L, struct coh_fiber *f);

/*
** Let tasks be named after objects with the metatable below the top. The C function on top turns such an
** object, or whatever a debug function has given that metatable, into a name, always the same for one object.
** It runs no code of users. [-1, +0, m]
*/
void coh_fiber_set_title(lua_State *L);

/* Push the error that a failed fiber has left. [-0, +1, m] */
void coh_fiber_push_error(lua_State *L, struct coh_fiber *f);

COH_SEEN

#endif
