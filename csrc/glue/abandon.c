/*
** Abandoned scopes and groups: see abandon.h. All waiting comes first and all
** closing afterwards in one go, so nothing needs to be remembered in between.
*/
#include "glue/abandon.h"

#include <lauxlib.h>

#include "errors/error.h"
#include "errors/group.h"
#include "glue/deferred.h"
#include "glue/fibername.h"
#include "glue/grouperror.h"
#include "glue/note.h"
#include "glue/object.h"
#include "glue/refusal.h"
#include "glue/reuse.h"
#include "lua/arg.h"


/* Is the line on top, of a block, a whole message, and not just a place? */
static bool is_message(lua_State *L) {
  size_t length;
  const char *line = lua_tolstring(L, -1, &length);
  return length > 2 && line[length - 2] != ':';
}


/*
** pcall'ed: (scope, cut) -> the error for the innermost thing left open, or nil when
** a warning is enough: for an iterator of ours whose loop was left. If a cancellation
** from outside ended the loop there is no warning either.
*/
static int l_message(lua_State *L) {
  struct coh_scope *scope = lua_touserdata(L, 1);
  bool cut = lua_toboolean(L, 2);
  struct coh_state *S = coh_state_from(scope->slot.rt);
  struct coh_luagroup *g = coh_luagroup_around(scope);
  const char *what = g != NULL ? "group" : "scope";
  coh_object_push(L, S, g != NULL ? &g->group.scope : scope);  /* object */
  if (!lua_isnil(L, -1)) lua_getiuservalue(L, -1, COH_UV_LINE);
  else lua_pushnil(L);                                         /* object line */
  if (g != NULL && g->joined && g->group.around->reason == COH_REASON_MISNESTING) {
    lua_pushnil(L);  /* its own end has said that it could not wait, and it interrupted nobody */
  } else if (g != NULL && g->joined) {
    lua_pushliteral(L, "a group that was cancelled could not end where it was closed: what its end raised "
                       "there says more");
  } else if (!lua_isstring(L, -1)) {
    lua_pushfstring(L, "a %s was left open by a coroutine that will not go on", what);
  } else if (lua_rawlen(L, -1) == 0) {
    lua_pushnil(L);  /* an iterator that has ended */
  } else if (is_message(L)) {
    if (!cut) lua_warning(L, lua_tostring(L, -1), 0);
    lua_pushnil(L);
  } else {
    lua_pushfstring(L, "%sthis %s was never closed: write 'local %c <close> = cohort.open_%s(...)', so that "
                       "it ends where its block ends", lua_tostring(L, -1), what, *what, what);
  }
  return 1;
}


/* Push that, or that memory ran out: what is open is closed all the same. [-0, +1, m] of stack alone */
static void push_message(lua_State *L, struct coh_scope *scope, bool cut) {
  lua_pushcfunction(L, l_message);
  lua_pushlightuserdata(L, scope);
  lua_pushboolean(L, cut);
  lua_pcall(L, 2, 1, 0);
}


static void close_one(struct coh_state *S, struct coh_fiber *f) {
  struct coh_scope *scope = f->task.current;
  struct coh_luagroup *g = coh_luagroup_around(scope);
  if (g != NULL) {
    coh_luagroup_close(S, g);
  } else {
    coh_task_leave(&f->task, scope);
    coh_luascope_give(S, coh_item(scope, struct coh_luascope, scope));
  }
}


/*
** Cancel what is open inside 'until', and find a group there that still has tasks,
** or NULL. What was deferred becomes a task, unless 'L' is NULL. [-0, +0, -]
*/
static struct coh_luagroup *find_busy(lua_State *L, struct coh_fiber *f, struct coh_scope *until) {
  struct coh_scope *s;
  for (s = f->task.current; s != until; s = s->parent) coh_scope_cancel(s, COH_REASON_MISNESTING);
  for (s = f->task.current; s != until; s = s->parent) {
    struct coh_luagroup *g = coh_luagroup_around(s);
    if (g == NULL) continue;
    if (!g->group.body_ended) coh_group_body_ended(&g->group, false, false);
    if (L != NULL) coh_deferred_spawn(L, g);
    if (!coh_group_is_empty(&g->group)) return g;
  }
  return NULL;
}


