/*
** Open files: see file.h. This file has everything but reading.
*/
#include "fs/file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "errors/system.h"
#include "fs/check.h"
#include "fs/quick.h"
#include "fs/regular.h"
#include "fs/stat.h"
#include "glue/wait.h"
#include "lua/arg.h"
#include "lua/outofmemory.h"
#include "lua/text.h"

enum { SLOT_PATH };  /* values that a box keeps */


/* {{ Closing */

/* Remove the file, unless somebody has moved it and something else is at its path now. */
static void remove_temporary(const struct coh_file *file) {
  struct stat ours, there;
  bool is_known = coh_again(fstat(file->descriptor->fd, &ours)) == 0 &&
                  coh_again(fstatat(AT_FDCWD, file->path, &there, AT_SYMLINK_NOFOLLOW)) == 0;
  if (is_known && (ours.st_dev != there.st_dev || ours.st_ino != there.st_ino)) return;
  coh_again(unlink(file->path));
}


static void close_file(struct coh_handle *h) {
  struct coh_file *file = (struct coh_file *)h;
  struct coh_state *S = h->state;
  if (file->job != NULL) coh_job_abandon(file->job);
  coh_streambuf_clear(&S->loop.rt.mem, &file->kept);
  if (file->temporary) remove_temporary(file);
  coh_descriptor_drop(S, file->descriptor);
  coh_poll_close(&file->poll);
}


struct coh_file *coh_file_check_open(lua_State *L, const char *what) {
  return (struct coh_file *)coh_box_check_open(L, &coh_file_kind, what);
}


int coh_file_raise_busy(lua_State *L, const char *what) {
  return coh_syserr_raise(L, COH_BUSY, what, "another task is using this file: take turns with a "
                         "cohort.lock()");
}


struct coh_file *coh_file_check_idle(lua_State *L, const char *what) {
  struct coh_file *file = coh_file_check_open(L, what);
  if (coh_file_is_busy(file)) coh_file_raise_busy(L, what);
  return file;
}


struct coh_job *coh_file_job(lua_State *L, lua_KContext context, const char *what) {
  struct coh_file *file;
  struct coh_job *job;
  coh_job_woken(L, context);
  file = coh_file_check_open(L, what);
  job = file->job;
  if (job->op.status != COH_FS_STOPPED) return job;
  coh_op_free(&job->op);
  return NULL;
}

/* }} */


/* {{ Opening. n: flags of open(2); permissions, then the position at which the file begins */

/* Make a file object of what was opened. [-0, +1, m] */
static void push_file(lua_State *L, struct coh_request *r, const char *path, bool temporary) {
  struct coh_state *S = coh_state_of(L);
  struct coh_box *box = coh_box_new(L, &coh_file_kind);
  struct coh_file *file;
  coh_text_push_where(L);
  coh_box_set_where(L, -2);
  lua_pushstring(L, path);
  coh_box_keep(L, -2, SLOT_PATH);
  file = coh_handle_alloc(L, S, sizeof *file + strlen(path) + 1, close_file);
  file->descriptor = coh_mem_new(&S->loop.rt.mem, sizeof *file->descriptor);
  if (file->descriptor == NULL) {
    coh_handle_free(S, &file->poll.handle);
    coh_out_of_memory(L);
  }
  *file->descriptor = (struct coh_descriptor){.fd = r->fd, .owners = 1};
  r->opened = false;
  file->unreadable = (r->n[0] & O_ACCMODE) == O_WRONLY;
  file->appends = r->n[0] & O_APPEND;
  file->temporary = temporary;
  file->position = r->n[1];
  strcpy(file->path, path);
  coh_poll_open_unwatched(S, &file->poll, -1);
  coh_handle_bind(S, &file->poll.handle, box);
}


/* As in io, a file opened only to append begins at its end. */
static int run_open(struct coh_request *r) {
  struct stat s = {.st_size = 0};
  r->fd = r->nowait ? coh_quick_open(r->path, (int)r->n[0], &r->stat)
                    : coh_regular_open(r->path, (int)r->n[0], (mode_t)r->n[1], &s);
  r->opened = r->fd >= 0;
  r->n[1] = r->n[0] & O_APPEND && r->n[0] & O_WRONLY ? s.st_size : 0;
  return r->opened ? 0 : r->fd;
}


static int push_opened(lua_State *L, struct coh_request *r) {
  push_file(L, r, r->path, false);
  return 1;
}


