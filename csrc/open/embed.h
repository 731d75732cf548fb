/*
** cohort.h as this library calls it itself, by hidden aliases: a program may have another copy of cohort, say
** linked in, and a visible name resolves to whichever was loaded first. And the end of a runtime along with
** its lua_State, which waits for nobody.
*/
#ifndef COH_OPEN_EMBED_H
#define COH_OPEN_EMBED_H

#include "cohort.h"
#include "glue/state.h"
#include "kernel/hidden.h"

COH_HIDDEN

extern __typeof__(cohort_open) coh_embed_open;
extern __typeof__(cohort_of) coh_embed_of;
extern __typeof__(cohort_spawn) coh_embed_spawn;
extern __typeof__(cohort_pump) coh_embed_pump;
extern __typeof__(cohort_take) coh_embed_take;
extern __typeof__(cohort_cancel) coh_embed_cancel;
extern __typeof__(cohort_break) coh_embed_break;
extern __typeof__(cohort_close) coh_embed_close;

/* End everything, even inside what will never go on: a task, a finalizer, this call itself. [-0, +0, -] */
void coh_embed_end(struct coh_state *S);

COH_SEEN

#endif
