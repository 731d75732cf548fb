/*
** Limiters: see limiter.h. A token stands for the place that one task has or waits
** for; so there are as many as tasks ever had or awaited a place at once, and they are
** used again. A waiter brings its token along, so that granting, which a change of the
** total does for many, needs no memory.
*/
#include "sync/limiter.h"

#include <math.h>
#include <string.h>

#include "glue/reuse.h"
#include "glue/wait.h"
#include "lua/arg.h"

#define TOKENS 1  /* user value: the list of all tokens */

struct coh_token {
  struct coh_held held;         /* in its fiber's list, or spare, or alone while its fiber waits */
  struct coh_limiter *limiter;  /* borrows */
  struct coh_fiber *fiber;      /* that has the place, or will; NULL while spare */
};


static void push_total(lua_State *L, const struct coh_limiter *l) {
  if (l->total == LUA_MAXINTEGER) lua_pushnumber(L, (lua_Number)HUGE_VAL);
  else lua_pushinteger(L, l->total);
}


static void describe(lua_State *L, int object) {
  const struct coh_limiter *l = lua_touserdata(L, object);
  if (l->total == LUA_MAXINTEGER) lua_pushfstring(L, "%I taken", (LUAI_UACINT)l->taken);
  else lua_pushfstring(L, "%I of %I taken", (LUAI_UACINT)l->taken, (LUAI_UACINT)l->total);
}


/* {{ Tokens */

static void spare(struct coh_token *t) {
  t->fiber = NULL;
  coh_link_append(&t->limiter->spare, &t->held.link);
}


static void grant(struct coh_token *t) {
  t->limiter->taken++;
  coh_link_append(&t->fiber->extra->held, &t->held.link);
}


/* Grant the places there are to the tasks that wait. */
static void serve(struct coh_limiter *l) {
  struct coh_wait *w;
  while (l->taken < l->total && (w = coh_sync_first(&l->sync)) != NULL) {
    grant(w->of);
    coh_wait_wake(w, COH_WOKEN);
  }
}


/* A place comes back; its token is in no list. */
static void take_back(struct coh_token *t) {
  struct coh_limiter *l = t->limiter;
  spare(t);
  l->taken--;
  serve(l);
}


static void holder_ended(lua_State *L, struct coh_held *held, const char *name) {
  take_back(coh_item(held, struct coh_token, held));
  if (name == NULL) return;
  lua_pushfstring(L, "cohort: task '%s' ended and had a place of a limiter, which takes it back: write "
                     "limiter:with(f, ...), or local _ <close> = limiter:hold()", name);
  lua_warning(L, lua_tostring(L, -1), 0);
  lua_pop(L, 1);
}


/* The token that 'f' has of a limiter, or NULL. Linear in what the task holds. */
static struct coh_token *token_of(const struct coh_limiter *l, const struct coh_fiber *f) {
  struct coh_link *at;
  if (f == NULL || f->extra == NULL) return NULL;
  for (at = f->extra->held.next; at != &f->extra->held; at = at->next) {
    struct coh_held *held = coh_item(at, struct coh_held, link);
    if (held->ended != holder_ended) continue;
    if (coh_item(held, struct coh_token, held)->limiter == l) return coh_item(held, struct coh_token, held);
  }
  return NULL;
}


/* Make one more spare token of the limiter at 1. [-0, +0, m] */
static void new_token(lua_State *L, struct coh_limiter *l) {
  struct coh_token *t;
  lua_getiuservalue(L, 1, TOKENS);
  t = lua_newuserdatauv(L, sizeof *t, 0);
  *t = (struct coh_token){.held = {.ended = holder_ended}, .limiter = l};
  lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
  spare(t);
  lua_pop(L, 1);
}


/* The next token, of which there is one, for 'f'. */
static struct coh_token *next_token(struct coh_limiter *l, struct coh_fiber *f) {
  struct coh_token *t = coh_item(l->spare.prev, struct coh_token, held.link);
  coh_link_remove(&t->held.link);
  t->fiber = f;
  return t;
}

/* }} */


/* {{ Holding */

static void check(lua_State *L, void *o, const char *what) {
  const struct coh_limiter *l = o;
  struct coh_fiber *f = coh_check_task_in(l->sync.state, L);
  if (token_of(l, f) != NULL)
    coh_misuse(L, "%s: this task has its place of the limiter already: a task has one at most; use a "
                  "semaphore where it needs more", what);
  coh_fiber_extra(L, f);
}


