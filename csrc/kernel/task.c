/*
** Tasks: see task.h.
*/
#include "kernel/task.h"


static void init(struct coh_task *task, struct coh_runtime *rt, struct coh_scope *parent) {
  coh_scope_enter(&task->scope, rt, parent, COH_NEVER, false);
  task->scope.role = COH_SCOPE_TASK;
  task->current = &task->scope;
  task->result = COH_UNFINISHED;
  coh_wait_init(&task->wait);
  rt->tasks_live++;
  coh_trace_emit(rt->trace, COH_EVENT_SPAWN, task);
}


void coh_task_begin(struct coh_task *task, struct coh_runtime *rt, struct coh_scope *parent) {
  init(task, rt, parent);
  coh_wait_yield(rt, &task->wait);
}


void coh_task_begin_parked(struct coh_task *task, struct coh_runtime *rt, struct coh_scope *parent,
                           const struct coh_wait_kind *kind, struct coh_link *queue) {
  init(task, rt, parent);
  coh_wait_park(&task->wait, &task->scope.slot, kind, queue);
}


void coh_task_enter(struct coh_task *task, struct coh_scope *scope, int64_t deadline_ns, bool shield) {
  struct coh_scope *parent = task->current;
  task->current = scope;
  coh_scope_enter(scope, parent->slot.rt, parent, deadline_ns, shield);
}


void coh_task_leave(struct coh_task *task, struct coh_scope *scope) {
  coh_assert(task->current == scope);
  task->current = scope->parent;
  coh_scope_leave(scope);
}


bool coh_task_has_open(const struct coh_task *task, const struct coh_scope *scope) {
  const struct coh_scope *s;
  for (s = task->current; s != &task->scope; s = s->parent)
    if (s == scope) return true;
  return s == scope;
}


enum coh_result coh_task_cancelled_result(struct coh_task *task) {
  if (!coh_scope_catches(&task->scope)) return COH_WAS_INTERRUPTED;
  task->scope.caught = true;
  return COH_WAS_ABORTED;
}


void coh_task_end(struct coh_task *task, enum coh_result result) {
  struct coh_runtime *rt = coh_task_runtime(task);
  coh_assert(task->wait.place == COH_RUNNING);
  coh_assert(task->current == &task->scope);
  task->result = (uint8_t)result;
  task->wait.place = COH_DONE;
  coh_link_init(&task->wait.link);
  coh_scope_leave(&task->scope);
  rt->tasks_live--;
  coh_trace_emit(rt->trace, COH_EVENT_FINISH, task);
}
