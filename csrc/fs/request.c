/*
** Requests: see request.h. Results are made in other threads, which must not call the host's allocator: so
** they alone come from malloc.
*/
#include "fs/request.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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


/* The directory of this process. Returns its length with a slash behind it; 0 when it has no path. */
static size_t find_folder(char folder[PATH_MAX]) {
  size_t length;
  if (getcwd(folder, PATH_MAX) == NULL) return 0;
  length = strlen(folder);
  return folder[length - 1] == '/' ? length : length + 1;
}


/* Put the template behind the first 'begin' bytes, and return the whole. */
static char *template_at(struct coh_request *r, size_t begin) {
  strcpy(r->bytes + begin, r->path);
  return r->bytes;
}


int coh_request_make(struct coh_request *r, int (*make)(char *template)) {
  char folder[PATH_MAX];
  size_t begin = *r->path == '/' ? 0 : find_folder(folder);
  int status = coh_request_grow(r, begin + strlen(r->path) + 1);
  if (status < 0) return status;
  if (begin > 0) {
    memcpy(r->bytes, folder, begin - 1);
    r->bytes[begin - 1] = '/';
  }
  status = coh_fs_result(make(template_at(r, begin)));  /* EINTR repeats it from XXXXXX on */
  if (status < 0 && begin > 0) status = coh_fs_result(make(template_at(r, 0)));
  r->made = status >= 0;
  return status;
}


void coh_request_clear(struct coh_request *r) {
  if (r->made) coh_again(remove(r->bytes));
  if (r->opened) close(r->fd);
  if (!r->nowait) free(r->bytes);
  r->bytes = NULL;
  r->made = r->opened = false;
}
