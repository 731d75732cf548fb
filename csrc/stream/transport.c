/*
** Transports over a descriptor: see transport.h.
**
** Sockets, and everything else that can be polled: pipes, terminals and the like. epoll refuses regular
** files, because they are always ready. So these are read and written at once, in the calling thread, as
** Lua's io does: other tasks wait for the disk, which is short where it matters (redirected standard
** streams). Reading much from slow disks belongs in a thread.
**
** A descriptor that was blocking when given to us is made blocking again on closing: others may share it.
*/
#include "stream/transport.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/again.h"
#include "stream/stream.h"

static const struct coh_wait_kind read_kind = {
  .what = "read", .abort = coh_poll_abort_reader, .forfeit = coh_poll_forfeit, .external = true};

static const struct coh_wait_kind write_kind = {
  .what = "write", .abort = coh_stream_abort_write, .forfeit = coh_stream_forfeit_write, .external = true};


/* The result of a system call, as a number or a status. */
static ssize_t outcome(ssize_t n) {
  return n >= 0 ? n : uv_translate_sys_error(errno);
}


/* Shall the call fail instead? Streams in memory make no system calls, and do not ask. */
static bool fails(struct coh_stream *s, const char *call, int error) {
  return coh_io_fails(s->poll.handle.state, call, error);
}


/* {{ Sockets: the calls never wait, whether the descriptor is blocking or not */

static ssize_t socket_read(struct coh_stream *s, char *bytes, size_t size) {
  ssize_t n = coh_again(fails(s, "read", ECONNRESET) ? -1 : recv(s->poll.fd, bytes, size, MSG_DONTWAIT));
  s->poll.readable = n == (ssize_t)size;
  return outcome(n);
}


/* With a single piece, send() gives the system less to check. */
static ssize_t send_pieces(int fd, const struct iovec *pieces, size_t count) {
  const struct msghdr message = {.msg_iov = (struct iovec *)pieces, .msg_iovlen = count};
  int flags = MSG_NOSIGNAL | MSG_DONTWAIT;
  return count == 1 ? send(fd, pieces->iov_base, pieces->iov_len, flags) : sendmsg(fd, &message, flags);
}


static ssize_t socket_write(struct coh_stream *s, const struct iovec *pieces, size_t count) {
  return outcome(coh_again(fails(s, "write", EPIPE) ? -1 : send_pieces(s->poll.fd, pieces, count)));
}


static int socket_shutdown(struct coh_stream *s) {
  return (int)outcome(fails(s, "shutdown", ENOTCONN) ? -1 : shutdown(s->poll.fd, SHUT_WR));
}


const struct coh_transport coh_transport_socket = {
  .name = "without a name", .read = socket_read, .write = socket_write, .shutdown = socket_shutdown,
  .reading = &read_kind, .writing = &write_kind, .short_is_full = true};

/* }} */


/* {{ Pipes, terminals and other devices, files */

static ssize_t pipe_read(struct coh_stream *s, char *bytes, size_t size) {
  ssize_t n = coh_again(fails(s, "read", ECONNRESET) ? -1 : read(s->poll.fd, bytes, size));
  s->poll.readable = n == (ssize_t)size;
  return outcome(n);
}


/* A terminal whose other side is gone gives EIO where others report the end. */
static ssize_t device_read(struct coh_stream *s, char *bytes, size_t size) {
  ssize_t n = pipe_read(s, bytes, size);
  return n == UV_EIO ? 0 : n;
}


/* SIGPIPE is blocked while tasks run. */
static ssize_t file_write(struct coh_stream *s, const struct iovec *pieces, size_t count) {
  return outcome(coh_again(fails(s, "write", EPIPE) ? -1 : writev(s->poll.fd, pieces, (int)count)));
}


static ssize_t device_write(struct coh_stream *s, const struct iovec *pieces, size_t count) {
  ssize_t n = file_write(s, pieces, count);
  return n == UV_EIO ? UV_EPIPE : n;
}


/* A file always has more, or the end. */
static ssize_t file_read(struct coh_stream *s, char *bytes, size_t size) {
  ssize_t n = pipe_read(s, bytes, size);
  s->poll.readable = true;
  return n;
}


static void make_blocking_again(struct coh_stream *s) {
  if (!(s->flags & O_NONBLOCK)) fcntl(s->poll.fd, F_SETFL, s->flags);
  s->flags |= O_NONBLOCK;  /* only once */
}


