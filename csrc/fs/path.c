/*
** Operations on paths that are one system call, or little more.
*/
#include "fs/path.h"

#include <lauxlib.h>

#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fs/check.h"
#include "fs/job.h"
#include "fs/quick.h"
#include "fs/stat.h"
#include "lua/arg.h"


/* {{ Asking */

static int look(struct coh_request *r, int flags) {
  int at_flags = flags == O_NOFOLLOW ? AT_SYMLINK_NOFOLLOW : 0;
  if (r->nowait) return coh_quick_stat(r->path, flags, &r->stat);
  return coh_fs_result(statx(AT_FDCWD, r->path, at_flags, COH_STATX, &r->stat));
}


static int run_stat(struct coh_request *r) {
  return look(r, 0);
}


static int run_lstat(struct coh_request *r) {
  return look(r, O_NOFOLLOW);
}


static const struct coh_verb stat_verb = {
  .kind = COH_LOOKS("stat"), .run = run_stat, .push = coh_stat_push, .quick = true};
static const struct coh_verb lstat_verb = {
  .kind = COH_LOOKS("lstat"), .run = run_lstat, .push = coh_stat_push, .quick = true};


/* stat(path) -> table; follows symbolic links */
static int l_stat(lua_State *L) {
  coh_fs_check_path(L, 1, "stat", "a path", "fs.stat(path)");
  lua_settop(L, 1);
  return coh_fs_begin(L, &stat_verb);
}


/* lstat(path) -> table; of the link itself */
static int l_lstat(lua_State *L) {
  coh_fs_check_path(L, 1, "lstat", "a path", "fs.lstat(path)");
  lua_settop(L, 1);
  return coh_fs_begin(L, &lstat_verb);
}


/* That nothing is there is an answer, not an error. */
static int run_exists(struct coh_request *r) {
  int status = look(r, 0);
  r->count = status == 0;
  return status == UV_ENOENT || status == UV_ENOTDIR ? 0 : status;
}


static int push_exists(lua_State *L, struct coh_request *r) {
  lua_pushboolean(L, r->count == 1);
  return 1;
}


static const struct coh_verb exists_verb = {
  .kind = COH_LOOKS("exists"), .run = run_exists, .push = push_exists, .quick = true};


/* exists(path) -> boolean */
static int l_exists(lua_State *L) {
  coh_fs_check_path(L, 1, "exists", "a path", "fs.exists(path)");
  lua_settop(L, 1);
  return coh_fs_begin(L, &exists_verb);
}


static int run_readlink(struct coh_request *r) {
  ssize_t n;
  int status = coh_request_grow(r, PATH_MAX);
  if (status < 0) return status;
  n = coh_again(readlink(r->path, r->bytes, r->room));
  r->count = n < 0 ? 0 : (size_t)n;
  return n < 0 ? coh_fs_fault() : 0;
}


static int run_realpath(struct coh_request *r) {
  int status = coh_fs_result((r->bytes = realpath(r->path, NULL)) != NULL ? 0 : -1);
  if (status < 0) return status;
  r->count = strlen(r->bytes);
  return 0;
}


static const struct coh_verb readlink_verb = {
  .kind = COH_LOOKS("readlink"), .run = run_readlink, .push = coh_job_push_bytes};
static const struct coh_verb realpath_verb = {
  .kind = COH_LOOKS("realpath"), .run = run_realpath, .push = coh_job_push_bytes};


/* readlink(path) -> the target of a symbolic link */
static int l_readlink(lua_State *L) {
  coh_fs_check_path(L, 1, "readlink", "a path", "fs.readlink(path)");
  lua_settop(L, 1);
  return coh_fs_begin(L, &readlink_verb);
}


/* realpath(path) -> absolute path without links and dots */
static int l_realpath(lua_State *L) {
  coh_fs_check_path(L, 1, "realpath", "a path", "fs.realpath(path)");
  lua_settop(L, 1);
  return coh_fs_begin(L, &realpath_verb);
}

/* }} */


/* {{ Names */

static int run_rename(struct coh_request *r) {
  return coh_fs_result(rename(r->path, r->text));
}


static int run_link(struct coh_request *r) {
  return coh_fs_result(link(r->path, r->text));
}


/* Takes the new name first, because errors are about that one. */
static int run_symlink(struct coh_request *r) {
  return coh_fs_result(symlink(r->text, r->path));
}


static const struct coh_verb rename_verb = {.kind = COH_CHANGES("rename"), .run = run_rename, .pair = true};
static const struct coh_verb link_verb = {.kind = COH_CHANGES("link"), .run = run_link, .pair = true};
static const struct coh_verb symlink_verb = {
  .kind = COH_CHANGES("symlink"), .run = run_symlink, .pair = true};


/* rename(from, to) */
static int l_rename(lua_State *L) {
  coh_fs_check_path(L, 1, "rename", "a path", "fs.rename(from, to)");
  coh_fs_check_path(L, 2, "rename", "a path", "fs.rename(from, to)");
  lua_settop(L, 2);
  return coh_fs_begin(L, &rename_verb);
}


