/*
** Semaphores: see semaphore.h.
*/
#include "sync/semaphore.h"

#include "lua/arg.h"

#define GUARD 1  /* user value: the guard of 'with' */

static void describe(lua_State *L, int object) {
  const struct coh_semaphore *s = lua_touserdata(L, object);
  if (s->max == LUA_MAXINTEGER) lua_pushfstring(L, "%I available", (LUAI_UACINT)s->available);
  else lua_pushfstring(L, "%I of %I available", (LUAI_UACINT)s->available, (LUAI_UACINT)s->max);
}


/* {{ Holding */

static bool take(lua_State *L, void *o, struct coh_fiber *f) {
  struct coh_semaphore *s = o;
  (void)L;
  (void)f;
  if (s->available == 0) return false;
  s->available--;
  return true;
}


static bool give(void *o, struct coh_fiber *f) {
  struct coh_semaphore *s = o;
  (void)f;
  if (coh_wait_wake_one(&s->sync.waiters)) {
    s->handed++;
    return true;
  }
  if (s->available == s->max) return false;
  s->available++;
  return true;
}


static void forfeit(struct coh_wait *w) {
  struct coh_semaphore *s = w->of;
  if (w->outcome != COH_WOKEN) return;
  s->handed--;
  give(s, NULL);
}

static const struct coh_wait_kind kind = {.what = "a semaphore", .forfeit = forfeit};


static void park(void *o, struct coh_fiber *f) {
  struct coh_semaphore *s = o;
  coh_wait_park(&f->task.wait, &f->task.current->slot, &kind, &s->sync.waiters);
  f->task.wait.of = s;
}


static void arrive(lua_State *L, void *o) {
  struct coh_semaphore *s = o;
  (void)L;
  s->handed--;
}


static int refuse(lua_State *L, void *o, const char *what) {
  const struct coh_semaphore *s = o;
  return coh_misuse(L, "%s: all %lld permits of this semaphore are there: it is released once for each time "
                       "it was acquired", what, (long long)s->max);
}


static const struct coh_holding holding = {
  .take = take, .park = park, .arrive = arrive, .give = give, .refuse = refuse,
  .several = "permits: call it once for each", .guard = GUARD};

/* }} */


/* semaphore.available */
static int get_available(lua_State *L) {
  const struct coh_semaphore *s = coh_sync_check(L, &coh_semaphore_class, "field");
  lua_pushinteger(L, s->available);
  return 1;
}


static const luaL_Reg fields[] = {{"available", get_available}, {NULL, NULL}};

const struct coh_sync_class coh_semaphore_class = {
  .noun = "semaphore", .name = "cohort.Semaphore", .size = sizeof(struct coh_semaphore), .values = GUARD,
  .describe = describe, .holding = &holding, .fields = fields};


/* __gc: permits handed to coroutines that were closed before they went on are gone with it */
static int l_gc(lua_State *L) {
  struct coh_semaphore *s = coh_sync_test(L, 1, &coh_semaphore_class);
  if (s == NULL) return 0;
  coh_sync_collected(&s->sync);
  if (s->handed > 0) coh_wait_disown_ready(&s->sync.state->loop.rt, &kind, s);
  return 0;
}


/* semaphore(n [, max]) -> semaphore */
static int l_semaphore(lua_State *L) {
  lua_Integer available = coh_sync_check_count(L, 1, "semaphore", 0, false), max = LUA_MAXINTEGER;
  struct coh_semaphore *s;
  if (!lua_isnoneornil(L, 2)) {
    max = coh_sync_check_count(L, 2, "semaphore", 1, true);
    if (max < available)
      return coh_misuse(L, "semaphore expects a maximum that is not below the %lld it starts with, got %lld",
                        (long long)available, (long long)max);
  }
  s = coh_sync_new(L, &coh_semaphore_class);
  s->available = available;
  s->max = max;
  return 1;
}


static const luaL_Reg methods[] = {COH_HOLD_VERBS, {NULL, NULL}};
static const luaL_Reg metamethods[] = {{"__gc", l_gc}, {NULL, NULL}};


void coh_semaphore_open(lua_State *L) {
  coh_sync_define(L, &coh_semaphore_class, metamethods, methods);
  coh_sync_export(L, "semaphore", l_semaphore);
}
