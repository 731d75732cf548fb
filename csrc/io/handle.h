/*
** Handles of libuv. One lives in C memory and has two owners: the userdata, through
** the pointer in its box, until the handle is closed, and the loop until libuv's
** close callback. The last of them is always the loop: closing cuts the box off at
** once and never waits, so a handle is freed in its close callback and nowhere else.
**
** Whoever makes a handle: takes the box first (it may raise), then 'alloc', then
** opens it in libuv, then binds. Until 'bind' it is freed by 'free'.
*/
#ifndef COH_IO_HANDLE_H
#define COH_IO_HANDLE_H

#include "io/box.h"
#include "io/room.h"
#include "kernel/hidden.h"

COH_HIDDEN

struct coh_handle {
  struct coh_link link;                   /* in coh_io.handles from 'bind' until it is closed */
  void (*close)(struct coh_handle *h);    /* what its kind does when it is closed; ends with uv_close */
  size_t size;                            /* of the whole struct */
  bool is_poll;                           /* that is a coh_poll */
  union {
    uv_handle_t any;
    uv_poll_t poll;
    uv_fs_event_t fs_event;
    uv_idle_t idle;                       /* that never runs: of what libuv does not watch */
  } uv;
  struct coh_state *state;                /* borrowed */
  struct coh_box *box;                    /* the userdata, borrowed; NULL once closed */
};

/* A zeroed struct whose first field is a coh_handle; the room of the loop is there. NULL: memory is out. */
void *coh_handle_try(struct coh_state *S, size_t size, void (*close)(struct coh_handle *h));

/* The same, but it raises when memory is out, and makes the room. [-0, +0, m] */
void *coh_handle_alloc(lua_State *L, struct coh_state *S, size_t size, void (*close)(struct coh_handle *h));

/* Free one that libuv has not opened. */
void coh_handle_free(struct coh_state *S, struct coh_handle *h);

/* It is open in libuv: from here on the box and the loop have it. */
void coh_handle_bind(struct coh_state *S, struct coh_handle *h, struct coh_box *box);

/* Close it. Its box is empty at once, its memory goes with libuv's callback. [-0, +0, -] */
void coh_handle_close(struct coh_handle *h);

/* The callback that 'close' of a kind hands to uv_close. */
void coh_handle_closed(uv_handle_t *uv);

/* The handle of libuv's, for callbacks. */
static inline struct coh_handle *coh_handle_of(void *uv) {
  return coh_item(uv, struct coh_handle, uv);
}

COH_SEEN

#endif
