/*
** Cancel scopes for Lua: see scopes.h. Every function form runs its function
** under a protected call inside a scope, and decides at the end, from the state
** of the tree alone, whether a Cancelled that arrives ends here.
**
**   the stack of a function form
**   1 handler   2.. function and arguments, then results or error
*/
#include "glue/scopes.h"

#include <lauxlib.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "errors/error.h"
#include "glue/abandon.h"
#include "glue/handler.h"
#include "glue/note.h"
#include "glue/object.h"
#include "glue/reason.h"
#include "glue/reuse.h"
#include "glue/scopeobject.h"
#include "glue/wait.h"
#include "lua/arg.h"

#define NESTING_MAX 8000

enum form { MOVE_ON, FAIL, SHIELD, SCOPE, BLOCK };


/* {{ Errors that a scope's end raises */

/* A Timeout carries as its traceback where its task was interrupted, as noted then. [-1, +1, m] */
static void push_timeout(lua_State *L, const struct coh_luascope *s) {
  char text[64] = "timed out";
  if (s->seconds == s->seconds) snprintf(text, sizeof text, "timed out after %.6gs", (double)s->seconds);
  coh_reason_push_error(L, COH_TIMEOUT, text);
  if (s->stuck == NULL) return;
  coh_note_push(L, s->stuck);
  lua_setfield(L, -2, "traceback");
}


/* pcall'ed: (scope) -> what a scope that was cancelled raises: Timeout for its deadline, else Aborted */
static int l_cut(lua_State *L) {
  struct coh_luascope *s = lua_touserdata(L, 1);
  coh_reason_push(L, coh_state_from(s->scope.slot.rt), &s->scope);
  if (s->scope.reason == COH_REASON_DEADLINE) push_timeout(L, s);
  else coh_reason_push_aborted(L, "the scope was cancelled");
  return 1;
}


/* Push that, or that memory ran out: the scope ends all the same. [-0, +1, m] of stack alone */
static void push_cut(lua_State *L, struct coh_luascope *s) {
  lua_pushcfunction(L, l_cut);
  lua_pushlightuserdata(L, s);
  lua_pcall(L, 1, 1, 0);
}

/* }} */


/* {{ The function forms */

static void close_scope(struct coh_state *S, struct coh_fiber *f, struct coh_luascope *s) {
  coh_task_leave(&f->task, &s->scope);
  coh_luascope_give(S, s);
}


static int close_inner(lua_State *L, int status, lua_KContext context);


/* The function was cut short by this scope: the form ends with false, an error, or nothing. */
static int cut(lua_State *L, struct coh_state *S, struct coh_fiber *f, struct coh_luascope *s) {
  enum form form = s->form;
  s->scope.caught = true;
  if (form == FAIL) push_cut(L, s);
  if (f->task.current != &s->scope) {  /* a finalizer left something open just now */
    lua_pop(L, 1);
    return close_inner(L, LUA_OK, (lua_KContext)s);
  }
  close_scope(S, f, s);
  if (form == FAIL) return lua_error(L);
  if (form == SHIELD) return 0;
  lua_pushboolean(L, 0);
  return 1;
}


/* What was left open inside has been closed: end the scope, and hand its outcome on. */
static int leave(lua_State *L, struct coh_state *S, struct coh_fiber *f, struct coh_luascope *s) {
  bool failed = s->failed, tells = s->form == MOVE_ON || s->form == SCOPE;
  if (failed && coh_scope_catches(&s->scope) && coh_cancelled_is(L, -1)) return cut(L, S, f, s);
  close_scope(S, f, s);
  if (failed) return coh_rethrow(L, f);
  if (!tells) return lua_gettop(L) - 1;
  luaL_checkstack(L, 1, "too many results");
  lua_pushboolean(L, 1);
  lua_replace(L, 1);
  return lua_gettop(L);
}


/* Close what was left open inside; the context is the scope, which only its task can close. */
static int close_inner(lua_State *L, int status, lua_KContext context) {
  struct coh_luascope *s = (struct coh_luascope *)context;
  struct coh_state *S = coh_state_from(s->scope.slot.rt);
  struct coh_fiber *f = coh_running(S);
  (void)status;
  if (f == NULL || !coh_task_has_open(&f->task, &s->scope)) coh_refuse_resume(L);
  while (f->task.current != &s->scope) {
    if (coh_abandon(L, S, f, &s->scope)) return lua_yieldk(L, 0, context, close_inner);
    if (lua_isnil(L, -1)) {
      lua_pop(L, 1);
    } else {
      if (s->failed && !coh_cancelled_is(L, -2)) coh_abandon_join(L, f, lua_gettop(L) - 1);
      s->failed = true;
    }
  }
  return leave(L, S, f, s);
}


