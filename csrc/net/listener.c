/*
** Listeners. A connection that nobody accepts stays in the system: the accepting task itself takes one with
** each call, so there is nothing to lose or to throttle. When descriptors run out, that task gets the error
** and the connection stays where it is.
**
** Closing a listener removes the file of its Unix socket, if it is still the same file: by its absolute path,
** as the process may have changed its directory, and only if device and inode are those of the file that was
** made. (No system call removes a file by inode: one that replaces it right after that check is lost.)
*/
#include "net/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "errors/system.h"
#include "glue/object.h"
#include "glue/wait.h"
#include "io/again.h"
#include "io/sockopt.h"
#include "lua/arg.h"
#include "lua/text.h"
#include "net/tcp.h"
#include "stream/stream.h"

#define ABORTED_MAX 16  /* failed connections that one accept skips before it waits again */

enum { WHERE = 2 };  /* slot of an accept: where the stream is said to be opened; nil: the current line */

struct coh_listener {
  struct coh_poll poll;      /* first, so that a pointer to it is one to the listener */
  struct coh_limits limits;  /* of the streams it makes */
  dev_t device;              /* of the file that was made for a Unix socket with a path */
  ino_t inode;               /* 0: there is no such file, or its inode is unknown */
  const char *path;          /* the path that leads to it, inside 'places' */
  size_t given;              /* offset in 'places' of the path as it was given */
  char places[];             /* that path, behind the working directory at the time if it is relative */
};

static const struct coh_box_kind kind;


/* {{ Accepting */

static const struct coh_wait_kind accept_kind = {
  .what = "accept", .abort = coh_poll_abort_reader, .forfeit = coh_poll_forfeit, .external = true};


/* EOPNOTSUPP may also be about the listening socket itself, and would then be given for ever. */
static bool is_listening(int fd) {
  int is = 0;
  socklen_t size = sizeof is;
  return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &is, &size) == 0 && is;
}


/*
** Has only the connection failed that was to be accepted? Linux then reports the network error that it had,
** and has dropped it: accept(2) has the list.
*/
static bool is_passing(int error, int fd) {
  switch (error) {
    case EINTR: case ECONNABORTED: case EPROTO: case ENOPROTOOPT: case ENETDOWN: case ENETUNREACH:
    case EHOSTDOWN: case EHOSTUNREACH: case ENONET: return true;
    case EOPNOTSUPP: return is_listening(fd);
    default: return false;
  }
}


