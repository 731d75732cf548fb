/*
** Operations that do not wait. On a disk of this machine the answer is mostly in
** memory, and going to another thread for it takes several times as long as
** getting it. So it is tried here first, in a way in which the kernel promises
** not to wait: a path is followed only through names it has at hand
** (RESOLVE_CACHED), only what lies on a block device is touched, as all else may be
** a network or a program, and bytes are read only from memory (RWF_NOWAIT). On
** kernels without these everything answers UV_EAGAIN.
*/
#ifndef COH_FS_QUICK_H
#define COH_FS_QUICK_H

#include <sys/stat.h>
#include <sys/types.h>

#include "kernel/hidden.h"

COH_HIDDEN

/* 0 and what there is to know, UV_ENOENT, or UV_EAGAIN. 'flags' is 0 or O_NOFOLLOW. */
int coh_quick_stat(const char *path, int flags, struct statx *stat);

/* A descriptor for reading a regular file, UV_ENOENT, or UV_EAGAIN. */
int coh_quick_open(const char *path, int flags, struct statx *stat);

/* How many bytes were read, 0 at the end of the file; or UV_EAGAIN. */
ssize_t coh_quick_read(int fd, char *bytes, size_t size, int64_t offset);

COH_SEEN

#endif
