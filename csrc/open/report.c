/*
** Reports: see report.h. The tree is walked along the kernel's own links, scope by scope, and no finalizer
** runs meanwhile, as it could change the tree.
*/
#include "open/report.h"

#include <lauxlib.h>

#include "glue/fibername.h"
#include "glue/note.h"
#include "kernel/timer.h"
#include "lua/calm.h"
#include "sync/sync.h"


/* Push what the fiber is doing. [-0, +1, m] */
static void push_doing(lua_State *L, const struct coh_fiber *f) {
  if (f->task.wait.place == COH_RUNNING) {
    lua_pushliteral(L, "runs");
  } else if (f->task.wait.place == COH_READY) {
    lua_pushstring(L, f->started ? "is ready" : "has yet to begin");
  } else if (f->task.wait.sleeping && f->task.wait.sleep.at_ns == COH_NEVER) {
    lua_pushliteral(L, "sleeps for ever");
  } else {
    lua_pushliteral(L, "waits for ");
    coh_sync_push_what(L, f);
    lua_concat(L, 2);
  }
}


/* Add a line for a fiber, indented by the depth of its group. [-0, +0, m] */
static void add_task(lua_State *L, luaL_Buffer *b, struct coh_state *S, struct coh_fiber *f) {
  const struct coh_group *g;
  luaL_addchar(b, '\n');
  for (g = f->task.group; g != NULL; g = g->host->group) luaL_addstring(b, "  ");
  luaL_addstring(b, "task '");
  coh_fiber_push_name(L, f);
  luaL_addvalue(b);
  luaL_addstring(b, "' ");
  push_doing(L, f);
  luaL_addvalue(b);
  if (coh_note_push_line(L, S, f)) lua_pushfstring(L, " at %s", lua_tostring(L, -1));
  else lua_pushliteral(L, "");
  lua_remove(L, -2);
  luaL_addvalue(b);
}


/* Push 'headline' and, below it, a line for each task. [-0, +1, m] */
static void push_report(lua_State *L, struct coh_state *S, const char *headline) {
  struct coh_scope *root = S->loop.rt.root, *s;
  luaL_Buffer b;
  luaL_buffinit(L, &b);
  luaL_addstring(&b, headline);
  for (s = root; s != NULL; s = coh_scope_walk(root, s))
    if (s->role == COH_SCOPE_TASK) add_task(L, &b, S, coh_item(s, struct coh_fiber, task.scope));
  luaL_pushresult(&b);
}


/* Would a task wake if the clock moved? */
static bool waits_for_clock(const struct coh_runtime *rt) {
  return coh_clock_stands(rt->clock) && !rt->clock->autojump && coh_timer_next(rt) != COH_NEVER;
}


/* pcall'ed: (headline) -> registry reference of the text */
static int make(lua_State *L) {
  struct coh_state *S = coh_state_of(L);
  push_report(L, S, lua_touserdata(L, 1));
  if (waits_for_clock(&S->loop.rt)) {
    lua_pushliteral(L, "\nthe virtual clock stands still: move it with clock:advance(seconds), or make it "
                       "with testing.clock{autojump = true}");
    lua_concat(L, 2);
  }
  lua_pushinteger(L, luaL_ref(L, LUA_REGISTRYINDEX));
  return 1;
}


static int report(lua_State *L, const char *headline) {
  int reference = LUA_REFNIL;
  lua_pushlightuserdata(L, (void *)headline);
  if (coh_calm_call(L, make, 1, 1) == LUA_OK) reference = (int)lua_tointeger(L, -1);
  lua_pop(L, 1);
  return reference;
}


void coh_report_stop(struct coh_state *S, lua_State *L, const struct coh_stop *why) {
  if (S->report != LUA_NOREF) {
    S->forced = true;
    coh_scope_abort_all(S->loop.rt.root);
    return;
  }
  S->report = report(L, why->headline);
  S->report_kind = (int)why->kind;
  coh_scope_cancel(S->loop.rt.root, why->reason);
}


void coh_report_forget(struct coh_state *S) {
  luaL_unref(S->main, LUA_REGISTRYINDEX, S->report);
  S->report = LUA_NOREF;
  S->forced = false;
}


/* pcall'ed: () -> a line for each task */
static int make_tree(lua_State *L) {
  push_report(L, coh_state_of(L), "");
  lua_pushstring(L, *lua_tostring(L, -1) == '\n' ? lua_tostring(L, -1) + 1 : "");
  return 1;
}


/* task_tree() -> that text; "" when no runtime is open */
static int l_task_tree(lua_State *L) {
  struct coh_state *S = coh_state_here(L);
  if (S->loop.opened) return coh_calm_call(L, make_tree, 0, 1) == LUA_OK ? 1 : lua_error(L);
  lua_pushliteral(L, "");
  return 1;
}


void coh_report_open(lua_State *L) {
  lua_pushlightuserdata(L, coh_state_of(L));
  lua_pushcclosure(L, l_task_tree, 1);
  lua_setfield(L, -2, "task_tree");
}
