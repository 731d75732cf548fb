/*
** Two heaps of points in time, scopes' deadlines and tasks' sleeps, ordered as
** one: 'order' counts over both, so equal times come out in the order they went in,
** and a deadline set before a sleep of the same length comes first.
*/
#ifndef COH_KERNEL_TIMER_H
#define COH_KERNEL_TIMER_H

#include "kernel/core.h"
#include "kernel/hidden.h"

COH_HIDDEN

/* Insert; COH_NEVER is remembered in the node and not inserted. */
void coh_timer_start(struct coh_runtime *rt, struct coh_heap *heap, struct coh_heap_node *n, int64_t at_ns);

/* Remove, if it is there. */
void coh_timer_stop(struct coh_heap *heap, struct coh_heap_node *n);

/* When the earliest of both heaps is due; COH_NEVER when both are empty. */
int64_t coh_timer_next(const struct coh_runtime *rt);

/* Take out the earliest node of both heaps, storing its heap in 'from'; NULL if none is due by 'now_ns'. */
struct coh_heap_node *coh_timer_pop(struct coh_runtime *rt, int64_t now_ns, struct coh_heap **from);

COH_SEEN

#endif
