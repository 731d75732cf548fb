/*
** Stubborn tasks: see stubborn.h. Depth is counted from the bottom of the task's
** coroutine, whose first frame is the body, through those that it resumed.
*/
#include "glue/stubborn.h"

#include <limits.h>

#include "errors/error.h"
#include "glue/abandon.h"
#include "glue/costep.h"
#include "glue/fiber.h"
#include "glue/fibername.h"
#include "glue/hook.h"
#include "glue/note.h"
#include "glue/object.h"
#include "glue/unwind.h"

#define DELIVERIES_REPORTED 100
#define DELIVERIES_MAX 1000
#define WAITS_WITHOUT_RAISE 3
#define ROUNDS_SPARING 8
#define ROUNDS_MAX 40

enum phase {
  OBSERVE,  /* until the next delivery, find the shallowest frame that runs */
  RAISE,    /* at the next instruction as shallow as that, or a little deeper in each round */
  FOLLOW,   /* raise again at each instruction below the function that caught it */
  CLOSE     /* nothing helped */
};

struct coh_unwinding {
  struct coh_unwinding *next;  /* in state.unwindings */
  struct coh_fiber *fiber;
  struct coh_note *place;      /* where it was when unwinding began, owned; NULL without memory */
  enum phase phase;
  int count;                   /* deliveries it had caught by then */
  int shallowest;              /* OBSERVE: the least depth seen */
  int limit;                   /* FOLLOW: raise at this depth or less */
  int waits;                   /* deliveries since the latest raise */
  int rounds;                  /* times it began to observe */
  int spared;                  /* depth of a function that unwinding called, or 0 */
};


static struct coh_unwinding *find(struct coh_state *S, struct coh_fiber *f) {
  struct coh_unwinding *u = S->unwindings;
  while (u != NULL && u->fiber != f) u = u->next;
  return u;
}


/* {{ The hook */

/*
** Is the task in a function that unwinding calls? That of a '<close>' variable runs to its end, unless too
** many rounds show that it catches Cancelled as well.
*/
static bool spares(struct coh_unwinding *u, lua_State *L, const struct coh_state *S, const lua_Debug *ar) {
  if (u->spared != 0 && coh_unwind_is_task_deeper(S, u->spared - 1)) return true;
  u->spared = 0;
  if (ar->event != LUA_HOOKCALL) return false;
  if (u->rounds <= ROUNDS_SPARING && coh_unwind_is_called_from_c(L)) u->spared = coh_unwind_task_depth(S);
  return true;
}


bool coh_stubborn_wants_hook(struct coh_state *S, struct coh_fiber *f) {
  return f->unwinding && find(S, f)->phase != CLOSE;
}


void coh_stubborn_hook(lua_State *L, struct coh_state *S, struct coh_fiber *f, const lua_Debug *ar) {
  struct coh_unwinding *u = find(S, f);
  if (u->phase == CLOSE || S->frame == NULL || S->frame->co != L) return;
  if (spares(u, L, S, ar)) return;
  if (u->phase == OBSERVE) {
    if (!coh_unwind_is_task_deeper(S, u->shallowest - 1)) u->shallowest = coh_unwind_task_depth(S);
    return;
  }
  if (coh_unwind_is_task_deeper(S, u->phase == RAISE ? u->shallowest + u->rounds - 1 : u->limit)) return;
  u->phase = FOLLOW;
  u->limit = coh_unwind_below_task_catcher(S);
  u->waits = 0;
  coh_cancelled_push(L);
  lua_error(L);
}

/* }} */


/* {{ Counting */

static void observe(struct coh_unwinding *u) {
  u->phase = u->rounds++ < ROUNDS_MAX ? OBSERVE : CLOSE;
  u->shallowest = INT_MAX / 2;  /* deeper than any stack, also when rounds are added */
  u->waits = 0;
}


static void begin(struct coh_state *S, struct coh_fiber *f, int count) {
  struct coh_unwinding *u = coh_mem_new(&S->loop.rt.mem, sizeof *u);
  if (u == NULL) return;  /* the next delivery tries again */
  u->fiber = f;
  u->count = count;
  coh_note_take(S, f, 0, &u->place);
  u->next = S->unwindings;
  S->unwindings = u;
  u->spared = 0;
  f->unwinding = true;
  observe(u);
  coh_hook_set_all(S);
}


/* One more delivery to a task that is being unwound. */
static void advance(struct coh_unwinding *u) {
  if (u->phase == OBSERVE) u->phase = RAISE;
  else if (u->phase != CLOSE && ++u->waits >= WAITS_WITHOUT_RAISE) observe(u);
}


/* Say it once, through Lua's warnings. [-0, +0, m] */
static void report(lua_State *L, struct coh_state *S, struct coh_fiber *f) {
  coh_fiber_push_name(L, f);
  coh_note_push_place(L, S, f, false);
  lua_pushfstring(L, "cohort: task '%s' has caught Cancelled %d times and goes on: let it pass, or write "
                     "cohort.attempt instead of pcall\n%s", lua_tostring(L, -2), DELIVERIES_REPORTED,
                  lua_tostring(L, -1));
  lua_warning(L, lua_tostring(L, -1), 0);
  lua_pop(L, 3);
}


