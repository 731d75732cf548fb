/*
** Select: see select.h.
**
**   the stack of a select
**   1 cases   2 how long, then until when, in ns   3 otherwise   4 nil, then the choice
**   then for each case 1 its sort   2 what it is about   3, 4 what else is in it
**
** All that a case needs is on this stack before anything happens: the table
** may be changed by others meanwhile, and what is stood for must not be collected.
*/
#include "sync/select.h"

#include <string.h>

#include "glue/arg.h"
#include "glue/object.h"
#include "glue/wait.h"
#include "sync/ends.h"
#include "sync/event.h"
#include "sync/object.h"

enum { CASES = 1, TIME, OTHERWISE, CHOICE };              /* slots of the stack */
enum { SORT = 1, SUBJECT, SECOND, THIRD, SIZE = THIRD };  /* and those of a case, above what is below it */
enum { NO_WAIT = -1 };                                    /* TIME of an otherwise without a timeout */

/* In a userdata, while it waits. */
struct choice {
  struct coh_choice choice;
  struct coh_standin timer;
  struct coh_end_case cases[];  /* only their standin for what is no end of a channel */
};

enum sort { SORT_SEND, SORT_RECEIVE, SORT_TASK, SORT_EVENT };  /* the first two are ends of channels */


/* The slot below those of case 'i', which counts from 1. */
static int below(int i) {
  return CHOICE + (i - 1) * SIZE;
}


static enum sort sort_of(lua_State *L, int i) {
  return (enum sort)lua_tointeger(L, below(i) + SORT);
}


static int count_cases(lua_State *L) {
  return (lua_gettop(L) - CHOICE) / SIZE;
}


/* {{ Arguments */

static enum sort check_task_subject(lua_State *L, int i, int index) {
  const struct coh_state *S = coh_state_here(L);
  const struct coh_object *o = coh_object_test(L, S, index, COH_TASK);
  if (o == NULL)
    coh_misuse(L, "select expects {receive, f}, {send, value, f}, {task, f} or {event, f} as case %d, "
                  "got a table with %s first", i, coh_type_name(L, index));
  if (S->loop.rt.current != NULL && o->scope == &S->loop.rt.current->scope)
    coh_misuse(L, "select: a task cannot wait for its own end, as in case %d", i);
  return SORT_TASK;
}


static enum sort check_subject(lua_State *L, int i, int index) {
  const struct coh_end *e = coh_ends_test(L, index);
  if (e != NULL) return e->side == COH_SEND ? SORT_SEND : SORT_RECEIVE;
  if (coh_sync_test(L, index, &coh_event_class) != NULL) return SORT_EVENT;
  return check_task_subject(L, i, index);
}


static void check_function(lua_State *L, int i, int index) {
  if (lua_isnil(L, index) || coh_is_callable(L, index)) return;
  coh_misuse(L, "select expects a function as the last of case %d, got %s", i, coh_type_name(L, index));
}


/* Push case 'i' of the table at CASES. [-0, +4, v] */
static void push_case(lua_State *L, int i) {
  int slot = below(i), n;
  enum sort sort;
  lua_rawgeti(L, CASES, i);
  if (!lua_istable(L, slot + SORT))
    coh_misuse(L, "select expects a table as case %d, got %s: %s", i, coh_type_name(L, slot + SORT),
               lua_isnil(L, slot + SORT) ? "leave out what is nil" : "write {receive, f}");
  for (n = 1; n < SIZE; n++) lua_rawgeti(L, slot + SORT, n);
  sort = check_subject(L, i, slot + SUBJECT);
  if (sort == SORT_SEND) {
    if (lua_isnil(L, slot + SECOND))
      coh_misuse(L, "select expects a value that is not nil to send in case %d: write {send, value, f}", i);
    check_function(L, i, slot + THIRD);
  } else {
    check_function(L, i, slot + SECOND);
    if (!lua_isnil(L, slot + THIRD))
      coh_misuse(L, "select expects one function in case %d, and got more", i);
  }
  lua_pushinteger(L, sort);
  lua_replace(L, slot + SORT);
}


