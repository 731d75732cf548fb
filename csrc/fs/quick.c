/*
** Operations that do not wait: see quick.h.
*/
#include "fs/quick.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>
#include <uv.h>

#include "fs/request.h"

#if defined SYS_openat2 && __has_include(<linux/openat2.h>)
#include <linux/openat2.h>
#endif


/* ENOENT is reliable; any other failure is left for a thread to examine. */
static int open_cached(const char *path, int flags) {
#ifdef RESOLVE_CACHED
  int without_wait = flags & O_PATH ? 0 : O_NONBLOCK | O_NOCTTY;  /* it may be a FIFO or a terminal by now */
  struct open_how how = {.flags = (unsigned)(flags | without_wait | O_CLOEXEC), .resolve = RESOLVE_CACHED};
  long fd = syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how);
  if (fd >= 0) return (int)fd;
  if (errno == ENOENT) return UV_ENOENT;
#else
  (void)path, (void)flags;
#endif
  return UV_EAGAIN;
}


/* The stat of an O_PATH descriptor, without asking a network. */
static int stat_cached(int fd, struct statx *stat) {
  int status = statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, COH_STATX, stat);
  return status == 0 && stat->stx_dev_major != 0 ? 0 : UV_EAGAIN;
}


int coh_quick_stat(const char *path, int flags, struct statx *stat) {
  int fd = open_cached(path, O_PATH | flags), status;
  if (fd < 0) return fd;
  status = stat_cached(fd, stat);
  close(fd);
  return status;
}


/* Checked again after opening: what was a regular file a moment ago may be something else by now. */
int coh_quick_open(const char *path, int flags, struct statx *stat) {
  int status = coh_quick_stat(path, 0, stat), fd;
  if (status < 0) return status;
  if (!S_ISREG(stat->stx_mode)) return UV_EAGAIN;
  fd = open_cached(path, flags);
  if (fd < 0 || (stat_cached(fd, stat) == 0 && S_ISREG(stat->stx_mode))) return fd;
  close(fd);
  return UV_EAGAIN;
}


ssize_t coh_quick_read(int fd, char *bytes, size_t size, int64_t offset) {
#ifdef RWF_NOWAIT
  const struct iovec piece = {.iov_base = bytes, .iov_len = size};
  ssize_t n = preadv2(fd, &piece, 1, offset, RWF_NOWAIT);
  if (n >= 0) return n;
#else
  (void)fd, (void)bytes, (void)size, (void)offset;
#endif
  return UV_EAGAIN;
}
