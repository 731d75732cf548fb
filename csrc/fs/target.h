/*
** Files that are written as a whole, in a thread of the pool. If a file is written in place, a failure
** removes it when it was created, and leaves a part in it when it existed. If it is written atomically, the
** data goes to a temporary file in the same directory, which is renamed once all of it is on the disk: the
** name always has the old file or the new one.
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
  char *real;        /* atomic: 'path' without symbolic links, from malloc; else NULL */
  char *temporary;   /* atomic: path of the file that is written, from malloc; else NULL */
  int flags;
  int fd;
  bool created;      /* 'path' did not exist before */
  struct stat stat;  /* of the file that is written */
};

/* Open it, not truncated yet. 0, or a negative status with nothing left behind. */
int coh_target_open(struct coh_target *t, const char *path, int flags, mode_t mode);

/* Drop the old contents. */
int coh_target_truncate(struct coh_target *t);

/* End it: with status 0 it is put in place, else undone. Returns that status, or what failed in doing so. */
int coh_target_end(struct coh_target *t, int status);

COH_SEEN

#endif
