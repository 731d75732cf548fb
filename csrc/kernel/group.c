/*
** Groups: see group.h.
*/
#include "kernel/group.h"


static const struct coh_wait_kind join_kind = {.what = "the end of a group", .refuses = true, .stays = true};
static const struct coh_wait_kind start_kind = {.what = "started", .refuses = true, .stays = true};
static const struct coh_wait_kind queued_kind = {.what = "a place in its group"};  /* a new task */


void coh_group_open(struct coh_group *group, struct coh_task *host, struct coh_scope *block, size_t limit,
                    bool collect) {
  group->host = host;
  group->around = block != NULL ? block : &group->scope;
  group->limit = limit;
  group->collect = collect;
  coh_link_init(&group->failed);
  coh_link_init(&group->body_failed);
  coh_link_init(&group->backlog);
  group->ordinary = group->daemons = group->pending = group->places = 0;
  group->spawned_any = group->body_ended = group->shut = false;
  group->interrupted = group->joining = false;
  coh_task_enter(host, group->around, COH_NEVER, false);
  if (block != NULL) {
    block->role = COH_SCOPE_BLOCK;
    coh_scope_enter(&group->scope, block->slot.rt, block, COH_NEVER, false);
  }
  group->scope.role = COH_SCOPE_GROUP;
}


bool coh_group_is_empty(const struct coh_group *group) {
  return group->ordinary == 0 && group->daemons == 0 && group->pending == 0;
}


static void cancel_tasks(struct coh_group *group, bool daemons_only, enum coh_reason reason) {
  struct coh_scope *s;
  for (s = coh_scope_oldest(&group->scope); s != NULL; s = coh_scope_next(s)) {
    if (s->role == COH_SCOPE_TASK && (!daemons_only || coh_item(s, struct coh_task, scope)->daemon))
      coh_scope_cancel(s, reason);
  }
}


void coh_group_shut(struct coh_group *group) {
  group->shut = true;
  cancel_tasks(group, false, COH_REASON_MISNESTING);
}


static bool has_daemons_only(const struct coh_group *group) {
  return group->body_ended && group->ordinary == 0 && group->pending == 0;
}


/* Wake a host that joins once the group is empty. */
static void check_end(struct coh_group *group) {
  if (!group->joining || !coh_group_is_empty(group)) return;
  group->joining = false;
  coh_wait_wake(&group->host->wait, COH_WOKEN);
}


/* The same after the end of anything but a daemon: when only daemons are left, cancel them. */
static void check_daemons(struct coh_group *group) {
  if (has_daemons_only(group)) cancel_tasks(group, true, COH_REASON_SHUTDOWN);
  check_end(group);
}


static bool is_full(const struct coh_group *group) {
  return group->limit != 0 && group->places >= group->limit;
}


/* A cancelled group has no limit: everything in it starts at once. */
static bool must_queue(const struct coh_group *group) {
  return is_full(group) && !coh_scope_is_cut(&group->scope) && !group->shut;
}


/* Hand free places to the oldest of the backlog: a task starts, a spawner wakes. */
static void grant_places(struct coh_group *group) {
  while (!coh_link_alone(&group->backlog) && !is_full(group)) {
    struct coh_task *next = coh_item(group->backlog.next, struct coh_task, wait.link);
    group->places++;
    if (next->wait.kind == &queued_kind) next->has_place = true;
    coh_wait_wake(&next->wait, COH_WOKEN);
  }
}


static void give_place(struct coh_group *group) {
  group->places--;
  grant_places(group);
}


bool coh_group_owns(const struct coh_group *group, const struct coh_task *task) {
  const struct coh_group *g;
  for (g = task->group; g != NULL; g = g->host->group)
    if (g == group) return true;
  return false;
}


bool coh_group_must_wait(const struct coh_group *group, const struct coh_task *spawner) {
  return must_queue(group) && !coh_group_owns(group, spawner);
}


static void admit(struct coh_group *group, struct coh_task *task, bool daemon) {
  task->group = group;
  task->daemon = daemon;
  group->spawned_any = true;
  if (daemon) group->daemons++;
  else group->ordinary++;
}


static void begin(struct coh_group *group, struct coh_task *task) {
  task->has_place = !task->daemon;
  group->places += task->has_place;
  coh_task_begin(task, group->scope.slot.rt, &group->scope);
  if (task->daemon && has_daemons_only(group)) coh_scope_cancel(&task->scope, COH_REASON_SHUTDOWN);
  if (group->shut) coh_scope_cancel(&task->scope, COH_REASON_MISNESTING);
}


