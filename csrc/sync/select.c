/*
** Select: see select.h.
**
**   the stack of a select
**   1 cases   2 how long, then until when, in ns   3 otherwise
**   then for each case 1 its table   2 what it is about   3, 4 what else is in it   5 its sort
**
** All that a case needs is on this stack before anything happens: the table
** may be changed by others meanwhile, and what is waited for must not be collected.
** The stand-ins are in the room of the fiber, which has one wait at a time: so only
** its first select allocates, or a larger one.
*/
#include "sync/select.h"

#include <string.h>

#include "glue/lost.h"
#include "glue/object.h"
#include "glue/reuse.h"
#include "glue/wait.h"
#include "glue/waiter.h"
#include "lua/arg.h"
#include "sync/ends.h"
#include "sync/event.h"
#include "sync/object.h"

enum { CASES = 1, TIME, OTHERWISE };  /* slots of the stack */
enum { CASE = 1, SUBJECT, SECOND, THIRD, SORT, SIZE = SORT };  /* those of a case, above what is below it */
enum { NO_WAIT = -1 };  /* TIME of an otherwise without a timeout */

/* In the fiber's room, while it waits. */
struct choice {
  struct coh_choice choice;
  struct coh_standin timer;
  struct coh_end_case cases[];  /* only their standin for what is no end of a channel */
};

enum sort { SORT_SEND, SORT_RECEIVE, SORT_TASK, SORT_EVENT };  /* the first two are ends of channels */


/* The slot below those of case 'i', which counts from 1. */
static int below(int i) {
  return OTHERWISE + (i - 1) * SIZE;
}


static enum sort sort_of(lua_State *L, int i) {
  return (enum sort)lua_tointeger(L, below(i) + SORT);
}


static int count_cases(lua_State *L) {
  return (lua_gettop(L) - OTHERWISE) / SIZE;
}


/* {{ Arguments */

/* What to write for an object of ours at 'index' that is waited for in another way; "" for others. */
static const char *mend_of(lua_State *L, int index) {
  const char *name = "", *mend = "";
  int type = lua_type(L, index);
  if (type != LUA_TUSERDATA && type != LUA_TTABLE) return "";
  if (luaL_getmetafield(L, index, "__name") == LUA_TNIL) return "";
  if (lua_type(L, -1) == LUA_TSTRING) name = lua_tostring(L, -1);
  if (strcmp(name, "cohort.Stream") == 0)
    mend = ": write cohort.race{function() return stream:read(0) end, ...}, or spawn a task that reads, and "
           "write {task, f}";
  else if (strncmp(name, "cohort.", 7) == 0)
    mend = ": spawn a task that waits for it, and write {task, f}";
  lua_pop(L, 1);
  return mend;
}


