/*
** Requests: operations that the loop carries out by itself, for instance in a thread of its pool. Each lives
** in C memory and has two owners, the task that waits for it and the loop. If the loop is done first, it
** wakes the task, which frees the request; if the wait is cut first, the task leaves the request behind, and
** the callback frees it. Closing the runtime drops the requests that no task has taken.
*/
#ifndef COH_IO_OP_H
#define COH_IO_OP_H

#include "io/room.h"
#include "kernel/hidden.h"

COH_HIDDEN

struct coh_op {
  union {
    uv_req_t any;
    uv_getaddrinfo_t getaddrinfo;
    uv_getnameinfo_t getnameinfo;
    uv_work_t work;
  } req;                                     /* first: libuv's pointer to it is a pointer to the op */
  struct coh_link link;                      /* in coh_io.ops while a task may still take it */
  struct coh_link waiter;                    /* coh_wait.link of the task, or empty */
  void (*release)(struct coh_op *op);        /* frees what the result holds; called only when there is one */
  struct coh_state *S;
  size_t size;                               /* of the whole struct */
  int status;                                /* of libuv, once done */
  bool done;                                 /* the callback came */
  bool dropped;                              /* no task will take it: the callback frees it */
};

/*
** A zeroed struct whose first field is a coh_op, not in flight yet. The room must exist. NULL: out of memory.
*/
void *coh_op_new(struct coh_state *S, size_t size, void (*release)(struct coh_op *op));

/*
** Park 'f' until the request is done, and set the wait's 'of' to the request. The kind must have coh_op_abort
** as its 'abort' and coh_op_forfeit as its 'forfeit'.
*/
void coh_op_park(struct coh_op *op, struct coh_fiber *f, const struct coh_wait_kind *kind);
bool coh_op_abort(struct coh_wait *w);
void coh_op_forfeit(struct coh_wait *w);

/* The end of every callback: store the status, then wake the task, or free a request that was dropped. */
void coh_op_finish(struct coh_op *op, int status);

/* Free a request that is done, or that libuv refused to begin. */
void coh_op_free(struct coh_op *op);

/* No task will take it: free it now, or in the callback. */
void coh_op_drop(struct coh_op *op);

COH_SEEN

#endif
