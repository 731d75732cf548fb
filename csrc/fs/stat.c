/*
** What the system tells about a file: see stat.h.
*/
#include "fs/stat.h"

#include <sys/sysmacros.h>

#include "fs/check.h"


const char *coh_stat_type(unsigned mode) {
  switch (mode & S_IFMT) {
    case S_IFREG: return "file";
    case S_IFDIR: return "directory";
    case S_IFLNK: return "link";
    case S_IFIFO: return "fifo";
    case S_IFSOCK: return "socket";
    case S_IFCHR: return "character";
    case S_IFBLK: return "block";
    default: return "unknown";
  }
}


static void set_integer(lua_State *L, const char *name, uint64_t value) {
  lua_pushinteger(L, (lua_Integer)value);
  lua_setfield(L, -2, name);
}


static void set_time(lua_State *L, const char *name, const struct statx_timestamp *t) {
  lua_pushnumber(L, (lua_Number)t->tv_sec + (lua_Number)t->tv_nsec / (lua_Number)1e9);
  lua_setfield(L, -2, name);
}


int coh_stat_push(lua_State *L, struct coh_request *r) {
  const struct statx *s = &r->stat;
  lua_createtable(L, 0, 12);
  lua_pushstring(L, coh_stat_type(s->stx_mode));
  lua_setfield(L, -2, "type");
  coh_fs_push_permissions(L, s->stx_mode);
  lua_setfield(L, -2, "permissions");
  set_integer(L, "size", s->stx_size);
  set_integer(L, "links", s->stx_nlink);
  set_integer(L, "uid", s->stx_uid);
  set_integer(L, "gid", s->stx_gid);
  set_integer(L, "inode", s->stx_ino);
  set_integer(L, "device", makedev(s->stx_dev_major, s->stx_dev_minor));
  set_time(L, "mtime", &s->stx_mtime);
  set_time(L, "atime", &s->stx_atime);
  set_time(L, "ctime", &s->stx_ctime);
  if (s->stx_mask & STATX_BTIME) set_time(L, "btime", &s->stx_btime);
  return 1;
}
