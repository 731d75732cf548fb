/*
** Directories as descriptors, in a thread of the pool: how they are reached without following what
** somebody else has put in their place, and how they are read.
*/
#ifndef COH_FS_DIR_H
#define COH_FS_DIR_H

#include <dirent.h>
#include <fcntl.h>

#include "fs/request.h"
#include "kernel/hidden.h"

COH_HIDDEN

#define COH_DIR_FLAGS (O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_CLOEXEC)

/* A directory open for reading, or NULL and a status. Owns 'fd'. */
DIR *coh_dir_open(int fd, int *status);

/* The next entry but "." and ".."; NULL at the end, or when 'status' is negative. */
struct dirent *coh_dir_next(DIR *dir, struct coh_request *r, int *status);

/*
** A descriptor of the directory that 'path' names, or a negative status. In its first 'root' bytes symbolic
** links are followed, and behind them none. What is behind them may be longer than the system takes a path.
*/
int coh_dir_reach(const char *path, size_t root);

COH_SEEN

#endif
