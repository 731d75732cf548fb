/*
** Holding: see hold.h. A verb that acquires raises, misuse or Cancelled, only before
** it has taken anything; once it has, nothing raises before the caller can give
** it back.
**
**   with:  1 object   2 guard or nil   3 handler   4.. function and arguments, then results or error
**   hold:  1 object   2 guard
**
** A guard gives back also when the coroutine is closed by force. With 'hold' it is the caller's
** '<close>' variable; 'with' has one of its own, for what nobody in particular holds. That one is
** shared by all calls of 'with' on the same object, so that none but the first allocates.
*/
#include "sync/hold.h"

#include <math.h>
#include <stdio.h>

#include "glue/handler.h"
#include "glue/wait.h"
#include "lua/arg.h"

/* What is held by holding an object: itself, or the lock of a condition. */
static void *subject(struct coh_sync *o) {
  return o->class->subject == NULL ? o : o->class->subject(o);
}


/* The object at 1, which the running task must be able to acquire; else misuse of 'what'. [-0, +0, v] */
static struct coh_sync *check_acquire(lua_State *L, const char *what) {
  struct coh_sync *o = coh_sync_check(L, coh_sync_class_here(L), what);
  if (o->class->holding->check != NULL) o->class->holding->check(L, subject(o), what);
  return o;
}


/* Take 'o', which is at 1. True: done. False: parked, yield. Taking may run a finalizer. [-0, +0, e] */
static bool take(lua_State *L, struct coh_fiber *f, struct coh_sync *o) {
  const struct coh_holding *holding = o->class->holding;
  if (holding->take(L, subject(o), f)) return true;
  if (coh_task_cancelled(&f->task)) coh_raise_cancelled(L, f);
  holding->park(subject(o), f);
  return false;
}


/* After the park: what is at 1 is held now, and is no longer forfeited. [-0, +0, e] */
static struct coh_fiber *arrive(lua_State *L, lua_KContext context) {
  struct coh_sync *o = lua_touserdata(L, 1);
  struct coh_fiber *f = coh_arrived(L, context);
  if (o->class->holding->arrive != NULL) o->class->holding->arrive(L, subject(o));
  return f;
}


/* Give 'o' back for the running task. If it cannot, raise that, unless 'what' is NULL. [-0, +0, v] */
static void give(lua_State *L, struct coh_sync *o, const char *what) {
  struct coh_state *S = o->state;
  if (o->class->holding->give(subject(o), coh_running(S)) || what == NULL) return;
  if (S->closing && S->loop.opened) return;  /* nobody is left to have it */
  o->class->holding->refuse(L, subject(o), what);
}


/*
** Refuse what a script wrote behind the object: a number, perhaps of how many to take, or as a time limit for
** what waits; or false, so that it does not wait. [-0, +0, v]
*/
__attribute__((cold, noinline))
static void refuse_argument(lua_State *L, const struct coh_sync_class *class, const char *what, bool waits) {
  const char *several = class->holding->several, *noun = class->noun;
  lua_Number n = lua_tonumber(L, 2);
  if (waits && lua_isboolean(L, 2) && !lua_toboolean(L, 2) && coh_is_written(L, true))
    coh_misuse(L, "%s waits: write %s:try_acquire(), which does not", what, noun);
  if (several == NULL || lua_type(L, 2) != LUA_TNUMBER || n != floor(n) || !coh_is_written(L, true)) {
    if (waits) coh_refuse_limit(L, noun, what);
  } else if (waits) {
    coh_misuse(L, "%s takes no time limit: write cohort.move_on_after(%.14g, %s.%s, %s), or fail_after; "
                  "nor a number of %s", what, (double)n, noun, what, noun, several);
  } else {
    coh_misuse(L, "%s takes no number of %s", what, several);
  }
}


static void check_alone(lua_State *L, const struct coh_sync_class *class, const char *what, bool waits) {
  if (lua_gettop(L) == 2) refuse_argument(L, class, what, waits);
}


/* {{ The plain verbs */

static int acquired(lua_State *L, int status, lua_KContext context) {
  (void)status;
  arrive(L, context);
  return 0;
}


static int acquire_now(lua_State *L, struct coh_fiber *f, struct coh_sync *o) {
  return take(L, f, o) ? 0 : coh_yield(L, f, acquired);
}


static int acquire_try(lua_State *L, int status, lua_KContext context) {
  struct coh_fiber *f = coh_test(L, context);
  (void)status;
  return acquire_now(L, f, lua_touserdata(L, 1));
}


/* acquire() */
int coh_hold_l_acquire(lua_State *L) {
  struct coh_sync *o = check_acquire(L, "acquire");
  struct coh_fiber *f;
  check_alone(L, o->class, "acquire", true);
  f = coh_check_wait_in(o->state, L);
  return coh_goes_on(f) ? acquire_now(L, f, o) : coh_turn(L, f, acquire_try);
}


/* try_acquire() -> boolean */
int coh_hold_l_try_acquire(lua_State *L) {
  struct coh_sync *o = check_acquire(L, "try_acquire");
  check_alone(L, o->class, "try_acquire", false);
  lua_pushboolean(L, o->class->holding->take(L, subject(o), coh_running(o->state)));
  return 1;
}


