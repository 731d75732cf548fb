/*
** Requests: operations that the loop carries out by itself, in a thread of its pool
** say. One lives in C memory and has two owners, the task that waits for it and the
** loop. When the loop is done first it wakes the task, which frees it; when the
** task's wait is cut first it leaves the request behind, and the callback frees it.
** Closing the runtime drops those whose task never came to take them.
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
  void (*release)(struct coh_op *op);        /* free what a result holds; runs when there is one */
  struct coh_state *S;
  size_t size;                               /* of the whole struct */
  int status;                                /* of libuv, once done */
  bool done;                                 /* the callback came */
  bool dropped;                              /* the task is gone: the callback frees it */
};

/*
** A zeroed struct whose first field is a coh_op, not in flight yet. NULL: memory is out. The room of the loop
** is there.
*/
void *coh_op_new(struct coh_state *S, size_t size, void (*release)(struct coh_op *op));

/*
** Park 'f' until the request is done; its kind's 'abort' is coh_op_abort, and 'forfeit' coh_op_forfeit. The
** wait's 'of' is the request from here on.
*/
void coh_op_park(struct coh_op *op, struct coh_fiber *f, const struct coh_wait_kind *kind);
bool coh_op_abort(struct coh_wait *w);
void coh_op_forfeit(struct coh_wait *w);

/* The end of every callback: keep the status, wake the task or free the request. */
void coh_op_finish(struct coh_op *op, int status);

/* Free one that is done, or that libuv refused to begin. */
void coh_op_free(struct coh_op *op);

/* The task will not come: free it now or in the callback. */
void coh_op_drop(struct coh_op *op);

COH_SEEN

#endif
