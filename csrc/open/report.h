/*
** Reports of what every task does, and where: for the messages of deadlocks and watchdogs, and for whoever
** asks.
*/
#ifndef COH_OPEN_REPORT_H
#define COH_OPEN_REPORT_H

#include "errors/error.h"
#include "glue/state.h"
#include "kernel/hidden.h"

COH_HIDDEN

/* Why every task is cancelled. */
struct coh_stop {
  enum coh_error_kind kind;  /* of the error that is raised in the end */
  const char *headline;      /* its message, above the list of tasks */
  enum coh_reason reason;    /* of the cancellation */
};

/*
** Cancel every task, and keep a report of what each was doing for the error. Called again, it ends by force
** those that are still cleaning up. In 'L' functions can be called now. [-0, +0, -]
*/
void coh_report_stop(struct coh_state *S, lua_State *L, const struct coh_stop *why);

/* Forget the report: nothing is stopped. [-0, +0, -] */
void coh_report_forget(struct coh_state *S);

/* Add 'task_tree' to the module table on top. [-0, +0, m] */
void coh_report_open(lua_State *L);

COH_SEEN

#endif
