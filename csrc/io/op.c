/*
** Requests: see op.h.
*/
#include "io/op.h"


void *coh_op_new(struct coh_state *S, size_t size, void (*release)(struct coh_op *op)) {
  struct coh_op *op = coh_mem_new(&S->loop.rt.mem, size);
  if (op == NULL) return NULL;
  op->S = S;
  op->size = size;
  op->release = release;
  coh_link_init(&op->waiter);
  coh_link_append(&coh_io_of(S)->ops, &op->link);
  return op;
}


void coh_op_free(struct coh_op *op) {
  if (op->done) op->release(op);
  coh_link_remove(&op->link);
  coh_mem_free(&op->S->loop.rt.mem, op, op->size);
}


void coh_op_drop(struct coh_op *op) {
  op->dropped = true;
  coh_link_remove(&op->link);
  if (op->done) coh_op_free(op);
}


void coh_op_park(struct coh_op *op, struct coh_fiber *f, const struct coh_wait_kind *kind) {
  coh_wait_park(&f->task.wait, &f->task.current->slot, kind, &op->waiter);
  f->task.wait.of = op;
}


/* The wait is alone in its queue, so its neighbour is the queue's head. */
bool coh_op_abort(struct coh_wait *w) {
  coh_op_drop(coh_item(w->link.next, struct coh_op, waiter));
  return true;
}


void coh_op_forfeit(struct coh_wait *w) {
  if (w->outcome == COH_WOKEN) coh_op_drop(w->of);
}


void coh_op_finish(struct coh_op *op, int status) {
  op->status = status;
  op->done = true;
  if (op->dropped) coh_op_free(op);
  else coh_wait_wake_one(&op->waiter);
}
