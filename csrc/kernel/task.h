/*
** A task: its own cancel scope, its one wait, and the innermost scope it has
** open. What a step does is up to whoever embeds this struct: the glue resumes a
** coroutine, a test calls a function. The kernel decides only when a task runs and
** what interrupts it.
**
** A task is always in one place (see wait.h), and between steps it is never
** COH_RUNNING: a step that neither parks, yields nor finishes is a bug.
*/
#ifndef COH_KERNEL_TASK_H
#define COH_KERNEL_TASK_H

#include "kernel/hidden.h"
#include "kernel/run.h"
#include "kernel/scope.h"

COH_HIDDEN

struct coh_group;

enum coh_result {
  COH_UNFINISHED,
  COH_SUCCEEDED,
  COH_FAILED,
  COH_WAS_ABORTED,     /* cancelled on its own: no failure, nothing to tell anybody */
  COH_WAS_INTERRUPTED  /* ended by a cancellation from outside the task */
};

struct coh_task {
  struct coh_scope scope;     /* the outermost of the task; its parent is its group's */
  struct coh_wait wait;
  struct coh_scope *current;  /* the innermost open scope, never NULL */
  struct coh_group *group;    /* the group it belongs to, or will once it has started; NULL for the root */
  uint8_t result;             /* enum coh_result */
  bool daemon;                /* ends with its group */
  bool starting;              /* begun by start, and has not yet called started */
  bool has_place;             /* counts against the group's limit */
  int slot;                   /* for the embedder: where it keeps the task's values */
};

/* Make 'task' ready to run for the first time, its scope below 'parent'. */
void coh_task_begin(struct coh_task *task, struct coh_runtime *rt, struct coh_scope *parent);

/* The same for a task that is not to run yet: it begins parked in 'queue'. */
void coh_task_begin_parked(struct coh_task *task, struct coh_runtime *rt, struct coh_scope *parent,
                           const struct coh_wait_kind *kind, struct coh_link *queue);

/* Open 'scope' inside the task's innermost one. */
void coh_task_enter(struct coh_task *task, struct coh_scope *scope, int64_t deadline_ns, bool shield);

/* Close the task's innermost scope, which must be 'scope'. */
void coh_task_leave(struct coh_task *task, struct coh_scope *scope);

/* Has the task 'scope' open? */
bool coh_task_has_open(const struct coh_task *task, const struct coh_scope *scope);

/* The result of a task that Cancelled ended: was it cancelled on its own, or interrupted from outside? */
enum coh_result coh_task_cancelled_result(struct coh_task *task);

/* End a task. It must have left all scopes but its own, which is left here. */
void coh_task_end(struct coh_task *task, enum coh_result result);

/* Would the next checkpoint raise? */
static inline bool coh_task_cancelled(const struct coh_task *task) {
  return coh_scope_is_cut(task->current);
}

static inline struct coh_runtime *coh_task_runtime(const struct coh_task *task) {
  return task->scope.slot.rt;
}

/* Run one step of the task whose link came from the ready queue. */
static inline void coh_task_step(struct coh_link *link, void (*step)(struct coh_task *task)) {
  struct coh_task *task = coh_item(link, struct coh_task, wait.link);
  struct coh_runtime *rt = coh_task_runtime(task);
  coh_assert(task->wait.place == COH_READY);
  task->wait.place = COH_RUNNING;
  rt->current = task;
  coh_trace_emit(rt->trace, COH_EVENT_STEP, task);
  step(task);  /* may free 'task' when it ended */
  rt->current = NULL;
}

COH_SEEN

#endif
