/*
** Reading files. A read looks for what it wants in the bytes kept, and else gets more: at once if the system
** has it in memory, else through a job in the pool. After several pieces at once in a row, one is read by a
** job in any case, so that other tasks get a turn. Bytes beyond what is wanted are kept for the next read.
**
**   the stack of a read   1 file   2.. formats   then the results
*/
#include "fs/file.h"

#include <unistd.h>

#include "fs/quick.h"
#include "glue/wait.h"
#include "lua/outofmemory.h"

#define ROUNDS_MAX 16  /* pieces read at once in a row */


/* {{ Getting more */

/* n: position, most bytes */
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
    coh_out_of_memory(L);
}


/* The most bytes to ask for: a whole chunk unless the goal is larger; lines are mostly short. */
static size_t wanted(const struct coh_goal *g, size_t length) {
  size_t most = g->want == COH_WANT_COUNT && g->n > length ? g->n - length : COH_CHUNK_MAX;
  if (g->want == COH_WANT_ALL || most > COH_FS_PIECE_MAX) most = COH_FS_PIECE_MAX;
  return most;
}


/* Read at once what the system has in memory. False: it has none of it there. */
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


/* {{ Giving results */

/* Set the goal to what the next format asks for. [-0, +0, -] */
static void aim(lua_State *L, struct coh_file *file) {
  if (file->format < file->formats) file->goal = coh_format_check(L, 2 + file->format, "read", SIZE_MAX);
}


/*
** Push what was found, consume it, and go on to the next format. No number gives nil, which ends the read, as
** in io.
*/
static void give(lua_State *L, struct coh_file *file, const struct coh_found *found) {
  coh_goal_push(L, &file->goal, coh_streambuf_at(&file->kept), found);
  if (file->poll.handle.box == NULL) {  /* a finalizer has closed it */
    file->format = file->formats;
    return;
  }
  coh_streambuf_take(&coh_state_here(L)->loop.rt.mem, &file->kept, found->drop);
  file->position += (int64_t)found->drop;
  file->format = lua_isnil(L, -1) ? file->formats : file->format + 1;
  aim(L, file);
}


/* There is no more: end with nil as the last result. */
static void give_end(lua_State *L, struct coh_file *file) {
  lua_pushnil(L);
  file->format = file->formats;
}

/* }} */


static int read_woken(lua_State *L, int status, lua_KContext context);

/* Read the formats in order, until one gives nil. */
static int go_on(lua_State *L, struct coh_file *file, struct coh_fiber *f, bool ended) {
  int rounds = 0;
  while (file->format < file->formats) {
    size_t length = coh_streambuf_length(&file->kept), most = wanted(&file->goal, length);
    struct coh_found found;
    if (coh_goal_look(&file->goal, coh_streambuf_at(&file->kept), length, ended, &found) == COH_LOOK_FOUND) {
      give(L, file, &found);
    } else if (ended) {
      give_end(L, file);
    } else {
      coh_job_ask(L, &read_verb, &(struct coh_request){.path = file->path});
      if (rounds++ < ROUNDS_MAX && read_quickly(L, file, most, &ended)) continue;
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
  return go_on(L, coh_file_check_open(L, "read"), coh_fiber_at(context), count == 0);
}


static int read_try(lua_State *L, int status, lua_KContext context) {
  struct coh_fiber *f = coh_test(L, context);
  struct coh_file *file = coh_file_check_idle(L, "read");
  (void)status;
  file->format = 0;
  file->formats = lua_gettop(L) - 1;
  luaL_checkstack(L, file->formats + LUA_MINSTACK, "too many formats");
  aim(L, file);
  return go_on(L, file, f, false);
}


/* Without a format, a line is read. [-0, +0 or 1, -] */
static int begin(lua_State *L) {
  if (lua_gettop(L) == 1) lua_pushnil(L);
  return coh_begin(L, read_try);
}


/* file:read([format...]) -> value... */
static int l_read(lua_State *L) {
  coh_box_check(L, &coh_file_kind, "read");
  coh_check_no_loop(L, "read");
  coh_formats_check(L, "read");
  return begin(L);
}


static int next_line(lua_State *L) {
  coh_steps_arguments(L);
  return begin(L);
}


/* file:lines([format...]) -> iterator */
static int l_lines(lua_State *L) {
  coh_box_check(L, &coh_file_kind, "lines");
  return coh_lines_push(L, next_line);
}


const luaL_Reg coh_file_reads[] = {{"read", l_read}, {"lines", l_lines}, {NULL, NULL}};
