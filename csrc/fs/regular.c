/*
** Opening files: see regular.h. A path is checked before it is opened, because opening alone already wakes
** whoever waits at the other end of a FIFO, and again afterwards, because it may be another file by then.
*/
#include "fs/regular.h"

#include <fcntl.h>
#include <unistd.h>

#include "fs/request.h"


/* 0, or the status with which we refuse the file. */
static int refusal(const struct stat *s) {
  if (S_ISFIFO(s->st_mode) || S_ISSOCK(s->st_mode)) return COH_FS_REFUSED;
  return S_ISDIR(s->st_mode) ? UV_EISDIR : 0;
}


int coh_regular_open(const char *path, int flags, mode_t mode, struct stat *s) {
  int fd, status = coh_again(stat(path, s)) == 0 ? refusal(s) : 0;
  if (status < 0) return status;
  fd = coh_fs_result(open(path, flags | O_NONBLOCK | O_CLOEXEC | O_NOCTTY, mode));
  if (fd < 0) return fd;
  status = coh_fs_result(fstat(fd, s));
  if (status == 0) status = refusal(s);
  if (status == 0) return fd;
  close(fd);
  return status;
}


int coh_regular_write(int fd, const char *bytes, size_t length) {
  while (length > 0) {
    ssize_t n = coh_again(write(fd, bytes, length));
    if (n < 0) return coh_fs_fault();
    bytes += n;
    length -= (size_t)n;
  }
  return 0;
}
