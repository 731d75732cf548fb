/*
** Waiting: see wait.h.
*/
#include "glue/wait.h"

#include "errors/error.h"
#include "glue/note.h"
#include "glue/stubborn.h"
#include "lua/arg.h"
#include "lua/text.h"

#define BLOCKS_ON_C_STACK 60  /* nested protected calls: Lua allows about 190 C calls */


int coh_refuse_outside(lua_State *L) {
  return coh_misuse(L, "no task runs here: call this inside cohort.main(function() ... end), or cohort.run");
}


void coh_refuse_call(lua_State *L) {
  coh_check_task(L);
  coh_refuse_wait(coh_state_here(L), L);
}


/*
** While orders are explored the budget is one call, so that each call is a choice. The
** task then stays at the front, where picking the first finds it; the others have their
** turn after as many calls as in the plain order. While memory is short a cancelled
** task gives them none, so that it ends.
*/
int coh_turn(lua_State *L, struct coh_fiber *f, lua_KFunction k) {
  struct coh_runtime *rt = coh_task_runtime(&f->task);
  if (coh_state_from(rt)->memory_short && coh_task_cancelled(&f->task) && --f->budget > 0)
    return k(L, LUA_OK, coh_context(f));
  bool goes = !rt->explores || coh_task_cancelled(&f->task) || ++f->turns == 0;
  if (goes) coh_wait_yield(rt, &f->task.wait);
  else coh_wait_stay(rt, &f->task.wait);
  return coh_yield(L, f, k);
}


int coh_switch(lua_State *L, lua_KFunction k) {
  struct coh_fiber *f = coh_check_wait(L);
  coh_wait_yield(coh_task_runtime(&f->task), &f->task.wait);
  return coh_yield(L, f, k);
}


int coh_begin(lua_State *L, lua_KFunction try) {
  struct coh_fiber *f = coh_check_wait(L);
  return coh_goes_on(f) ? try(L, LUA_OK, coh_context(f)) : coh_turn(L, f, try);
}


int coh_refuse_resume(lua_State *L) {
  coh_text_push_prefix(L);
  lua_pushliteral(L, "the coroutine of a waiting task was resumed by hand: only cohort resumes it; wait for "
                     "the task with task:wait()");
  lua_concat(L, 2);
  return lua_error(L);
}


bool coh_too_deep(lua_State *L, struct coh_fiber *f) {
  if (++f->depth < BLOCKS_ON_C_STACK || !coh_can_wait(coh_state_here(L), L)) return false;
  coh_wait_yield_front(coh_task_runtime(&f->task), &f->task.wait);
  return true;
}


struct coh_scope *coh_check_open_scope(lua_State *L, lua_KContext number) {
  struct coh_fiber *f = coh_running(coh_state_here(L));
  struct coh_scope *s = f == NULL ? NULL : f->task.current;
  while (s != NULL && coh_number_of(s) != number) s = s == &f->task.scope ? NULL : s->parent;
  if (s == NULL)
    coh_misuse(L, "what this coroutine had open was closed while it was suspended, "
                  "or belongs to another task: "
                  "a scope or group ends in the block and the task that opened it");
  return s;
}


int coh_raise_cancelled(lua_State *L, struct coh_fiber *f) {
  struct coh_state *S = coh_state_from(coh_task_runtime(&f->task));
  f->rethrown = false;
  coh_note_stuck(S, f);
  coh_stubborn_count(L, S, f);
  lua_rawgeti(L, LUA_REGISTRYINDEX, S->cancelled);
  return lua_error(L);
}


int coh_rethrow(lua_State *L, struct coh_fiber *f) {
  f->rethrown = !coh_cancelled_is(L, -1);
  return lua_error(L);
}
