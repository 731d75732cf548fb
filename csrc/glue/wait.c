/*
** Waiting: see wait.h.
*/
#include "glue/wait.h"

#include <lauxlib.h>

#include <string.h>

#include "glue/arg.h"
#include "glue/error.h"
#include "glue/errtext.h"
#include "glue/note.h"
#include "glue/stubborn.h"

int coh_refuse_outside(lua_State *L) {
  return coh_misuse(L, "no task runs here: call this inside cohort.main(function() ... end), or cohort.run");
}


/* Functions that a wait passes through; others called from Lua and written in C are in the way. */
static bool lets_waits_through(const char *name) {
  return strcmp(name, "pcall") == 0 || strcmp(name, "xpcall") == 0 || strcmp(name, "dofile") == 0;
}


/* Is it a function that Lua itself has called in the middle of something: a finalizer, or a hook? */
static bool is_inserted(const lua_Debug *ar) {
  return strcmp(ar->namewhat, "hook") == 0 || (ar->name != NULL && strcmp(ar->name, "__gc") == 0);
}


/* The name of the function that keeps 'L' from yielding, or NULL. */
static const char *culprit(lua_State *L, lua_Debug *ar) {
  int level;
  for (level = 1; lua_getstack(L, level, ar); level++) {
    lua_getinfo(L, "Sn", ar);
    if (is_inserted(ar)) return ar->name;
    if (*ar->what == 'C' && ar->name != NULL && !lets_waits_through(ar->name)) return ar->name;
  }
  return NULL;
}


/* The name of the function that keeps any of the running coroutines from yielding, or NULL. */
static const char *culprit_in(const struct coh_state *S, lua_State *L, lua_Debug *ar) {
  const struct coh_frame *frame;
  const char *name = culprit(L, ar);
  if (S->frame == NULL) return name;
  for (frame = S->frame->prev; frame != NULL && name == NULL; frame = frame->prev)
    if (!lua_isyieldable(frame->co)) name = culprit(frame->co, ar);
  return name;
}


/* Was 'L', or a coroutine it runs in, resumed by Lua's own library? */
static bool is_foreign(const struct coh_state *S, const lua_State *L) {
  const struct coh_frame *frame = S->frame;
  if (frame == NULL || frame->co != L) return frame != NULL;
  while (frame != NULL && !frame->foreign) frame = frame->prev;
  return frame != NULL;
}


void coh_push_refusal(lua_State *L, struct coh_state *S) {
  lua_Debug ar;
  const char *name;
  coh_text_push_prefix(L);
  if (is_foreign(S, L))
    lua_pushliteral(L, "cannot wait inside a coroutine that Lua's own coroutine library resumed: "
                       "write cohort.coroutine in its place, or wait outside of it, "
                       "and hand in what was waited for");
  else if (S->frame != NULL && S->frame->closing)
    lua_pushliteral(L, "cannot wait in a '<close>' variable of this coroutine: it is closed where Lua cannot "
                       "suspend, or it began outside of a task");
  else if ((name = culprit_in(S, L, &ar)) == NULL)
    lua_pushliteral(L, "cannot wait here: a C function that called back into Lua is in the way");
  else if (is_inserted(&ar))
    lua_pushfstring(L, "cannot wait in a %s, which Lua runs in the middle of something else: leave that to a "
                       "task that waits for it, by event:set() or send:offer(...)",
                    strcmp(name, "__gc") == 0 ? "finalizer (__gc)" : "debug hook");
  else if (strcmp(name, "require") == 0)
    lua_pushliteral(L, "cannot wait at the top level of a file loaded by 'require': "
                       "wait in a function that is called afterwards");
  else
    lua_pushfstring(L, "cannot wait inside a function called by '%s', which Lua cannot suspend: "
                       "wait before or after it", name);
  lua_concat(L, 2);
}


int coh_refuse_wait(struct coh_state *S, lua_State *L) {
  coh_push_refusal(L, S);
  return lua_error(L);
}


void coh_refuse_call(lua_State *L) {
  coh_check_task(L);
  coh_refuse_wait(coh_state_here(L), L);
}


/*
** Where orders are explored the budget is one call, so that there is a choice at
** each. The task stays at the front then, where it is found if the first is picked;
** the turn that the plain order has for the others comes after as many calls as there.
** Who is cancelled where memory is short gives none, so that it ends.
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
