/*
** Directories as descriptors, for threads of the pool: reading them, and reaching them without following a
** symbolic link that somebody else has put in their place.
*/
#ifndef COH_FS_DIR_H
#define COH_FS_DIR_H

#include <dirent.h>
#include <fcntl.h>

#include "fs/request.h"
#include "kernel/hidden.h"

COH_HIDDEN

#define COH_DIR_FLAGS (O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_CLOEXEC)

/* A directory stream over 'fd', which it owns; NULL, with '*status' set, when that fails. */
DIR *coh_dir_open(int fd, int *status);

/* The next entry other than "." and ".."; NULL at the end, and then a negative '*status' is an error. */
struct dirent *coh_dir_next(DIR *dir, struct coh_request *r, int *status);

/*
** A descriptor of the directory that 'path' names, or a negative status. Symbolic links are followed within
** its first 'root' bytes and nowhere behind them. The rest may be longer than the system allows a path to be.
*/
int coh_dir_reach(const char *path, size_t root);

COH_SEEN

#endif
