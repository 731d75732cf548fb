/*
** Directories: making and listing them.
**
** A listing is read in one go and sorted, so that nothing stays open during a loop over it, and the order is
** always the same.
*/
#include "fs/tree.h"

#include <lauxlib.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fs/check.h"
#include "fs/dir.h"
#include "fs/job.h"
#include "fs/stat.h"
#include "lua/arg.h"


/* {{ Making */

static bool is_directory(const char *path) {
  struct stat s;
  return coh_again(stat(path, &s)) == 0 && S_ISDIR(s.st_mode);
}


/* Make the missing directories above the last part of 'path', which is cut short while they are made. */
static int make_parents(char *path) {
  char *at = path + strspn(path, "/");
  while ((at = strchr(at, '/')) != NULL) {
    int status;
    *at = '\0';
    status = coh_fs_result(mkdir(path, 0777));
    *at = '/';
    if (status < 0 && status != UV_EEXIST) return status;
    at += strspn(at, "/");
  }
  return 0;
}


/* n: permissions, whether to make parents */
static int run_mkdir(struct coh_request *r) {
  size_t length = strlen(r->path);
  bool parents = r->n[1] != 0;
  int status = coh_request_grow(r, length + 1);
  if (status < 0) return status;
  memcpy(r->bytes, r->path, length + 1);
  while (length > 1 && r->bytes[length - 1] == '/') r->bytes[--length] = '\0';
  if (parents) status = make_parents(r->bytes);
  if (status == 0) status = coh_fs_result(mkdir(r->bytes, (mode_t)r->n[0]));
  return status == UV_EEXIST && parents && is_directory(r->path) ? 0 : status;
}


static const struct coh_verb mkdir_verb = {.kind = COH_CHANGES("mkdir"), .run = run_mkdir};


/* mkdir(path [, options]) */
static int l_mkdir(lua_State *L) {
  static const char *const names[] = {"parents", "permissions", NULL};
  int mode;
  bool parents;
  coh_fs_check_path(L, 1, "mkdir", "a path", "fs.mkdir(path)");
  if (!lua_isnoneornil(L, 2)) coh_check_options(L, 2, "mkdir", names);
  mode = coh_fs_opt_permissions(L, 2, 0777);
  parents = coh_opt_boolean(L, 2, "parents", false);
  lua_settop(L, 1);
  lua_pushnil(L);
  lua_pushinteger(L, mode);
  lua_pushinteger(L, parents);
  return coh_fs_begin(L, &mkdir_verb);
}


static int make_dir(char *template) {
  return mkdtemp(template) != NULL ? 0 : -1;
}


static int run_temp_dir(struct coh_request *r) {
  return coh_request_make(r, make_dir);
}


static int push_temp_dir(lua_State *L, struct coh_request *r) {
  lua_pushstring(L, r->bytes);
  r->made = false;
  return 1;
}


static const struct coh_verb temp_dir_verb = {
  .kind = COH_CHANGES("temp_dir"), .run = run_temp_dir, .push = push_temp_dir};


/* make_temp_dir(template) -> path; the template was checked by fs.lua and ends in XXXXXX */
static int l_make_temp_dir(lua_State *L) {
  lua_settop(L, 1);
  return coh_fs_begin(L, &temp_dir_verb);
}

/* }} */


/* {{ Listing. The result has, for each entry, a byte for its type, its name, and a NUL */

static char type_of(int folder, const struct dirent *entry) {
  struct stat s;
  if (entry->d_type != DT_UNKNOWN) return (char)entry->d_type;
  if (coh_again(fstatat(folder, entry->d_name, &s, AT_SYMLINK_NOFOLLOW)) < 0) return DT_UNKNOWN;
  return (char)IFTODT(s.st_mode);
}


static int add_entry(struct coh_request *r, int folder, const struct dirent *entry) {
  size_t length = strlen(entry->d_name) + 1;
  int status = coh_request_grow(r, r->count + 1 + length);
  if (status < 0) return status;
  r->bytes[r->count] = type_of(folder, entry);
  memcpy(r->bytes + r->count + 1, entry->d_name, length);
  r->count += 1 + length;
  r->n[0]++;
  return 0;
}


