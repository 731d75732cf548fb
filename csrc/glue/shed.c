/*
** Shedding: see shed.h.
*/
#include "glue/shed.h"

#include <lauxlib.h>

#include <string.h>

#include "glue/fiber.h"

static const char message[] = "not enough memory";


static bool has_run_out(const struct coh_fiber *f) {
  return f->failed && !f->cut && f->L != NULL && lua_type(f->L, -1) == LUA_TSTRING &&
         strcmp(lua_tostring(f->L, -1), message) == 0;
}


void coh_shed(struct coh_state *S, struct coh_fiber *f) {
  if (!has_run_out(f)) return;
  S->memory_short = true;
  coh_fiber_free_kept(S);
  if (f->task.group == NULL || f->task.starting) return;
  coh_fiber_push_identity(S->pump, f);
  coh_anchors_set(S->pump, &S->threads, f->task.slot);
  f->L = NULL;
}


void coh_shed_push_error(lua_State *L, struct coh_fiber *f) {
  if (f->L == NULL) {
    lua_pushstring(L, message);
    return;
  }
  luaL_checkstack(f->L, 1, "no room for an error");
  lua_pushvalue(f->L, -1);
  lua_xmove(f->L, L, 1);
}