/* Other keys than those of 'count' cases and the two options are mistakes. [-0, +0, v] */
static void check_keys(lua_State *L, lua_Integer count) {
  lua_pushnil(L);
  while (lua_next(L, CASES)) {  /* key value */
    lua_pop(L, 1);
    if (lua_isinteger(L, -1) && lua_tointeger(L, -1) >= 1) {
      if (lua_tointeger(L, -1) > count)
        coh_misuse(L, "select expects a list of cases: leave out what is nil before case %lld",
                   (long long)lua_tointeger(L, -1));
    } else if (lua_type(L, -1) != LUA_TSTRING) {
      coh_misuse(L, "select expects a list of cases, got a key that is a %s", coh_type_name(L, -1));
    } else if (strcmp(lua_tostring(L, -1), "timeout") != 0 && strcmp(lua_tostring(L, -1), "otherwise") != 0) {
      coh_misuse(L, "select knows 'timeout' and 'otherwise' beside its cases, and not '%s'",
                 lua_tostring(L, -1));
    }
  }
}


/* Push how long to wait, and what to do then. [-0, +2, v] */
static void push_otherwise(lua_State *L) {
  int64_t timeout_ns = coh_opt_seconds(L, CASES, "timeout", NO_WAIT);
  int type = coh_get_option(L, CASES, "otherwise");
  if (type != LUA_TNIL && !coh_is_callable(L, -1))
    coh_misuse(L, "option 'otherwise' expects a function, got %s", coh_type_name(L, -1));
  if (timeout_ns == NO_WAIT && type == LUA_TNIL) timeout_ns = COH_NEVER;
  lua_pushinteger(L, timeout_ns);
  lua_insert(L, -2);
}


/* Lay out the stack of a select, and check all of it. [-0, +?, v] */
static void read_cases(lua_State *L) {
  lua_Unsigned count;
  int i;
  lua_settop(L, CASES);
  if (!lua_istable(L, CASES) || coh_is_callable(L, CASES))
    coh_misuse(L, "select expects a table of cases, got %s: write select{{receive, f}, {send, value, f}}",
               coh_type_name(L, CASES));
  count = lua_rawlen(L, CASES);
  luaL_checkstack(L, count < LUAI_MAXSTACK / SIZE ? (int)count * SIZE + LUA_MINSTACK : LUAI_MAXSTACK,
                  "too many cases");
  check_keys(L, (lua_Integer)count);
  push_otherwise(L);
  if (count == 0 && lua_tointeger(L, TIME) == COH_NEVER)
    coh_misuse(L, "select expects at least one case, or a timeout");
  lua_pushnil(L);
  for (i = 1; i <= (int)count; i++) push_case(L, i);
}

/* }} */


/* {{ After the choice */

static int finished(lua_State *L, int status, lua_KContext context) {
  (void)status;
  (void)context;
  return lua_gettop(L);
}


/* Call the function below its 'count' arguments on top and return what it does; all else is dropped. */
static int call(lua_State *L, struct coh_fiber *f, int count) {
  int i;
  for (i = 1; i <= count + 1; i++) lua_copy(L, i - count - 2, i);
  lua_settop(L, count + 1);
  lua_callk(L, count, LUA_MULTRET, coh_context(f), finished);
  return finished(L, LUA_OK, coh_context(f));
}


/* Case 'i' has happened, and there are 'count' values of it on top. */
static int conclude(lua_State *L, struct coh_fiber *f, int i, int function, int count) {
  if (lua_isnil(L, function)) {
    lua_pushinteger(L, i);
    lua_insert(L, -count - 1);
    return count + 1;
  }
  lua_pushvalue(L, function);
  lua_insert(L, -count - 1);
  return call(L, f, count);
}


/* A case about the end of a channel came to something. */
static int conclude_end(lua_State *L, struct coh_fiber *f, int i, enum coh_passing passing) {
  int subject = below(i) + SUBJECT;
  struct coh_end *e = lua_touserdata(L, subject);
  if (e->side == COH_SEND) {
    if (passing > COH_LATER) return coh_end_conclude(L, subject, passing, "send");
    return conclude(L, f, i, below(i) + THIRD, 0);
  }
  if (passing != COH_PASSED) coh_end_conclude(L, subject, passing, "receive");
  return conclude(L, f, i, below(i) + SECOND, 1);
}


static int conclude_other(lua_State *L, struct coh_fiber *f, int i) {
  if (sort_of(L, i) == SORT_EVENT) return conclude(L, f, i, below(i) + SECOND, 0);
  lua_pushvalue(L, below(i) + SUBJECT);
  return conclude(L, f, i, below(i) + SECOND, 1);
}


/* Nothing has happened in time. */
static int conclude_late(lua_State *L, struct coh_fiber *f) {
  if (lua_isnil(L, OTHERWISE)) {
    lua_pushboolean(L, 0);
    return 1;
  }
  lua_pushvalue(L, OTHERWISE);
  return call(L, f, 0);
}

/* }} */


/* {{ Trying and waiting */

