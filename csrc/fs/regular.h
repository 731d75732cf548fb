/*
** Opening files in a thread of the pool. There are few threads, and one that waits for the other end of a
** FIFO is lost to everybody else. So FIFOs and sockets are refused, and everything is opened so that reading
** and writing it cannot block.
*/
#ifndef COH_FS_REGULAR_H
#define COH_FS_REGULAR_H

#include <stddef.h>
#include <sys/stat.h>

#include "kernel/hidden.h"

COH_HIDDEN

/* A descriptor of a file or device, with its stat in 's'; or a negative status. */
int coh_regular_open(const char *path, int flags, mode_t mode, struct stat *s);

/* Write all bytes at the descriptor's own position. 0, or a negative status. */
int coh_regular_write(int fd, const char *bytes, size_t length);

COH_SEEN

#endif