static int make_file(char *template) {
  return mkostemp(template, O_CLOEXEC);
}


static int run_temp_file(struct coh_request *r) {
  r->fd = coh_request_make(r, make_file);
  r->opened = r->fd >= 0;
  return r->opened ? 0 : r->fd;
}


static int push_temporary(lua_State *L, struct coh_request *r) {
  push_file(L, r, r->bytes, true);
  r->made = false;
  return 1;
}


/* Opening for reading changes nothing; opening for writing may create or truncate a file. */
static const struct coh_verb open_verb = {
  .kind = COH_LOOKS("open"), .run = run_open, .push = push_opened, .quick = true};
static const struct coh_verb make_verb = {.kind = COH_CHANGES("open"), .run = run_open, .push = push_opened};
static const struct coh_verb temp_verb = {
  .kind = COH_CHANGES("temp_file"), .run = run_temp_file, .push = push_temporary};


/* The flags for a mode of io.open, or -1. */
static int mode_flags(const char *mode) {
  static const struct {
    const char mode[3];
    int flags;
  } modes[] = {
    {"r", O_RDONLY}, {"w", O_WRONLY | O_CREAT | O_TRUNC}, {"a", O_WRONLY | O_CREAT | O_APPEND},
    {"r+", O_RDWR}, {"w+", O_RDWR | O_CREAT | O_TRUNC}, {"a+", O_RDWR | O_CREAT | O_APPEND}};
  size_t i, length = strlen(mode);
  if (length > 1 && mode[length - 1] == 'b') length--;
  for (i = 0; i < sizeof modes / sizeof *modes; i++)
    if (length == strlen(modes[i].mode) && strncmp(mode, modes[i].mode, length) == 0) return modes[i].flags;
  return -1;
}


/* The flags for the mode at 'arg'. [-0, +0, v] */
static int check_mode(lua_State *L, int arg) {
  int flags = -1;
  if (lua_isnoneornil(L, arg)) return O_RDONLY;
  if (lua_type(L, arg) == LUA_TSTRING) flags = mode_flags(lua_tostring(L, arg));
  if (lua_istable(L, arg))
    coh_misuse(L, "open expects a mode, \"r\", \"w\", \"a\", \"r+\", \"w+\" or \"a+\", before its options: "
                  "write fs.open(path, \"w\", options)");
  if (flags < 0 || strlen(lua_tostring(L, arg)) != lua_rawlen(L, arg))
    coh_misuse(L, "open expects a mode of \"r\", \"w\", \"a\", \"r+\", \"w+\" or \"a+\", got %s",
               coh_push_given(L, arg));
  return flags;
}


/* open(path [, mode [, options]]) -> file */
static int l_open(lua_State *L) {
  static const char *const names[] = {"exclusive", "permissions", NULL};
  int flags, permissions;
  coh_fs_check_path(L, 1, "open", "a path", "fs.open(path)");
  flags = check_mode(L, 2);
  if (!lua_isnoneornil(L, 3)) coh_check_options(L, 3, "open", names);
  permissions = coh_fs_opt_permissions(L, 3, 0666);
  if (coh_opt_boolean(L, 3, "exclusive", false)) flags |= O_CREAT | O_EXCL;
  lua_settop(L, 1);
  lua_pushnil(L);
  lua_pushinteger(L, flags);
  lua_pushinteger(L, permissions);
  return coh_fs_begin(L, flags == O_RDONLY ? &open_verb : &make_verb);
}


/* make_temp_file(template) -> file; the template was checked by fs.lua and ends in XXXXXX */
static int l_make_temp_file(lua_State *L) {
  lua_settop(L, 1);
  return coh_fs_begin(L, &temp_verb);
}

/* }} */


/* {{ Operations on an open file */

int coh_file_begin(lua_State *L, struct coh_file *file, struct coh_fiber *f, const struct coh_verb *verb,
                   struct coh_request *r, lua_KFunction k) {
  r->path = file->path;
  r->fd = file->descriptor->fd;
  coh_job_begin(L, f, verb, r, file->descriptor, &file->job);
  return coh_yield(L, f, k);
}