/* The queue of case 'i', which is about no end of a channel; NULL: it has happened. [-0, +0, m] */
static struct coh_link *queue_of(lua_State *L, int i) {
  int subject = below(i) + SUBJECT;
  if (sort_of(L, i) == SORT_EVENT) {
    struct coh_event_object *e = lua_touserdata(L, subject);
    return e->set ? NULL : &e->sync.waiters;
  } else {
    struct coh_object *o = lua_touserdata(L, subject);
    if (o->scope == NULL) return NULL;
    return &coh_fiber_extra(L, coh_item(o->scope, struct coh_fiber, task.scope))->watchers;
  }
}


/* Try case 'i' without waiting. True: it has happened; a value received is on top. [-0, +?, m] */
static bool try_case(lua_State *L, int i, enum coh_passing *passing) {
  int subject = below(i) + SUBJECT;
  enum sort sort = sort_of(L, i);
  const struct coh_end *e = lua_touserdata(L, subject);
  if (sort == SORT_RECEIVE) {
    *passing = coh_channel_receive(L, e, subject);
    return *passing != COH_LATER;
  }
  if (sort != SORT_SEND) return queue_of(L, i) == NULL;
  lua_pushvalue(L, below(i) + SECOND);
  *passing = coh_channel_send(L, e, subject);
  if (*passing != COH_LATER) return true;
  lua_pop(L, 1);
  return false;
}


/* Stand in the queue of case 'i'. [-0, +0, -] */
static void stand(lua_State *L, struct choice *c, int i) {
  struct coh_end_case *own = &c->cases[i - 1];
  if (sort_of(L, i) <= SORT_RECEIVE) {
    own->end = lua_touserdata(L, below(i) + SUBJECT);
    own->value = below(i) + SECOND;
    coh_channel_stand(L, &c->choice, own);
  } else {
    coh_choice_stand(&c->choice, &own->standin, queue_of(L, i));
  }
}


static const struct coh_wait_kind kind = {.what = "one of several things", .abort = coh_choice_abort};


static int woken(lua_State *L, int status, lua_KContext context) {
  struct coh_fiber *f = coh_woken(L, context);
  struct choice *c = lua_touserdata(L, CHOICE);
  struct coh_end_case *own;
  int i;
  (void)status;
  if (c->choice.chosen == &c->timer) return conclude_late(L, f);
  own = coh_item(c->choice.chosen, struct coh_end_case, standin);
  i = (int)(own - c->cases) + 1;
  return sort_of(L, i) <= SORT_RECEIVE ? conclude_end(L, f, i, own->passing) : conclude_other(L, f, i);
}


/* No case has happened: wait for the first of 'count'. */
static int wait_for(lua_State *L, struct coh_fiber *f, int count) {
  struct choice *c = lua_newuserdatauv(L, sizeof *c + (size_t)count * sizeof *c->cases, 0);
  int i;
  lua_replace(L, CHOICE);
  coh_choice_park(&c->choice, &f->task.wait, &f->task.current->slot, &kind);
  for (i = 1; i <= count; i++) stand(L, c, i);
  coh_choice_stand_until(&c->choice, &c->timer, lua_tointeger(L, TIME));
  return coh_yield(L, f, woken);
}


static int select_try(lua_State *L, int status, lua_KContext context) {
  struct coh_fiber *f = coh_test(L, context);
  enum coh_passing passing = COH_PASSED;
  int64_t time_ns;
  int i, count = count_cases(L);
  (void)status;
  for (i = 1; i <= count; i++) {
    if (!try_case(L, i, &passing)) continue;
    return sort_of(L, i) <= SORT_RECEIVE ? conclude_end(L, f, i, passing) : conclude_other(L, f, i);
  }
  time_ns = lua_tointeger(L, TIME);
  if (time_ns != COH_NEVER && time_ns <= coh_now(coh_task_runtime(&f->task))) return conclude_late(L, f);
  return wait_for(L, f, count);
}


/* select(cases) -> what the function of the one that happened returned */
static int l_select(lua_State *L) {
  int64_t timeout_ns;
  read_cases(L);
  timeout_ns = lua_tointeger(L, TIME);
  if (timeout_ns >= 0 && timeout_ns != COH_NEVER) {
    coh_check_wait(L);
    lua_pushinteger(L, coh_time_add(coh_now(&coh_state_here(L)->loop.rt), timeout_ns));
    lua_replace(L, TIME);
  }
  return coh_begin(L, select_try);
}

/* }} */


void coh_select_open(lua_State *L) {
  coh_sync_export(L, "select", l_select);
}
