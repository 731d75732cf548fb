/*
** Removing. A tree is walked by descriptors, never by paths, so a directory that somebody replaces by a
** symbolic link meanwhile does not lead elsewhere. What vanishes meanwhile is fine: it was to be removed.
**
** The way down is a chain of levels in memory, one for each directory from the first to the innermost. Only
** the first and the last few are open, so that depth costs neither descriptors nor C stack. A closed level is
** reopened on the way up as ".." of the one below, and must be the same directory, by device and inode. If it
** is not, somebody has moved part of the chain: then we go down again from the first level, by names, as far
** as each is the same directory, and continue there. A reopened directory is read from its beginning: what
** was read from it before has been removed.
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

#define HELD_MAX 8     /* innermost levels that stay open; the first stays open too */
#define FILLED_MAX 16  /* how often a directory may be refilled, or replaced, while it is being removed */

struct level {
  DIR *dir;         /* NULL: closed, to be reopened on the way up */
  dev_t device;     /* identifies the directory */
  ino_t inode;
  unsigned filled;  /* how often it was found full after it had been emptied */
  char *name;       /* in the level above, from malloc; of the first level, the whole path */
};

struct removal {
  struct coh_request *request;
  struct level *levels;  /* from malloc; the first directory first */
  size_t depth;          /* number of levels; the first and the innermost are open */
  size_t room;           /* number of levels there is room for */
};


/* {{ The chain */

static struct level *innermost(const struct removal *m) {
  return &m->levels[m->depth - 1];
}


static void let_go(struct level *l) {
  if (l->dir != NULL) closedir(l->dir);
  l->dir = NULL;
}


/* Close and drop the innermost level. */
static void leave(struct removal *m) {
  let_go(innermost(m));
  free(innermost(m)->name);
  m->depth--;
}


/* Open a directory that is not a symbolic link. A descriptor, with its stat in 's', or a negative status. */
static int open_at(int folder, const char *name, struct stat *s) {
  int fd = coh_fs_result(openat(folder, name, COH_DIR_FLAGS | O_NOFOLLOW)), status;
  if (fd < 0) return fd;
  status = coh_fs_result(fstat(fd, s));
  if (status == 0) return fd;
  close(fd);
  return status;
}


/* Open the directory that has the level's name now. */
static int open_level(struct level *l, int folder) {
  struct stat s;
  int status, fd = open_at(folder, l->name, &s);
  if (fd < 0) return fd;
  l->device = s.st_dev;
  l->inode = s.st_ino;
  l->dir = coh_dir_open(fd, &status);
  return status;
}


/* Reopen the directory of the level; UV_ENOENT when 'name' leads to another. */
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


/* Enter 'name' in 'folder', which is the innermost directory or the one that contains the first. */
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

/* Does a status mean that the directory is not where it was? A link gives ELOOP or ENOTDIR. */
static bool is_gone(int status) {
  return status == UV_ENOENT || status == UV_ENOTDIR || status == UV_ELOOP;
}


/*
** Go down by names from the first level to the one above the innermost. If a name leads elsewhere, the levels
** from there on have been moved away, and leave the chain.
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
** The innermost directory was read to its end: remove it, or read it again if it was refilled. It is closed
** first: removing an open directory costs the disk more, as it must still record it until it is closed.
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
** Remove 'name' in 'folder', or enter it if it is a directory. A directory that may not be read is removed if
** it is empty. If a file may not be removed, the error is that of removing it, not that of entering it as a
** directory.
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
** Handle one entry of the innermost directory, or its end. If something replaces an entry that is gone, that
** shows when the directory turns out not to be empty.
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


/* If something replaces the first directory, before it is entered or at its end, that is removed too. */
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


/* n: whether to remove recursively */
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


/* remove_now(path): recursively, in the calling thread, where nobody can wait; failures are ignored */
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
