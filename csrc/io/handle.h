/*
** Handles of libuv. Each lives in C memory and has two owners: its box, a userdata, until the handle is
** closed, and the loop until libuv's close callback. The loop is always the last: closing detaches the box at
** once and never waits, so a handle is freed in its close callback and nowhere else.
**
** To make a handle: create the box (which may raise), then 'alloc', then open it in libuv, then 'bind'. Until
** it is open in libuv it is freed by 'free'.
*/
#ifndef COH_IO_HANDLE_H
#define COH_IO_HANDLE_H

#include "io/box.h"
#include "io/room.h"
#include "kernel/hidden.h"

COH_HIDDEN

struct coh_handle {
  struct coh_link link;                   /* in coh_io.handles from 'bind' until it is closed */
  void (*close)(struct coh_handle *h);    /* what its kind does on closing; ends with uv_close */
  size_t size;                            /* of the whole struct */
  bool is_poll;                           /* it is a coh_poll */
  union {
    uv_handle_t any;
    uv_poll_t poll;
    uv_fs_event_t fs_event;
    uv_idle_t idle;                       /* never runs: of what libuv does not watch */
  } uv;
  struct coh_state *state;                /* borrowed */
  struct coh_box *box;                    /* the userdata, borrowed; NULL once closed */
};

/*
** A zeroed struct whose first field is a coh_handle, for when the room already exists. NULL: out of memory.
*/
void *coh_handle_try(struct coh_state *S, size_t size, void (*close)(struct coh_handle *h));

/* The same, but makes the room, and raises when memory is out. [-0, +0, m] */
void *coh_handle_alloc(lua_State *L, struct coh_state *S, size_t size, void (*close)(struct coh_handle *h));

/* Free a handle that libuv has not opened. */
void coh_handle_free(struct coh_state *S, struct coh_handle *h);

/* Hand a handle that is open in libuv to its owners, the box and the loop. */
void coh_handle_bind(struct coh_state *S, struct coh_handle *h, struct coh_box *box);

/* Close it. The box is empty at once; the memory is freed in libuv's callback. [-0, +0, -] */
void coh_handle_close(struct coh_handle *h);

/* The close callback that the 'close' of each kind passes to uv_close. */
void coh_handle_closed(uv_handle_t *uv);

/* The handle that a libuv handle is part of, for callbacks. */
static inline struct coh_handle *coh_handle_of(void *uv) {
  return coh_item(uv, struct coh_handle, uv);
}

COH_SEEN

#endif
