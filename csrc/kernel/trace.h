/*
** Tracing: a hook, called for each event. With none set, an event costs one
** predictable branch. A hook must not call back into the kernel.
*/
#ifndef COH_KERNEL_TRACE_H
#define COH_KERNEL_TRACE_H

#include "kernel/clock.h"

enum coh_event {
  COH_EVENT_SPAWN,      /* subject: the task */
  COH_EVENT_READY,      /* subject: the task's wait */
  COH_EVENT_STEP,       /* subject: the task about to run */
  COH_EVENT_PARK,       /* subject: the task's wait */
  COH_EVENT_FINISH,     /* subject: the task */
  COH_EVENT_CANCEL,     /* subject: the scope */
  COH_EVENT_POLL        /* subject: the runtime */
};

struct coh_trace {
  void (*event)(void *ud, enum coh_event event, const void *subject);
  void *ud;  /* borrowed, handed to 'event' */
};

static inline void coh_trace_emit(const struct coh_trace *t, enum coh_event event, const void *subject) {
  if (__builtin_expect(t != NULL, 0)) t->event(t->ud, event, subject);
}

#endif
