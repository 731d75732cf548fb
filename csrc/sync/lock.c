/*
** Locks: see lock.h. The owner changes at the release, not when the new one runs:
** so the end of an owner is noticed whatever it was doing.
*/
#include "sync/lock.h"

#include <string.h>

#include "errors/error.h"
#include "glue/fibername.h"
#include "glue/reuse.h"
#include "glue/wait.h"
#include "glue/waiter.h"
#include "lua/arg.h"

void coh_lock_describe(lua_State *L, const struct coh_lock *k) {
  if (k->broken) {
    lua_pushliteral(L, "broken");
  } else if (k->owner == NULL) {
    lua_pushliteral(L, "free");
  } else {
    coh_fiber_push_name(L, k->owner);
    lua_pushfstring(L, "held by task '%s'", lua_tostring(L, -1));
    lua_replace(L, -2);
  }
}


static void describe(lua_State *L, int object) {
  coh_lock_describe(L, lua_touserdata(L, object));
}


/* {{ The owner */

void coh_lock_own(struct coh_lock *k, struct coh_fiber *f) {
  k->owner = f;
  coh_link_append(&f->extra->held, &k->held.link);
}


void coh_lock_hand_over(struct coh_lock *k) {
  struct coh_wait *w = coh_sync_first(&k->sync);
  coh_link_remove(&k->held.link);
  k->owner = NULL;
  if (w == NULL) return;
  coh_lock_own(k, coh_item(w, struct coh_fiber, task.wait));
  coh_wait_wake(w, COH_WOKEN);
}


/* The new value of k->dead: a copy of 'name', NULL for NULL or without memory. Raises nothing. */
static char *copy_name(lua_State *L, struct coh_lock *k, const char *name) {
  void *ud;
  lua_Alloc allocate = lua_getallocf(L, &ud);
  size_t size = name == NULL ? 0 : strlen(name) + 1;
  char *dead = allocate(ud, k->dead, k->dead == NULL ? 0 : strlen(k->dead) + 1, size);
  if (dead != NULL) memcpy(dead, name, size);
  return dead;
}


/* Wake all of a queue, with nothing that they would have to pass on. */
static void send_off(struct coh_link *queue) {
  while (!coh_link_alone(queue)) coh_waiter_send_off(coh_item(queue->next, struct coh_wait, link));
}


/* The owner has ended: the lock breaks, and all waiters of the lock and of its conditions wake. */
static void owner_ended(lua_State *L, struct coh_held *held, const char *name) {
  struct coh_lock *k = coh_item(held, struct coh_lock, held);
  k->owner = NULL;
  k->broken = true;
  if (name != NULL) k->dead = copy_name(L, k, name);
  send_off(&k->sync.waiters);
  while (!coh_link_alone(&k->conditions)) {
    struct coh_condition *c = coh_item(k->conditions.next, struct coh_condition, link);
    coh_link_remove(&c->link);
    send_off(&c->sync.waiters);
  }
}


void coh_lock_check_whole(lua_State *L, const struct coh_lock *k) {
  const char *name = k->dead != NULL ? k->dead : "?";
  if (!k->broken) return;
  lua_pushfstring(L, "this lock is broken: its owner, task '%s', ended without releasing it: write "
                     "lock:with(f, ...), or local _ <close> = lock:hold()", name);
  coh_error_push(L, COH_BROKEN, lua_tostring(L, -1));
  lua_pushstring(L, name);
  lua_setfield(L, -2, "owner");
  lua_error(L);
}

/* }} */


/* {{ Holding */

void coh_lock_check_owner(lua_State *L, const struct coh_lock *k, const char *what, const char *mend) {
  if (k->owner == coh_check_task_in(k->sync.state, L)) return;
  coh_lock_describe(L, k);
  coh_misuse(L, "%s: this task does not hold the lock, which is %s%s", what, lua_tostring(L, -1), mend);
}


static void check(lua_State *L, void *o, const char *what) {
  const struct coh_lock *k = o;
  struct coh_fiber *f = coh_check_task_in(k->sync.state, L);
  if (k->sync.collected) {  /* a finalizer resurrected it with its condition, which is at 1 */
    lua_getiuservalue(L, 1, COH_UV_LOCK);
    coh_sync_revive(L, -1);
    lua_pop(L, 1);
  }
  if (k->owner == f)
    coh_misuse(L, "%s: this task holds the lock already, and would wait for itself: release it first, or "
                  "leave the inner %s out", what, what);
  coh_fiber_extra(L, f);
}


static bool take(lua_State *L, void *o, struct coh_fiber *f) {
  struct coh_lock *k = o;
  coh_lock_check_whole(L, k);
  if (k->owner != NULL) return false;
  coh_lock_own(k, f);
  return true;
}


/* The new owner has not touched what the lock guards: the lock goes on to the next, and is not broken. */
static void forfeit(struct coh_wait *w) {
  struct coh_lock *k = w->of;
  if (k->owner == coh_item(w, struct coh_fiber, task.wait)) coh_lock_hand_over(k);
}

static const struct coh_wait_kind kind = {.what = "a lock", .forfeit = forfeit};


static void park(void *o, struct coh_fiber *f) {
  struct coh_lock *k = o;
  coh_wait_park(&f->task.wait, &f->task.current->slot, &kind, &k->sync.waiters);
  f->task.wait.of = k;
}


static void arrive(lua_State *L, void *o) {
  coh_lock_check_whole(L, o);
}


/* Nobody has a broken lock to give back, and trying is no misuse. */
static bool give(void *o, struct coh_fiber *f) {
  struct coh_lock *k = o;
  if (k->broken) return true;
  if (f == NULL || k->owner != f) return false;
  coh_lock_hand_over(k);
  return true;
}


static int refuse(lua_State *L, void *o, const char *what) {
  coh_lock_check_owner(L, o, what, "");
  return 0;
}


const struct coh_holding coh_lock_holding = {
  .check = check, .take = take, .park = park, .arrive = arrive, .give = give, .refuse = refuse};

const struct coh_sync_class coh_lock_class = {
  .noun = "lock", .name = "cohort.Lock", .size = sizeof(struct coh_lock), .describe = describe,
  .holding = &coh_lock_holding};

/* }} */


/* __gc: a lock that is collected while it is held is held no more */
static int l_gc(lua_State *L) {
  struct coh_lock *k = coh_sync_test(L, 1, &coh_lock_class);
  if (k == NULL) return 0;
  coh_sync_collected(&k->sync);
  if (k->owner != NULL) coh_wait_disown(&k->owner->task.wait, &kind, k);
  coh_link_remove(&k->held.link);
  k->owner = NULL;
  if (k->dead != NULL) k->dead = copy_name(L, k, NULL);
  return 0;
}


struct coh_lock *coh_lock_new(lua_State *L) {
  struct coh_lock *k = coh_sync_new(L, &coh_lock_class);
  coh_link_init(&k->held.link);
  coh_link_init(&k->conditions);
  k->held.ended = owner_ended;
  return k;
}


/* lock() -> lock */
static int l_lock(lua_State *L) {
  coh_lock_new(L);
  return 1;
}


static const luaL_Reg methods[] = {COH_HOLD_VERBS, {NULL, NULL}};
static const luaL_Reg metamethods[] = {{"__gc", l_gc}, {NULL, NULL}};


void coh_lock_open(lua_State *L) {
  coh_sync_define(L, &coh_lock_class, metamethods, methods);
  coh_sync_export(L, "lock", l_lock);
}