/* release() */
int coh_hold_l_release(lua_State *L) {
  struct coh_sync *o = coh_sync_check(L, coh_sync_class_here(L), "release");
  check_alone(L, o->class, "release", false);
  give(L, o, "release");
  return 0;
}

/* }} */


/* {{ Guards */

enum { OBJECT = 1, GUARD, HANDLER };  /* slots */

/* What is put into a <close> variable, of 'with' or of the caller; the object is its user value. */
struct coh_guard {
  struct coh_sync sync;   /* nobody waits for it */
  struct coh_sync *held;  /* borrowed; NULL before it is held and after that */
  bool shared;            /* of 'with': all calls of it on the object have this guard */
  bool given;             /* of 'with', while a call returns: that one has given back already */
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
  bool given = g->given;
  g->given = false;
  if (!g->shared) g->held = NULL;
  if (o != NULL && !given) give(L, o, lua_isnoneornil(L, 2) ? "the end of hold" : NULL);
  return 0;
}


/* Push a guard of the object at 1, which is not held yet. [-0, +1, m] */
static struct coh_guard *new_guard(lua_State *L) {
  struct coh_guard *g = coh_sync_new(L, &guard_class);
  lua_pushvalue(L, OBJECT);
  lua_setiuservalue(L, -2, 1);
  return g;
}


/* Push the guard that all calls of 'with' on the object at 1 share, or nil. [-0, +1, m] */
static void push_shared_guard(lua_State *L, struct coh_sync *o) {
  int slot = o->class->holding->guard;
  struct coh_guard *g;
  if (slot == 0) {
    lua_pushnil(L);
    return;
  }
  if (lua_getiuservalue(L, OBJECT, slot) != LUA_TNIL) return;
  lua_pop(L, 1);
  g = new_guard(L);
  g->held = o;
  g->shared = true;
  lua_pushvalue(L, -1);
  lua_setiuservalue(L, OBJECT, slot);
}

/* }} */


/* {{ with */

/*
** The function has ended: give back what is at 1, and hand its outcome on. It is given
** back for the running task: another one may have resumed a coroutine of the user's.
*/
static int with_ended(lua_State *L, int status, lua_KContext context) {
  struct coh_fiber *f = coh_running(coh_state_here(L));
  struct coh_guard *g = lua_touserdata(L, GUARD);
  bool failed = status != LUA_OK && status != LUA_YIELD;
  (void)context;
  if (failed) {
    if (g == NULL) give(L, lua_touserdata(L, OBJECT), NULL);  /* else the guard does, on the error's way */
    return f != NULL ? coh_rethrow(L, f) : lua_error(L);
  }
  give(L, lua_touserdata(L, OBJECT), "the end of with");
  if (g != NULL) g->given = true;  /* it is closed next, when this returns */
  return lua_gettop(L) - HANDLER;
}


static int with_call(lua_State *L, int status, lua_KContext context) {
  (void)status;
  status = lua_pcallk(L, lua_gettop(L) - HANDLER - 1, LUA_MULTRET, HANDLER, context, with_ended);
  coh_fiber_at(context)->depth--;
  return with_ended(L, status, context);
}


/* What is at 1 is held: call the function, from an empty C stack when that is nearly full. */
static int with_held(lua_State *L, struct coh_fiber *f) {
  if (!lua_isnil(L, GUARD)) lua_toclose(L, GUARD);
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
  return take(L, f, lua_touserdata(L, 1)) ? with_held(L, f) : coh_yield(L, f, with_acquired);
}


/* What is at 2 cannot be called. Never returns. [-0, +0, v] */
static void refuse_body(lua_State *L, const struct coh_sync_class *class) {
  char call[32];
  snprintf(call, sizeof call, "%s:with(", class->noun);
  coh_check_callable_of(L, 2, "with", call);
}


/* with(f, ...) -> results... */
int coh_hold_l_with(lua_State *L) {
  const struct coh_sync_class *class = coh_sync_class_here(L);
  struct coh_sync *o = coh_sync_check(L, class, "with");
  if (!coh_is_callable(L, 2)) refuse_body(L, class);
  push_shared_guard(L, o);
  check_acquire(L, "with");  /* only now: making a guard may run a finalizer */
  lua_pushcfunction(L, coh_handler);
  lua_rotate(L, GUARD, 2);
  return coh_begin(L, with_try);
}

/* }} */


/* {{ hold */

static int hold_held(lua_State *L) {
  struct coh_guard *g = lua_touserdata(L, GUARD);
  g->held = lua_touserdata(L, OBJECT);
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
  return take(L, f, lua_touserdata(L, 1)) ? hold_held(L) : coh_yield(L, f, hold_acquired);
}


/* hold() -> guard */
int coh_hold_l_hold(lua_State *L) {
  const struct coh_sync_class *class = coh_sync_class_here(L);
  coh_sync_check(L, class, "hold");
  check_alone(L, class, "hold", true);
  lua_settop(L, OBJECT);
  new_guard(L);
  check_acquire(L, "hold");  /* only now: making a guard may run a finalizer */
  return coh_begin(L, hold_try);
}


static const luaL_Reg guard_metamethods[] = {{"__close", l_close}, {NULL, NULL}};
static const luaL_Reg guard_methods[] = {{NULL, NULL}};


void coh_hold_open(lua_State *L) {
  coh_sync_define(L, &guard_class, guard_metamethods, guard_methods);
}

/* }} */
