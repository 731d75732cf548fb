/*
** Shedding: see shed.h.
*/
#include "glue/shed.h"

#include "glue/fibername.h"
#include "glue/reuse.h"
#include "lua/outofmemory.h"


/* Its stack may be empty: the error may have been taken by resuming its coroutine by hand. */
static bool has_run_out(const struct coh_fiber *f) {
  return !f->cut && f->L != NULL && lua_gettop(f->L) > 0 && coh_is_out_of_memory(f->L, -1);
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
