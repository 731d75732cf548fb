/*
** Tasks in queues such as those of channels and locks: which is next, and is it still there? The coroutine of
** a task may be gone while its wait is still in the queue; such a task must be given nothing.
*/
#ifndef COH_GLUE_WAITER_H
#define COH_GLUE_WAITER_H

#include "glue/state.h"
#include "kernel/hidden.h"

COH_HIDDEN

/*
** Does the suspended task of 'w' still wait in 'co'? Lua's own library may have closed or resumed that, or a
** coroutine around it: then nothing may be moved to its stack, or from it, and it may have been collected.
** [-0, +0, -]
*/
bool coh_waiter_is_in(const struct coh_wait *w, lua_State *co);

/* The same for a wait in a queue, whose coroutine is in 'w->of'. */
bool coh_waiter_is_there(struct coh_wait *w);

/* Wake a wait that is not there, or what it waits for is not: its task goes on, and finds that out. */
void coh_waiter_send_off(struct coh_wait *w);

/* The oldest wait of 'queue' that is there, or NULL; those before it are sent off. [-0, +0, -] */
struct coh_wait *coh_waiter_first_alive(struct coh_link *queue);

/* Is the first of a queue there, in its task's own coroutine? The usual case. */
static inline bool coh_waiter_first_is_plain(const struct coh_wait *w) {
  const struct coh_fiber *f = coh_item(w, struct coh_fiber, task.wait);
  return w->place == COH_PARKED && w->of == f->L && !f->robbed && lua_status(f->L) == LUA_YIELD;
}

static inline struct coh_wait *coh_waiter_first(struct coh_link *queue) {
  struct coh_wait *w = coh_item(queue->next, struct coh_wait, link);
  if (coh_link_alone(queue)) return NULL;
  return coh_waiter_first_is_plain(w) ? w : coh_waiter_first_alive(queue);
}

COH_SEEN

#endif
