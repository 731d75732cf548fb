/*
** Relays: see relay.h. Values go from stack to stack: an emitter keeps them on its
** own until somebody asks, an asker gets them pushed to its own while it waits. So a
** value needs no allocation, and none is lost when either side is cancelled.
**
**   the functions' upvalues: state, relay    while it asks, the stack is: nil, values...
*/
#include "glue/relay.h"

#include "errors/error.h"
#include "glue/note.h"
#include "glue/object.h"
#include "glue/wait.h"
#include "glue/waiter.h"
#include "lua/arg.h"

struct relay {
  struct coh_link askers;   /* waits, 'of' is the coroutine that gets the values */
  struct coh_link offers;   /* waits, 'of' is the coroutine that has the values, from 1 on */
  struct coh_link idle;     /* waits of emitters whose values were taken */
  bool ended;               /* nothing more is emitted */
  bool failed;              /* its first user value is the error that ended it, the second where it was */
};

enum { UV_ERROR = 1, UV_TRACEBACK };

static const struct coh_wait_kind ask_kind = {.what = "the next value of a stream"};
static const struct coh_wait_kind emit_kind = {.what = "somebody to ask for the next value"};


static struct relay *relay_here(lua_State *L) {
  return lua_touserdata(L, lua_upvalueindex(2));
}


/* Copy the 'count' values from 1 on. [from: -0, +0, v; to: +count] */
static void copy_values(lua_State *from, lua_State *to, lua_State *running, int count) {
  int i;
  if (!lua_checkstack(from, count) || !lua_checkstack(to, count)) luaL_error(running, "too many values");
  for (i = 1; i <= count; i++) lua_pushvalue(from, i);
  lua_xmove(from, to, count);
}


static void park(struct coh_fiber *f, lua_State *L, const struct coh_wait_kind *kind,
                 struct coh_link *queue) {
  coh_wait_park(&f->task.wait, &f->task.current->slot, kind, queue);
  f->task.wait.of = L;
}


/* {{ Asking */

/* There are values, or there will be none. */
static int asked(lua_State *L, int status, lua_KContext context) {
  (void)status;
  coh_woken(L, context);
  return lua_gettop(L) - 1;
}


/* Take what 'w' offers; its task goes on when the next value is asked for. */
static int take(lua_State *L, struct relay *r, struct coh_wait *w) {
  lua_State *from = w->of;
  int count = lua_gettop(from);
  copy_values(from, L, L, count);
  coh_link_remove(&w->link);
  coh_link_append(&r->idle, &w->link);
  return count;
}


static int ask_try(lua_State *L, int status, lua_KContext context) {
  struct coh_fiber *f = coh_test(L, context);
  struct relay *r = relay_here(L);
  struct coh_wait *w = coh_waiter_first(&r->offers);
  (void)status;
  if (w != NULL) return take(L, r, w);
  if (r->ended) return 0;
  coh_wait_wake_all(&r->idle);
  park(f, L, &ask_kind, &r->askers);
  return coh_yield(L, f, asked);
}


/* ask() -> values... | nothing at the end */
static int l_ask(lua_State *L) {
  lua_settop(L, 0);
  lua_pushnil(L);
  return coh_begin(L, ask_try);
}

/* }} */


/* {{ Emitting */

static int refuse_ended(lua_State *L) {
  coh_error_push(L, COH_BROKEN, "emit: this stream has ended, nobody asks for its values any more");
  return lua_error(L);
}


static int emitted(lua_State *L, int status, lua_KContext context) {
  (void)status;
  coh_woken(L, context);
  return relay_here(L)->ended ? refuse_ended(L) : 0;
}


static int emit_try(lua_State *L, int status, lua_KContext context) {
  struct coh_fiber *f = coh_test(L, context);
  struct relay *r = relay_here(L);
  struct coh_wait *w;
  (void)status;
  if (r->ended) return refuse_ended(L);
  if ((w = coh_waiter_first(&r->askers)) == NULL) {
    park(f, L, &emit_kind, &r->offers);
  } else {
    copy_values(L, w->of, L, lua_gettop(L));
    coh_wait_wake(w, COH_WOKEN);
    if (coh_waiter_first(&r->askers) != NULL) return 0;  /* another one has asked for the next already */
    park(f, L, &emit_kind, &r->idle);
  }
  return coh_yield(L, f, emitted);
}


/* emit(value, ...) */
static int l_emit(lua_State *L) {
  if (lua_isnoneornil(L, 1))
    return coh_misuse(L, "emit expects a value, got %s: a loop ends at nil, and so does a stream when its "
                         "function returns", luaL_typename(L, 1));
  return coh_begin(L, emit_try);
}

/* }} */


/* {{ The end */

