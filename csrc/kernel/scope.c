/*
** Scopes: see scope.h. The tree is walked by its own links, parent and sibling
** included, so depth costs no stack.
*/
#include "kernel/scope.h"


/* {{ Children: a ring that begins behind the youngest */

static struct coh_scope *scope_at(struct coh_link *sibling) {
  return coh_item(sibling, struct coh_scope, sibling);
}


struct coh_scope *coh_scope_oldest(const struct coh_scope *scope) {
  return scope->youngest == NULL ? NULL : scope_at(scope->youngest->sibling.next);
}


struct coh_scope *coh_scope_next(const struct coh_scope *scope) {
  return scope == scope->parent->youngest ? NULL : scope_at(scope->sibling.next);
}


static void attach(struct coh_scope *scope, struct coh_scope *parent) {
  if (parent->youngest != NULL) coh_link_prepend(&parent->youngest->sibling, &scope->sibling);
  parent->youngest = scope;
}


void coh_scope_detach(struct coh_scope *scope) {
  struct coh_scope *parent = scope->parent;
  if (parent != NULL && parent->youngest == scope)
    parent->youngest = coh_link_alone(&scope->sibling) ? NULL : scope_at(scope->sibling.prev);
  coh_link_remove(&scope->sibling);
}

/* }} */


/* What comes after the whole subtree of 's' in a walk of 'top's, or NULL. */
static struct coh_scope *after(const struct coh_scope *top, const struct coh_scope *s) {
  for (; s != top; s = s->parent) {
    struct coh_scope *sibling = coh_scope_next(s);
    if (sibling != NULL) return sibling;
  }
  return NULL;
}


struct coh_scope *coh_scope_walk(const struct coh_scope *top, const struct coh_scope *s) {
  struct coh_scope *child = coh_scope_oldest(s);
  return child != NULL ? child : after(top, s);
}


/* The parent's canceller, unless a shield hides that, or NULL. */
static struct coh_scope *inherited(const struct coh_scope *s) {
  return s->shield || s->parent == NULL ? NULL : s->parent->canceller;
}


static struct coh_scope *canceller_of(struct coh_scope *s) {
  struct coh_scope *from_outside = inherited(s);
  return from_outside == NULL && s->reason != COH_REASON_NONE ? s : from_outside;
}


/*
** Bring the cancellers up to date in 'top' and below. Where a scope's canceller
** stays the same, all below it is skipped: it depends on nothing else. Waits are
** aborted on the way, to save a second walk through memory that has left the cache,
** up to the first whose kind has an 'abort'. From there on they are left to the
** caller, and the answer is true.
*/
static bool refresh(struct coh_scope *top) {
  struct coh_scope *s = top;
  bool asks = false;
  while (s != NULL) {
    struct coh_scope *canceller = canceller_of(s);
    if (canceller == s->canceller) {
      s = after(top, s);
    } else {
      s->canceller = canceller;
      if (s->slot.wait != NULL && canceller != NULL) {
        asks = asks || s->slot.wait->kind->abort != NULL;
        if (!asks) coh_wait_abort(s->slot.wait);
      }
      s = coh_scope_walk(top, s);
    }
  }
  return asks;
}


/*
** Abort what is parked in 'top' and below. A shielded scope that is not
** cancelled is skipped, with all below it.
*/
static void abort_waits(struct coh_scope *top) {
  struct coh_scope *s = top;
  while (s != NULL) {
    if (s->canceller == NULL) {
      s = after(top, s);
    } else {
      if (s->slot.wait != NULL) coh_wait_abort(s->slot.wait);
      s = coh_scope_walk(top, s);
    }
  }
}


/* Let a change to 'top' take effect in its subtree. */
static void update(struct coh_scope *top) {
  if (refresh(top)) abort_waits(top);
}


