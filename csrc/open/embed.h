/*
** The end of a runtime with its lua_State, which waits for nobody.
*/
#ifndef COH_OPEN_EMBED_H
#define COH_OPEN_EMBED_H

#include "glue/state.h"
#include "kernel/hidden.h"

COH_HIDDEN

/* End everything, also from the inside of what never goes on: a task, a finalizer, itself. [-0, +0, -] */
void coh_embed_end(struct coh_state *S);

COH_SEEN

#endif