/*
** The scope that counts deliveries: the canceller if the task has it open itself, so
** that the count ends with that scope, else the task's outermost.
*/
static struct coh_scope *find_counter(struct coh_fiber *f) {
  struct coh_scope *canceller = f->task.current->canceller;
  return canceller != NULL && coh_task_has_open(&f->task, canceller) ? canceller : &f->task.scope;
}


/* A task gets Cancelled for its group, not for a scope of its own: if it catches that, the host must know. */
static void note_cut(struct coh_fiber *f) {
  struct coh_group *g = f->task.group;
  if (g != NULL && coh_scope_is_cut(&g->scope)) coh_item(g, struct coh_luagroup, group)->cut_tasks = true;
}


void coh_stubborn_count(lua_State *L, struct coh_state *S, struct coh_fiber *f) {
  struct coh_scope *counter;
  if (f->unwinding) {
    advance(find(S, f));
    coh_hook_set_all(S);
    return;
  }
  counter = find_counter(f);
  if (counter == &f->task.scope) note_cut(f);
  if (counter->delivered < DELIVERIES_MAX) counter->delivered++;
  if (counter->delivered == DELIVERIES_REPORTED) report(L, S, f);
  if (S->forced || counter->delivered >= DELIVERIES_MAX) begin(S, f, counter->delivered);
}


void coh_stubborn_forget(struct coh_state *S, struct coh_fiber *f) {
  struct coh_unwinding **at = &S->unwindings, *u;
  if (!f->unwinding) return;
  f->unwinding = false;
  while ((*at)->fiber != f) at = &(*at)->next;
  u = *at;
  *at = u->next;
  coh_note_free(S, &u->place);
  coh_mem_free(&S->loop.rt.mem, u, sizeof *u);
}

/* }} */


/* {{ The end */

void coh_stubborn_push_error(lua_State *L, struct coh_state *S, struct coh_fiber *f) {
  const struct coh_unwinding *u = find(S, f);
  coh_fiber_push_name(L, f);
  lua_pushfstring(L, "task '%s' was ended by force: it had caught Cancelled %d times", lua_tostring(L, -1),
                  u->count);
  coh_error_push(L, COH_STUBBORN, lua_tostring(L, -1));  /* name message error */
  lua_pushvalue(L, -3);
  lua_setfield(L, -2, "name");
  lua_pushinteger(L, u->count);
  lua_setfield(L, -2, "count");
  if (u->place != NULL) {
    coh_note_push(L, u->place);
    lua_setfield(L, -2, "traceback");
  }
  lua_replace(L, -3);
  lua_pop(L, 1);
}


/* pcall'ed: (fiber) -> a coroutine with the fiber's identity and error on its stack */
static int make_error(lua_State *L) {
  struct coh_state *S = coh_state_of(L);
  struct coh_fiber *f = lua_touserdata(L, 1);
  lua_State *co = lua_newthread(L);
  coh_fiber_push_identity(L, f);
  coh_stubborn_push_error(L, S, f);
  coh_fiber_push_owner(L, f);  /* coroutine identity error handle? */
  if (f->handle != NULL && lua_touserdata(L, -1) == f->handle) {
    lua_pushvalue(L, -2);
    lua_setiuservalue(L, -2, COH_UV_RESULT);
  }
  lua_pop(L, 1);
  lua_xmove(L, co, 2);
  return 1;
}


/*
** Close the coroutine by force: its '<close>' variables run, but cannot wait.
** Its error is made first, while its name can still be read, and kept in a new
** coroutine: the closed one remembers a message handler that it no longer has, and
** Lua would call that if somebody resumed it. Without memory for it, that is the error.
*/
static void close_by_force(struct coh_state *S, struct coh_fiber *f) {
  lua_State *L = S->pump;
  lua_pushcfunction(L, make_error);
  lua_pushlightuserdata(L, f);
  if (lua_pcall(L, 1, 1, 0) != LUA_OK) {
    lua_pop(L, 1);
    lua_pushboolean(L, 0);
  }
  f->yielded = false;
  coh_hook_set(S, f->L);
  coh_costep_cut(S, f->L);
  lua_resetthread(f->L);
  lua_settop(f->L, 0);
  f->failed = f->dead = true;
  f->L = lua_tothread(L, -1);
  coh_anchors_set(L, &S->threads, f->task.slot);
  coh_fiber_finish(S, f, COH_FAILED);
}


bool coh_stubborn_step(struct coh_state *S, struct coh_fiber *f) {
  struct coh_unwinding *u = find(S, f);
  if (u->phase != CLOSE) return false;
  coh_wait_forfeit(&f->task.wait);
  if (!coh_abandon_quietly(S, f, &f->task.scope)) close_by_force(S, f);
  return true;
}

/* }} */
