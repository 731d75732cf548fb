/*
** What the I/O room keeps for one loop: the handles and requests that are open, so
** that closing the runtime can end them all, and the one buffer that is read into.
** It is made when the first of them is, and found through the loop's 'data'.
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
  struct coh_link signals;    /* of signals.c: what libuv watches */
  struct coh_link listeners;  /* and who listens */
  uint32_t untold;            /* signals that came since a listener was last told of them, a bit for each */
  const void *raw;            /* the object that made a terminal raw in this runtime, see terminal.h */
  struct coh_link children;   /* of the room of processes: those that have not ended */
  struct coh_link watches[COH_FD_BUCKETS];  /* of fd.c, by descriptor: what somebody waits for */
  struct coh_link lookup_queue;  /* of net/resolve.c: coh_wait.link of who waits for a place */
  unsigned lookups;           /* places taken, by lookups that nobody waits for any more too */
  unsigned lookups_max;       /* places there are, once the pool was checked */
  bool pool_checked;          /* libuv's thread pool can be started, see pool.h */
  char chunk[COH_CHUNK_MAX];  /* what was read last; free whenever no function of ours runs */
};

/* That of the open runtime, made when there is none yet. [-0, +0, m] */
struct coh_io *coh_io_need(lua_State *L, struct coh_state *S);

/* The same for those who hold a handle: it is there. */
static inline struct coh_io *coh_io_of(struct coh_state *S) {
  return S->loop.uv.data;
}

/*
** Shall this call of the system fail instead of being made? Then errno says with what. Every
** call that may fail on behalf of a task asks, so that tests can see what follows.
*/
static inline bool coh_io_fails(struct coh_state *S, const char *call, int error) {
  return coh_fault(&S->loop.rt.mem.faults, call, error);
}

/* The state of a loop, for callbacks. */
static inline struct coh_state *coh_io_state(const uv_loop_t *loop) {
  return coh_item(loop, struct coh_state, loop.uv);
}

COH_SEEN

#endif
