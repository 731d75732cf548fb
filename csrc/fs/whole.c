/*
** Whole files: reading, writing and copying them in one go, which is a single job in the pool and not one for
** each system call.
*/
#include "fs/whole.h"

#include <lauxlib.h>

#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include "fs/check.h"
#include "fs/job.h"
#include "fs/quick.h"
#include "fs/regular.h"
#include "fs/target.h"
#include "lua/arg.h"


/* {{ Reading */

/* Read the whole file, if it is at hand and small enough for the block. */
static int read_quickly(struct coh_request *r) {
  ssize_t n = 1;
  int fd = coh_quick_open(r->path, O_RDONLY, &r->stat);
  if (fd < 0) return fd;
  while (n > 0 && r->count < r->room) {
    n = coh_quick_read(fd, r->bytes + r->count, r->room - r->count, (int64_t)r->count);
    if (n > 0) r->count += (size_t)n;
  }
  close(fd);
  return n == 0 ? 0 : UV_EAGAIN;
}


/* The size is only a hint: files of /proc have none, and others may grow. */
static int read_all(struct coh_request *r, int fd, size_t size) {
  ssize_t n = 1;
  int status = coh_request_grow(r, size + 1);
  while (status == 0 && n != 0) {
    size_t room = r->room - r->count;
    if (coh_fs_stopped(r)) return COH_FS_STOPPED;
    n = read(fd, r->bytes + r->count, room < COH_FS_PIECE_MAX ? room : COH_FS_PIECE_MAX);
    if (n < 0 && errno != EINTR) return coh_fs_fault();
    if (n > 0) r->count += (size_t)n;
    if (r->count == r->room) status = coh_request_grow(r, r->room + 1);
  }
  return status;
}


static int run_read_file(struct coh_request *r) {
  struct stat s;
  int fd, status = COH_FS_REFUSED;
  if (r->nowait) return read_quickly(r);
  fd = coh_regular_open(r->path, O_RDONLY, 0, &s);
  if (fd < 0) return fd;
  if (S_ISREG(s.st_mode)) status = read_all(r, fd, (size_t)s.st_size);
  close(fd);
  return status;
}


static const struct coh_verb read_verb = {
  .kind = COH_LOOKS("read_file"), .run = run_read_file, .push = coh_job_push_bytes, .quick = true};


/* read_file(path) -> string */
static int l_read_file(lua_State *L) {
  coh_fs_check_path(L, 1, "read_file", "a path", "fs.read_file(path)");
  lua_settop(L, 1);
  return coh_fs_begin(L, &read_verb);
}

/* }} */


/* {{ Writing */

/* Write in pieces. A cancelled write is undone, except bytes appended to a file that existed. */
static int write_pieces(struct coh_request *r, int fd) {
  size_t at, piece = r->n[0] & COH_TARGET_APPEND ? r->length : COH_FS_PIECE_MAX;
  int status = 0;
  for (at = 0; status == 0 && at < r->length; at += piece) {
    if (at > 0 && coh_fs_stopped(r)) return COH_FS_STOPPED;
    status = coh_regular_write(fd, r->text + at, r->length - at < piece ? r->length - at : piece);
  }
  return status;
}


/* n: COH_TARGET_ flags, permissions */
static int run_write(struct coh_request *r) {
  struct coh_target t;
  int status = coh_target_open(&t, r->path, (int)r->n[0], (mode_t)r->n[1]);
  if (status < 0) return status;
  if (!(r->n[0] & COH_TARGET_APPEND)) status = coh_target_truncate(&t);
  if (status == 0) status = write_pieces(r, t.fd);
  return coh_target_end(&t, status);
}


static const struct coh_verb write_verb = {.kind = COH_CHANGES("write_file"), .run = run_write};
static const struct coh_verb append_verb = {.kind = COH_CHANGES("append_file"), .run = run_write};


/* The flags for the options at 'arg', if any. [-0, +0, v] */
static int read_flags(lua_State *L, int arg, const char *what, const char *const names[]) {
  int flags = 0;
  if (lua_isnoneornil(L, arg)) return 0;
  coh_check_options(L, arg, what, names);
  if (coh_opt_boolean(L, arg, "atomic", false)) flags |= COH_TARGET_ATOMIC;
  if (coh_opt_boolean(L, arg, "sync", false)) flags |= COH_TARGET_SYNC;
  if (coh_opt_boolean(L, arg, "exclusive", false)) flags |= COH_TARGET_EXCLUSIVE;
  return flags;
}


static int begin_write(lua_State *L, const struct coh_verb *verb, int flags) {
  int mode = coh_fs_opt_permissions(L, 3, 0666);
  lua_settop(L, 2);
  lua_pushinteger(L, flags);
  lua_pushinteger(L, mode);
  return coh_fs_begin(L, verb);
}


