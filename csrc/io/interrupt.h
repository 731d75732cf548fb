/*
** Ctrl-C while a runtime is open: the first SIGINT cancels every task, the second
** ends the process even in a busy loop, and whoever had the signal before gets it
** back. A process that ignores SIGINT goes on ignoring it. While a task listens for
** SIGINT by itself, it is that task's. One that comes when nobody has it any more, or
** not yet, is sent again to the next who has it.
*/
#ifndef COH_IO_INTERRUPT_H
#define COH_IO_INTERRUPT_H

#include <stdbool.h>

#include "glue/state.h"
#include "kernel/hidden.h"

COH_HIDDEN

/* Begin to watch. 0 or a negative uv error: what there is then goes with coh_interrupt_close and _free. */
int coh_interrupt_open(struct coh_state *S);

/* Leave SIGINT to a watcher that has it already, and take it again before that one stops: was it taken? */
void coh_interrupt_pause(struct coh_state *S);
bool coh_interrupt_resume(struct coh_state *S);

/* Stop, and put the signal's disposition back. Before the loop is closed; does nothing when not watching. */
void coh_interrupt_close(struct coh_state *S);

/* The loop is closed: free what it used. */
void coh_interrupt_free(struct coh_state *S);

COH_SEEN

#endif