/* Making a token may run finalizers that give and take tokens, so look at what there is only afterwards. */
static bool take(lua_State *L, void *o, struct coh_fiber *f) {
  struct coh_limiter *l = o;
  while (coh_link_alone(&l->spare)) new_token(L, l);
  if (l->taken >= l->total) return false;
  grant(next_token(l, f));
  return true;
}


static bool leave(struct coh_wait *w) {
  spare(w->of);
  return true;
}

static void forfeit(struct coh_wait *w) {
  struct coh_token *t = w->of;
  if (w->outcome != COH_WOKEN) return;
  coh_link_remove(&t->held.link);
  take_back(t);
}

static const struct coh_wait_kind kind = {.what = "a limiter", .abort = leave, .forfeit = forfeit};


static void park(void *o, struct coh_fiber *f) {
  struct coh_limiter *l = o;
  coh_wait_park(&f->task.wait, &f->task.current->slot, &kind, &l->sync.waiters);
  f->task.wait.of = next_token(l, f);
}


static bool give(void *o, struct coh_fiber *f) {
  struct coh_token *t = token_of(o, f);
  if (t == NULL) return false;
  coh_link_remove(&t->held.link);
  take_back(t);
  return true;
}


static int refuse(lua_State *L, void *o, const char *what) {
  (void)o;
  coh_check_task(L);
  return coh_misuse(L, "%s: this task has no place of the limiter: who acquired it releases it", what);
}


static const struct coh_holding holding = {
  .check = check, .take = take, .park = park, .give = give, .refuse = refuse,
  .several = "places: a task has one at most"};

/* }} */


/* limiter.total */
static int get_total(lua_State *L) {
  push_total(L, coh_sync_check(L, &coh_limiter_class, "field"));
  return 1;
}


/* limiter.available */
static int get_available(lua_State *L) {
  const struct coh_limiter *l = coh_sync_check(L, &coh_limiter_class, "field");
  if (l->total == LUA_MAXINTEGER) push_total(L, l);
  else lua_pushinteger(L, l->taken < l->total ? l->total - l->taken : 0);
  return 1;
}


static const luaL_Reg fields[] = {{"total", get_total}, {"available", get_available}, {NULL, NULL}};

const struct coh_sync_class coh_limiter_class = {
  .noun = "limiter", .name = "cohort.Limiter", .size = sizeof(struct coh_limiter), .values = TOKENS,
  .describe = describe, .holding = &holding, .fields = fields};


/* limiter.total = n */
static int l_newindex(lua_State *L) {
  struct coh_limiter *l = coh_sync_check(L, &coh_limiter_class, "__newindex");
  if (lua_type(L, 2) != LUA_TSTRING || strcmp(lua_tostring(L, 2), "total") != 0)
    return coh_misuse(L, "a limiter has no such field to assign: 'total' can be");
  l->total = coh_sync_check_count(L, 3, "limiter.total", 0, true);
  serve(l);
  return 0;
}


/* __gc: when a limiter is collected while places are taken, nobody has one any more */
static int l_gc(lua_State *L) {
  lua_Integer i;
  struct coh_limiter *l = coh_sync_test(L, 1, &coh_limiter_class);
  if (l == NULL) return 0;
  coh_sync_collected(&l->sync);
  lua_getiuservalue(L, 1, TOKENS);
  for (i = lua_istable(L, -1) ? (lua_Integer)lua_rawlen(L, -1) : 0; i > 0; i--) {
    struct coh_token *t;
    lua_rawgeti(L, -1, i);
    t = lua_touserdata(L, -1);
    if (t->fiber != NULL) coh_wait_disown(&t->fiber->task.wait, &kind, t);
    coh_link_remove(&t->held.link);
    spare(t);
    lua_pop(L, 1);
  }
  l->taken = 0;
  return 0;
}


/* limiter(n) -> limiter */
static int l_limiter(lua_State *L) {
  lua_Integer total = coh_sync_check_count(L, 1, "limiter", 0, true);
  struct coh_limiter *l;
  lua_settop(L, 0);
  lua_newtable(L);
  l = coh_sync_new(L, &coh_limiter_class);
  coh_link_init(&l->spare);
  l->total = total;
  lua_insert(L, 1);
  lua_setiuservalue(L, 1, TOKENS);
  return 1;
}


static const luaL_Reg methods[] = {COH_HOLD_VERBS, {NULL, NULL}};
static const luaL_Reg metamethods[] = {{"__newindex", l_newindex}, {"__gc", l_gc}, {NULL, NULL}};


void coh_limiter_open(lua_State *L) {
  coh_sync_define(L, &coh_limiter_class, metamethods, methods);
  coh_sync_export(L, "limiter", l_limiter);
}
