/*
** Events: see event.h.
*/
#include "sync/event.h"

#include "glue/wait.h"
#include "lua/arg.h"


static void describe(lua_State *L, int object) {
  const struct coh_event_object *e = lua_touserdata(L, object);
  lua_pushstring(L, e->set ? "set" : "not set");
}


const struct coh_sync_class coh_event_class = {
  .noun = "event", .name = "cohort.Event", .size = sizeof(struct coh_event_object), .describe = describe};

static const struct coh_wait_kind kind = {.what = "an event"};


/* event:set() */
static int l_set(lua_State *L) {
  struct coh_event_object *e = coh_sync_check(L, &coh_event_class, "set");
  e->set = true;
  coh_wait_wake_all(&e->sync.waiters);
  return 0;
}


/* event:is_set() -> boolean */
static int l_is_set(lua_State *L) {
  const struct coh_event_object *e = coh_sync_check(L, &coh_event_class, "is_set");
  lua_pushboolean(L, e->set);
  return 1;
}


static int waited(lua_State *L, int status, lua_KContext context) {
  (void)status;
  coh_woken(L, context);
  return 0;
}


static int wait_now(lua_State *L, struct coh_fiber *f, struct coh_event_object *e) {
  if (e->set) return 0;
  coh_wait_park(&f->task.wait, &f->task.current->slot, &kind, &e->sync.waiters);
  return coh_yield(L, f, waited);
}


static int wait_try(lua_State *L, int status, lua_KContext context) {
  (void)status;
  return wait_now(L, coh_test(L, context), lua_touserdata(L, 1));
}


/* event:wait() */
static int l_wait(lua_State *L) {
  struct coh_event_object *e = coh_sync_check(L, &coh_event_class, "wait");
  struct coh_fiber *f;
  coh_check_no_limit(L, "event", "wait");
  f = coh_check_wait_in(e->sync.state, L);
  return coh_goes_on(f) ? wait_now(L, f, e) : coh_turn(L, f, wait_try);
}


/* event() -> event */
static int l_event(lua_State *L) {
  coh_sync_new(L, &coh_event_class);
  return 1;
}


static const luaL_Reg methods[] = {{"set", l_set}, {"is_set", l_is_set}, {"wait", l_wait}, {NULL, NULL}};
static const luaL_Reg metamethods[] = {{NULL, NULL}};


void coh_event_open(lua_State *L) {
  coh_sync_define(L, &coh_event_class, metamethods, methods);
  coh_sync_export(L, "event", l_event);
}
