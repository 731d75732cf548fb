/*
** Removing. A tree is gone through by descriptors and never by paths: a directory that is replaced by a
** symbolic link meanwhile leads nowhere else. What vanishes meanwhile is gone, which was the aim.
**
** The way down is a chain of levels in memory, one for each directory from the first to the innermost. Only
** the first of them and the last few are open, so that depth costs neither descriptors nor C stack. One that
** was let go is opened again on the way up as ".." of the one below, and must be the directory it was, by
** device and inode. If it is not, somebody has moved a part of the chain elsewhere: then it is gone down once
** more from the first level, by names, as far as each is what it was, and goes on there. A directory that is
** opened again is read from its beginning: what was read of it before is removed.
*/
#include "fs/remove.h"

#include <lauxlib.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fs/check.h"
#include "fs/dir.h"
#include "fs/job.h"
#include "lua/arg.h"

#define HELD_MAX 8     /* levels that stay open, the innermost among them; the first does too */
#define FILLED_MAX 16  /* times that a directory may be filled again, or replaced, while it goes */

struct level {
  DIR *dir;         /* NULL: it is not open, and is opened again when it is gone back to */
  dev_t device;     /* which directory it is */
  ino_t inode;
  unsigned filled;  /* times that it was found full when it had been emptied */
  char *name;       /* in the level above it, from malloc; of the first the whole path */
};

struct removal {
  struct coh_request *request;
  struct level *levels;  /* from malloc, the first directory first */
  size_t depth;          /* how many there are; the first and the innermost are open */
  size_t room;           /* for how many there is room */
};


/* {{ The chain */

static struct level *innermost(const struct removal *m) {
  return &m->levels[m->depth - 1];
}


static void let_go(struct level *l) {
  if (l->dir != NULL) closedir(l->dir);
  l->dir = NULL;
}


/* Forget the innermost level. */
static void leave(struct removal *m) {
  let_go(innermost(m));
  free(innermost(m)->name);
  m->depth--;
}


/* Open a directory that is no symbolic link: a descriptor and what it is, or a negative status. */
static int open_at(int folder, const char *name, struct stat *s) {
  int fd = coh_fs_result(openat(folder, name, COH_DIR_FLAGS | O_NOFOLLOW)), status;
  if (fd < 0) return fd;
  status = coh_fs_result(fstat(fd, s));
  if (status == 0) return fd;
  close(fd);
  return status;
}


/* Open whatever directory has the level's name by now. */
static int open_level(struct level *l, int folder) {
  struct stat s;
  int status, fd = open_at(folder, l->name, &s);
  if (fd < 0) return fd;
  l->device = s.st_dev;
  l->inode = s.st_ino;
  l->dir = coh_dir_open(fd, &status);
  return status;
}


/* Open the directory that the level was; UV_ENOENT when 'name' leads to another. */
static int reopen_level(struct level *l, int folder, const char *name) {
  struct stat s;
  int status, fd = open_at(folder, name, &s);
  if (fd < 0) return fd;
  if (s.st_dev != l->device || s.st_ino != l->inode) {
    close(fd);
    return UV_ENOENT;
  }
  l->dir = coh_dir_open(fd, &status);
  return status;
}


static int reserve(struct removal *m) {
  size_t room = m->room > 0 ? 2 * m->room : 2 * HELD_MAX;
  struct level *levels;
  if (m->depth < m->room) return 0;
  levels = realloc(m->levels, room * sizeof *levels);
  if (levels == NULL) return UV_ENOMEM;
  m->levels = levels;
  m->room = room;
  return 0;
}


/* Go into 'name' of 'folder', which is the innermost directory, or where the first one is. */
static int enter(struct removal *m, int folder, const char *name) {
  struct level *l;
  int status = reserve(m);
  if (status < 0) return status;
  l = &m->levels[m->depth];
  *l = (struct level){.name = strdup(name)};
  if (l->name == NULL) return UV_ENOMEM;
  m->depth++;
  status = open_level(l, folder);
  if (status < 0) leave(m);
  else if (m->depth > HELD_MAX + 1) let_go(l - HELD_MAX);
  return status;
}

/* }} */


/* {{ The way up */

/* Does a status say that the directory is not where it was? ELOOP and ENOTDIR are those of a link. */
static bool is_gone(int status) {
  return status == UV_ENOENT || status == UV_ENOTDIR || status == UV_ELOOP;
}


/*
** Go down by names from the first level to the one above the innermost, or as far as they lead where they
** did: then what is below is elsewhere, and leaves the chain.
*/
static int find_again(struct removal *m) {
  size_t i;
  for (i = 1; i < m->depth - 1; i++) {
    struct level *l = &m->levels[i];
    int status = reopen_level(l, dirfd(l[-1].dir), l->name);
    if (is_gone(status)) {
      while (m->depth > i) leave(m);
      return 0;
    }
    if (status < 0) return status;
    if (i > 1) let_go(l - 1);
  }
  return 0;
}


