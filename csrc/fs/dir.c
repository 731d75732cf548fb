/*
** Directories as descriptors: see dir.h.
*/
#include "fs/dir.h"

#include <string.h>
#include <unistd.h>


DIR *coh_dir_open(int fd, int *status) {
  DIR *dir;
  *status = coh_fs_result((dir = fdopendir(fd)) != NULL ? 0 : -1);
  if (dir == NULL) close(fd);
  return dir;
}


struct dirent *coh_dir_next(DIR *dir, struct coh_request *r, int *status) {
  struct dirent *entry;
  do {
    errno = 0;
    entry = readdir(dir);
  } while (entry == NULL ? errno == EINTR
           : strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0);
  if (entry == NULL && errno != 0) *status = coh_fs_fault();
  if (entry != NULL && coh_fs_stopped(r)) *status = COH_FS_STOPPED;
  return *status == 0 ? entry : NULL;
}
