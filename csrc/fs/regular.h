/*
** Opening files in a thread of the pool. There are few threads, and one that waits for
** somebody at the other end of a FIFO is lost to all others: FIFOs and sockets
** are refused, and nothing is opened so that reading or writing it could wait.
*/
#ifndef COH_FS_REGULAR_H
#define COH_FS_REGULAR_H

#include <stddef.h>
#include <sys/stat.h>

#include "kernel/hidden.h"

COH_HIDDEN

/* A descriptor of a file or device, and what it is; or a negative status. */
int coh_regular_open(const char *path, int flags, mode_t mode, struct stat *s);

/* Write all of it at the descriptor's own place. 0, or a negative status. */
int coh_regular_write(int fd, const char *bytes, size_t length);

COH_SEEN

#endif