/* Open the level above the innermost, unless the chain has become shorter. */
static int open_above(struct removal *m) {
  struct level *l = innermost(m);
  if (l[-1].dir != NULL || reopen_level(l - 1, dirfd(l->dir), "..") == 0) return 0;
  return find_again(m);
}


/*
** The innermost directory was read to its end: remove it. One that is full again is read again. It is closed
** before: what is removed while it is open costs a disk more, as it must be known there until it is closed.
*/
static int finish(struct removal *m) {
  const size_t depth = m->depth;
  int folder = AT_FDCWD, status;
  struct level *l;
  if (depth > 1) {
    status = open_above(m);
    if (status < 0 || m->depth < depth) return status;
    folder = dirfd(innermost(m)[-1].dir);
  }
  l = innermost(m);
  let_go(l);
  status = coh_fs_result(unlinkat(folder, l->name, AT_REMOVEDIR));
  if (status == UV_ENOTEMPTY && ++l->filled < FILLED_MAX) {
    status = open_level(l, folder);
    if (status == 0) return 0;
  }
  if (is_gone(status) && depth > 1) status = 0;
  if (status == 0) leave(m);
  return status;
}

/* }} */


/* {{ A tree */

/*
** Remove 'name' of 'folder'; a directory becomes the innermost instead. One that may not be read is removed
** if nothing is in it. A file that may not be removed is no directory: that is what is wrong, and not what
** was tried then.
*/
static int remove_at(struct removal *m, int folder, const char *name) {
  int refusal = coh_fs_result(unlinkat(folder, name, 0)), status;
  if (refusal != UV_EISDIR && refusal != UV_EPERM) return refusal;
  status = enter(m, folder, name);
  if (status == UV_EACCES) {
    int removed = coh_fs_result(unlinkat(folder, name, AT_REMOVEDIR));
    return removed == 0 || is_gone(removed) ? removed : status;
  }
  return status == UV_ENOTDIR && refusal == UV_EPERM ? UV_EPERM : status;
}


/*
** One entry of the innermost directory, or its end. What is in the place of one that is gone is found when
** the directory turns out not to be empty.
*/
static int step(struct removal *m) {
  DIR *dir = innermost(m)->dir;
  int status = coh_fs_stopped(m->request) ? COH_FS_STOPPED : 0;
  const struct dirent *entry = status == 0 ? coh_dir_next(dir, m->request, &status) : NULL;
  if (status < 0) return status;
  if (entry == NULL) return finish(m);
  status = remove_at(m, dirfd(dir), entry->d_name);
  return is_gone(status) ? 0 : status;
}


/* What has taken the place of the first directory, before it was entered or at its end, is removed too. */
static int remove_tree(struct coh_request *r) {
  struct removal m = {.request = r};
  int tries = 0, status;
  do {
    status = remove_at(&m, AT_FDCWD, r->path);
    while (status == 0 && m.depth > 0) status = step(&m);
    while (m.depth > 0) leave(&m);
  } while ((status == UV_ENOTDIR || status == UV_ELOOP) && ++tries < FILLED_MAX);
  free(m.levels);
  return status;
}

/* }} */


/* n: whether to go down */
static int run_remove(struct coh_request *r) {
  int status;
  if (r->n[0]) return remove_tree(r);
  status = coh_fs_result(unlinkat(AT_FDCWD, r->path, 0));
  if (status != UV_EISDIR && status != UV_EPERM) return status;
  status = coh_fs_result(unlinkat(AT_FDCWD, r->path, AT_REMOVEDIR));
  return status == UV_ENOTDIR ? UV_EPERM : status;
}


static const struct coh_verb remove_verb = {.kind = COH_CHANGES("remove"), .run = run_remove};


/* remove(path [, options]) */
static int l_remove(lua_State *L) {
  static const char *const names[] = {"recursive", NULL};
  bool recursive;
  coh_fs_check_path(L, 1, "remove", "a path", "fs.remove(path)");
  if (!lua_isnoneornil(L, 2)) coh_check_options(L, 2, "remove", names);
  recursive = coh_opt_boolean(L, 2, "recursive", false);
  lua_settop(L, 1);
  lua_pushnil(L);
  lua_pushinteger(L, recursive);
  return coh_fs_begin(L, &remove_verb);
}


/* remove_now(path): in the calling thread, where nobody can wait. Nothing is said of what stays. */
static int l_remove_now(lua_State *L) {
  struct coh_request r = {.path = lua_tostring(L, 1), .n = {true}, .fd = -1};
  run_remove(&r);
  return 0;
}


static const luaL_Reg functions[] = {{"remove", l_remove}, {"remove_now", l_remove_now}, {NULL, NULL}};


void coh_remove_open(lua_State *L) {
  lua_pushlightuserdata(L, coh_state_of(L));
  luaL_setfuncs(L, functions, 1);
}
