/*
** What the I/O room keeps for one loop: the open handles and requests, so that closing the runtime can end
** them all, and the one buffer that is read into. It is made with the first of them and found through the
** loop's 'data'.
*/
#ifndef COH_IO_ROOM_H
#define COH_IO_ROOM_H

#include "glue/state.h"
#include "kernel/hidden.h"

COH_HIDDEN

#define COH_CHUNK_MAX 65536
#define COH_FD_BUCKETS 256

struct coh_io {
  struct coh_link handles;    /* coh_handle.link, open */
  struct coh_link ops;        /* coh_op.link, in flight or not taken yet */
  struct coh_link signals;    /* of signals.c: the signals that libuv watches */
  struct coh_link listeners;  /* of signals.c: the open listeners */
  uint32_t undelivered;       /* signals that arrived and no listener has been told of since, a bit for
                                 each */
  const void *raw;            /* the object that made a terminal raw in this runtime, see terminal.h */
  struct coh_link children;   /* of csrc/process: the children that have not ended */
  struct coh_link watches[COH_FD_BUCKETS];  /* of fd.c, by descriptor: those that somebody waits for */
  struct coh_link lookup_queue;  /* of net/resolve.c: coh_wait.link of those who wait for a place */
  unsigned lookups;           /* places taken, also by lookups that nobody waits for any more */
  unsigned lookups_max;       /* places there are; set when the pool is checked */
  bool pool_checked;          /* libuv's thread pool can be started: see pool.h */
  char chunk[COH_CHUNK_MAX];  /* what was read last; free whenever no code of ours runs */
};

/* The room of the open runtime, made if there is none yet. [-0, +0, m] */
struct coh_io *coh_io_need(lua_State *L, struct coh_state *S);

/* The same for holders of a handle, for whom it exists. */
static inline struct coh_io *coh_io_of(struct coh_state *S) {
  return S->loop.uv.data;
}

/*
** Shall this system call fail instead of being made? Then errno is set. Every call that may fail on behalf of
** a task asks first, so that tests can see what follows.
*/
static inline bool coh_io_fails(struct coh_state *S, const char *call, int error) {
  return coh_fault(&S->loop.rt.mem.faults, call, error);
}

/* The state that a loop is part of, for callbacks. */
static inline struct coh_state *coh_io_state(const uv_loop_t *loop) {
  return coh_item(loop, struct coh_state, loop.uv);
}

COH_SEEN

#endif