/*
** In a cancelled group everything starts at once: what was handed to a task
** must reach code that can release it. Queued tasks get there by themselves,
** because the cancellation aborts the wait they are parked in.
*/
void coh_group_spawn(struct coh_group *group, struct coh_task *task, bool daemon) {
  admit(group, task, daemon);
  if (!daemon && must_queue(group))
    coh_task_begin_parked(task, group->scope.slot.rt, &group->scope, &queued_kind, &group->backlog);
  else
    begin(group, task);
}


void coh_group_spawn_granted(struct coh_group *group, struct coh_task *task) {
  admit(group, task, false);
  begin(group, task);
}


/* A spawner will not go on: give up the place that it waited for, or was just granted. */
static void spawner_died(struct coh_wait *w) {
  struct coh_task *spawner = coh_item(w, struct coh_task, wait);
  if (w->outcome == COH_WOKEN) coh_group_place_given_up(spawner);
  else coh_group_place_waited(spawner, false);
}

static const struct coh_wait_kind place_kind = {.what = "a place in a group", .forfeit = spawner_died};


void coh_group_wait_place(struct coh_group *group, struct coh_task *spawner) {
  group->pending++;
  coh_wait_park(&spawner->wait, &spawner->current->slot, &place_kind, &group->backlog);
  spawner->wait.of = group;
}


/* The group that 'spawner' waited for; its wait is over. */
static struct coh_group *take_waited(struct coh_task *spawner) {
  struct coh_group *group = spawner->wait.of;
  spawner->wait.kind = NULL;
  group->pending--;
  return group;
}


void coh_group_place_waited(struct coh_task *spawner, bool granted) {
  struct coh_group *group = take_waited(spawner);
  group->places -= granted;
  if (!granted) check_daemons(group);  /* granted: the spawn that follows keeps the group open */
}


void coh_group_place_given_up(struct coh_task *spawner) {
  struct coh_group *group = take_waited(spawner);
  give_place(group);
  check_daemons(group);
}


static void wake_starter(struct coh_task *task) {
  coh_wait_wake(task->scope.parent->slot.wait, COH_WOKEN);
}


void coh_group_start(struct coh_group *group, struct coh_task *task, struct coh_task *starter) {
  task->group = group;
  task->starting = task->has_place = true;
  group->spawned_any = true;
  group->pending++;
  group->places++;
  coh_task_begin(task, group->scope.slot.rt, starter->current);
  coh_wait_park(&starter->wait, &starter->current->slot, &start_kind, NULL);
}


void coh_group_adopt(struct coh_task *task) {
  struct coh_group *group = task->group;
  coh_assert(task->starting);
  wake_starter(task);
  task->starting = false;
  group->pending--;
  group->ordinary++;
  coh_scope_move(&task->scope, &group->scope);
  if (group->shut) coh_scope_cancel(&task->scope, COH_REASON_MISNESTING);
}


static void fail(struct coh_group *group, struct coh_link *failure, bool cancels) {
  coh_link_append(&group->failed, failure);
  if (cancels) coh_scope_cancel(group->around, COH_REASON_FAILURE);
}


void coh_group_task_ended(struct coh_task *task, enum coh_result result) {
  struct coh_group *group = task->group;
  if (task->starting) wake_starter(task);
  coh_task_end(task, result);
  if (task->starting) {
    group->pending--;
  } else {
    if (task->daemon) group->daemons--;
    else group->ordinary--;
    if (result == COH_WAS_INTERRUPTED) group->interrupted = true;
    if (result == COH_FAILED) fail(group, &task->wait.link, !group->collect && !group->shut);
  }
  if (task->has_place) give_place(group);
  if (task->daemon) check_end(group);
  else check_daemons(group);
}


void coh_group_body_ended(struct coh_group *group, bool failed, bool interrupted) {
  coh_assert(!group->body_ended);
  group->body_ended = true;
  if (interrupted) group->interrupted = true;
  if (failed) fail(group, &group->body_failed, !group->shut);
  check_daemons(group);
}


void coh_group_join(struct coh_group *group) {
  struct coh_task *host = group->host;
  if (coh_group_is_empty(group)) {
    coh_wait_yield(group->scope.slot.rt, &host->wait);
    return;
  }
  group->joining = true;
  coh_wait_park(&host->wait, &host->current->slot, &join_kind, NULL);
}


void coh_group_close(struct coh_group *group) {
  coh_assert(coh_group_is_empty(group));
  if (group->around != &group->scope) coh_scope_leave(&group->scope);
  coh_task_leave(group->host, group->around);
}