/* The function returned or raised. */
static int ended(lua_State *L, int status, lua_KContext number) {
  struct coh_luascope *s = coh_item(coh_check_open_scope(L, number), struct coh_luascope, scope);
  struct coh_state *S = coh_state_from(s->scope.slot.rt);
  struct coh_fiber *f = coh_running(S);
  s->failed = status != LUA_OK && status != LUA_YIELD;
  if (f->task.current != &s->scope) return close_inner(L, LUA_OK, (lua_KContext)s);
  return leave(L, S, f, s);
}


/* How many scopes deep 'f' will be in the next one. To unwind more than 8000 takes minutes. [-0, +0, v] */
static unsigned check_nesting(lua_State *L, const struct coh_fiber *f) {
  const struct coh_scope *s = f->task.current;
  unsigned nesting;
  while (s->role == COH_SCOPE_GROUP || s->role == COH_SCOPE_BLOCK) s = s->parent;
  nesting = s->role == COH_SCOPE_PLAIN ? coh_item(s, struct coh_luascope, scope)->nesting + 1 : 1;
  if (nesting > NESTING_MAX)
    coh_misuse(L, "this task is in %d scopes, one in the other: is that a recursion without an end?",
               NESTING_MAX);
  return nesting;
}


/* Make the scope that the running fiber is about to enter. [-0, +0, v] */
static struct coh_luascope *new_scope(lua_State *L, struct coh_fiber *f, enum form form, lua_Number seconds) {
  unsigned nesting = check_nesting(L, f);
  struct coh_luascope *s = coh_luascope_take(L, coh_state_from(coh_task_runtime(&f->task)));
  s->form = (uint8_t)form;
  s->nesting = nesting;
  s->seconds = seconds;
  s->wants_trace = form == FAIL || form == BLOCK;
  return s;
}


/* Call the function at 2 with what is above it, in 's'. */
static int run(lua_State *L, struct coh_fiber *f, struct coh_luascope *s) {
  lua_KContext number = s->number;
  int status = lua_pcallk(L, lua_gettop(L) - 2, LUA_MULTRET, 1, number, ended);
  f->depth--;
  return ended(L, status, number);
}


/* Enter a scope around the function at 2; what is at 1 has been read. */
static int enter(lua_State *L, struct coh_fiber *f, enum form form, int64_t deadline_ns, lua_Number seconds) {
  struct coh_luascope *s = new_scope(L, f, form, seconds);
  lua_pushcfunction(L, coh_handler);
  lua_replace(L, 1);
  coh_task_enter(&f->task, &s->scope, deadline_ns, form == SHIELD);
  return run(L, f, s);
}


/* A block function: at once, or from an empty C stack when that is nearly full. */
static int begin(lua_State *L, lua_KFunction block) {
  struct coh_fiber *f = coh_check_task(L);
  if (coh_too_deep(L, f)) return coh_yield(L, f, block);
  return block(L, LUA_OK, coh_context(f));
}


static int after(lua_State *L, struct coh_fiber *f, enum form form, const char *what) {
  int64_t limit_ns = coh_check_seconds(L, 1, what);
  coh_check_body(L, 2, what, form == FAIL ? "fail_after(seconds, " : "move_on_after(seconds, ",
                 "s <close> = cohort.open_scope{timeout = seconds}");
  return enter(L, f, form, coh_time_add(coh_now(coh_task_runtime(&f->task)), limit_ns), lua_tonumber(L, 1));
}


static int at(lua_State *L, struct coh_fiber *f, enum form form, const char *what) {
  int64_t deadline_ns = coh_check_time(L, 1, what);
  coh_check_body(L, 2, what, form == FAIL ? "fail_at(time, " : "move_on_at(time, ",
                 "s <close> = cohort.open_scope{deadline = time}");
  return enter(L, f, form, deadline_ns, (lua_Number)NAN);
}


static int move_on_after(lua_State *L, int status, lua_KContext context) {
  (void)status;
  return after(L, coh_resumed(L, context), MOVE_ON, "move_on_after");
}

static int fail_after(lua_State *L, int status, lua_KContext context) {
  (void)status;
  return after(L, coh_resumed(L, context), FAIL, "fail_after");
}

static int move_on_at(lua_State *L, int status, lua_KContext context) {
  (void)status;
  return at(L, coh_resumed(L, context), MOVE_ON, "move_on_at");
}