/* link(from, to) */
static int l_link(lua_State *L) {
  coh_fs_check_path(L, 1, "link", "a path", "fs.link(from, to)");
  coh_fs_check_path(L, 2, "link", "a path", "fs.link(from, to)");
  lua_settop(L, 2);
  return coh_fs_begin(L, &link_verb);
}


/* symlink(target, path) */
static int l_symlink(lua_State *L) {
  coh_fs_check_path(L, 1, "symlink", "a target", "fs.symlink(target, path)");
  coh_fs_check_path(L, 2, "symlink", "a path", "fs.symlink(target, path)");
  lua_settop(L, 2);
  lua_insert(L, 1);
  return coh_fs_begin(L, &symlink_verb);
}

/* }} */


/* {{ Attributes */

static int run_chmod(struct coh_request *r) {
  return coh_fs_result(chmod(r->path, (mode_t)r->n[0]));
}


/* n: two times in nanoseconds, INT64_MIN for now */
static int run_utime(struct coh_request *r) {
  struct timespec times[2];
  int i;
  for (i = 0; i < 2; i++) {
    int64_t rest = r->n[i] % 1000000000;
    times[i].tv_nsec = r->n[i] == INT64_MIN ? UTIME_NOW : (long)(rest < 0 ? rest + 1000000000 : rest);
    times[i].tv_sec = (time_t)(r->n[i] / 1000000000 - (rest < 0));
  }
  return coh_fs_result(utimensat(AT_FDCWD, r->path, times, 0));
}


static const struct coh_verb chmod_verb = {.kind = COH_CHANGES("chmod"), .run = run_chmod};
static const struct coh_verb utime_verb = {.kind = COH_CHANGES("utime"), .run = run_utime};


/* chmod(path, permissions) */
static int l_chmod(lua_State *L) {
  int mode;
  coh_fs_check_path(L, 1, "chmod", "a path", "fs.chmod(path, \"644\")");
  if (lua_type(L, 2) != LUA_TSTRING)
    return coh_misuse(L, "chmod expects permissions as a string, got %s: write \"644\" or \"rw-r--r--\"",
                      coh_type_name(L, 2));
  mode = coh_fs_permissions(lua_tostring(L, 2));
  if (mode < 0 || strlen(lua_tostring(L, 2)) != lua_rawlen(L, 2))
    return coh_misuse(L, "chmod expects permissions such as \"644\" or \"rw-r--r--\", got %s",
                      coh_push_given(L, 2));
  lua_settop(L, 1);
  lua_pushnil(L);
  lua_pushinteger(L, mode);
  return coh_fs_begin(L, &chmod_verb);
}


/* Replace the time at 'arg' by nanoseconds, or INT64_MIN for now. [-0, +0, v] */
static void read_time(lua_State *L, int arg) {
  lua_Number s = lua_tonumber(L, arg);
  lua_Integer ns = INT64_MIN;
  if (!lua_isnoneornil(L, arg)) {
    if (lua_type(L, arg) != LUA_TNUMBER || !(fabs((double)s) < 9e9))
      coh_misuse(L, "utime expects seconds since 1970, or nothing for now, got %s",
                 lua_type(L, arg) == LUA_TNUMBER && s == s ? "a time too far away" : coh_type_name(L, arg));
    ns = (lua_Integer)floor((double)s * 1e9);
  }
  lua_pushinteger(L, ns);
  lua_replace(L, arg);
}


/* utime(path [, atime [, mtime]]) */
static int l_utime(lua_State *L) {
  coh_fs_check_path(L, 1, "utime", "a path", "fs.utime(path, atime, mtime)");
  lua_settop(L, 3);
  if (lua_isnil(L, 3)) lua_copy(L, 2, 3);
  read_time(L, 2);
  read_time(L, 3);
  lua_pushnil(L);      /* the stack: path atime mtime nil */
  lua_insert(L, 2);
  return coh_fs_begin(L, &utime_verb);
}

/* }} */


/* check_path(path, what, mend): the same check for functions of the Lua side */
static int l_check_path(lua_State *L) {
  coh_fs_check_path(L, 1, luaL_checkstring(L, 2), "a path", luaL_checkstring(L, 3));
  return 0;
}


static const luaL_Reg functions[] = {
  {"check_path", l_check_path},
  {"stat", l_stat},
  {"lstat", l_lstat},
  {"exists", l_exists},
  {"readlink", l_readlink},
  {"realpath", l_realpath},
  {"rename", l_rename},
  {"link", l_link},
  {"symlink", l_symlink},
  {"chmod", l_chmod},
  {"utime", l_utime},
  {NULL, NULL}
};


void coh_path_open(lua_State *L) {
  lua_pushlightuserdata(L, coh_state_of(L));
  luaL_setfuncs(L, functions, 1);
}