/* write_file(path, data [, options]) */
static int l_write_file(lua_State *L) {
  static const char *const names[] = {"atomic", "sync", "exclusive", "permissions", NULL};
  coh_fs_check_path(L, 1, "write_file", "a path", "fs.write_file(path, data)");
  coh_fs_check_data(L, 2, "write_file");
  return begin_write(L, &write_verb, read_flags(L, 3, "write_file", names));
}


/* append_file(path, data [, options]) */
static int l_append_file(lua_State *L) {
  static const char *const names[] = {"sync", "permissions", NULL};
  coh_fs_check_path(L, 1, "append_file", "a path", "fs.append_file(path, data)");
  coh_fs_check_data(L, 2, "append_file");
  return begin_write(L, &append_verb, read_flags(L, 3, "append_file", names) | COH_TARGET_APPEND);
}

/* }} */


/* {{ Copying */

struct copying {
  int from, to;
  char *piece;  /* of COH_FS_PIECE_MAX bytes */
};


/* Each moves some bytes and returns how many: 0 at the end, -1 with errno. */
static ssize_t by_range(const struct copying *c) {
  return copy_file_range(c->from, NULL, c->to, NULL, COH_FS_PIECE_MAX, 0);
}


static ssize_t by_sendfile(const struct copying *c) {
  return sendfile(c->to, c->from, NULL, COH_FS_PIECE_MAX);
}


static ssize_t by_hand(const struct copying *c) {
  ssize_t n = read(c->from, c->piece, COH_FS_PIECE_MAX);
  int status = n > 0 ? coh_regular_write(c->to, c->piece, (size_t)n) : 0;
  if (status == 0) return n;
  errno = -status;
  return -1;
}


static int copy_by(ssize_t (*step)(const struct copying *), const struct copying *c, struct coh_request *r) {
  ssize_t n = 1;
  while (n != 0) {
    if (coh_fs_stopped(r)) return COH_FS_STOPPED;
    n = step(c);
    if (n < 0 && errno != EINTR) return coh_fs_fault();
  }
  return 0;
}


/*
** The kernel's ways fail in many ways when they cannot do it; copying by hand then goes on, or meets the real
** error.
*/
static int copy_bytes(const struct copying *c, struct coh_request *r) {
  if (ioctl(c->to, FICLONE, c->from) == 0) return 0;
  if (copy_by(by_range, c, r) == COH_FS_STOPPED) return COH_FS_STOPPED;
  if (copy_by(by_sendfile, c, r) == COH_FS_STOPPED) return COH_FS_STOPPED;
  return copy_by(by_hand, c, r);
}


static bool is_same(const struct stat *a, const struct stat *b) {
  return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}


static int copy_opened(struct coh_request *r, int from, const struct stat *s) {
  struct copying c = {.from = from, .piece = malloc(COH_FS_PIECE_MAX)};
  struct coh_target t;
  struct stat there;
  int status = c.piece == NULL ? UV_ENOMEM : 0;
  if (status == 0 && coh_again(stat(r->text, &there)) == 0 && is_same(s, &there)) status = UV_EINVAL;
  if (status == 0) status = coh_target_open(&t, r->text, (int)r->n[0], s->st_mode & 0777);
  if (status == 0) {
    c.to = t.fd;
    status = coh_target_truncate(&t);
    if (status == 0) status = copy_bytes(&c, r);
    status = coh_target_end(&t, status);
  }
  free(c.piece);
  return status;
}


/* n: COH_TARGET_ flags */
static int run_copy(struct coh_request *r) {
  struct stat s;
  int from = coh_regular_open(r->path, O_RDONLY, 0, &s), status = COH_FS_REFUSED;
  if (from < 0) return from;
  if (S_ISREG(s.st_mode)) status = copy_opened(r, from, &s);
  close(from);
  return status;
}


static const struct coh_verb copy_verb = {.kind = COH_CHANGES("copy"), .run = run_copy, .pair = true};


/* copy(from, to [, options]) */
static int l_copy(lua_State *L) {
  static const char *const names[] = {"atomic", "sync", "exclusive", NULL};
  int flags;
  coh_fs_check_path(L, 1, "copy", "a path", "fs.copy(from, to)");
  coh_fs_check_path(L, 2, "copy", "a path", "fs.copy(from, to)");
  flags = read_flags(L, 3, "copy", names);
  lua_settop(L, 2);
  lua_pushinteger(L, flags);
  return coh_fs_begin(L, &copy_verb);
}

/* }} */


static const luaL_Reg functions[] = {
  {"read_file", l_read_file},
  {"write_file", l_write_file},
  {"append_file", l_append_file},
  {"copy", l_copy},
  {NULL, NULL}
};


void coh_whole_open(lua_State *L) {
  lua_pushlightuserdata(L, coh_state_of(L));
  luaL_setfuncs(L, functions, 1);
}
