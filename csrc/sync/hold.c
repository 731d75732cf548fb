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

/* What the object at 'arg', which is one of the class, means: itself, or the lock of a condition. */
static void *subject(lua_State *L, int arg, const struct coh_sync_class *class) {
  void *o = lua_touserdata(L, arg);
  return class->subject == NULL ? o : class->subject(o);
}


/* What is at 1 can be acquired by the running task; else misuse of 'what'. [-0, +0, v] */
static void check_acquire(lua_State *L, const char *what) {
  const struct coh_sync_class *class = coh_sync_class_here(L);
  coh_sync_check(L, class, what);
  if (class->holding->check != NULL) class->holding->check(L, subject(L, 1, class), what);
}


/* Take what is at 1. True: done. False: parked, yield. [-0, +0, v] */
static bool take(lua_State *L, struct coh_fiber *f) {
  const struct coh_sync_class *class = coh_sync_class_here(L);
  void *o = subject(L, 1, class);
  if (class->holding->take(L, o, f)) return true;
  class->holding->park(o, f);
  return false;
}


/* After the park: what is at 1 is held now. [-0, +0, e] */
static struct coh_fiber *arrive(lua_State *L, lua_KContext context) {
  const struct coh_sync_class *class = coh_sync_class_here(L);
  struct coh_fiber *f = coh_woken(L, context);
  if (class->holding->arrive != NULL) class->holding->arrive(L, subject(L, 1, class));
  return f;
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
  const struct coh_sync_class *class = coh_sync_class_here(L);
  check_acquire(L, "try_acquire");
  lua_pushboolean(L, class->holding->take(L, subject(L, 1, class), coh_running(coh_state_here(L))));
  return 1;
}


/* release(); while the state is closed nobody is left to have it */
int coh_hold_l_release(lua_State *L) {
  struct coh_state *S = coh_state_here(L);
  const struct coh_sync_class *class = coh_sync_class_here(L);
  void *o;
  coh_sync_check(L, class, "release");
  o = subject(L, 1, class);
  if (class->holding->give(o, coh_running(S)) || S->closing) return 0;
  return class->holding->refuse(L, o, "release");
}

/* }} */


/* {{ with */

/* The function has ended: give back what is at 1, and hand its outcome on. */
static int with_ended(lua_State *L, int status, lua_KContext context) {
  const struct coh_sync_class *class = coh_sync_class_here(L);
  struct coh_fiber *f = coh_running(coh_state_here(L));  /* a coroutine may have been resumed elsewhere */
  void *o = subject(L, 1, class);
  bool given = class->holding->give(o, f);
  (void)context;
  if (status != LUA_OK && status != LUA_YIELD) return f != NULL ? coh_rethrow(L, f) : lua_error(L);
  if (!given) return class->holding->refuse(L, o, "the end of with");
  return lua_gettop(L) - 2;
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
  struct coh_sync sync;                /* nobody waits for it */
  const struct coh_sync_class *class;  /* of the object; NULL before it is held and after that */
};


static void describe_guard(lua_State *L, int object) {
  const struct coh_guard *g = lua_touserdata(L, object);
  if (g->class == NULL) lua_pushliteral(L, "closed");
  else lua_pushfstring(L, "of a %s", g->class->noun);
}


static const struct coh_sync_class guard_class = {
  .noun = "guard", .name = "cohort.Guard", .size = sizeof(struct coh_guard), .values = 1,
  .describe = describe_guard};


/* __close(guard, err): an error that is on its way goes on */
static int l_close(lua_State *L) {
  struct coh_state *S = coh_state_here(L);
  struct coh_guard *g = coh_sync_check(L, &guard_class, "__close");
  const struct coh_sync_class *class = g->class;
  void *o;
  lua_settop(L, 2);
  if (class == NULL) return 0;
  g->class = NULL;
  lua_getiuservalue(L, 1, 1);
  o = subject(L, 3, class);
  if (class->holding->give(o, coh_running(S)) || S->closing || !lua_isnil(L, 2)) return 0;
  return class->holding->refuse(L, o, "the end of hold");
}


static int hold_held(lua_State *L) {
  struct coh_guard *g = lua_touserdata(L, 2);
  g->class = coh_sync_class_here(L);
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
