/*
** Reading files. A read looks for what it wants in what is kept, else gets more: what
** the system has in memory is read at once, else a job of the pool reads it. After
** so many pieces in a row one is read by a job in any case, so that others have
** their turn. What was read and is not wanted is kept for the next one.
**
**   the stack of a read   1 file   2.. formats   and results
*/
#include "fs/file.h"

#include <string.h>
#include <unistd.h>

#include "fs/look.h"
#include "fs/quick.h"
#include "glue/arg.h"
#include "glue/wait.h"
#include "stream/number.h"

#define ROUNDS_MAX 16                        /* pieces that are read at once in a row */
#define SIZE_LIMIT ((lua_Integer)1 << 46)    /* above that it is a mistake */
#define FORMATS_MAX 100


/* {{ Formats */

static size_t check_count(lua_State *L, int arg) {
  int exact;
  lua_Integer n = lua_tointegerx(L, arg, &exact);
  if (!exact || n < 0 || n > SIZE_LIMIT)
    coh_misuse(L, "read expects a whole number of bytes, 0 or more, got %s",
               !exact ? "a fraction or no number" : n < 0 ? "less" : "more than there can be");
  return (size_t)n;
}


/* What the format at 'arg' wants. [-0, +0, v] */
static struct coh_goal check_format(lua_State *L, int arg) {
  const char *format = lua_type(L, arg) == LUA_TSTRING ? lua_tostring(L, arg) : "";
  if (lua_type(L, arg) == LUA_TNUMBER) return (struct coh_goal){COH_WANT_COUNT, check_count(L, arg)};
  if (*format == '*') format++;  /* as in io */
  if (strcmp(format, "l") == 0) return (struct coh_goal){COH_WANT_LINE, 0};
  if (strcmp(format, "L") == 0) return (struct coh_goal){COH_WANT_LINE_KEPT, 0};
  if (strcmp(format, "a") == 0) return (struct coh_goal){COH_WANT_ALL, 0};
  if (strcmp(format, "n") == 0) return (struct coh_goal){COH_WANT_NUMBER, 0};
  coh_misuse(L, "read expects a number of bytes, \"l\", \"L\", \"a\" or \"n\", got %s",
             lua_type(L, arg) == LUA_TSTRING ? "another string" : coh_type_name(L, arg));
  return (struct coh_goal){COH_WANT_LINE, 0};
}


/* Check those from 2 on; one that is missing is a line. [-0, +0 or 1, v] */
static void check_formats(lua_State *L) {
  int arg, top = lua_gettop(L);
  if (top == 2 && lua_isnil(L, 2)) lua_settop(L, top = 1);
  if (top - 1 > FORMATS_MAX) coh_misuse(L, "read expects at most %d formats, got %d", FORMATS_MAX, top - 1);
  for (arg = 2; arg <= top; arg++) check_format(L, arg);
  if (top == 1) lua_pushliteral(L, "l");
}

/* }} */


/* {{ Getting more */

/* n: where to begin, how many bytes at most */
static int run_read(struct coh_request *r) {
  ssize_t n;
  int status = coh_request_grow(r, (size_t)r->n[1]);
  if (status < 0) return status;
  n = coh_again(pread(r->fd, r->bytes, (size_t)r->n[1], r->n[0]));
  if (n < 0) return coh_fs_fault();
  r->count = (size_t)n;
  return 0;
}


static const struct coh_verb read_verb = {.kind = COH_LOOKS("read"), .run = run_read};


static void keep(lua_State *L, struct coh_file *file, const char *bytes, size_t count) {
  if (!coh_streambuf_add(&coh_state_here(L)->loop.rt.mem, &file->kept, bytes, count))
    luaL_error(L, "not enough memory");
}


/* How many bytes to ask for, at most: a line is mostly short. */
static size_t wanted(const struct coh_goal *g, size_t length) {
  size_t most = g->want == COH_WANT_COUNT && g->n > length ? g->n - length : COH_CHUNK_MAX;
  if (g->want == COH_WANT_ALL || most > COH_FS_PIECE_MAX) most = COH_FS_PIECE_MAX;
  return most;
}


/* Read at once what the system has in memory. False: it has nothing. */
static bool read_quickly(lua_State *L, struct coh_file *file, size_t most, bool *ended) {
  struct coh_io *io = coh_io_of(coh_state_here(L));
  int64_t from = file->position + (int64_t)coh_streambuf_length(&file->kept);
  ssize_t n;
  if (most > COH_CHUNK_MAX) most = COH_CHUNK_MAX;
  n = coh_quick_read(file->descriptor->fd, io->chunk, most, from);
  if (n < 0) return false;
  *ended = n == 0;
  keep(L, file, io->chunk, (size_t)n);
  return true;
}

