/*
** Waits: see wait.h. Everything here moves a wait from one place to another
** and keeps the counters by which a deadlock is detected; nothing allocates.
*/
#include "kernel/wait.h"

#include "kernel/timer.h"

static const struct coh_wait_kind sleep_kind = {.what = "sleep"};


void coh_wait_init(struct coh_wait *w) {
  coh_link_init(&w->link);
  w->slot = NULL;
  w->kind = NULL;
  w->place = COH_RUNNING;
  w->outcome = COH_WOKEN;
  w->sleeping = w->abort_refused = false;
}


void coh_wait_stay(struct coh_runtime *rt, struct coh_wait *w) {
  coh_assert(w->place == COH_RUNNING);
  w->place = COH_READY;
  w->outcome = COH_WOKEN;
  coh_link_prepend(&rt->pass, &w->link);
}


void coh_wait_yield_front(struct coh_runtime *rt, struct coh_wait *w) {
  coh_wait_stay(rt, w);
  rt->goes_on = true;
}


static void park(struct coh_wait *w, struct coh_slot *slot, const struct coh_wait_kind *kind) {
  coh_assert(w->place == COH_RUNNING);
  coh_assert(slot->wait == NULL);
  w->place = COH_PARKED;
  w->kind = kind;
  w->slot = slot;
  w->abort_refused = false;
  slot->wait = w;
  slot->rt->waits_external += kind->external;
  slot->rt->waits_finishing += kind->finishes;
  coh_trace_emit(slot->rt->trace, COH_EVENT_PARK, w);
}


void coh_wait_park(struct coh_wait *w, struct coh_slot *slot, const struct coh_wait_kind *kind,
                   struct coh_link *queue) {
  park(w, slot, kind);
  if (queue != NULL) coh_link_append(queue, &w->link);
}


void coh_wait_sleep(struct coh_wait *w, struct coh_slot *slot, int64_t at_ns) {
  park(w, slot, &sleep_kind);
  w->sleeping = true;
  coh_heap_node_init(&w->sleep);
  coh_timer_start(slot->rt, &slot->rt->sleeps, &w->sleep, at_ns);
}


/* {{ Choices */

/* Take all stand-ins of a choice out of their queues and the heap. */
static void withdraw(struct coh_choice *c) {
  struct coh_standin *s;
  for (s = c->first; s != NULL; s = s->next) {
    if (s->wait.sleeping) coh_timer_stop(&c->wait->slot->rt->sleeps, &s->wait.sleep);
    else coh_link_remove(&s->wait.link);
    s->wait.sleeping = false;
    s->wait.place = COH_DONE;
  }
  c->first = NULL;
}


/* A stand-in was woken: withdraw all of its choice and return the wait they stand for. */
static struct coh_wait *choose(struct coh_standin *s) {
  struct coh_choice *c = s->choice;
  c->chosen = s;
  withdraw(c);
  return c->wait;
}


void coh_choice_park(struct coh_choice *c, struct coh_wait *w, struct coh_slot *slot,
                     const struct coh_wait_kind *kind) {
  coh_assert(kind->abort != NULL);
  coh_wait_park(w, slot, kind, NULL);
  w->of = c;
  c->wait = w;
  c->first = c->chosen = NULL;
}


bool coh_choice_abort(struct coh_wait *w) {
  withdraw(w->of);
  return true;
}


static void stand(struct coh_choice *c, struct coh_standin *s) {
  coh_assert(c->wait->place == COH_PARKED);
  s->wait.place = COH_STANDING;
  s->choice = c;
  s->next = c->first;
  c->first = s;
}


void coh_choice_stand(struct coh_choice *c, struct coh_standin *s, struct coh_link *queue) {
  coh_wait_init(&s->wait);
  stand(c, s);
  coh_link_append(queue, &s->wait.link);
}


void coh_choice_stand_until(struct coh_choice *c, struct coh_standin *s, int64_t at_ns) {
  coh_wait_init(&s->wait);
  stand(c, s);
  s->wait.sleeping = true;
  coh_heap_node_init(&s->wait.sleep);
  coh_timer_start(c->wait->slot->rt, &c->wait->slot->rt->sleeps, &s->wait.sleep, at_ns);
}

/* }} */


void coh_wait_wake(struct coh_wait *w, enum coh_outcome outcome) {
  struct coh_runtime *rt;
  if (w->place == COH_STANDING) w = choose(coh_standin_of(w));
  coh_assert(w->place == COH_PARKED);
  rt = w->slot->rt;
  if (w->sleeping) {
    coh_timer_stop(&rt->sleeps, &w->sleep);
    w->sleeping = false;
  } else {
    coh_link_remove(&w->link);
  }
  w->slot->wait = NULL;
  w->slot = NULL;
  rt->waits_external -= w->kind->external;
  rt->waits_finishing -= w->kind->finishes;
  w->outcome = (uint8_t)outcome;
  w->place = COH_READY;
  coh_link_append(&rt->ready, &w->link);
  coh_trace_emit(rt->trace, COH_EVENT_READY, w);
}


void coh_wait_move(struct coh_wait *w, const struct coh_wait_kind *kind, struct coh_link *queue) {
  coh_assert(w->place == COH_PARKED);
  coh_assert(!w->sleeping);
  coh_assert(!w->kind->external);
  coh_assert(!kind->external);
  w->kind = kind;
  coh_link_remove(&w->link);
  coh_link_append(queue, &w->link);
}


bool coh_wait_wake_one(struct coh_link *queue) {
  if (coh_link_alone(queue)) return false;
  coh_wait_wake(coh_item(queue->next, struct coh_wait, link), COH_WOKEN);
  return true;
}


size_t coh_wait_wake_all(struct coh_link *queue) {
  size_t woken = 0;
  while (coh_wait_wake_one(queue)) woken++;
  return woken;
}


bool coh_wait_abort(struct coh_wait *w) {
  coh_assert(w->place == COH_PARKED);
  if (w->abort_refused) return false;
  if (w->kind->refuses || (w->kind->abort != NULL && !w->kind->abort(w))) {
    w->abort_refused = true;
    return false;
  }
  coh_wait_wake(w, COH_WAIT_CANCELLED);
  return true;
}


void coh_wait_forfeit(struct coh_wait *w) {
  const struct coh_wait_kind *kind = w->kind;
  coh_assert(w->place == COH_RUNNING);
  w->kind = NULL;
  if (kind != NULL && kind->forfeit != NULL) kind->forfeit(w);
}


void coh_wait_disown(struct coh_wait *w, const struct coh_wait_kind *kind, const void *of) {
  if (w->place == COH_READY && w->kind == kind && w->of == of) w->kind = NULL;
}


void coh_wait_disown_ready(struct coh_runtime *rt, const struct coh_wait_kind *kind, const void *of) {
  struct coh_link *l;
  for (l = rt->pass.next; l != &rt->pass; l = l->next)
    coh_wait_disown(coh_item(l, struct coh_wait, link), kind, of);
  for (l = rt->ready.next; l != &rt->ready; l = l->next)
    coh_wait_disown(coh_item(l, struct coh_wait, link), kind, of);
}
