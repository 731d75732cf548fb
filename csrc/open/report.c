/*
** Reports: see report.h.
*/
#include "open/report.h"

#include <lauxlib.h>

#include "glue/fiber.h"
#include "glue/note.h"
#include "sync/sync.h"


/* Add one line for a fiber, indented by how deep its group lies. [-0, +0, m] */
static void add_task(lua_State *L, luaL_Buffer *b, struct coh_state *S, struct coh_fiber *f) {
  const struct coh_group *g;
  luaL_addchar(b, '\n');
  for (g = f->task.group; g != NULL; g = g->host->group) luaL_addstring(b, "  ");
  luaL_addstring(b, "task '");
  coh_fiber_push_name(L, f);
  luaL_addvalue(b);
  luaL_addstring(b, "' waits for ");
  coh_sync_push_what(L, f);
  luaL_addvalue(b);
  luaL_addstring(b, " at ");
  coh_note_push_line(L, S, f);
  luaL_addvalue(b);
}


static struct coh_scope *after(struct coh_scope *s) {
  if (!coh_link_alone(&s->children)) return coh_item(s->children.next, struct coh_scope, sibling);
  while (s->parent != NULL) {
    if (s->sibling.next != &s->parent->children) return coh_item(s->sibling.next, struct coh_scope, sibling);
    s = s->parent;
  }
  return NULL;
}


/* pcall'ed: () -> text */
static int make(lua_State *L) {
  struct coh_state *S = coh_state_of(L);
  struct coh_scope *s;
  luaL_Buffer b;
  luaL_buffinit(L, &b);
  luaL_addstring(&b, "every task waits, and nothing can wake one");
  for (s = S->loop.rt.root; s != NULL; s = after(s))
    if (s->role == COH_SCOPE_TASK) add_task(L, &b, S, coh_item(s, struct coh_fiber, task.scope));
  luaL_pushresult(&b);
  lua_pushinteger(L, luaL_ref(L, LUA_REGISTRYINDEX));
  return 1;
}


int coh_report_make(struct coh_state *S) {
  lua_State *L = S->main;
  int reference = LUA_REFNIL;
  lua_pushcfunction(L, make);
  if (lua_pcall(L, 0, 1, 0) == LUA_OK) reference = (int)lua_tointeger(L, -1);
  lua_pop(L, 1);
  return reference;
}
