/*
** Tasks in queues: see waiter.h.
*/
#include "glue/waiter.h"

#include "glue/inner.h"


bool coh_waiter_is_in(const struct coh_wait *w, lua_State *co) {
  const struct coh_fiber *f = coh_item(w, struct coh_fiber, task.wait);
  if (f->robbed) return false;
  if (co != f->L && co != coh_innermost(coh_state_from(f->task.scope.slot.rt), f->L)) return false;
  return lua_status(co) == LUA_YIELD;
}


bool coh_waiter_is_there(struct coh_wait *w) {
  return coh_waiter_is_in(w->place == COH_STANDING ? coh_standin_of(w)->choice->wait : w, w->of);
}


void coh_waiter_send_off(struct coh_wait *w) {
  struct coh_wait *whole = w->place == COH_STANDING ? coh_standin_of(w)->choice->wait : w;
  coh_wait_wake(w, COH_WOKEN);
  whole->kind = NULL;  /* it was woken with nothing */
}


struct coh_wait *coh_waiter_first_alive(struct coh_link *queue) {
  while (!coh_link_alone(queue)) {
    struct coh_wait *w = coh_item(queue->next, struct coh_wait, link);
    if (coh_waiter_is_there(w)) return w;
    coh_waiter_send_off(w);
  }
  return NULL;
}