static int fail_at(lua_State *L, int status, lua_KContext context) {
  (void)status;
  return at(L, coh_resumed(L, context), FAIL, "fail_at");
}

static int shield(lua_State *L, int status, lua_KContext context) {
  (void)status;
  if (coh_is_options(L, 1) && !lua_isnoneornil(L, 2))
    coh_misuse(L, "shield takes no options: write cohort.scope({shield = true, timeout = 1}, f)");
  if (lua_type(L, 1) == LUA_TNUMBER && coh_is_callable(L, 2))
    coh_misuse(L, "shield takes no time limit: write cohort.shield(cohort.move_on_after, %.14g, f, ...)",
               (double)lua_tonumber(L, 1));
  coh_check_callable(L, 1, "shield");
  lua_pushnil(L);
  lua_insert(L, 1);
  return enter(L, coh_resumed(L, context), SHIELD, COH_NEVER, (lua_Number)NAN);
}

/* move_on_after(seconds, f, ...) -> true, results... | false */
static int l_move_on_after(lua_State *L) { return begin(L, move_on_after); }

/* fail_after(seconds, f, ...) -> results... */
static int l_fail_after(lua_State *L) { return begin(L, fail_after); }

/* move_on_at(time, f, ...) -> true, results... | false */
static int l_move_on_at(lua_State *L) { return begin(L, move_on_at); }

/* fail_at(time, f, ...) -> results... */
static int l_fail_at(lua_State *L) { return begin(L, fail_at); }

/* shield(f, ...) -> results... */
static int l_shield(lua_State *L) { return begin(L, shield); }

/* }} */


/* {{ The general forms, with options and an object */

static const char *const option_names[] = {"timeout", "deadline", "shield", "name", NULL};

/* What was asked for, read before anything is made. */
struct wish {
  int64_t deadline_ns;
  lua_Number seconds;  /* NaN when no timeout was given */
  bool shield;
};

/* Read the options at 'arg', which may be absent. [-0, +0, v] */
static struct wish check_wish(lua_State *L, int arg, const char *what) {
  struct wish w = {COH_NEVER, (lua_Number)NAN, false};
  int64_t timeout_ns;
  if (arg == 0 || lua_isnoneornil(L, arg)) return w;
  coh_check_options(L, arg, what, option_names);
  coh_opt_string(L, arg, "name");
  w.shield = coh_opt_boolean(L, arg, "shield", false);
  timeout_ns = coh_opt_seconds(L, arg, "timeout", -1);
  if (coh_get_option(L, arg, "deadline") != LUA_TNIL)
    w.deadline_ns = coh_check_time(L, -1, "option 'deadline'");
  if (timeout_ns >= 0 && !lua_isnil(L, -1))
    coh_misuse(L, "%s takes 'timeout' or 'deadline', not both", what);
  lua_pop(L, 1);
  if (timeout_ns < 0) return w;
  w.deadline_ns = coh_time_add(coh_now(&coh_state_here(L)->loop.rt), timeout_ns);
  coh_get_option(L, arg, "timeout");
  w.seconds = lua_tonumber(L, -1);
  lua_pop(L, 1);
  return w;
}


static int scope(lua_State *L, int status, lua_KContext context) {
  struct coh_state *S = coh_state_here(L);
  struct coh_fiber *f = coh_resumed(L, context);
  bool has_options;
  struct coh_luascope *s;
  struct coh_face *face;
  struct wish w;
  (void)status;
  has_options = coh_is_options(L, 1);
  w = check_wish(L, has_options ? 1 : 0, "scope");
  if (lua_type(L, 1) == LUA_TNUMBER && coh_is_callable(L, 2))
    coh_misuse(L, "scope expects options as a table, got number: write scope({timeout = %.14g}, f)",
               (double)lua_tonumber(L, 1));
  coh_check_body(L, has_options ? 2 : 1, "scope", "scope(", "s <close> = cohort.open_scope{...}");
  coh_check_options_first(L, has_options ? 2 : 1, 1, "scope", option_names);
  if (!has_options) {
    lua_pushnil(L);
    lua_insert(L, 1);
  }
  face = coh_face_push(L, has_options ? 1 : 0);       /* options body ... object */
  s = new_scope(L, f, SCOPE, w.seconds);
  lua_pushcfunction(L, coh_handler);
  lua_replace(L, 1);                              /* handler body ... object */
  coh_task_enter(&f->task, &s->scope, w.deadline_ns, w.shield);
  coh_face_bind(L, S, s, face);
  lua_insert(L, 3);                               /* handler body object ... */
  return run(L, f, s);
}


