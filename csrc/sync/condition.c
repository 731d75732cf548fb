/*
** Conditions: see condition.h. A task that is notified moves from the condition's
** queue to the lock's and runs when it is handed the lock, so none wakes in vain.
**
** A wait that is cancelled must have the lock before it raises. If the lock is
** free it gets it at once; else it refuses the abort, queues for the lock as if
** it were notified, and raises Cancelled when it has it. A wait that was notified
** before, but has no lock yet, passes the notification on; so does one whose
** coroutine was closed by hand, and the lock too if it has that.
*/
#include "sync/condition.h"

#include "glue/wait.h"
#include "glue/waiter.h"
#include "lua/arg.h"


static void describe(lua_State *L, int object) {
  const struct coh_condition *c = lua_touserdata(L, object);
  lua_pushliteral(L, "lock ");
  coh_lock_describe(L, c->lock);
  lua_concat(L, 2);
}


static void *subject(void *o) {
  return ((struct coh_condition *)o)->lock;
}


const struct coh_sync_class coh_condition_class = {
  .noun = "condition", .name = "cohort.Condition", .size = sizeof(struct coh_condition),
  .values = COH_UV_LOCK, .describe = describe, .holding = &coh_lock_holding, .subject = subject};


/* {{ The two queues */

/* The lock knows the conditions that are waited for, and only those. */
static void settle(struct coh_condition *c) {
  if (coh_link_alone(&c->sync.waiters)) coh_link_remove(&c->link);
}


/* Let the first who waits queue for the lock instead, if there is one. */
static bool notify_one(struct coh_condition *c) {
  struct coh_wait *w = coh_sync_first(&c->sync);
  if (w == NULL) return false;
  coh_wait_move(w, &coh_relock_kind, &c->lock->sync.waiters);
  settle(c);
  return true;
}


/* Cancelled before it was notified: it takes the lock, or queues for it. */
static bool abort_wait(struct coh_wait *w) {
  struct coh_condition *c = w->of;
  bool is_free = c->lock->owner == NULL;
  if (is_free) {
    coh_link_remove(&w->link);
    coh_lock_own(c->lock, coh_item(w, struct coh_fiber, task.wait));
  } else {
    coh_wait_move(w, &coh_relock_kind, &c->lock->sync.waiters);
  }
  settle(c);
  return is_free;
}


/* Cancelled after it was notified: notify another one instead, and keep waiting for the lock. */
static bool abort_relock(struct coh_wait *w) {
  notify_one(w->of);
  return false;
}


/* It was given the lock and will not use it. */
static void forfeit_wait(struct coh_wait *w) {
  struct coh_condition *c = w->of;
  if (c->lock->owner == coh_item(w, struct coh_fiber, task.wait)) coh_lock_hand_over(c->lock);
}


static void forfeit_relock(struct coh_wait *w) {
  if (!w->abort_refused) notify_one(w->of);  /* else it was cancelled, and has done so if it had to */
  forfeit_wait(w);
}


static const struct coh_wait_kind kind = {
  .what = "a condition", .abort = abort_wait, .forfeit = forfeit_wait};
const struct coh_wait_kind coh_relock_kind = {
  .what = "the lock of a condition", .abort = abort_relock, .forfeit = forfeit_relock, .lets_go = true,
  .stays = true};

/* }} */


/* {{ Waiting */

static const char mend[] = ": write local _ <close> = condition:hold() before it";


static void park(struct coh_condition *c, struct coh_fiber *f) {
  if (coh_link_alone(&c->link)) coh_link_append(&c->lock->conditions, &c->link);
  coh_wait_park(&f->task.wait, &f->task.current->slot, &kind, &c->sync.waiters);
  f->task.wait.of = c;
  coh_lock_hand_over(c->lock);
}


/* After the park: the task has the lock again, or it broke, or all was stuck and the wait ended by force. */
static void arrive(lua_State *L, lua_KContext context) {
  const struct coh_condition *c = lua_touserdata(L, 1);
  struct coh_fiber *f = coh_resumed(L, context);
  f->task.wait.kind = NULL;  /* what it was woken with is seen */
  coh_lock_check_whole(L, c->lock);
  if (f->task.wait.outcome == COH_WAIT_CANCELLED || f->task.wait.abort_refused) coh_raise_cancelled(L, f);
}


static int waited(lua_State *L, int status, lua_KContext context) {
  (void)status;
  arrive(L, context);
  return 0;
}


static int wait_try(lua_State *L, int status, lua_KContext context) {
  struct coh_fiber *f = coh_test(L, context);
  (void)status;
  park(lua_touserdata(L, 1), f);
  return coh_yield(L, f, waited);
}


/* condition:wait() */
static int l_wait(lua_State *L) {
  const struct coh_condition *c = coh_sync_check(L, &coh_condition_class, "wait");
  coh_check_no_limit(L, "condition", "wait");
  coh_lock_check_owner(L, c->lock, "wait", mend);
  return coh_begin(L, wait_try);
}


