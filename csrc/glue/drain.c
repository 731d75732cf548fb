/*
** The end of a runtime: see drain.h.
*/
#include "glue/drain.h"

#include "glue/coclose.h"
#include "glue/costep.h"
#include "glue/lost.h"
#include "glue/reuse.h"
#include "glue/stubborn.h"


/* Cut off the coroutine of a live task; its '<close>' variables run, and cannot wait. */
static void cut_fiber(struct coh_state *S, struct coh_fiber *f, const struct coh_fiber *running) {
  if (coh_lost_is(f)) coh_lost_handle(f);
  if (f->handle != NULL) {
    f->handle->result = COH_WAS_INTERRUPTED;
    coh_object_end(f->handle);
    f->handle = NULL;
  }
  coh_stubborn_forget(S, f);
  if (f->L == NULL || f == running) return;
  lua_sethook(f->L, NULL, 0, 0);
  coh_costep_cut(S, f->L);
  lua_resetthread(f->L);
  lua_settop(f->L, 0);  /* an error of a '<close>' would pass for a function to resume */
}


static void free_scope(struct coh_state *S, struct coh_scope *scope) {
  if (scope->role == COH_SCOPE_TASK) {
    struct coh_fiber *f = coh_item(scope, struct coh_fiber, task.scope);
    f->dead = true;
    if (f->L != NULL) coh_fiber_give(S, f);
  } else if (scope->role == COH_SCOPE_GROUP) {
    struct coh_luagroup *g = coh_item(scope, struct coh_luagroup, group.scope);
    coh_luagroup_forget_failures(S, g);
    if (g->group.around == scope) coh_luagroup_give(S, g);
  } else if (scope->role == COH_SCOPE_BLOCK) {
    coh_luagroup_give(S, coh_item(scope, struct coh_luagroup, block));
  } else {
    coh_luascope_give(S, coh_item(scope, struct coh_luascope, scope));
  }
}


static struct coh_scope *deepest(struct coh_scope *s) {
  while (s->youngest != NULL) s = coh_scope_oldest(s);
  return s;
}


/* After 's' in a walk that visits children before parents; NULL after the root. */
static struct coh_scope *outward(struct coh_scope *s) {
  struct coh_scope *sibling;
  if (s->parent == NULL) return NULL;
  sibling = coh_scope_next(s);
  return sibling == NULL ? s->parent : deepest(sibling);
}


static void free_tree(struct coh_state *S, const struct coh_fiber *running) {
  struct coh_scope *root = S->loop.rt.root, *s;
  for (s = deepest(root); s != root; s = outward(s))
    if (s->role == COH_SCOPE_TASK) cut_fiber(S, coh_item(s, struct coh_fiber, task.scope), running);
  while ((s = deepest(root)) != root) {
    coh_timer_stop(&S->loop.rt.deadlines, &s->deadline);
    coh_scope_detach(s);
    free_scope(S, s);
  }
}


/* Free ended tasks whose starters were ended by force, or never looked. */
static void free_unstarted(struct coh_state *S) {
  while (!coh_link_alone(&S->unstarted)) {
    struct coh_link *l = S->unstarted.next;
    coh_link_remove(l);
    coh_fiber_give(S, coh_item(l, struct coh_fiber, task.wait.link));
  }
}


/*
** Waits are aborted first, so that nothing outside points into them; then every
** coroutine is cut off before anything is freed, because what their '<close>'
** variables call may still read any of it. The task that closes the state from
** inside is cut off by Lua; what runs from here on runs in no task.
*/
void coh_state_drain(struct coh_state *S) {
  struct coh_runtime *rt = &S->loop.rt;
  const struct coh_fiber *running = coh_running(S);
  S->closing = true;
  rt->current = NULL;
  S->frame = NULL;
  coh_scope_abort_all(rt->root);
  free_tree(S, running);
  free_unstarted(S);
  coh_closing_forget(S);
  coh_reuse_free_kept(S);
  coh_link_init(&rt->ready);
  coh_link_init(&rt->pass);
  rt->tasks_live = rt->waits_external = rt->waits_finishing = 0;
  rt->sleeps.root = NULL;
}