/* scope([options,] body, ...) -> true, results... | false */
static int l_scope(lua_State *L) { return begin(L, scope); }


/* open_scope([options]) -> scope, to be put into a <close> variable */
static int l_open_scope(lua_State *L) {
  struct coh_state *S = coh_state_here(L);
  struct coh_fiber *f = coh_check_task(L);
  struct coh_face *face;
  struct coh_luascope *s;
  struct wish w;
  if (coh_is_callable(L, 1))
    return coh_misuse(L, "open_scope takes no body: write cohort.scope(function(scope) ... end)");
  w = check_wish(L, 1, "open_scope");
  coh_abandon_check_fence(L, S, "open_scope");
  face = coh_face_push(L, lua_istable(L, 1) ? 1 : 0);
  luaL_where(L, 1);
  lua_setiuservalue(L, -2, COH_UV_LINE);
  s = new_scope(L, f, BLOCK, w.seconds);
  coh_task_enter(&f->task, &s->scope, w.deadline_ns, w.shield);
  coh_face_bind(L, S, s, face);
  return 1;
}


/* Was it opened by open_scope, so that it does not end with a function that still runs? */
static bool is_block(const struct coh_scope *s) {
  return s->role == COH_SCOPE_PLAIN && coh_item(s, struct coh_luascope, scope)->form == BLOCK;
}


void coh_scopes_check_blocks(lua_State *L, const struct coh_fiber *f, const struct coh_scope *until) {
  const struct coh_scope *s;
  for (s = f->task.current; s != until; s = s->parent)
    if (s->role != COH_SCOPE_BLOCK && !is_block(s))
      coh_misuse(L, "this block was opened outside of a function form that still runs, cohort.scope, shield "
                    "or the like: close it after that");
}


/*
** The end of a block. The error on its way is at 2, or nil, and returning lets it go on; what the block
** ends with is at 3. Making that may run a finalizer that leaves something open.
*/
static int close_block(lua_State *L, int status, lua_KContext context) {
  struct coh_state *S = coh_state_here(L);
  struct coh_fiber *f = coh_resumed(L, context);
  struct coh_face *face = lua_touserdata(L, 1);
  struct coh_luascope *s = coh_item(face->object.scope, struct coh_luascope, scope);
  (void)status;
  do {
    if (coh_abandon(L, S, f, &s->scope)) return coh_yield(L, f, close_block);
    if (lua_isnil(L, -1)) {
      lua_pop(L, 1);
    } else {
      if (!lua_isnil(L, 3) && !coh_cancelled_is(L, 3)) coh_abandon_join(L, f, 3);
      lua_replace(L, 3);
    }
    if (coh_cancelled_is(L, 3) && coh_scope_catches(&s->scope)) {
      s->scope.caught = true;
      push_cut(L, s);
      lua_replace(L, 3);
    }
  } while (f->task.current != &s->scope);
  close_scope(S, f, s);
  return lua_isnil(L, 3) || lua_rawequal(L, 3, 2) ? 0 : lua_error(L);
}


/* __close(scope, err): the end of an open_scope's block */
static int l_close(lua_State *L) {
  struct coh_state *S = coh_state_here(L);
  struct coh_face *face = coh_object_check(L, 1, COH_SCOPE, "__close");
  struct coh_fiber *f = coh_running(S);
  lua_settop(L, 2);
  if (face->object.scope == NULL || face->proxy || S->closing) return 0;
  if (f == NULL || !coh_task_has_open(&f->task, face->object.scope))
    return coh_misuse(L, "a scope is closed by the task that opened it");
  if (!is_block(face->object.scope))
    return coh_misuse(L, "the scope of a function form ends with the function: "
                         "only open_scope goes with <close>");
  coh_abandon_check_fence(L, S, "__close");
  coh_scopes_check_blocks(L, f, face->object.scope);
  lua_pushvalue(L, 2);
  return close_block(L, LUA_OK, coh_context(f));
}

/* }} */


static const luaL_Reg functions[] = {
  {"move_on_after", l_move_on_after},
  {"fail_after", l_fail_after},
  {"move_on_at", l_move_on_at},
  {"fail_at", l_fail_at},
  {"shield", l_shield},
  {"scope", l_scope},
  {"open_scope", l_open_scope},
  {NULL, NULL}
};


void coh_scopes_open(lua_State *L) {
  coh_scopeobject_open(L, l_close);
  lua_pushlightuserdata(L, coh_state_of(L));
  luaL_setfuncs(L, functions, 1);
}