/* Accept a connection. Returns its socket, or a negative status; UV_EAGAIN when there is none. */
static int take(struct coh_state *S, struct coh_listener *l, struct coh_addr *peer) {
  int rounds, error = EAGAIN, fd = -1;
  for (rounds = 0; rounds < ABORTED_MAX; rounds++) {
    socklen_t length = coh_addr_clear(peer);
    fd = coh_io_fails(S, "accept", EMFILE) ? -1
         : accept4(l->poll.fd, &peer->u.any, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    error = errno;
    coh_addr_filled(peer, fd >= 0 ? length : 0);
    if (fd >= 0) return fd;
    if (!is_passing(error, l->poll.fd)) break;
  }
  if (rounds < ABORTED_MAX && error != EAGAIN) return uv_translate_sys_error(error);
  l->poll.readable = false;
  return UV_EAGAIN;
}


static int accept_woken(lua_State *L, int status, lua_KContext context);

static int wait(lua_State *L, struct coh_listener *l, struct coh_fiber *f) {
  if (coh_task_cancelled(&f->task)) {
    l->poll.reader = NULL;
    return coh_raise_cancelled(L, f);
  }
  coh_poll_park_reader(&l->poll, f, &accept_kind);
  return coh_yield(L, f, accept_woken);
}


/* The open listener in the box at 1. [-0, +0, e] */
static struct coh_listener *check_open(lua_State *L) {
  return (struct coh_listener *)coh_box_check_open(L, &kind, "accept");
}


/*
** Memory comes first, then the connection: running out of memory leaves the connection in the system. Making
** the box may run finalizers, one of which may close the listener.
*/
static int go_on(lua_State *L, struct coh_listener *l, struct coh_fiber *f) {
  struct coh_state *S = coh_state_here(L);
  struct coh_addr peer;
  struct coh_box *box;
  struct coh_stream *s;
  int fd, status;
  if (!l->poll.readable) return wait(L, l, f);
  l->poll.reader = NULL;
  box = coh_box_new(L, &coh_stream_kind);
  if (lua_isnil(L, WHERE)) coh_text_push_where(L);
  else lua_pushvalue(L, WHERE);
  coh_box_set_where(L, -2);
  l = check_open(L);
  s = coh_stream_new(L, S, sizeof *s, &l->limits);
  fd = take(S, l, &peer);
  status = fd < 0 ? fd : coh_stream_bind(S, s, box, fd);
  if (status == 0) {
    box->address = peer;
    return 1;
  }
  if (fd >= 0) close(fd);
  coh_handle_free(S, &s->poll.handle);
  if (status != UV_EAGAIN) return coh_box_raise(L, COH_SYSTEM_ERROR, status, "accept");
  lua_settop(L, WHERE);
  return wait(L, l, f);
}


static int accept_woken(lua_State *L, int status, lua_KContext context) {
  struct coh_fiber *f = coh_woken(L, context);
  (void)status;
  return go_on(L, check_open(L), f);
}


static int accept_try(lua_State *L, int status, lua_KContext context) {
  struct coh_fiber *f = coh_test(L, context);
  struct coh_listener *l = check_open(L);
  (void)status;
  if (l->poll.reader != NULL)
    return coh_syserr_raise(L, COH_BUSY, "accept", "another task is accepting from this listener: let one "
                                                   "task accept, or write net.serve(listener, handler)");
  return go_on(L, l, f);
}


/* 'method' is the name it was called by, NULL when the listener itself was called */
static int begin_accept(lua_State *L, const char *method) {
  coh_box_check(L, &kind, "accept");
  coh_check_no_limit(L, "listener", method);
  lua_settop(L, 1);
  lua_pushnil(L);
  return coh_begin(L, accept_try);
}

/* listener:accept() -> stream */
static int l_accept(lua_State *L) { return begin_accept(L, "accept"); }

/* listener() -> stream, for use in a loop */
static int l_next(lua_State *L) { return begin_accept(L, NULL); }


/* accept(listener, where) -> stream, for callers that accept on behalf of the line 'where' */
static int l_accept_for(lua_State *L) {
  coh_box_check(L, &kind, "accept");
  lua_settop(L, WHERE);
  return coh_begin(L, accept_try);
}

/* }} */


/*
** name_after(task, stream): like task.name = tostring(stream), but the text is made only when somebody asks
*/
static int l_name_after(lua_State *L) {
  coh_object_check(L, 1, COH_TASK, "name_after");
  if (coh_box_test(L, 2, &coh_stream_kind) == NULL) return coh_misuse(L, "name_after expects a stream");
  lua_settop(L, 2);
  lua_setiuservalue(L, 1, COH_UV_IDENTITY);
  return 0;
}


/* {{ Opening and closing */

static bool look_at(const char *path, struct stat *st) {
  return coh_again(fstatat(AT_FDCWD, path, st, AT_SYMLINK_NOFOLLOW)) == 0;
}


/* Record the file that was made; the relative path may lead there where the absolute one is barred. */
static void note_file(struct coh_listener *l) {
  struct stat st;
  l->path = l->places;
  if (!look_at(l->path, &st) && !look_at(l->path += l->given, &st)) return;
  l->device = st.st_dev;
  l->inode = st.st_ino;
}


static void remove_file(const struct coh_listener *l) {
  struct stat st;
  if (l->inode == 0 || !look_at(l->path, &st) || st.st_dev != l->device || st.st_ino != l->inode) return;
  coh_again(unlink(l->path));
}


static void close_listener(struct coh_handle *h) {
  coh_poll_close((struct coh_poll *)h);
  remove_file((const struct coh_listener *)h);
}


/* A listener for an address. The working directory may have no path; then there is no absolute one. */
static struct coh_listener *alloc(lua_State *L, struct coh_state *S, const struct coh_addr *a) {
  const char *path = coh_addr_path(a);
  char folder[PATH_MAX] = "";
  struct coh_listener *l;
  size_t length;
  if (path != NULL && *path != '/' && getcwd(folder, sizeof folder) == NULL) *folder = '\0';
  length = strlen(folder);
  l = coh_handle_alloc(L, S, sizeof *l + length + 1 + (path != NULL ? strlen(path) : 0) + 1, close_listener);
  if (path == NULL) return l;
  l->given = length > 0 ? length + 1 : 0;
  memcpy(l->places, folder, length);
  if (length > 0) l->places[length] = '/';
  strcpy(l->places + l->given, path);
  return l;
}


/* Make a bound socket listen, and get its address. */
static int listen_on(struct coh_state *S, struct coh_listener *l, int fd, int backlog, struct coh_addr *own) {
  int status;
  if (coh_io_fails(S, "listen", EADDRINUSE) || listen(fd, backlog) != 0) return uv_translate_sys_error(errno);
  status = coh_addr_set_local(own, fd);
  return status == 0 ? coh_poll_open(S, &l->poll, fd) : status;
}


/* Open a listening socket; its address becomes 'own'. 0, or a negative status with nothing left behind. */
static int begin(struct coh_state *S, struct coh_listener *l, const struct coh_addr *a,
                 const struct coh_sockopts *options, int backlog, struct coh_addr *own) {
  int fd = coh_sockopts_open(S, options, a, SOCK_STREAM), status;
  if (fd < 0) return fd;
  if (bind(fd, &a->u.any, a->length) != 0) {
    status = uv_translate_sys_error(errno);
  } else {
    if (coh_addr_path(a) != NULL) note_file(l);
    status = listen_on(S, l, fd, backlog, own);
    if (status < 0) remove_file(l);
  }
  if (status < 0) close(fd);
  return status;
}


/* Never waits, but is a checkpoint, as is every call that opens something for a task. */
static int listen_try(lua_State *L, int status, lua_KContext context) {
  struct coh_state *S = coh_state_here(L);
  struct coh_box *box;
  struct coh_listener *l;
  struct coh_addr address;
  struct coh_sockopts options;
  coh_test(L, context);
  status = coh_tcp_read_address(L, &address);
  if (status < 0) return coh_tcp_raise(L, status, "listen");
  box = coh_box_new(L, &kind);
  lua_pushvalue(L, 3);
  coh_box_set_where(L, 8);
  coh_sockopts_read(L, 6, &options);
  l = alloc(L, S, &address);
  l->limits = coh_stream_limits(L, 4);
  status = begin(S, l, &address, &options, (int)lua_tointeger(L, 7), &box->address);
  if (status < 0) {
    coh_handle_free(S, &l->poll.handle);
    return coh_tcp_raise(L, status, "listen");
  }
  coh_handle_bind(S, &l->poll.handle, box);
  return 1;
}


/* listen(host or path, port or nil, where, line_max, buffer_max, options, backlog) -> listener */
static int l_listen(lua_State *L) {
  lua_settop(L, 7);
  return coh_begin(L, listen_try);
}

/* }} */


/* listener.local_address, also of a closed listener */
static int get_local_address(lua_State *L) {
  coh_box_push_address(L, 0, &coh_box_check(L, &kind, "field")->address);
  return 1;
}


static const luaL_Reg fields[] = {{"local_address", get_local_address}, {NULL, NULL}};


static const luaL_Reg methods[] = {{"accept", l_accept}, {NULL, NULL}};
static const luaL_Reg *const method_lists[] = {methods, NULL};
static const luaL_Reg metamethods[] = {{"__call", l_next}, {NULL, NULL}};
static const struct coh_box_kind kind = {"listener", "cohort.Listener",
  method_lists, metamethods, fields, NULL};


void coh_listener_open(lua_State *L) {
  static const luaL_Reg functions[] = {
    {"listen", l_listen}, {"accept", l_accept_for}, {"name_after", l_name_after}, {NULL, NULL}};
  coh_box_define(L, &kind);
  lua_pushlightuserdata(L, coh_state_of(L));
  luaL_setfuncs(L, functions, 1);
}
