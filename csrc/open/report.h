/*
** The text of a deadlock: each task, what it waits for, and where.
*/
#ifndef COH_OPEN_REPORT_H
#define COH_OPEN_REPORT_H

#include "glue/state.h"
#include "kernel/hidden.h"

COH_HIDDEN

/* Make the text and keep it in the registry; the reference. Never LUA_NOREF. [-0, +0, -] */
int coh_report_make(struct coh_state *S);

COH_SEEN

#endif
