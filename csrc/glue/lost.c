/*
** Lost handles: see lost.h.
*/
#include "glue/lost.h"

#include "glue/fibername.h"


/* A coroutine that was closed has no frame, no error, and no function that is yet to begin. */
bool coh_lost_is(const struct coh_fiber *f) {
  lua_Debug ar;
  if (f->L == NULL || lua_status(f->L) != LUA_OK || lua_getstack(f->L, 0, &ar)) return false;
  return f->started || !coh_fiber_is_loaded(coh_state_from(coh_task_runtime(&f->task)), f->L);
}


void coh_lost_handle(struct coh_fiber *f) {
  if (f->handle == NULL) return;  /* it has none, or lost it already */
  f->lost = true;
  f->handle = NULL;
}


/* Once the lost fibers are freed only their handles still have a scope: all others were ended. */
void coh_lost_settle(const struct coh_state *S, struct coh_object *handle) {
  if (handle->scope == NULL) return;
  if (!S->lost_freed && !coh_item(handle->scope, struct coh_fiber, task.scope)->lost) return;
  if (S->lost_freed) handle->scope = NULL;
  else coh_object_end(handle);
  handle->result = COH_FAILED;
  handle->taken = true;
}
