/*
** Steps of coroutines: see costep.h.
**
**   the coroutine's stack when it begins in a task
**   1 body   2 handler   3.. function and arguments
*/
#include "glue/costep.h"

#include <limits.h>

#include "glue/coclose.h"
#include "glue/fibername.h"
#include "glue/hook.h"
#include "glue/inner.h"
#include "lua/depth.h"


/* {{ The body of a coroutine that begins in a task */

/* Raise an error again, now with no protected call left: so the coroutine dies, as it would without us. */
static int body_ended(lua_State *L, int status, lua_KContext context) {
  (void)context;
  if (status != LUA_OK && status != LUA_YIELD) return lua_error(L);
  return lua_gettop(L) - 1;
}


int coh_costep_l_body(lua_State *L) {
  return body_ended(L, lua_pcallk(L, lua_gettop(L) - 2, LUA_MULTRET, 1, 0, body_ended), 0);
}


bool coh_costep_is_guarded(lua_State *co) {
  lua_Debug ar;
  bool guarded;
  if (!lua_checkstack(co, 1) || !lua_getstack(co, coh_depth_of(co) - 1, &ar)) return false;
  lua_getinfo(co, "f", &ar);
  guarded = lua_tocfunction(co, -1) == coh_costep_l_body;
  lua_pop(co, 1);
  return guarded;
}

/* }} */


/* {{ Steps */

/* Has 'co' yet to begin? Then only its function is on its stack. [-0, +0, -] */
static bool is_new(lua_State *co) {
  lua_Debug ar;
  return lua_gettop(co) == 1 && !lua_getstack(co, 0, &ar);
}


#define GUARDS 2  /* values that go below the function: room for them is made first */

/* Put the body below a new coroutine's function, if a task runs; how many arguments that adds. [-0, +2, -] */
static int guard(const struct coh_state *S, lua_State *co) {
  if (S->frame == NULL || !is_new(co)) return 0;
  lua_pushcfunction(co, coh_costep_l_body);
  lua_pushcfunction(co, S->known.handler);
  lua_rotate(co, 1, GUARDS);
  return GUARDS;
}


/* Resume 'co' from 'L'. 'opened' is what S->opened was when the step began. [-arguments of co, +0, -] */
static int resume(lua_State *L, struct coh_state *S, lua_State *co, int arguments, lua_KContext opened,
                  unsigned withs, int *count) {
  struct coh_frame *outer = S->frame, frame = {.co = co, .prev = outer, .opened = opened, .withs = withs};
  int status;
  if (outer == NULL) return lua_resume(co, L, arguments, count);
  frame.foreign = outer->co != L;
  frame.ok = !frame.foreign && outer->ok && lua_isyieldable(L);
  S->frame = &frame;
  if (S->watch != NULL) coh_hook_cover(S, co);
  status = lua_resume(co, L, arguments, count);
  S->frame = outer;
  return status;
}


/* Did the running task begin to wait? */
static bool task_waits(const struct coh_state *S) {
  return S->frame != NULL && S->loop.rt.current->wait.place != COH_RUNNING;
}


/* Resume 'co', and move to 'L' what came of it: see coh_costep_go. */
static int go(lua_State *L, struct coh_state *S, lua_State *co, int arguments, lua_KContext opened,
              unsigned withs) {
  int count, status = resume(L, S, co, arguments, opened, withs, &count);
  if (status != LUA_YIELD && status != LUA_OK) {
    lua_xmove(co, L, 1);
    return COH_STEP_FAILED;
  }
  if (status == LUA_YIELD && task_waits(S)) return COH_STEP_WAITS;
  if (!lua_checkstack(L, count + 1)) {
    lua_pop(co, count);
    lua_pushliteral(L, "too many results to resume");
    return COH_STEP_FAILED;
  }
  lua_xmove(co, L, count);
  return count;
}


int coh_costep_go(lua_State *L, struct coh_state *S, lua_State *co, int arguments, lua_KContext opened) {
  return go(L, S, co, arguments, opened, S->frame != NULL ? coh_running(S)->withs : 0);
}


static int refuse(lua_State *L, const char *why) {
  lua_pushstring(L, why);
  return COH_STEP_FAILED;
}


int coh_costep_begin(lua_State *L, struct coh_state *S, lua_State *co, int arguments, lua_KContext opened) {
  int status = lua_status(co), more = 0;
  if (!lua_checkstack(co, arguments + GUARDS)) return refuse(L, "too many arguments to resume");
  if (status == LUA_YIELD && coh_inner_waits(S, co))
    return refuse(L, "cannot resume a coroutine that waits: who resumed it goes on with it");
  if (status == LUA_OK) {
    if (coh_fiber_is_loaded(S, co)) return refuse(L, "cannot resume the coroutine of a task");
    more = guard(S, co);
  }
  lua_xmove(L, co, arguments);
  return coh_costep_go(L, S, co, arguments + more, opened);
}


int coh_costep_pass(lua_State *L, struct coh_state *S, lua_KContext opened, lua_KFunction k) {
  S->passing++;
  return lua_yieldk(L, 0, opened, k);
}


int coh_costep_go_on(lua_State *L, struct coh_state *S, lua_State *co, lua_KContext opened) {
  S->passing--;
  if (lua_status(co) != LUA_YIELD) {
    if (coh_running(S) != NULL) coh_wait_forfeit(&coh_running(S)->task.wait);
    return refuse(L, "cannot resume dead coroutine: Lua's own coroutine library closed or resumed it while "
                     "it waited: use cohort.coroutine for both");
  }
  return go(L, S, co, 0, opened, UINT_MAX);
}


int coh_costep_reset(struct coh_state *S, lua_State *co) {
  struct coh_frame *outer = S->frame, frame = {.co = co, .prev = outer, .closing = true};
  int status;
  frame.opened = S->opened;
  if (outer != NULL) {
    S->frame = &frame;
    if (S->watch != NULL) coh_hook_cover(S, co);
  }
  status = lua_resetthread(co);
  S->frame = outer;
  return status;
}


void coh_costep_cut(struct coh_state *S, lua_State *L) {
  lua_State *co = coh_inner_of(S, L);
  if (co == NULL) return;
  coh_costep_cut(S, co);
  S->passing--;
  coh_closing_end(S, co);
  coh_hook_set(S, co);
  lua_resetthread(co);
  lua_settop(co, 0);
}

/* }} */
