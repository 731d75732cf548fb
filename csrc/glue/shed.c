/*
** Shedding: see shed.h.
*/
#include "glue/shed.h"

#include <string.h>

#include "glue/fiber.h"
#include "glue/reuse.h"


/* Its error may have been taken by hand, with all that was on its stack. */
static bool has_run_out(const struct coh_fiber *f) {
  return !f->cut && f->L != NULL && lua_gettop(f->L) > 0 && lua_type(f->L, -1) == LUA_TSTRING &&
         strcmp(lua_tostring(f->L, -1), COH_OUT_OF_MEMORY) == 0;
}


int coh_out_of_memory(lua_State *L) {
  lua_pushliteral(L, COH_OUT_OF_MEMORY);
  return lua_error(L);
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
