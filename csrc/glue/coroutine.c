/*
** The drop-in for Lua's coroutine library: see coroutine.h. It behaves as lcorolib.c,
** with the same messages; what differs in a task is in costep.c.
*/
#include "glue/coroutine.h"

#include <lauxlib.h>

#include <string.h>

#include "glue/coclose.h"
#include "glue/context.h"
#include "glue/costep.h"
#include "glue/fiber.h"
#include "glue/fibername.h"
#include "glue/inner.h"
#include "glue/object.h"
#include "glue/wait.h"
#include "lua/arg.h"


/* {{ resume and wrap */

static lua_State *check_coroutine(lua_State *L) {
  lua_State *co = lua_tothread(L, 1);
  luaL_argexpected(L, co != NULL, 1, "thread");
  return co;
}


static int resumed(lua_State *L, int status, lua_KContext opened);


/* Return the outcome of a step as resume does. */
static int tell(lua_State *L, struct coh_state *S, int outcome, lua_KContext opened) {
  if (outcome == COH_STEP_WAITS) return coh_costep_pass(L, S, opened, resumed);
  lua_pushboolean(L, outcome != COH_STEP_FAILED);
  if (outcome == COH_STEP_FAILED) outcome = 1;
  lua_insert(L, -(outcome + 1));
  return outcome + 1;
}


static int resumed(lua_State *L, int status, lua_KContext opened) {
  struct coh_state *S = coh_state_here(L);
  (void)status;
  return tell(L, S, coh_costep_go_on(L, S, lua_tothread(L, 1), opened), opened);
}


/* resume(co, ...) -> true, values... | false, error */
int coh_coroutine_l_resume(lua_State *L) {
  struct coh_state *S = coh_state_here(L);
  lua_State *co = check_coroutine(L);
  lua_KContext opened = S->opened;
  return tell(L, S, coh_costep_begin(L, S, co, lua_gettop(L) - 1, opened), opened);
}


/*
** The error of 'co' is on top: raise it as wrap does, with a position before a
** string. Its note, of where it happened, stays. [-1, +0, e]
*/
static int raise_error(lua_State *L, struct coh_state *S, lua_State *co) {
  struct coh_fiber *f = S->frame != NULL ? coh_running(S) : NULL;
  const void *error = lua_topointer(L, -1);
  int status = lua_status(co);
  if (status != LUA_OK && status != LUA_YIELD) {
    lua_pop(L, 1);
    status = coh_costep_reset(S, co);
    lua_xmove(co, L, 1);
    if (error != lua_topointer(L, -1)) f = NULL;  /* a '<close>' variable raised another */
  }
  if (status != LUA_ERRMEM && lua_type(L, -1) == LUA_TSTRING) {
    luaL_where(L, 1);
    lua_insert(L, -2);
    lua_concat(L, 2);
  }
  if (f == NULL || f->note == NULL || f->note->of != error) return lua_error(L);
  f->note->of = lua_topointer(L, -1);
  return coh_rethrow(L, f);
}


static int stepped(lua_State *L, int status, lua_KContext opened);


/* Return the outcome of a step as a wrapped coroutine does. */
static int give(lua_State *L, struct coh_state *S, lua_State *co, int outcome, lua_KContext opened) {
  if (outcome == COH_STEP_WAITS) return coh_costep_pass(L, S, opened, stepped);
  return outcome == COH_STEP_FAILED ? raise_error(L, S, co) : outcome;
}


static int stepped(lua_State *L, int status, lua_KContext opened) {
  struct coh_state *S = coh_state_here(L);
  lua_State *co = lua_tothread(L, lua_upvalueindex(2));
  (void)status;
  return give(L, S, co, coh_costep_go_on(L, S, co, opened), opened);
}


/* wrap(f)(...) -> values... */
int coh_coroutine_l_next(lua_State *L) {
  struct coh_state *S = coh_state_here(L);
  lua_State *co = lua_tothread(L, lua_upvalueindex(2));
  lua_KContext opened = S->opened;
  return give(L, S, co, coh_costep_begin(L, S, co, lua_gettop(L), opened), opened);
}

