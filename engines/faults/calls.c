/*
** Stands between the core and the C library and libuv. The core is linked with --wrap for
** each function that begins with __wrap_ here, so that its calls, and nobody else's, come
** here first. A call that cannot fail has no place here: engines/system.lua says why.
*/
#include <dirent.h>
#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/statfs.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <uv.h>

#include "faults.h"

/* `name` calls `real`, or returns `failure` when it fails with one of the errors. */
#define STAND_IN(real, type, failure, name, params, args, ...) \
  static struct call call_##name = {#name, {__VA_ARGS__}, 0, NULL}; \
  __attribute__((constructor)) static void add_##name(void) { \
    call_##name.next = faults.calls; \
    faults.calls = &call_##name; \
  } \
  type __wrap_##name params; \
  type __wrap_##name params { \
    if (fails_call(&call_##name)) return failure; \
    return real args; \
  }

#define CALL(type, failure, name, ...) STAND_IN(name, type, failure, name, __VA_ARGS__)
#define TRY(type, failure, name, ...) STAND_IN(try_##name, type, failure, name, __VA_ARGS__)

/* {{ Calls of the system */

CALL(int, -1, accept4, (int fd, struct sockaddr *to, socklen_t *length, int flags), (fd, to, length, flags),
     EMFILE, ECONNABORTED, EPROTO, EINTR)
CALL(int, -1, access, (const char *path, int mode), (path, mode), EACCES, EINTR)
CALL(int, -1, bind, (int fd, const struct sockaddr *a, socklen_t length), (fd, a, length), EADDRINUSE)
CALL(int, -1, chmod, (const char *path, mode_t mode), (path, mode), EPERM, EINTR)
CALL(int, -1, connect, (int fd, const struct sockaddr *a, socklen_t length), (fd, a, length), ENETUNREACH)
CALL(ssize_t, -1, copy_file_range, (int in, off_t *from, int out, off_t *to, size_t n, unsigned flags),
     (in, from, out, to, n, flags), EIO, EXDEV, EINTR)
CALL(int, -1, dup3, (int fd, int to, int flags), (fd, to, flags), EINTR, EBUSY)
CALL(int, -1, epoll_ctl, (int epoll, int operation, int fd, struct epoll_event *event),
     (epoll, operation, fd, event), ENOSPC)
CALL(int, -1, eventfd, (unsigned value, int flags), (value, flags), EMFILE)
CALL(int, -1, fchmod, (int fd, mode_t mode), (fd, mode), EPERM, EINTR)
CALL(int, -1, fcntl, (int fd, int command, long value), (fd, command, value), EBADF)
CALL(DIR *, NULL, fdopendir, (int fd), (fd), ENOMEM, EINTR)
CALL(FILE *, NULL, fopen, (const char *path, const char *mode), (path, mode), EMFILE)
CALL(size_t, 0, fread, (void *bytes, size_t size, size_t n, FILE *file), (bytes, size, n, file), ESRCH)
CALL(int, -1, fstat, (int fd, struct stat *s), (fd, s), EIO, EINTR)
CALL(int, -1, fstatat, (int fd, const char *path, struct stat *s, int flags), (fd, path, s, flags),
     EACCES, EINTR)
CALL(int, -1, fstatfs, (int fd, struct statfs *s), (fd, s), ENOSYS)
CALL(int, -1, fsync, (int fd), (fd), EIO, EINTR)
CALL(int, -1, ftruncate, (int fd, off_t length), (fd, length), EIO, EINTR)
CALL(char *, NULL, getcwd, (char *path, size_t n), (path, n), ENOENT)
CALL(pid_t, -1, getpgid, (pid_t pid), (pid), ESRCH)
CALL(int, -1, getpeername, (int fd, struct sockaddr *a, socklen_t *length), (fd, a, length), ENOTCONN)
CALL(ssize_t, -1, getrandom, (void *bytes, size_t n, unsigned flags), (bytes, n, flags), ENOSYS, EINTR)
CALL(int, -1, getsockname, (int fd, struct sockaddr *a, socklen_t *length), (fd, a, length), ENOBUFS)
CALL(int, -1, getsockopt, (int fd, int level, int name, void *value, socklen_t *length),
     (fd, level, name, value, length), ENOBUFS)
CALL(char *, NULL, if_indextoname, (unsigned index, char *name), (index, name), ENXIO)
CALL(unsigned, 0, if_nametoindex, (const char *name), (name), ENODEV)
CALL(int, -1, ioctl, (int fd, unsigned long request, long value), (fd, request, value), ENOTTY)
CALL(int, 0, isatty, (int fd), (fd), ENOTTY)
CALL(int, -1, kill, (pid_t pid, int number), (pid, number), EPERM)
CALL(int, -1, link, (const char *from, const char *to), (from, to), EMLINK, EINTR)
CALL(int, -1, listen, (int fd, int backlog), (fd, backlog), EADDRINUSE)
CALL(off_t, -1, lseek, (int fd, off_t offset, int whence), (fd, offset, whence), ESPIPE)
CALL(int, -1, mkdir, (const char *path, mode_t mode), (path, mode), ENOSPC, EINTR)
CALL(char *, NULL, mkdtemp, (char *path), (path), EACCES, EINTR)
CALL(int, -1, mkostemp, (char *path, int flags), (path, flags), EMFILE, EINTR)
CALL(int, -1, open, (const char *path, int flags, mode_t mode), (path, flags, mode), EMFILE, EINTR)
CALL(int, -1, openat, (int fd, const char *path, int flags, mode_t mode), (fd, path, flags, mode),
     EMFILE, EINTR)
CALL(DIR *, NULL, opendir, (const char *path), (path), EMFILE)
CALL(int, -1, pipe2, (int *ends, int flags), (ends, flags), EMFILE)
CALL(int, errno, posix_spawn_file_actions_addchdir_np, (posix_spawn_file_actions_t *files, const char *path),
     (files, path), ENOMEM)
CALL(int, errno, posix_spawn_file_actions_addclosefrom_np, (posix_spawn_file_actions_t *files, int from),
     (files, from), ENOMEM)
CALL(int, errno, posix_spawn_file_actions_adddup2, (posix_spawn_file_actions_t *files, int from, int to),
     (files, from, to), ENOMEM)
CALL(int, errno, posix_spawnp, (pid_t *pid, const char *file, const posix_spawn_file_actions_t *files,
                                const posix_spawnattr_t *attributes, char *const *argv, char *const *env),
     (pid, file, files, attributes, argv, env), EAGAIN, ENOMEM)
CALL(int, -1, poll, (struct pollfd *list, nfds_t count, int ms), (list, count, ms), ENOMEM)
CALL(ssize_t, -1, pread, (int fd, void *bytes, size_t n, off_t at), (fd, bytes, n, at), EIO, EINTR)
CALL(ssize_t, -1, pwrite, (int fd, const void *bytes, size_t n, off_t at), (fd, bytes, n, at), ENOSPC, EINTR)
CALL(ssize_t, -1, read, (int fd, void *bytes, size_t n), (fd, bytes, n), EIO, EINTR)
CALL(ssize_t, -1, recv, (int fd, void *bytes, size_t n, int flags), (fd, bytes, n, flags), ECONNRESET, EINTR)
CALL(ssize_t, -1, recvmsg, (int fd, struct msghdr *message, int flags), (fd, message, flags),
     ECONNREFUSED, EINTR)
CALL(ssize_t, -1, readlink, (const char *path, char *bytes, size_t n), (path, bytes, n), EACCES, EINTR)
CALL(char *, NULL, realpath, (const char *path, char *to), (path, to), ELOOP, EINTR)
CALL(int, -1, remove, (const char *path), (path), EBUSY)
CALL(int, -1, rename, (const char *from, const char *to), (from, to), EXDEV, EINTR)
CALL(ssize_t, -1, send, (int fd, const void *bytes, size_t n, int flags), (fd, bytes, n, flags), EPIPE, EINTR)
CALL(ssize_t, -1, sendfile, (int to, int from, off_t *at, size_t n), (to, from, at, n), EIO, EINVAL, EINTR)
CALL(ssize_t, -1, sendmsg, (int fd, const struct msghdr *message, int flags), (fd, message, flags),
     EPIPE, EINTR)
CALL(ssize_t, -1, sendto, (int fd, const void *bytes, size_t n, int flags, const struct sockaddr *to,
                           socklen_t length),
     (fd, bytes, n, flags, to, length), EHOSTUNREACH, EINTR)
CALL(int, -1, setsockopt, (int fd, int level, int name, const void *value, socklen_t length),
     (fd, level, name, value, length), EINVAL)
CALL(int, -1, shutdown, (int fd, int how), (fd, how), ENOTCONN)
CALL(int, -1, socket, (int family, int type, int protocol), (family, type, protocol), EMFILE)
CALL(ssize_t, -1, splice, (int from, off_t *at, int to, off_t *there, size_t n, unsigned flags),
     (from, at, to, there, n, flags), EIO, EINVAL, EINTR)
CALL(int, -1, stat, (const char *path, struct stat *s), (path, s), EACCES, EINTR)
CALL(int, -1, statx, (int fd, const char *path, int flags, unsigned mask, struct statx *s),
     (fd, path, flags, mask, s), EACCES, EINTR)
CALL(int, -1, symlink, (const char *target, const char *path), (target, path), ENOSPC, EINTR)
CALL(int, -1, tcdrain, (int fd), (fd), EIO, EINTR)
CALL(int, -1, tcgetattr, (int fd, struct termios *mode), (fd, mode), EIO)
CALL(int, -1, tcsetattr, (int fd, int when, const struct termios *mode), (fd, when, mode), EIO, EINTR)
CALL(int, -1, unlink, (const char *path), (path), EBUSY, EINTR)
CALL(int, -1, unlinkat, (int fd, const char *path, int flags), (fd, path, flags), EBUSY, EINTR)
CALL(int, -1, utimensat, (int fd, const char *path, const struct timespec *times, int flags),
     (fd, path, times, flags), EPERM, EINTR)
CALL(int, -1, waitid, (idtype_t type, id_t id, siginfo_t *info, int options), (type, id, info, options),
     ECHILD)
CALL(ssize_t, -1, write, (int fd, const void *bytes, size_t n), (fd, bytes, n), ENOSPC, EINTR)
CALL(ssize_t, -1, writev, (int fd, const struct iovec *pieces, int n), (fd, pieces, n), EPIPE, EINTR)

/* }} */

/* {{ What only tries, and has another way: RWF_NOWAIT, RESOLVE_CACHED, types of names */

static ssize_t try_preadv2(int fd, const struct iovec *pieces, int n, off_t at, int flags) {
  return declines() ? -1 : preadv2(fd, pieces, n, at, flags);
}

static long try_syscall(long n, long a, long b, long c, long d, long e) {
  return n == SYS_openat2 && declines() ? -1 : syscall(n, a, b, c, d, e);
}

static struct dirent *try_readdir(DIR *dir) {
  struct dirent *entry = readdir(dir);
  if (entry != NULL && declines()) entry->d_type = DT_UNKNOWN;
  return entry;
}

TRY(ssize_t, -1, preadv2, (int fd, const struct iovec *pieces, int n, off_t at, int flags),
     (fd, pieces, n, at, flags), EIO, EAGAIN)
TRY(long, -1, syscall, (long n, long a, long b, long c, long d, long e), (n, a, b, c, d, e), EMFILE)
TRY(struct dirent *, NULL, readdir, (DIR *dir), (dir), EIO, EINTR)

/* }} */

/* {{ libuv */

#define UV(name, params, args, ...) CALL(int, -errno, name, params, args, __VA_ARGS__)

UV(uv_async_init, (uv_loop_t *loop, uv_async_t *async, uv_async_cb cb), (loop, async, cb), EMFILE)
UV(uv_fs_event_start, (uv_fs_event_t *handle, uv_fs_event_cb cb, const char *path, unsigned flags),
   (handle, cb, path, flags), ENOSPC)
UV(uv_getaddrinfo, (uv_loop_t *loop, uv_getaddrinfo_t *req, uv_getaddrinfo_cb cb, const char *node,
                    const char *service, const struct addrinfo *hints),
   (loop, req, cb, node, service, hints), ENOMEM)
UV(uv_getnameinfo, (uv_loop_t *loop, uv_getnameinfo_t *req, uv_getnameinfo_cb cb, const struct sockaddr *a,
                    int flags),
   (loop, req, cb, a, flags), ENOMEM)
UV(uv_loop_init, (uv_loop_t *loop), (loop), EMFILE)
UV(uv_poll_init, (uv_loop_t *loop, uv_poll_t *handle, int fd), (loop, handle, fd), ENOSPC)
UV(uv_sem_init, (uv_sem_t *sem, unsigned value), (sem, value), ENOMEM)
UV(uv_signal_init, (uv_loop_t *loop, uv_signal_t *handle), (loop, handle), EMFILE)
UV(uv_signal_start, (uv_signal_t *handle, uv_signal_cb cb, int number), (handle, cb, number), EINVAL)
UV(uv_signal_start_oneshot, (uv_signal_t *handle, uv_signal_cb cb, int number), (handle, cb, number), EINVAL)
UV(uv_thread_create_ex, (uv_thread_t *thread, const uv_thread_options_t *options, uv_thread_cb cb, void *arg),
   (thread, options, cb, arg), EAGAIN)

/* }} */

/* {{ Memory that does not come from the host's allocator */

#define MEMORY(name, params, args) \
  void *__wrap_##name params; \
  void *__wrap_##name params { \
    if (!fails_memory()) return name args; \
    errno = ENOMEM; \
    return NULL; \
  }

MEMORY(malloc, (size_t size), (size))
MEMORY(calloc, (size_t count, size_t size), (count, size))
MEMORY(realloc, (void *block, size_t size), (block, size))
MEMORY(strdup, (const char *text), (text))
MEMORY(strndup, (const char *text, size_t size), (text, size))


/* libuv ends the process when its table of watchers cannot grow, and nothing else of it reallocates. */
void replace_uv_allocator(void) {
  uv_replace_allocator(__wrap_malloc, realloc, __wrap_calloc, free);
}

/* }} */