/* n: the position, which after an append becomes the actual one if the system knows it; whether to append */
static int run_write(struct coh_request *r) {
  bool appends = r->n[1];
  int status = 0;
  off_t end;
  while (status == 0 && r->count < r->length) {
    const char *from = r->text + r->count;
    size_t rest = r->length - r->count;
    int64_t at = r->n[0] + (int64_t)r->count;
    ssize_t n = coh_again(appends ? write(r->fd, from, rest) : pwrite(r->fd, from, rest, at));
    if (n < 0) status = coh_fs_fault();
    else r->count += (size_t)n;
  }
  if (appends && r->count > 0 && (end = lseek(r->fd, 0, SEEK_CUR)) >= 0) r->n[0] = end - (int64_t)r->count;
  return status;
}


static const struct coh_verb write_verb = {.kind = COH_CHANGES("write"), .run = run_write};


static int write_try(lua_State *L, int status, lua_KContext context);

/* What was written before a failure is in the file too, so the position moves in any case. */
static int written(lua_State *L, int status, lua_KContext context) {
  struct coh_job *job = coh_file_job(L, context, "write");
  struct coh_file *file;
  (void)status;
  if (job == NULL) return write_try(L, LUA_OK, context);
  file = coh_file_check_open(L, "write");
  file->position = job->request.n[0] + (int64_t)job->request.count;
  coh_job_end(L, job);
  lua_settop(L, 1);
  return 1;
}


static int write_try(lua_State *L, int status, lua_KContext context) {
  struct coh_fiber *f = coh_test(L, context);
  struct coh_file *file = coh_file_check_idle(L, "write");
  struct coh_request r = {.n = {file->position, file->appends}};
  (void)status;
  r.text = lua_tolstring(L, 2, &r.length);
  coh_streambuf_clear(&coh_state_here(L)->loop.rt.mem, &file->kept);
  return coh_file_begin(L, file, f, &write_verb, &r, written);
}


/* file:write(...) -> file */
static int l_write(lua_State *L) {
  int arg, top = lua_gettop(L);
  coh_box_check(L, &coh_file_kind, "write");
  for (arg = 2; arg <= top; arg++) coh_fs_check_data(L, arg, "write");
  lua_concat(L, top - 1);
  lua_tostring(L, 2);  /* a single number was not concatenated: make it text before the file is looked at */
  return coh_begin(L, write_try);
}


static int run_fstat(struct coh_request *r) {
  return coh_fs_result(statx(r->fd, "", AT_EMPTY_PATH, COH_STATX, &r->stat));
}


static int run_sync(struct coh_request *r) {
  int status = coh_fs_result(fsync(r->fd));
  return status == UV_EINVAL ? 0 : status;  /* a device has nothing to flush */
}


static const struct coh_verb stat_verb = {.kind = COH_LOOKS("stat"), .run = run_fstat, .push = coh_stat_push};
static const struct coh_verb sync_verb = {.kind = COH_CHANGES("sync"), .run = run_sync};


static int simple_try(lua_State *L, int status, lua_KContext context);

static int simple_woken(lua_State *L, int status, lua_KContext context) {
  const struct coh_verb *verb = lua_touserdata(L, 2);
  struct coh_job *job = coh_file_job(L, context, verb->kind.what);
  (void)status;
  return job != NULL ? coh_job_end(L, job) : simple_try(L, LUA_OK, context);
}


static int simple_try(lua_State *L, int status, lua_KContext context) {
  struct coh_fiber *f = coh_test(L, context);
  const struct coh_verb *verb = lua_touserdata(L, 2);
  struct coh_request r = {.length = 0};
  (void)status;
  return coh_file_begin(L, coh_file_check_idle(L, verb->kind.what), f, verb, &r, simple_woken);
}


/* An operation without arguments that changes nothing in coh_file. */
static int begin_simple(lua_State *L, const struct coh_verb *verb) {
  coh_box_check(L, &coh_file_kind, verb->kind.what);
  lua_settop(L, 1);
  lua_pushlightuserdata(L, (void *)verb);
  return coh_begin(L, simple_try);
}


/* file:stat() -> table */
static int l_stat(lua_State *L) {
  return begin_simple(L, &stat_verb);
}


/* file:sync() */
static int l_sync(lua_State *L) {
  return begin_simple(L, &sync_verb);
}

/* }} */


/* {{ Seeking. The stack: 1 file   2 whence, as an integer   3 offset */

