/*
** Ctrl-C while a runtime is open: the first SIGINT cancels every task, the second ends the process even in a
** busy loop, and on closing the signal goes back to whoever had it. A process that ignores SIGINT goes on
** ignoring it. While a task listens for SIGINT itself, it goes to that task. One that arrives between owners
** is sent again to the next.
*/
#ifndef COH_IO_INTERRUPT_H
#define COH_IO_INTERRUPT_H

#include <stdbool.h>

#include "glue/state.h"
#include "kernel/hidden.h"

COH_HIDDEN

/*
** Begin to watch. 0, or a negative status; what exists then is freed by coh_interrupt_close and _free all the
** same.
*/
int coh_interrupt_open(struct coh_state *S);

/*
** Leave SIGINT to a watcher that has just begun. Take it back, before that one stops; returns whether it was
** taken.
*/
void coh_interrupt_pause(struct coh_state *S);
bool coh_interrupt_resume(struct coh_state *S);

/*
** Stop watching and restore the signal's disposition, before the loop is closed. Does nothing when not
** watching.
*/
void coh_interrupt_close(struct coh_state *S);

/* Free what was used, once the loop is closed. */
void coh_interrupt_free(struct coh_state *S);

COH_SEEN

#endif
