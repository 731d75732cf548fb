/*
** Shedding: what is dropped when memory runs out, so that the next collection finds
** something to free. Otherwise each of many tasks that need a little memory to end
** (those yet to begin do) would cause a collection of its own, and then fail for want
** of memory like the one before.
*/
#ifndef COH_GLUE_SHED_H
#define COH_GLUE_SHED_H

#include "glue/state.h"
#include "kernel/hidden.h"

COH_HIDDEN

/*
** A fiber has failed. If its error is that memory ran out, memory is short: nothing is
** kept for reuse, and if only its group is still to be told, its coroutine is dropped too;
** what it is named after takes the coroutine's slot. [-0, +0, -]
*/
void coh_shed(struct coh_state *S, struct coh_fiber *f);

COH_SEEN

#endif