bool coh_abandon_quietly(struct coh_state *S, struct coh_fiber *f, struct coh_scope *until) {
  struct coh_luagroup *busy;
  if (f->task.current == until) return false;
  busy = find_busy(NULL, f, until);
  if (busy != NULL) {
    coh_group_join(&busy->group);
    return true;
  }
  while (f->task.current != until) close_one(S, f);
  return false;
}


void coh_abandon_check_fence(lua_State *L, const struct coh_state *S, const char *what) {
  if (S->fenced)
    coh_misuse(L, "%s: not in a finalizer that runs while what a task has left open is closed", what);
}


/* Close all that is open inside 'until', where no group has tasks, and push its error. [-0, +1, m] */
static void close_all(lua_State *L, struct coh_state *S, struct coh_fiber *f, struct coh_scope *until) {
  struct coh_scope *s;
  for (s = f->task.current; s != until; s = s->parent)
    if (coh_luagroup_around(s) != NULL) coh_luagroup_around(s)->given_up = true;
  S->fenced = true;
  push_message(L, f->task.current, coh_scope_is_cut(until));
  while (f->task.current != until) {
    struct coh_luagroup *g = coh_luagroup_around(f->task.current);
    if (g != NULL) coh_luagroup_add_failures(L, g);
    close_one(S, f);
  }
  S->fenced = false;
}


bool coh_abandon(lua_State *L, struct coh_state *S, struct coh_fiber *f, struct coh_scope *until) {
  struct coh_luagroup *busy;
  luaL_checkstack(L, LUA_MINSTACK, "too many values");
  if (f->task.current == until) {
    lua_pushnil(L);
    return false;
  }
  busy = find_busy(L, f, until);
  if (busy != NULL) {
    if (!coh_can_wait(S, L)) coh_refuse_wait(S, L);
    coh_group_join(&busy->group);
    return true;
  }
  close_all(L, S, f, until);
  return false;
}


/* Push { task = name, traceback = where its latest error was }. [-0, +1, m] */
static void push_details(lua_State *L, struct coh_fiber *f) {
  lua_createtable(L, 0, 2);
  coh_fiber_push_name(L, f);
  lua_setfield(L, -2, "task");
  coh_note_push(L, f->note);
  lua_setfield(L, -2, "traceback");
}


/* pcall'ed: (fiber, errors of a group, error) -> one with all of them */
static int l_join(lua_State *L) {
  struct coh_fiber *f = lua_touserdata(L, 1);
  coh_error_box_nil(L);
  lua_createtable(L, 2, 0);
  lua_insert(L, -2);
  lua_rawseti(L, -2, 1);
  lua_pushvalue(L, 2);
  lua_rawseti(L, -2, 2);
  lua_createtable(L, 2, 0);
  push_details(L, f);
  lua_rawseti(L, -2, 1);
  lua_pushboolean(L, 0);
  lua_rawseti(L, -2, 2);
  coh_errgroup_push(L, "an error, and those of a group that it left open");
  return 1;
}


void coh_abandon_join(lua_State *L, struct coh_fiber *f, int error) {
  int abandoned = lua_gettop(L);
  if (!coh_errgroup_is(L, abandoned)) {
    lua_copy(L, error, abandoned);
    return;
  }
  lua_pushcfunction(L, l_join);
  lua_insert(L, abandoned);
  lua_pushlightuserdata(L, f);
  lua_insert(L, abandoned + 1);
  lua_pushvalue(L, error);
  lua_pcall(L, 3, 1, 0);
}