/*
** These have no half-close, so a descriptor that is only written is given up entirely. Where it is read too,
** as with terminals, nobody can be told.
*/
static int end_writing(struct coh_stream *s) {
  if (s->ways != COH_WRITES) return 0;
  if (fails(s, "shutdown", EMFILE)) return uv_translate_sys_error(errno);
  make_blocking_again(s);
  return coh_poll_let_go(&s->poll);
}


static const struct coh_transport transport_pipe = {
  .name = "of a pipe", .read = pipe_read, .write = file_write, .shutdown = end_writing,
  .close = make_blocking_again, .reading = &read_kind, .writing = &write_kind, .short_is_full = true,
  .splices = true};

static const struct coh_transport transport_device = {
  .name = "of a device", .read = device_read, .write = device_write, .shutdown = end_writing,
  .close = make_blocking_again, .reading = &read_kind, .writing = &write_kind, .short_is_full = true};

static const struct coh_transport transport_file = {
  .name = "of a file", .read = file_read, .write = file_write, .shutdown = end_writing,
  .close = make_blocking_again, .reading = &read_kind, .writing = &write_kind, .sends = true};

/* }} */


/* {{ Shared descriptors that are blocking and must stay so */

#define GUARDED_MAX 512  /* what a pipe that poll reports writable takes without blocking: PIPE_BUF of
                            POSIX */

static bool is_ready(struct coh_stream *s, short events) {
  struct pollfd p = {.fd = s->poll.fd, .events = events};
  return poll(&p, 1, 0) > 0;
}


static ssize_t guarded_read(struct coh_stream *s, char *bytes, size_t size) {
  s->poll.readable = false;
  return is_ready(s, POLLIN) ? device_read(s, bytes, size) : UV_EAGAIN;
}


static ssize_t guarded_write(struct coh_stream *s, const struct iovec *pieces, size_t count) {
  struct iovec piece = pieces[0];
  (void)count;  /* one piece at a time is enough */
  if (piece.iov_len > GUARDED_MAX) piece.iov_len = GUARDED_MAX;
  return is_ready(s, POLLOUT) ? device_write(s, &piece, 1) : UV_EAGAIN;
}


static const struct coh_transport transport_guarded = {
  .name = "of a pipe or device that is shared", .read = guarded_read, .write = guarded_write,
  .shutdown = end_writing, .reading = &read_kind, .writing = &write_kind, .blocks = true};

static const struct coh_transport transport_shared_socket = {
  .name = "of a socket that is shared", .read = socket_read, .write = socket_write,
  .shutdown = socket_shutdown, .reading = &read_kind, .writing = &write_kind, .short_is_full = true,
  .blocks = true};

/* }} */


static uint8_t ways_of(int flags) {
  switch (flags & O_ACCMODE) {
    case O_RDONLY: return COH_READS;
    case O_WRONLY: return COH_WRITES;
    default: return COH_READS | COH_WRITES;
  }
}


static const struct coh_transport *pollable(mode_t mode) {
  if (S_ISSOCK(mode)) return &coh_transport_socket;
  return S_ISFIFO(mode) ? &transport_pipe : &transport_device;
}


int coh_transport_open(struct coh_state *S, struct coh_stream *s, int fd) {
  struct stat st;
  int status, flags;
  if (coh_again(fstat(fd, &st)) != 0 || (flags = fcntl(fd, F_GETFL)) < 0)
    return uv_translate_sys_error(errno);
  status = coh_poll_open(S, &s->poll, fd);
  if (status < 0 && status != UV_EPERM) return status;
  s->flags = flags;
  s->ways = ways_of(flags);
  if (status == UV_EPERM) {
    coh_poll_open_unwatched(S, &s->poll, fd);
    s->transport = &transport_file;
    s->poll.readable = true;
  } else {
    s->transport = pollable(st.st_mode);
  }
  return 0;
}


int coh_transport_open_shared(struct coh_state *S, struct coh_stream *s, int fd) {
  struct stat st;
  int status, flags;
  if (coh_again(fstat(fd, &st)) != 0 || (flags = fcntl(fd, F_GETFL)) < 0)
    return uv_translate_sys_error(errno);
  status = flags & O_NONBLOCK ? UV_EPERM : coh_poll_open_shared(S, &s->poll, fd);
  if (status == UV_EPERM) return coh_transport_open(S, s, fd);  /* non-blocking already, or a file */
  if (status < 0) return status;
  s->flags = flags | O_NONBLOCK;  /* so that nothing is undone on closing */
  s->ways = ways_of(flags);
  s->transport = S_ISSOCK(st.st_mode) ? &transport_shared_socket : &transport_guarded;
  return 0;
}
