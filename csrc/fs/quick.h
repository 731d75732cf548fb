/*
** Operations that do not wait. On a local disk the answer is mostly in memory, and asking another thread
** takes several times as long as getting it. So an operation is first tried here, in a way that the kernel
** promises not to block: a path is resolved through cached names only (RESOLVE_CACHED); only files on a block
** device are touched, as anything else may be a network or a program; and bytes are read from memory only
** (RWF_NOWAIT). On kernels that lack these, everything answers UV_EAGAIN.
*/
#ifndef COH_FS_QUICK_H
#define COH_FS_QUICK_H

#include <sys/stat.h>
#include <sys/types.h>

#include "kernel/hidden.h"

COH_HIDDEN

/* Fills 'stat' and returns 0; or UV_ENOENT or UV_EAGAIN. 'flags' is 0 or O_NOFOLLOW. */
int coh_quick_stat(const char *path, int flags, struct statx *stat);

/* A descriptor for reading a regular file; or UV_ENOENT or UV_EAGAIN. */
int coh_quick_open(const char *path, int flags, struct statx *stat);

/* The number of bytes read, 0 at the end of the file; or UV_EAGAIN. */
ssize_t coh_quick_read(int fd, char *bytes, size_t size, int64_t offset);

COH_SEEN

#endif