static int seek_from(lua_State *L, struct coh_file *file, int64_t base) {
  int64_t offset = lua_tointeger(L, 3);
  if (offset < -base || (offset > 0 && base > INT64_MAX - offset)) {
    coh_syserr_push(L, COH_SYSTEM_ERROR, UV_EINVAL, "seek", "path", file->path);
    return lua_error(L);
  }
  coh_streambuf_clear(&coh_state_here(L)->loop.rt.mem, &file->kept);
  file->position = base + offset;
  lua_pushinteger(L, file->position);
  return 1;
}


static int size_known(lua_State *L, int status, lua_KContext context) {
  struct coh_job *job = coh_file_job(L, context, "seek");
  int64_t size;
  (void)status;
  size = (int64_t)job->request.stat.stx_size;
  coh_job_end(L, job);
  return seek_from(L, coh_file_check_open(L, "seek"), size);
}


static int seek_try(lua_State *L, int status, lua_KContext context) {
  static const struct coh_verb size_verb = {.kind = COH_LOOKS("seek"), .run = run_fstat};
  struct coh_fiber *f = coh_test(L, context);
  struct coh_file *file = coh_file_check_idle(L, "seek");
  struct coh_request r = {.length = 0};
  (void)status;
  switch (lua_tointeger(L, 2)) {
    case SEEK_SET: return seek_from(L, file, 0);
    case SEEK_CUR: return seek_from(L, file, file->position);
    default: return coh_file_begin(L, file, f, &size_verb, &r, size_known);
  }
}


/* What the offset counts from. [-0, +0, v] */
static int check_whence(lua_State *L, int arg) {
  const char *whence = lua_type(L, arg) == LUA_TSTRING ? lua_tostring(L, arg) : "";
  if (lua_isnoneornil(L, arg) || strcmp(whence, "cur") == 0) return SEEK_CUR;
  if (strcmp(whence, "set") == 0) return SEEK_SET;
  if (strcmp(whence, "end") != 0)
    coh_misuse(L, "seek expects \"set\", \"cur\" or \"end\", got %s",
               coh_push_given(L, arg));
  return SEEK_END;
}


/* file:seek([whence [, offset]]) -> position */
static int l_seek(lua_State *L) {
  int whence, exact = 1;
  lua_Integer offset = 0;
  coh_box_check(L, &coh_file_kind, "seek");
  whence = check_whence(L, 2);
  if (!lua_isnoneornil(L, 3)) {
    offset = lua_tointegerx(L, 3, &exact);
    if (lua_type(L, 3) != LUA_TNUMBER || !exact)
      return coh_misuse(L, "seek expects a whole number of bytes, got %s",
                        lua_type(L, 3) == LUA_TNUMBER ? "a fraction or no number" : coh_type_name(L, 3));
  }
  lua_settop(L, 1);
  lua_pushinteger(L, whence);
  lua_pushinteger(L, offset);
  return coh_begin(L, seek_try);
}

/* }} */


/* tostring(file): "file /tmp/x (closed)" */
static int l_tostring(lua_State *L) {
  const struct coh_box *box = coh_box_check(L, &coh_file_kind, "tostring");
  coh_box_push_kept(L, 1, SLOT_PATH);
  lua_pushfstring(L, "file %s%s", lua_tostring(L, -1), box->handle == NULL ? " (closed)" : "");
  return 1;
}


/* file.path, also of a closed file */
static int get_path(lua_State *L) {
  coh_box_check(L, &coh_file_kind, "field");
  coh_box_push_kept(L, 1, SLOT_PATH);
  return 1;
}


static const luaL_Reg fields[] = {{"path", get_path}, {NULL, NULL}};


static const luaL_Reg methods[] = {
  {"write", l_write}, {"seek", l_seek}, {"sync", l_sync}, {"stat", l_stat}, {NULL, NULL}};

static const luaL_Reg *const method_lists[] = {methods, coh_file_reads, coh_file_copies, NULL};

static const luaL_Reg metamethods[] = {{"__tostring", l_tostring}, {NULL, NULL}};

const struct coh_box_kind coh_file_kind = {
  "file", "cohort.File", method_lists, metamethods, fields, coh_file_send};


void coh_file_open(lua_State *L) {
  static const luaL_Reg functions[] = {
    {"open", l_open}, {"make_temp_file", l_make_temp_file}, {NULL, NULL}};
  coh_box_define(L, &coh_file_kind);
  lua_pushlightuserdata(L, coh_state_of(L));
  luaL_setfuncs(L, functions, 1);
}
