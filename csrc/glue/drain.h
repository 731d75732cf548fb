/*
** The end of a runtime in which tasks may still live.
*/
#ifndef COH_GLUE_DRAIN_H
#define COH_GLUE_DRAIN_H

#include "glue/state.h"
#include "kernel/hidden.h"

COH_HIDDEN

/*
** End whatever is live without running it any further, except for the '<close>'
** variables of suspended tasks, and free it and all that is kept for reuse.
*/
void coh_state_drain(struct coh_state *S);

COH_SEEN

#endif