static int wait_for_try(lua_State *L, int status, lua_KContext context);

static int wait_for_woken(lua_State *L, int status, lua_KContext context) {
  arrive(L, context);
  return wait_for_try(L, status, context);
}


/* The predicate, which may have waited, has answered. */
static int wait_for_asked(lua_State *L, int status, lua_KContext context) {
  struct coh_condition *c = lua_touserdata(L, 1);
  struct coh_fiber *f;
  (void)status;
  (void)context;
  if (lua_toboolean(L, -1)) return 1;
  lua_settop(L, 2);
  f = coh_check_wait(L);
  coh_lock_check_owner(L, c->lock, "wait_for", mend);
  coh_test(L, coh_context(f));
  park(c, f);
  return coh_yield(L, f, wait_for_woken);
}


/* Ask the predicate at 2. */
static int wait_for_try(lua_State *L, int status, lua_KContext context) {
  coh_test(L, context);
  lua_pushvalue(L, 2);
  lua_callk(L, 0, 1, context, wait_for_asked);
  return wait_for_asked(L, status, context);
}


/* condition:wait_for(predicate) -> what the predicate returned */
static int l_wait_for(lua_State *L) {
  const struct coh_condition *c = coh_sync_check(L, &coh_condition_class, "wait_for");
  coh_check_callable_of(L, 2, "wait_for", "condition:wait_for(");
  coh_lock_check_owner(L, c->lock, "wait_for", mend);
  lua_settop(L, 2);
  return coh_begin(L, wait_for_try);
}

/* }} */


/* condition:notify([n]) */
static int l_notify(lua_State *L) {
  struct coh_condition *c = coh_sync_check(L, &coh_condition_class, "notify");
  lua_Integer count = lua_isnoneornil(L, 2) ? 1 : coh_sync_check_count(L, 2, "notify", 0, true);
  coh_lock_check_owner(L, c->lock, "notify", mend);
  while (count-- > 0 && notify_one(c)) continue;
  return 0;
}


/* condition:notify_all() */
static int l_notify_all(lua_State *L) {
  struct coh_condition *c = coh_sync_check(L, &coh_condition_class, "notify_all");
  coh_lock_check_owner(L, c->lock, "notify_all", mend);
  while (notify_one(c)) continue;
  return 0;
}


/* Was this a wait for 'c', and is it now for its lock? */
static bool is_relock_of(const struct coh_wait *w, const struct coh_condition *c) {
  return (w->kind == &kind || w->kind == &coh_relock_kind) && w->of == c;
}


/*
** __gc: the coroutines of all its waiters are closed, else they would have kept it; so are those of notified
** tasks that wait for the lock, or were given it. The lock is older, so it still exists while this runs.
*/
static int l_gc(lua_State *L) {
  struct coh_condition *c = coh_sync_test(L, 1, &coh_condition_class);
  struct coh_link *l, *next;
  struct coh_wait *owner;
  if (c == NULL) return 0;
  coh_sync_collected(&c->sync);
  coh_link_remove(&c->link);
  for (l = c->lock->sync.waiters.next; l != &c->lock->sync.waiters; l = next) {
    struct coh_wait *w = coh_item(l, struct coh_wait, link);
    next = l->next;
    if (is_relock_of(w, c)) coh_waiter_send_off(w);
  }
  owner = c->lock->owner == NULL ? NULL : &c->lock->owner->task.wait;
  if (owner != NULL && owner->place == COH_READY && is_relock_of(owner, c)) {
    owner->kind = NULL;
    coh_lock_hand_over(c->lock);
  }
  return 0;
}


/* condition([lock]) -> condition */
static int l_condition(lua_State *L) {
  struct coh_condition *c;
  struct coh_lock *k;
  if (lua_isnoneornil(L, 1)) {
    lua_settop(L, 0);
    k = coh_lock_new(L);
  } else {
    k = coh_sync_test(L, 1, &coh_lock_class);
    if (k == NULL)
      return coh_misuse(L, "condition expects a lock or nothing, got %s: write "
                           "cohort.condition(cohort.lock())", coh_type_name(L, 1));
  }
  c = coh_sync_new(L, &coh_condition_class);
  coh_link_init(&c->link);
  c->lock = k;
  lua_pushvalue(L, 1);
  lua_setiuservalue(L, -2, COH_UV_LOCK);
  return 1;
}


static const luaL_Reg methods[] = {
  COH_HOLD_VERBS,         {"wait", l_wait},
  {"wait_for", l_wait_for}, {"notify", l_notify}, {"notify_all", l_notify_all}, {NULL, NULL}};
static const luaL_Reg metamethods[] = {{"__gc", l_gc}, {NULL, NULL}};


void coh_condition_open(lua_State *L) {
  coh_sync_define(L, &coh_condition_class, metamethods, methods);
  coh_sync_export(L, "condition", l_condition);
}
