/*
** What every task does, and where: the text of a deadlock, of a watchdog, and for
** whoever asks.
*/
#ifndef COH_OPEN_REPORT_H
#define COH_OPEN_REPORT_H

#include "errors/error.h"
#include "glue/state.h"
#include "kernel/hidden.h"

COH_HIDDEN

/* Why everything is stopped. */
struct coh_stop {
  enum coh_error_kind kind;  /* what is raised in the end */
  const char *headline;      /* its message, above the tree of tasks */
  enum coh_reason reason;    /* of the cancellation */
};

/*
** Cancel all, and keep what each task was doing for the error. Called again, it ends
** by force those who are cleaning up. 'L' is a state that can be called in now. [-0, +0, -]
*/
void coh_report_stop(struct coh_state *S, lua_State *L, const struct coh_stop *why);

/* Nothing was stopped. [-0, +0, -] */
void coh_report_forget(struct coh_state *S);

/* Add 'task_tree' to the module table on top. [-0, +0, m] */
void coh_report_open(lua_State *L);

COH_SEEN

#endif
