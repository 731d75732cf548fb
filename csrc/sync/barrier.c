/*
** Barriers: see barrier.h. The last to arrive tells all others their places and
** goes on; with that the next round has begun, even if others have yet to run.
*/
#include "sync/barrier.h"

#include "glue/wait.h"
#include "lua/arg.h"


static void describe(lua_State *L, int object) {
  const struct coh_barrier *b = lua_touserdata(L, object);
  lua_pushfstring(L, "of %I", (LUAI_UACINT)b->parties);
}


const struct coh_sync_class coh_barrier_class = {
  .noun = "barrier", .name = "cohort.Barrier", .size = sizeof(struct coh_barrier), .describe = describe};


/* Cancelled while it waits: as if it had not arrived. */
static bool leave(struct coh_wait *w) {
  ((struct coh_barrier *)w->of)->arrived--;
  return true;
}

static const struct coh_wait_kind kind = {.what = "a barrier", .abort = leave};


/* The last has arrived: wake the others. Returns the place of the last. */
static lua_Integer open_up(struct coh_barrier *b) {
  struct coh_wait *w;
  lua_Integer place = 0;
  while ((w = coh_sync_first(&b->sync)) != NULL) {
    w->of = (void *)(intptr_t)++place;
    coh_wait_wake(w, COH_WOKEN);
  }
  b->arrived = 0;
  return place + 1;
}


static int waited(lua_State *L, int status, lua_KContext context) {
  struct coh_fiber *f = coh_woken(L, context);
  (void)status;
  lua_pushinteger(L, (lua_Integer)(intptr_t)f->task.wait.of);
  return 1;
}


static int wait_try(lua_State *L, int status, lua_KContext context) {
  struct coh_fiber *f = coh_test(L, context);
  struct coh_barrier *b = lua_touserdata(L, 1);
  (void)status;
  if (b->arrived + 1 == b->parties) {
    lua_pushinteger(L, open_up(b));
    return 1;
  }
  b->arrived++;
  coh_wait_park(&f->task.wait, &f->task.current->slot, &kind, &b->sync.waiters);
  f->task.wait.of = b;
  return coh_yield(L, f, waited);
}


/* barrier:wait() -> place */
static int l_wait(lua_State *L) {
  coh_sync_check(L, &coh_barrier_class, "wait");
  coh_check_no_limit(L, "barrier", "wait");
  lua_settop(L, 1);
  return coh_begin(L, wait_try);
}


/* barrier(n) -> barrier */
static int l_barrier(lua_State *L) {
  lua_Integer parties = coh_sync_check_count(L, 1, "barrier", 1, false);
  struct coh_barrier *b = coh_sync_new(L, &coh_barrier_class);
  b->parties = parties;
  return 1;
}


static const luaL_Reg methods[] = {{"wait", l_wait}, {NULL, NULL}};
static const luaL_Reg metamethods[] = {{NULL, NULL}};


void coh_barrier_open(lua_State *L) {
  coh_sync_define(L, &coh_barrier_class, metamethods, methods);
  coh_sync_export(L, "barrier", l_barrier);
}