/* finish([failed, err]): nothing more is emitted. Once. */
static int l_finish(lua_State *L) {
  struct coh_state *S = coh_state_here(L);
  struct relay *r = relay_here(L);
  struct coh_fiber *f = coh_running(S);
  if (r->ended) return 0;
  lua_settop(L, 2);
  r->ended = true;
  coh_wait_wake_all(&r->askers);  /* before anything that needs memory */
  coh_wait_wake_all(&r->offers);
  coh_wait_wake_all(&r->idle);
  if (lua_toboolean(L, 1)) {
    r->failed = true;
    lua_setiuservalue(L, lua_upvalueindex(2), UV_ERROR);
    coh_note_push(L, f != NULL ? f->note : NULL);
    lua_setiuservalue(L, lua_upvalueindex(2), UV_TRACEBACK);
  }
  return 0;
}


/* failure() -> false | true, the error that ended it, which nobody else gets */
static int l_failure(lua_State *L) {
  struct relay *r = relay_here(L);
  lua_pushboolean(L, r->failed);
  if (!r->failed) return 1;
  r->failed = false;
  lua_getiuservalue(L, lua_upvalueindex(2), UV_ERROR);
  lua_pushnil(L);
  lua_setiuservalue(L, lua_upvalueindex(2), UV_ERROR);
  return 2;
}


/* check(): raises the error that ended it, with the emitter's traceback */
static int l_check(lua_State *L) {
  struct coh_fiber *f = coh_running(coh_state_here(L));
  if (l_failure(L) == 1) return 0;
  if (f == NULL) return lua_error(L);
  lua_getiuservalue(L, lua_upvalueindex(2), UV_TRACEBACK);  /* err traceback */
  coh_note_put(L, coh_state_here(L), f, -1, lua_topointer(L, -2));
  lua_pop(L, 1);
  return coh_rethrow(L, f);
}

/* }} */


/* __gc: what still waits here does so in a coroutine that Lua's own library has closed */
static int l_gc(lua_State *L) {
  struct relay *r = lua_touserdata(L, 1);
  while (!coh_link_alone(&r->askers)) coh_waiter_send_off(coh_item(r->askers.next, struct coh_wait, link));
  while (!coh_link_alone(&r->offers)) coh_waiter_send_off(coh_item(r->offers.next, struct coh_wait, link));
  while (!coh_link_alone(&r->idle)) coh_waiter_send_off(coh_item(r->idle.next, struct coh_wait, link));
  return 0;
}


/* relay() -> ask, emit, finish, failure, check; the second upvalue is the metatable of a relay */
static int l_relay(lua_State *L) {
  static const lua_CFunction functions[] = {l_ask, l_emit, l_finish, l_failure, l_check};
  size_t i, count = sizeof functions / sizeof *functions;
  struct relay *r;
  lua_settop(L, 0);
  r = lua_newuserdatauv(L, sizeof *r, UV_TRACEBACK);
  coh_link_init(&r->askers);
  coh_link_init(&r->offers);
  coh_link_init(&r->idle);
  r->ended = r->failed = false;
  lua_pushvalue(L, lua_upvalueindex(2));
  lua_setmetatable(L, 1);
  for (i = 0; i < count; i++) {
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_pushvalue(L, 1);
    lua_pushcclosure(L, functions[i], 2);
  }
  return (int)count;
}


/* can_end(group) -> boolean: is it the innermost that the running task has open, and opened itself? */
static int l_can_end(lua_State *L) {
  struct coh_state *S = coh_state_here(L);
  struct coh_object *o = coh_object_test(L, S, 1, COH_GROUP);
  struct coh_fiber *f = coh_running(S);
  lua_pushboolean(L, f != NULL && o != NULL && o->scope != NULL &&
                     coh_item(o->scope, struct coh_luagroup, group.scope)->group.around == f->task.current);
  return 1;
}


/* hush(group): no error and no warning when it is left open */
static int l_hush(lua_State *L) {
  if (coh_object_test(L, coh_state_here(L), 1, COH_GROUP) == NULL) return 0;
  lua_pushliteral(L, "");
  lua_setiuservalue(L, 1, COH_UV_LINE);
  return 0;
}


static const luaL_Reg functions_of_streams[] = {
  {"can_end", l_can_end}, {"hush", l_hush}, {NULL, NULL}};


void coh_relay_open(lua_State *L) {
  lua_pushlightuserdata(L, coh_state_of(L));
  luaL_setfuncs(L, functions_of_streams, 1);
  lua_pushlightuserdata(L, coh_state_of(L));
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, l_gc);
  lua_setfield(L, -2, "__gc");
  lua_pushcclosure(L, l_relay, 2);
  lua_setfield(L, -2, "relay");
}
