/*
** Files that are written as a whole, in a thread of the pool. Either in their place: then
** a failure removes what was created, and leaves a part of it in what was there
** before. Or beside it, in the same directory, and moved there when all of it is on the
** disk: then there is always the old file or the new one under the name.
*/
#ifndef COH_FS_TARGET_H
#define COH_FS_TARGET_H

#include <stdbool.h>
#include <sys/stat.h>

#include "kernel/hidden.h"

COH_HIDDEN

enum {
  COH_TARGET_ATOMIC = 1,
  COH_TARGET_SYNC = 2,
  COH_TARGET_APPEND = 4,
  COH_TARGET_EXCLUSIVE = 8  /* only if it is not there yet */
};

struct coh_target {
  const char *path;  /* borrowed */
  char *real;        /* the path without symbolic links when it is atomic, from malloc; else NULL */
  char *temporary;   /* where it is written when it is atomic, from malloc; else NULL */
  int flags;
  int fd;
  bool created;      /* 'path' was not there before */
  struct stat stat;  /* of what is written to */
};

/* Open it; it is not truncated yet. 0, or a negative status with nothing left behind. */
int coh_target_open(struct coh_target *t, const char *path, int flags, mode_t mode);

/* Drop what was in it. */
int coh_target_truncate(struct coh_target *t);

/* The end: with status 0 it is put in its place, else undone. That status, or what went wrong now. */
int coh_target_end(struct coh_target *t, int status);

COH_SEEN

#endif