/* }} */


/* {{ yield */

/* Push where 'scope' was opened, as " (opened at file:line)", or "" if unknown. [-0, +2, m] */
static void push_opened(lua_State *L, struct coh_state *S, struct coh_scope *scope) {
  struct coh_luagroup *g = coh_luagroup_around(scope);
  const char *line = NULL, *end;
  coh_object_push(L, S, g != NULL ? &g->group.scope : scope);
  if (!lua_isnil(L, -1)) {
    lua_getiuservalue(L, -1, COH_UV_LINE);
    line = lua_tostring(L, -1);
    lua_remove(L, -2);
  }
  end = line == NULL ? NULL : strstr(line, ": ");
  if (end == NULL) {
    lua_pushliteral(L, "");
  } else {
    lua_pushlstring(L, line, (size_t)(end - line));
    lua_pushfstring(L, " (opened at %s)", lua_tostring(L, -1));
  }
}


/* Refuse a yield: the consumer would run inside what this coroutine opened. Never returns. [-0, +0, v] */
static int refuse_yield(lua_State *L, struct coh_state *S) {
  struct coh_scope *scope = S->loop.rt.current->current;
  push_opened(L, S, scope);
  return coh_misuse(L, "coroutine.yield inside a %s that is still open%s and was opened in this coroutine: "
                       "who resumed it would run inside; yield outside of it, or write cohort.stream",
                    coh_luagroup_around(scope) != NULL ? "group" : "scope", lua_tostring(L, -1));
}


/* yield(...) -> what the next resume gives */
int coh_coroutine_l_yield(lua_State *L) {
  struct coh_state *S = coh_state_here(L);
  const struct coh_frame *frame = S->frame;
  if (frame != NULL && frame->co == L) {
    if (frame->prev == NULL) return coh_misuse(L, COH_YIELD_MESSAGE);
    if (coh_number_of(S->loop.rt.current->current) > frame->opened) return refuse_yield(L, S);
    if (coh_running(S)->withs != frame->withs && coh_context_is_open_in(L))
      return coh_misuse(L, "coroutine.yield inside a context's 'with' that was opened in this coroutine: who "
                           "resumed it would see its value; yield outside of it, or write cohort.stream");
  }
  if (coh_closing_is(S, L))
    return coh_misuse(L, "coroutine.yield in a coroutine that is being closed");
  return lua_yield(L, lua_gettop(L));
}

/* }} */


/* {{ status and close */

enum status { RUNNING, DEAD, SUSPENDED, NORMAL };

static const char *const status_names[] = {"running", "dead", "suspended", "normal"};


/* A coroutine that waits must be neither resumed nor closed, so it counts as normal. */
static enum status status_of(lua_State *L, const struct coh_state *S, lua_State *co) {
  lua_Debug ar;
  int status = lua_status(co);
  if (L == co) return RUNNING;
  if (status == LUA_YIELD) return coh_inner_waits(S, co) ? NORMAL : SUSPENDED;
  if (status != LUA_OK) return DEAD;
  if (lua_getstack(co, 0, &ar) || coh_fiber_is_loaded(S, co)) return NORMAL;
  return lua_gettop(co) == 0 ? DEAD : SUSPENDED;
}


/* status(co) -> string */
static int l_status(lua_State *L) {
  struct coh_state *S = coh_state_here(L);
  lua_pushstring(L, status_names[status_of(L, S, check_coroutine(L))]);
  return 1;
}


/* Close what is left of 'co', and return how that went. */
static int finish_close(lua_State *L, struct coh_state *S, lua_State *co) {
  if (coh_costep_reset(S, co) == LUA_OK) {
    lua_pushboolean(L, 1);
    return 1;
  }
  lua_pushboolean(L, 0);
  lua_xmove(co, L, 1);
  return 2;
}


static int close_went_on(lua_State *L, int status, lua_KContext opened);