static int compare_names(const void *a, const void *b) {
  return strcmp(*(const char *const *)a + 1, *(const char *const *)b + 1);
}


/* Sort the entries by name. */
static int sort_entries(struct coh_request *r) {
  size_t i, count = (size_t)r->n[0];
  const char **entries = calloc(count + 1, sizeof *entries), *from = r->bytes;
  char *sorted = malloc(r->count + 1), *to = sorted;
  bool ok = entries != NULL && sorted != NULL;
  for (i = 0; ok && i < count; i++) {
    entries[i] = from;
    from += 1 + strlen(from + 1) + 1;
  }
  if (ok) qsort(entries, count, sizeof *entries, compare_names);
  for (i = 0; ok && i < count; i++) {
    size_t length = 1 + strlen(entries[i] + 1) + 1;
    memcpy(to, entries[i], length);
    to += length;
  }
  free(entries);
  free(ok ? r->bytes : sorted);
  if (ok) r->bytes = sorted;
  return ok ? 0 : UV_ENOMEM;
}


/*
** n: number of entries so far; how much of the path the user gave: behind that no symbolic link is followed
*/
static int run_scandir(struct coh_request *r) {
  int fd = coh_dir_reach(r->path, (size_t)r->n[1]), status;
  struct dirent *entry;
  DIR *dir;
  if (fd < 0) return fd;
  dir = coh_dir_open(fd, &status);
  if (dir == NULL) return status;
  while (status == 0 && (entry = coh_dir_next(dir, r, &status)) != NULL)
    status = add_entry(r, dirfd(dir), entry);
  closedir(dir);
  return status == 0 ? sort_entries(r) : status;
}


/* Upvalues: the listing, and where the next entry begins. Never waits: all of it is there. */
static int l_next_entry(lua_State *L) {
  const char *bytes = lua_touserdata(L, lua_upvalueindex(1));
  size_t at = (size_t)lua_tointeger(L, lua_upvalueindex(2));
  if (at >= lua_rawlen(L, lua_upvalueindex(1))) return 0;
  lua_pushinteger(L, (lua_Integer)(at + 1 + strlen(bytes + at + 1) + 1));
  lua_replace(L, lua_upvalueindex(2));
  lua_pushstring(L, bytes + at + 1);
  lua_pushstring(L, coh_stat_type((unsigned)DTTOIF((unsigned char)bytes[at])));
  return 2;
}


static int push_listing(lua_State *L, struct coh_request *r) {
  char *bytes = lua_newuserdatauv(L, r->count, 0);
  if (r->count > 0) memcpy(bytes, r->bytes, r->count);
  lua_pushinteger(L, 0);
  lua_pushcclosure(L, l_next_entry, 2);
  return 1;
}


static const struct coh_verb scandir_verb = {
  .kind = COH_LOOKS("scandir"), .run = run_scandir, .push = push_listing};


/* scandir(path) -> iterator of name, type */
static int l_scandir(lua_State *L) {
  coh_fs_check_path(L, 1, "scandir", "a path", "for name, type in fs.scandir(path) do");
  if (lua_istable(L, 2))
    return coh_misuse(L, "scandir takes a path and no more: for all that is below it write "
                         "fs.walk(path, options)");
  lua_settop(L, 1);
  lua_pushnil(L);
  lua_pushinteger(L, 0);
  lua_pushinteger(L, (lua_Integer)lua_rawlen(L, 1));
  return coh_fs_begin(L, &scandir_verb);
}


/* scandir_below(path, root) -> iterator, as scandir, but follows links only in the first 'root' bytes */
static int l_scandir_below(lua_State *L) {
  lua_settop(L, 2);
  lua_pushnil(L);
  lua_insert(L, 2);
  lua_pushinteger(L, 0);
  lua_insert(L, 3);
  return coh_fs_begin(L, &scandir_verb);
}

/* }} */


static const luaL_Reg functions[] = {
  {"mkdir", l_mkdir},
  {"make_temp_dir", l_make_temp_dir},
  {"scandir", l_scandir},
  {"scandir_below", l_scandir_below},
  {NULL, NULL}
};


void coh_tree_open(lua_State *L) {
  lua_pushlightuserdata(L, coh_state_of(L));
  luaL_setfuncs(L, functions, 1);
}
