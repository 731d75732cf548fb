/*
** Holding: see hold.h. All that acquires is misuse, or raises Cancelled, before
** it has taken anything; once it has, nothing raises before the caller can give
** it back.
**
**   with:  1 object   2 handler   3.. function and arguments, then results or error
**   hold:  1 object   2 guard
*/
#include "sync/hold.h"

#include "glue/arg.h"
#include "glue/note.h"
#include "glue/scopes.h"
#include "glue/wait.h"

/* What an object means: itself, or the lock of a condition. */
static void *subject(struct coh_sync *o) {
  return o->class->subject == NULL ? o : o->class->subject(o);
}


/* What is at 1 can be acquired by the running task; else misuse of 'what'. [-0, +0, v] */
static void check_acquire(lua_State *L, const char *what) {
  struct coh_sync *o = coh_sync_check(L, coh_sync_class_here(L), what);
  if (o->class->holding->check != NULL) o->class->holding->check(L, subject(o), what);
}


/* Take what is at 1. True: done. False: parked, yield. [-0, +0, v] */
static bool take(lua_State *L, struct coh_fiber *f) {
  struct coh_sync *o = lua_touserdata(L, 1);
  const struct coh_holding *holding = o->class->holding;
  if (holding->take(L, subject(o), f)) return true;
  holding->park(subject(o), f);
  return false;
}


/* After the park: what is at 1 is held now. [-0, +0, e] */
static struct coh_fiber *arrive(lua_State *L, lua_KContext context) {
  struct coh_sync *o = lua_touserdata(L, 1);
  struct coh_fiber *f = coh_woken(L, context);
  if (o->class->holding->arrive != NULL) o->class->holding->arrive(L, subject(o));
  return f;
}


/* Give 'o' back for the running task. When that cannot be, say so, unless 'what' is NULL. [-0, +0, v] */
static void give(lua_State *L, struct coh_sync *o, const char *what) {
  struct coh_state *S = coh_state_here(L);
  if (o->class->holding->give(subject(o), coh_running(S)) || what == NULL) return;
  if (S->closing && S->loop.opened) return;  /* nobody is left to have it */
  o->class->holding->refuse(L, subject(o), what);
}


/* {{ The plain verbs */

static int acquired(lua_State *L, int status, lua_KContext context) {
  (void)status;
  arrive(L, context);
  return 0;
}


static int acquire_try(lua_State *L, int status, lua_KContext context) {
  struct coh_fiber *f = coh_test(L, context);
  (void)status;
  return take(L, f) ? 0 : coh_yield(L, f, acquired);
}


/* acquire() */
int coh_hold_l_acquire(lua_State *L) {
  check_acquire(L, "acquire");
  return coh_begin(L, acquire_try);
}


/* try_acquire() -> boolean */
int coh_hold_l_try_acquire(lua_State *L) {
  struct coh_sync *o = coh_sync_check(L, coh_sync_class_here(L), "try_acquire");
  check_acquire(L, "try_acquire");
  lua_pushboolean(L, o->class->holding->take(L, subject(o), coh_running(coh_state_here(L))));
  return 1;
}


/* release() */
int coh_hold_l_release(lua_State *L) {
  give(L, coh_sync_check(L, coh_sync_class_here(L), "release"), "release");
  return 0;
}

/* }} */


/* {{ with */

/*
** The function has ended: give back what is at 1, and hand its outcome on. The
** running task counts: a coroutine of the user's may have been resumed elsewhere.
*/
static int with_ended(lua_State *L, int status, lua_KContext context) {
  struct coh_fiber *f = coh_running(coh_state_here(L));
  bool failed = status != LUA_OK && status != LUA_YIELD;
  (void)context;
  give(L, lua_touserdata(L, 1), failed ? NULL : "the end of with");
  if (!failed) return lua_gettop(L) - 2;
  return f != NULL ? coh_rethrow(L, f) : lua_error(L);
}


static int with_call(lua_State *L, int status, lua_KContext context) {
  (void)status;
  status = lua_pcallk(L, lua_gettop(L) - 3, LUA_MULTRET, 2, context, with_ended);
  coh_fiber_at(context)->depth--;
  return with_ended(L, status, context);
}


/* What is at 1 is held: call the function, from an empty C stack when that is nearly full. */
static int with_held(lua_State *L, struct coh_fiber *f) {
  if (coh_too_deep(L, f)) return coh_yield(L, f, with_call);
  return with_call(L, LUA_OK, coh_context(f));
}


static int with_acquired(lua_State *L, int status, lua_KContext context) {
  (void)status;
  return with_held(L, arrive(L, context));
}


static int with_try(lua_State *L, int status, lua_KContext context) {
  struct coh_fiber *f = coh_test(L, context);
  (void)status;
  return take(L, f) ? with_held(L, f) : coh_yield(L, f, with_acquired);
}


/* with(f, ...) -> results... */
int coh_hold_l_with(lua_State *L) {
  coh_sync_check(L, coh_sync_class_here(L), "with");
  coh_check_callable(L, 2, "with");
  check_acquire(L, "with");
  lua_pushcfunction(L, coh_note_handler);
  lua_insert(L, 2);
  return coh_begin(L, with_try);
}

/* }} */


/* {{ hold, and guards */

/* What 'hold' returns, to be put into a <close> variable; the object is its user value. */
struct coh_guard {
  struct coh_sync sync;   /* nobody waits for it */
  struct coh_sync *held;  /* borrowed; NULL before it is held and after that */
};


static void describe_guard(lua_State *L, int object) {
  const struct coh_guard *g = lua_touserdata(L, object);
  if (g->held == NULL) lua_pushliteral(L, "closed");
  else lua_pushfstring(L, "of a %s", g->held->class->noun);
}


static const struct coh_sync_class guard_class = {
  .noun = "guard", .name = "cohort.Guard", .size = sizeof(struct coh_guard), .values = 1,
  .describe = describe_guard};


/* __close(guard, err): an error that is on its way goes on */
static int l_close(lua_State *L) {
  struct coh_guard *g = coh_sync_check(L, &guard_class, "__close");
  struct coh_sync *o = g->held;
  g->held = NULL;
  if (o != NULL) give(L, o, lua_isnoneornil(L, 2) ? "the end of hold" : NULL);
  return 0;
}


static int hold_held(lua_State *L) {
  struct coh_guard *g = lua_touserdata(L, 2);
  g->held = lua_touserdata(L, 1);
  return 1;
}


static int hold_acquired(lua_State *L, int status, lua_KContext context) {
  (void)status;
  arrive(L, context);
  return hold_held(L);
}


static int hold_try(lua_State *L, int status, lua_KContext context) {
  struct coh_fiber *f = coh_test(L, context);
  (void)status;
  return take(L, f) ? hold_held(L) : coh_yield(L, f, hold_acquired);
}


/* hold() -> guard */
int coh_hold_l_hold(lua_State *L) {
  check_acquire(L, "hold");
  lua_settop(L, 1);
  coh_sync_new(L, &guard_class);
  lua_pushvalue(L, 1);
  lua_setiuservalue(L, 2, 1);
  return coh_begin(L, hold_try);
}


static const luaL_Reg guard_metamethods[] = {{"__close", l_close}, {NULL, NULL}};
static const luaL_Reg guard_methods[] = {{NULL, NULL}};


void coh_hold_open(lua_State *L) {
  coh_sync_define(L, &guard_class, guard_metamethods, guard_methods, NULL);
}

/* }} */
