/*
** The tasks that a host has made, until it takes what they came to.
*/
#ifndef COH_OPEN_HOSTED_H
#define COH_OPEN_HOSTED_H

#include "glue/state.h"
#include "kernel/hidden.h"

COH_HIDDEN

/* Forget all of them as the runtime ends, and give back those that have ended. [-0, +0, -] */
void coh_hosted_free_all(struct coh_state *S);

COH_SEEN

#endif