/*
** 'co' was unwound, see coclose.h: it failed with the error of a '<close>' variable, or with nil. If it has
** yielded instead, not by a yield of ours, what is left is closed as Lua does it.
*/
static int unwound(lua_State *L, struct coh_state *S, lua_State *co, int outcome, lua_KContext opened) {
  if (outcome == COH_STEP_WAITS) return coh_costep_pass(L, S, opened, close_went_on);
  coh_closing_end(S, co);
  if (outcome == COH_STEP_FAILED && lua_status(co) != LUA_YIELD && !lua_isnil(L, -1)) {
    coh_costep_reset(S, co);
    lua_settop(co, 0);
    lua_pushboolean(L, 0);
    lua_insert(L, -2);
    return 2;
  }
  if (outcome == COH_STEP_FAILED && lua_status(co) != LUA_YIELD) {
    coh_costep_reset(S, co);
    lua_settop(co, 0);
    lua_pushboolean(L, 1);
    return 1;
  }
  return finish_close(L, S, co);
}


static int close_went_on(lua_State *L, int status, lua_KContext opened) {
  struct coh_state *S = coh_state_here(L);
  lua_State *co = lua_tothread(L, 1);
  (void)status;
  return unwound(L, S, co, coh_costep_go_on(L, S, co, opened), opened);
}


/* Can the '<close>' variables of 'co', which 'L' closes, wait? Only if it began in a task, see costep.h. */
static bool may_unwind(lua_State *L, struct coh_state *S, lua_State *co) {
  return coh_can_wait(S, L) && !coh_running(S)->unwinding && lua_status(co) == LUA_YIELD &&
         coh_costep_is_guarded(co);
}


/* close(co) -> true | false, error */
int coh_coroutine_l_close(lua_State *L) {
  struct coh_state *S = coh_state_here(L);
  lua_State *co = check_coroutine(L);
  enum status status = status_of(L, S, co);
  lua_KContext opened = S->opened;
  if (status == RUNNING || status == NORMAL)
    return luaL_error(L, "cannot close a %s coroutine", status_names[status]);
  lua_settop(L, 1);
  if (!may_unwind(L, S, co) || !coh_closing_begin(L, S, co)) return finish_close(L, S, co);
  return unwound(L, S, co, coh_costep_go(L, S, co, 0, opened), opened);
}

/* }} */


/* {{ create, running, isyieldable */

/* create(f) -> co */
static int l_create(lua_State *L) {
  lua_State *co;
  luaL_checktype(L, 1, LUA_TFUNCTION);
  co = lua_newthread(L);
  lua_pushvalue(L, 1);
  lua_xmove(L, co, 1);
  return 1;
}


/* wrap(f) -> function */
static int l_wrap(lua_State *L) {
  l_create(L);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, -2);
  lua_pushcclosure(L, coh_coroutine_l_next, 2);
  return 1;
}


/* running() -> co, is it the main one? */
static int l_running(lua_State *L) {
  lua_pushboolean(L, lua_pushthread(L));
  return 2;
}


/* isyieldable([co]) -> boolean; a task has no consumer to yield to */
static int l_isyieldable(lua_State *L) {
  struct coh_state *S = coh_state_here(L);
  lua_State *co = lua_isnone(L, 1) ? L : check_coroutine(L);
  bool is_task = S->frame != NULL && S->frame->prev == NULL && S->frame->co == co;
  lua_pushboolean(L, !is_task && lua_isyieldable(co));
  return 1;
}


static const luaL_Reg functions[] = {
  {"close", coh_coroutine_l_close},
  {"create", l_create},
  {"isyieldable", l_isyieldable},
  {"resume", coh_coroutine_l_resume},
  {"running", l_running},
  {"status", l_status},
  {"wrap", l_wrap},
  {"yield", coh_coroutine_l_yield},
  {NULL, NULL}
};


void coh_coroutine_open(lua_State *L) {
  coh_closing_open(L);
  lua_createtable(L, 0, 12);
  lua_pushlightuserdata(L, coh_state_of(L));
  luaL_setfuncs(L, functions, 1);
  lua_setfield(L, -2, "coroutine");
}

/* }} */