void coh_scope_enter(struct coh_scope *scope, struct coh_runtime *rt, struct coh_scope *parent,
                     int64_t deadline_ns, bool shield) {
  scope->slot.rt = rt;
  scope->slot.wait = NULL;
  scope->parent = parent;
  scope->youngest = NULL;
  coh_link_init(&scope->sibling);
  coh_heap_node_init(&scope->deadline);
  scope->reason = COH_REASON_NONE;
  scope->role = COH_SCOPE_PLAIN;
  scope->delivered = 0;
  scope->shield = shield;
  scope->caught = false;
  scope->open = true;
  if (parent != NULL) attach(scope, parent);
  scope->canceller = inherited(scope);
  if (deadline_ns != COH_NEVER) coh_scope_set_deadline(scope, deadline_ns);
}


void coh_scope_leave(struct coh_scope *scope) {
  coh_assert(scope->open);
  coh_assert(scope->youngest == NULL);
  coh_assert(scope->slot.wait == NULL);
  coh_timer_stop(&scope->slot.rt->deadlines, &scope->deadline);
  coh_scope_detach(scope);
  scope->open = false;
}


void coh_scope_cancel(struct coh_scope *scope, enum coh_reason reason) {
  if (scope->reason != COH_REASON_NONE) return;
  scope->reason = (uint8_t)reason;
  if (!scope->open) return;
  coh_timer_stop(&scope->slot.rt->deadlines, &scope->deadline);
  coh_trace_emit(scope->slot.rt->trace, COH_EVENT_CANCEL, scope);
  update(scope);
}


void coh_scope_set_deadline(struct coh_scope *scope, int64_t at_ns) {
  struct coh_runtime *rt = scope->slot.rt;
  coh_timer_stop(&rt->deadlines, &scope->deadline);
  scope->deadline.at_ns = at_ns;
  if (!scope->open || scope->reason != COH_REASON_NONE || at_ns == COH_NEVER) return;
  if (at_ns <= coh_now(rt)) coh_scope_cancel(scope, COH_REASON_DEADLINE);
  else coh_timer_start(rt, &rt->deadlines, &scope->deadline, at_ns);
}


void coh_scope_set_shield(struct coh_scope *scope, bool shield) {
  scope->shield = shield;
  if (scope->open) update(scope);
}


void coh_scope_move(struct coh_scope *scope, struct coh_scope *parent) {
  coh_assert(scope->open);
  coh_scope_detach(scope);
  scope->parent = parent;
  attach(scope, parent);
  update(scope);
}


void coh_scope_abort_all(struct coh_scope *scope) {
  struct coh_scope *s;
  for (s = scope; s != NULL; s = coh_scope_walk(scope, s)) {
    struct coh_wait *w = s->slot.wait;
    if (w != NULL && !coh_wait_abort(w) && w->kind->lets_go) coh_wait_wake(w, COH_WAIT_CANCELLED);
  }
}


bool coh_scope_cancel_called(struct coh_scope *scope) {
  if (scope->open && coh_heap_has(&scope->deadline) && scope->deadline.at_ns <= coh_now(scope->slot.rt))
    coh_scope_cancel(scope, COH_REASON_DEADLINE);
  return scope->reason != COH_REASON_NONE;
}


bool coh_scope_catches(const struct coh_scope *scope) {
  return scope->reason != COH_REASON_NONE && inherited(scope) == NULL;
}


struct coh_scope *coh_scope_source(struct coh_scope *scope) {
  if (coh_scope_is_cut(scope)) return scope->canceller;
  while (scope != NULL && scope->reason == COH_REASON_NONE) scope = scope->parent;
  return scope;
}


int64_t coh_scope_effective_deadline(const struct coh_scope *scope) {
  int64_t earliest_ns = COH_NEVER;
  if (coh_scope_is_cut(scope)) return INT64_MIN;
  for (; scope != NULL; scope = scope->parent) {
    if (scope->deadline.at_ns < earliest_ns) earliest_ns = scope->deadline.at_ns;
    if (scope->shield) break;
  }
  return earliest_ns;
}
