/*
** Requests: see request.h. Results are made in other threads, where the host's
** allocator must not be called: they are the one thing that comes from malloc.
*/
#include "fs/request.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ROOM_MIN 4096


int coh_request_grow(struct coh_request *r, size_t needed) {
  size_t room = r->room > SIZE_MAX / 2 ? SIZE_MAX : 2 * r->room;
  char *bytes;
  if (needed <= r->room) return 0;
  if (r->nowait) return UV_EAGAIN;
  if (room < ROOM_MIN) room = ROOM_MIN;
  if (room < needed) room = needed;
  bytes = realloc(r->bytes, room);
  if (bytes == NULL) return UV_ENOMEM;
  r->bytes = bytes;
  r->room = room;
  return 0;
}


void coh_request_clear(struct coh_request *r) {
  if (r->made) coh_again(remove(r->bytes));
  if (r->opened) close(r->fd);
  if (!r->nowait) free(r->bytes);
  r->bytes = NULL;
  r->made = r->opened = false;
}
