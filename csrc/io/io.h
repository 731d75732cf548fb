/*
** What the I/O room keeps for one loop: the handles and requests that are open, so
** that closing the runtime can end them all, and the one buffer that is read into.
** It is made when the first of them is, and found through the loop's 'data'.
*/
#ifndef COH_IO_IO_H
#define COH_IO_IO_H

#include "glue/state.h"
#include "kernel/hidden.h"

COH_HIDDEN

#define COH_CHUNK_MAX 65536

struct coh_io {
  struct coh_link handles;    /* coh_handle.link, open */
  struct coh_link ops;        /* coh_op.link, in flight or not taken yet */
  bool pool_checked;          /* libuv's thread pool can be started, see pool.h */
  char chunk[COH_CHUNK_MAX];  /* what was read last; free whenever no function of ours runs */
};

/* Add the functions to the module table on top and make the kinds. [-0, +0, m] */
void coh_io_open(lua_State *L);

/* That of the open runtime, made when there is none yet. [-0, +0, m] */
struct coh_io *coh_io_need(lua_State *L, struct coh_state *S);

/* The same for those who hold a handle: it is there. */
static inline struct coh_io *coh_io_of(struct coh_state *S) {
  return S->loop.uv.data;
}

/* The state of a loop, for callbacks. */
static inline struct coh_state *coh_io_state(const uv_loop_t *loop) {
  return coh_item(loop, struct coh_state, loop.uv);
}

/*
** Close every handle and leave every request to the loop, which frees them while
** it closes; a lookup in flight is waited for there. No task may be live. [-0, +0, -]
*/
void coh_io_close_all(struct coh_state *S);

COH_SEEN

#endif