static enum sort check_task_subject(lua_State *L, int i, int index) {
  const struct coh_state *S = coh_state_here(L);
  const struct coh_object *o = coh_object_test(L, S, index, COH_TASK);
  if (o == NULL)
    coh_misuse(L, "select expects {receive, f}, {send, value, f}, {task, f} or {event, f} as case %d, "
                  "got a table with %s first%s", i, coh_type_name(L, index), mend_of(L, index));
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


/* Check that the last of case 'i', at 'index', is a function or absent. [-0, +0, v] */
static void check_function(lua_State *L, int i, int index, int type) {
  if (type == LUA_TNIL || type == LUA_TFUNCTION || coh_is_callable(L, index)) return;
  coh_misuse(L, "select expects a function as the last of case %d, got %s", i, coh_type_name(L, index));
}


/* What to write for the value at 'index', which is where a case should be. [-0, +0, -] */
static const char *case_of(lua_State *L, int index) {
  const struct coh_end *e = coh_ends_test(L, index);
  if (lua_isnil(L, index)) return "leave out what is nil";
  if (e != NULL && e->side == COH_SEND) return "write {send, value, f}";
  if (coh_sync_test(L, index, &coh_event_class) != NULL) return "write {event, f}";
  if (coh_object_test(L, coh_state_here(L), index, COH_TASK) != NULL) return "write {task, f}";
  return "write {receive, f}";
}


/* Push case 'i' of the table at CASES. [-0, +5, v] */
static void push_case(lua_State *L, int i) {
  int slot = below(i), second, third;
  enum sort sort;
  if (lua_rawgeti(L, CASES, i) != LUA_TTABLE)
    coh_misuse(L, "select expects a table as case %d, got %s: %s", i, coh_type_name(L, slot + CASE),
               case_of(L, slot + CASE));
  lua_rawgeti(L, slot + CASE, 1);
  second = lua_rawgeti(L, slot + CASE, 2);
  third = lua_rawgeti(L, slot + CASE, 3);
  sort = check_subject(L, i, slot + SUBJECT);
  if (sort == SORT_SEND) {
    if (second == LUA_TNIL)
      coh_misuse(L, "select expects a value that is not nil to send in case %d: write {send, value, f}", i);
    check_function(L, i, slot + THIRD, third);
  } else {
    check_function(L, i, slot + SECOND, second);
    if (third != LUA_TNIL) coh_misuse(L, "select expects one function in case %d, and got more", i);
  }
  lua_pushinteger(L, sort);
}


/* Read an option, whose key and value are on top. [-0, +0, v] */
static void read_option(lua_State *L) {
  const char *name = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : NULL;
  if (name == NULL) {
    coh_misuse(L, "select expects a list of cases, got a key that is a %s", coh_type_name(L, -2));
  } else if (strcmp(name, "timeout") == 0) {
    lua_pushinteger(L, coh_opt_seconds(L, CASES, name, COH_NEVER));
    lua_replace(L, TIME);
  } else if (strcmp(name, "otherwise") != 0) {
    coh_misuse(L, "select knows 'timeout' and 'otherwise' beside its cases, and not '%s'", name);
  } else if (!coh_is_callable(L, -1)) {
    coh_misuse(L, "option 'otherwise' expects a function, got %s", coh_type_name(L, -1));
  } else {
    lua_copy(L, -1, OTHERWISE);
  }
}


/* Read all keys but those of the 'count' cases: what is no option is misuse. [-0, +0, v] */
static void read_options(lua_State *L, lua_Integer count) {
  lua_pushnil(L);
  while (lua_next(L, CASES)) {  /* key value */
    lua_Integer i = lua_isinteger(L, -2) ? lua_tointeger(L, -2) : 0;
    if (i > count)
      coh_misuse(L, "select expects a list of cases: leave out what is nil before case %lld", (long long)i);
    if (i <= 0) read_option(L);
    lua_pop(L, 1);
  }
  if (!lua_isnil(L, TIME)) return;
  lua_pushinteger(L, lua_isnil(L, OTHERWISE) ? COH_NEVER : NO_WAIT);
  lua_replace(L, TIME);
}


/* Lay out the stack of a select, and check all of it. [-0, +?, v] */
static void read_cases(lua_State *L) {
  lua_Unsigned count;
  int i;
  if (lua_type(L, CASES + 1) == LUA_TNUMBER)
    coh_misuse(L, "select takes its time limit in the table: write select{{receive, f}, timeout = %.14g}",
               (double)lua_tonumber(L, CASES + 1));
  if (lua_istable(L, CASES + 1))
    coh_misuse(L, "select takes one table of cases: write select{{receive, f}, {event, f}}");
  lua_settop(L, CASES);
  lua_pushnil(L);
  lua_pushnil(L);
  if (!lua_istable(L, CASES) || coh_is_callable(L, CASES))
    coh_misuse(L, "select expects a table of cases, got %s: write select{{receive, f}, {send, value, f}}",
               coh_type_name(L, CASES));
  count = lua_rawlen(L, CASES);
  luaL_checkstack(L, count < LUAI_MAXSTACK / SIZE ? (int)count * SIZE + LUA_MINSTACK : LUAI_MAXSTACK,
                  "too many cases");
  read_options(L, (lua_Integer)count);
  if (count == 0 && lua_tointeger(L, TIME) == COH_NEVER)
    coh_misuse(L, "select expects at least one case, or a timeout");
  for (i = 1; i <= (int)count; i++) push_case(L, i);
}

/* }} */


/* {{ After the choice */

static int finished(lua_State *L, int status, lua_KContext context) {
  (void)status;
  (void)context;
  return lua_gettop(L);
}


/* Call the function below its 'count' arguments on top and return its results; all else is dropped. */
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


/* Case 'i', about an end of a channel, has happened. */
static int conclude_end(lua_State *L, struct coh_fiber *f, int i, enum sort sort, enum coh_passing passing) {
  int subject = below(i) + SUBJECT;
  if (sort == SORT_SEND) {
    if (passing > COH_LATER) return coh_end_conclude(L, subject, passing, "send");
    return conclude(L, f, i, below(i) + THIRD, 0);
  }
  if (passing != COH_PASSED) coh_end_conclude(L, subject, passing, "receive");
  return conclude(L, f, i, below(i) + SECOND, 1);
}


/* Case 'i' has happened; a value received is on top. */
static int conclude_case(lua_State *L, struct coh_fiber *f, int i, enum sort sort, enum coh_passing passing) {
  if (sort <= SORT_RECEIVE) return conclude_end(L, f, i, sort, passing);
  if (sort == SORT_EVENT) return conclude(L, f, i, below(i) + SECOND, 0);
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
static struct coh_link *queue_of(lua_State *L, int i, enum sort sort) {
  void *subject = lua_touserdata(L, below(i) + SUBJECT);
  if (sort == SORT_EVENT) {
    struct coh_event_object *e = subject;
    return e->set ? NULL : &e->sync.waiters;
  } else {
    struct coh_object *o = subject;
    coh_lost_settle(coh_state_here(L), o);
    if (o->scope == NULL) return NULL;
    return &coh_fiber_extra(L, coh_item(o->scope, struct coh_fiber, task.scope))->watchers;
  }
}


/* Try case 'i' without waiting. True: it has happened; a value received is on top. [-0, +?, m] */
static bool try_case(lua_State *L, int i, enum sort sort, enum coh_passing *passing) {
  int subject = below(i) + SUBJECT;
  if (sort > SORT_RECEIVE) return queue_of(L, i, sort) == NULL;
  if (sort == SORT_RECEIVE) {
    *passing = coh_channel_receive(L, lua_touserdata(L, subject), subject);
    return *passing != COH_LATER;
  }
  lua_pushvalue(L, below(i) + SECOND);
  *passing = coh_channel_send(L, lua_touserdata(L, subject), subject);
  if (*passing != COH_LATER) return true;
  lua_pop(L, 1);
  return false;
}


/* Stand in the queue of case 'i'. [-0, +0, -] */
static void stand(lua_State *L, struct choice *c, int i) {
  struct coh_end_case *own = &c->cases[i - 1];
  enum sort sort = sort_of(L, i);
  if (sort <= SORT_RECEIVE) {
    own->end = lua_touserdata(L, below(i) + SUBJECT);
    own->value = below(i) + SECOND;
    coh_channel_stand(L, &c->choice, own);
  } else {
    own->end = NULL;
    coh_choice_stand(&c->choice, &own->standin, queue_of(L, i, sort));
  }
}


static int number_of(const struct choice *c) {
  return (int)(coh_item(c->choice.chosen, struct coh_end_case, standin) - c->cases) + 1;
}


/* Give back what was received. */
static void forfeit(struct coh_wait *w) {
  struct choice *c = w->of;
  const struct coh_end_case *own;
  if (w->outcome != COH_WOKEN || c->choice.chosen == &c->timer) return;
  own = &c->cases[number_of(c) - 1];
  if (!coh_waiter_is_in(w, own->standin.wait.of)) return;  /* closed by Lua's own library, end and all */
  if (own->end == NULL || own->end->side != COH_RECEIVE || own->passing != COH_PASSED) return;
  coh_channel_take_back(own->standin.wait.of, below(number_of(c)) + SUBJECT);
}

static const struct coh_wait_kind kind = {
  .what = "one of several things", .abort = coh_choice_abort, .forfeit = forfeit};


static int woken(lua_State *L, int status, lua_KContext context) {
  struct coh_fiber *f = coh_arrived(L, context);
  struct choice *c = f->extra->room;
  int i;
  (void)status;
  if (c->choice.chosen == &c->timer) return conclude_late(L, f);
  i = number_of(c);
  return conclude_case(L, f, i, sort_of(L, i), c->cases[i - 1].passing);
}


/* No case has happened: wait for the first of 'count'. */
static int wait_for(lua_State *L, struct coh_fiber *f, int count, int64_t until_ns) {
  struct choice *c = coh_fiber_room(L, f, sizeof *c + (size_t)count * sizeof *c->cases);
  int i;
  coh_choice_park(&c->choice, &f->task.wait, &f->task.current->slot, &kind);
  for (i = 1; i <= count; i++) stand(L, c, i);
  if (until_ns != COH_NEVER) coh_choice_stand_until(&c->choice, &c->timer, until_ns);
  return coh_yield(L, f, woken);
}


static int select_now(lua_State *L, struct coh_fiber *f) {
  enum coh_passing passing = COH_PASSED;
  int64_t until_ns;
  int i, count = count_cases(L);
  for (i = 1; i <= count; i++) {
    enum sort sort = sort_of(L, i);
    if (try_case(L, i, sort, &passing)) return conclude_case(L, f, i, sort, passing);
  }
  until_ns = lua_tointeger(L, TIME);
  if (until_ns != COH_NEVER && until_ns <= coh_now(coh_task_runtime(&f->task))) return conclude_late(L, f);
  return wait_for(L, f, count, until_ns);
}


static int select_try(lua_State *L, int status, lua_KContext context) {
  (void)status;
  return select_now(L, coh_test(L, context));
}


/* select(cases) -> what the function of the one that happened returned */
static int l_select(lua_State *L) {
  struct coh_fiber *f;
  int64_t timeout_ns;
  read_cases(L);
  f = coh_check_wait(L);
  timeout_ns = lua_tointeger(L, TIME);
  if (timeout_ns >= 0 && timeout_ns != COH_NEVER) {
    lua_pushinteger(L, coh_time_add(coh_now(coh_task_runtime(&f->task)), timeout_ns));
    lua_replace(L, TIME);
  }
  return coh_goes_on(f) ? select_now(L, f) : coh_turn(L, f, select_try);
}

/* }} */


void coh_select_open(lua_State *L) {
  coh_sync_export(L, "select", l_select);
}