/* }} */


/* {{ Giving it */

/* Push what was found and use it up. False: it is the last, being nil, or the file closed meanwhile. */
static bool give(lua_State *L, struct coh_file *file, const struct coh_goal *g,
                 const struct coh_found *found) {
  const char *at = coh_streambuf_at(&file->kept);
  if (g->want == COH_WANT_NUMBER) coh_numeral_push(L, at, found->take);
  else lua_pushlstring(L, at, found->take);  /* may run finalizers, and one may close the file */
  if (file->poll.handle.box == NULL) return false;
  coh_streambuf_take(&coh_state_here(L)->loop.rt.mem, &file->kept, found->drop);
  file->position += (int64_t)found->drop;
  file->scanned = 0;
  return !lua_isnil(L, -1);  /* text that is no number gives nil, and is used up all the same: as in io */
}

/* }} */


static int read_woken(lua_State *L, int status, lua_KContext context);

/* Formats in order, until one gives nil. */
static int go_on(lua_State *L, struct coh_file *file, struct coh_fiber *f, bool ended) {
  int rounds = 0;
  while (file->format < file->formats) {
    const struct coh_goal g = check_format(L, 2 + file->format);
    size_t length = coh_streambuf_length(&file->kept), most = wanted(&g, length);
    struct coh_found found;
    switch (coh_look(&g, coh_streambuf_at(&file->kept), length, ended, &file->scanned, &found)) {
      case COH_LOOK_FOUND:
        file->format = give(L, file, &g, &found) ? file->format + 1 : file->formats;
        break;
      case COH_LOOK_NOTHING:
        lua_pushnil(L);
        file->format = file->formats;
        break;
      default:
        coh_job_ask(L, &read_verb, &(struct coh_request){.path = file->path});
        if (rounds++ < ROUNDS_MAX && read_quickly(L, file, most, &ended)) break;
        if (coh_task_cancelled(&f->task)) return coh_raise_cancelled(L, f);  /* what was read is kept */
        return coh_file_begin(L, file, f, &read_verb, &(struct coh_request){
          .n = {file->position + (int64_t)length, (int64_t)most}}, read_woken);
    }
  }
  return lua_gettop(L) - 1 - file->formats;
}


static int read_woken(lua_State *L, int status, lua_KContext context) {
  struct coh_job *job = coh_file_job(L, context, "read");
  struct coh_file *file = coh_file_check_open(L, "read");
  size_t count = job->request.count;
  (void)status;
  if (job->op.status >= 0 &&
      !coh_streambuf_add(&coh_state_here(L)->loop.rt.mem, &file->kept, job->request.bytes, count))
    job->op.status = UV_ENOMEM;
  coh_job_end(L, job);
  return go_on(L, file, coh_fiber_at(context), count == 0);
}


static int read_try(lua_State *L, int status, lua_KContext context) {
  struct coh_fiber *f = coh_test(L, context);
  struct coh_file *file = coh_file_check_idle(L, "read");
  (void)status;
  file->format = 0;
  file->formats = lua_gettop(L) - 1;
  file->scanned = 0;
  luaL_checkstack(L, file->formats + LUA_MINSTACK, "read");
  return go_on(L, file, f, false);
}


/* file:read(...) -> results */
static int l_read(lua_State *L) {
  coh_box_check(L, &coh_file_kind, "read");
  check_formats(L);
  return coh_begin(L, read_try);
}


/* Upvalues: the state, the file, how many formats, and these. */
static int next_line(lua_State *L) {
  int i, count = (int)lua_tointeger(L, lua_upvalueindex(3));
  lua_settop(L, 0);
  luaL_checkstack(L, count + 2, "lines");
  lua_pushvalue(L, lua_upvalueindex(2));
  for (i = 0; i < count; i++) lua_pushvalue(L, lua_upvalueindex(4 + i));
  return coh_begin(L, read_try);
}


/* file:lines(...) -> iterator */
static int l_lines(lua_State *L) {
  int i, count;
  coh_box_check(L, &coh_file_kind, "lines");
  check_formats(L);
  count = lua_gettop(L) - 1;
  luaL_checkstack(L, count + 4, "lines");
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_pushvalue(L, 1);
  lua_pushinteger(L, count);
  for (i = 0; i < count; i++) lua_pushvalue(L, 2 + i);
  lua_pushcclosure(L, next_line, 3 + count);
  return 1;
}


const luaL_Reg coh_file_reads[] = {{"read", l_read}, {"lines", l_lines}, {NULL, NULL}};
