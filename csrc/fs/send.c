/*
** Sending files through streams: file:copy_to, and stream:write with files among its arguments.
**
** The system moves the bytes itself where it can (sendfile); otherwise they go through the file's 'kept'.
** Only the task may wait for the disk, not its thread. So before a part of a file is sent, both of its ends
** are probed; if the system does not have them in memory, a thread reads the part, which brings it there.
** Sending ends where the file ends at that time, whether it has grown or shrunk.
**
** Meanwhile the task is the writer of the stream, and the reader of the file that is being sent. In a write
** the stream is marked 'cut' from the first byte until the last is sent: whatever ends the write in between
** leaves the stream as a cut write does. A copy never holds bytes of its own.
**
**   the stack   1 stream   2.. strings and files   last: struct send
*/
#include "fs/file.h"

#include <string.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include "fs/quick.h"
#include "glue/reuse.h"
#include "glue/wait.h"
#include "lua/arg.h"
#include "lua/outofmemory.h"
#include "stream/stream.h"

#define ROUNDS_MAX 16                   /* steps before other tasks get a turn */
#define PART_MAX (4 * COH_CHUNK_MAX)    /* bytes of a file that are probed, and moved, in one go */
#define SCRAP_MAX 16384

enum next { GO_ON, FULL, COLD, DONE };  /* what comes next; or a negative status of the stream */

/*
** Lives on the task's stack. It must not be linked into queues: the coroutine may be closed while it waits.
*/
struct send {
  const struct coh_verb *verb;    /* write or copy_to */
  int arg;                        /* index on the stack of what is being sent */
  size_t offset;                  /* bytes of it that are sent, when it is a string */
  int64_t warm;                   /* the file is in memory up to this position */
  size_t left;                    /* bytes of the file still to be sent */
  size_t sent;                    /* bytes sent in all */
};


/* {{ Reading a part of a file into memory */

static bool leave(struct coh_wait *w) {
  coh_poll_forfeit(w);
  return coh_job_leave(w);
}


static void forfeit(struct coh_wait *w) {
  coh_poll_forfeit(w);
  coh_job_forfeit(w);
}


/* n: position, most bytes. What is read is thrown away. */
static int run_warm(struct coh_request *r) {
  char scrap[SCRAP_MAX];
  int64_t at = r->n[0], end = at + r->n[1];
  ssize_t n = 1;
  while (at < end && n != 0) {
    if (coh_fs_stopped(r)) return COH_FS_STOPPED;
    n = pread(r->fd, scrap, end - at < SCRAP_MAX ? (size_t)(end - at) : SCRAP_MAX, at);
    if (n < 0 && errno != EINTR) return coh_fs_fault();
    if (n > 0) at += n;
  }
  return 0;
}


#define WARMS(name) \
  {.kind = {.what = name, .abort = leave, .forfeit = forfeit, .external = true, .finishes = true, \
            .lets_go = true}, .run = run_warm}

static const struct coh_verb write_verb = WARMS("write");
static const struct coh_verb copy_verb = WARMS("copy_to");

static const struct coh_wait_kind outside_kind = {
  .what = "sending a file", .abort = coh_poll_abort_choice, .forfeit = coh_poll_forfeit, .external = true};

static const struct coh_wait_kind inside_kind = {
  .what = "sending a file", .abort = coh_poll_abort_choice, .forfeit = coh_poll_forfeit};


/* Bytes to probe; 0 when there can be no more. */
static int64_t part_length(const struct send *d, const struct coh_file *file) {
  int64_t most = d->left < PART_MAX ? (int64_t)d->left : PART_MAX;
  return most < INT64_MAX - file->position ? most : INT64_MAX - file->position;
}


/* Is the next part in memory? Only its ends are probed. DONE: the file has no more. [-0, +0, e] */
static int look_ahead(lua_State *L, struct send *d, struct coh_file *file) {
  int fd = file->descriptor->fd;
  int64_t length = part_length(d, file), end = file->position + length;
  ssize_t n;
  char byte;
  coh_job_ask(L, d->verb, &(struct coh_request){.path = file->path});
  n = coh_quick_read(fd, &byte, 1, file->position);
  if (n == 0 || length == 0) return DONE;
  if (n < 0 || coh_quick_read(fd, &byte, 1, end - 1) < 0) return COLD;
  d->warm = end;
  return GO_ON;
}

/* }} */


/* {{ Sending: each step makes one or two system calls */

static bool is_write(const struct send *d) {
  return d->verb == &write_verb;
}


static void count(struct send *d, struct coh_stream *s, size_t n) {
  d->sent += n;
  if (is_write(d) && n > 0) s->cut = true;
}


static void next_piece(struct send *d) {
  d->arg++;
  d->offset = 0;
  d->warm = 0;
}


/* Returns how many bytes the stream took, or a negative status. */
static ssize_t give(struct send *d, struct coh_stream *s, const char *bytes, size_t length) {
  const struct iovec piece = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = length};
  ssize_t n = s->transport->write(s, &piece, 1);
  if (n > 0) count(d, s, (size_t)n);
  return n;
}


static int result(ssize_t n) {
  if (n >= 0) return GO_ON;
  return n == UV_EAGAIN ? FULL : (int)n;
}


static int send_string(lua_State *L, struct send *d, struct coh_stream *s) {
  size_t length;
  const char *text = lua_tolstring(L, d->arg, &length);
  ssize_t n = d->offset < length ? give(d, s, text + d->offset, length - d->offset) : 0;
  if (n > 0) d->offset += (size_t)n;
  if (d->offset == length) next_piece(d);
  return result(n);
}


/* Let the system move bytes. 0 or less when it did not, for whatever reason. */
static ssize_t move(struct coh_stream *s, const struct coh_file *file, off_t *at, size_t most) {
  ssize_t n;
  if (s->poll.fd < 0 || s->transport->blocks) return 0;
  if (coh_io_fails(s->poll.handle.state, "move", EINVAL)) return 0;
  n = sendfile(s->poll.fd, file->descriptor->fd, at, most);
  return n < 0 ? uv_translate_sys_error(errno) : n;
}


static size_t take(struct send *d, struct coh_file *file, size_t n) {
  file->position += (int64_t)n;
  d->left -= n;
  return n;
}


static int send_kept(lua_State *L, struct send *d, struct coh_stream *s, struct coh_file *file) {
  size_t length = coh_streambuf_length(&file->kept);
  ssize_t n = give(d, s, coh_streambuf_at(&file->kept), length < d->left ? length : d->left);
  if (n > 0) coh_streambuf_take(&coh_state_here(L)->loop.rt.mem, &file->kept, take(d, file, (size_t)n));
  return result(n);
}


/* Read some of what is in memory, to be sent in the next step. */
static int read_some(lua_State *L, struct send *d, struct coh_stream *s, struct coh_file *file, size_t most) {
  char *chunk = coh_stream_chunk(s);
  ssize_t n = pread(file->descriptor->fd, chunk, most < COH_CHUNK_MAX ? most : COH_CHUNK_MAX, file->position);
  if (n < 0 && errno == EINTR) return GO_ON;
  if (n < 0) return coh_request_end(L, d->verb, &(struct coh_request){.path = file->path}, coh_fs_fault());
  if (n == 0) return DONE;
  if (!coh_streambuf_add(coh_stream_mem(s), &file->kept, chunk, (size_t)n))
    coh_out_of_memory(L);
  return GO_ON;
}


/* Send some of the file. DONE: all of it, or all that was asked for, is sent. [-0, +0, e] */
static int send_some(lua_State *L, struct send *d, struct coh_stream *s, struct coh_file *file) {
  off_t at = file->position;
  size_t most;
  ssize_t n;
  if (d->left == 0) return DONE;
  if (coh_streambuf_length(&file->kept) > 0) return send_kept(L, d, s, file);
  if (at >= d->warm) return look_ahead(L, d, file);
  most = (size_t)(d->warm - at);
  n = move(s, file, &at, most);
  if (n == UV_EAGAIN) return FULL;
  if (n <= 0) return read_some(L, d, s, file, most);
  count(d, s, take(d, file, (size_t)n));
  return GO_ON;
}

/* }} */


/* {{ Waiting */

static struct send *send_of(lua_State *L) {
  return lua_touserdata(L, -1);
}


/* The file being sent; NULL when it is closed, or when something else is being sent. [-0, +0, -] */
static struct coh_file *file_at(lua_State *L, int arg) {
  const struct coh_box *box = coh_box_test(L, arg, &coh_file_kind);
  return box != NULL ? (struct coh_file *)box->handle : NULL;
}


/* Name the task that uses stream and file, or NULL; a closed one has no user. [-0, +0, -] */
static void set_users(lua_State *L, const struct send *d, const struct coh_fiber *f) {
  const struct coh_box *box = lua_touserdata(L, 1);
  struct coh_file *file = file_at(L, d->arg);
  if (box->handle != NULL) ((struct coh_poll *)box->handle)->writer = f;
  if (file != NULL) file->poll.reader = f;
}


/* The file at 'arg', once it is clear that it can be sent. [-0, +0, v] */
static struct coh_file *check_file(lua_State *L, const struct send *d, int arg) {
  const char *what = d->verb->kind.what;
  struct coh_file *file = file_at(L, arg);
  if (file == NULL) coh_box_raise_closed(L, &coh_file_kind, what);
  if (coh_file_is_busy(file)) coh_file_raise_busy(L, what);
  if (file->unreadable)
    coh_misuse(L, "%s: this file is for writing only: open it with \"r\", \"r+\", \"w+\" or \"a+\"", what);
  return file;
}


static int send_woken(lua_State *L, int status, lua_KContext context);
static int part_read(lua_State *L, int status, lua_KContext context);

/* Let a thread read the next part. */
static int wait_for_part(lua_State *L, struct send *d, struct coh_fiber *f) {
  struct coh_file *file = file_at(L, d->arg);
  struct coh_request r = {.path = file->path, .fd = file->descriptor->fd};
  r.n[0] = file->position;
  r.n[1] = part_length(d, file);
  coh_job_begin(L, f, d->verb, &r, file->descriptor, &file->job);
  set_users(L, d, f);
  return coh_yield(L, f, part_read);
}


/* Wait for room, or give other tasks a turn. Closing either end ends the wait. */
static int wait(lua_State *L, struct send *d, struct coh_fiber *f, int next) {
  struct coh_stream *s = coh_stream_check_open(L, d->verb->kind.what);
  struct coh_file *file = file_at(L, d->arg);
  const struct coh_wait_kind *kind = s->transport->writing->external ? &outside_kind : &inside_kind;
  struct coh_poll_choice *choice;
  if (coh_task_cancelled(&f->task)) return coh_raise_cancelled(L, f);
  if (next == COLD) return wait_for_part(L, d, f);
  if (next == FULL) {
    choice = coh_fiber_room(L, f, sizeof *choice);
    choice->from = file != NULL ? &file->poll : NULL;
    choice->to = &s->poll;
    set_users(L, d, f);
    coh_poll_park_choice(choice, f, kind, UV_WRITABLE, COH_NEVER);
  } else {
    set_users(L, d, f);
    coh_poll_turn_writer(&s->poll, f, kind);
  }
  return coh_yield(L, f, send_woken);
}


static int finish(lua_State *L, struct send *d, struct coh_stream *s) {
  if (is_write(d)) {
    s->cut = false;
    lua_pushvalue(L, 1);
  } else {
    lua_pushinteger(L, (lua_Integer)d->sent);
  }
  return 1;
}


/* One step of what is being sent. [-0, +0, e] */
static int step(lua_State *L, struct send *d, struct coh_stream *s) {
  int next;
  if (lua_type(L, d->arg) == LUA_TSTRING) return send_string(L, d, s);
  next = send_some(L, d, s, check_file(L, d, d->arg));
  if (next != DONE) return next;
  next_piece(d);
  return GO_ON;
}


static int go_on(lua_State *L, struct coh_fiber *f) {
  struct send *d = send_of(L);
  struct coh_stream *s;
  int next = GO_ON, rounds, last = lua_gettop(L);
  set_users(L, d, NULL);
  s = coh_stream_check_open(L, d->verb->kind.what);
  for (rounds = 0; next == GO_ON && rounds < ROUNDS_MAX; rounds++) {
    if (d->arg == last) return finish(L, d, s);
    next = step(L, d, s);
  }
  if (next >= 0) return wait(L, d, f, next);
  s->cut = false;
  return coh_stream_fail_write(L, s, next, d->verb->kind.what);
}


static int send_woken(lua_State *L, int status, lua_KContext context) {
  (void)status;
  return go_on(L, coh_woken(L, context));
}


/* A thread has read a part of the file, unless the file was closed meanwhile. */
static int part_read(lua_State *L, int status, lua_KContext context) {
  struct coh_fiber *f = coh_job_woken(L, context);
  struct send *d = send_of(L);
  struct coh_file *file = file_at(L, d->arg);
  struct coh_job *job = file != NULL ? file->job : NULL;
  (void)status;
  set_users(L, d, NULL);
  if (job != NULL) {
    d->warm = job->request.n[0] + job->request.n[1];
    coh_job_end(L, job);
  }
  return go_on(L, f);
}

/* }} */


/* {{ Beginning */

static int send_try(lua_State *L, int status, lua_KContext context) {
  struct coh_fiber *f = coh_test(L, context);
  struct send *d = send_of(L);
  const char *what = d->verb->kind.what;
  struct coh_stream *s = coh_stream_check_writer(L, lua_touserdata(L, 1), what);
  int arg, last = lua_gettop(L);
  (void)status;
  if (s->shut) return coh_stream_raise_shut(L, what);
  for (arg = 2; arg < last; arg++)
    if (lua_type(L, arg) != LUA_TSTRING) check_file(L, d, arg);
  return go_on(L, f);
}


/* The stack: stream, then strings and files. */
static int begin(lua_State *L, const struct coh_verb *verb, size_t most) {
  struct send *d;
  luaL_checkstack(L, LUA_MINSTACK, verb->kind.what);
  d = lua_newuserdatauv(L, sizeof *d, 0);
  memset(d, 0, sizeof *d);
  d->verb = verb;
  d->arg = 2;
  d->left = most;
  return coh_begin(L, send_try);
}


int coh_file_send(lua_State *L) {
  return begin(L, &write_verb, SIZE_MAX);
}


/* file:copy_to(stream [, count]) -> count */
static int l_copy_to(lua_State *L) {
  size_t most = SIZE_MAX;
  coh_box_check(L, &coh_file_kind, "copy_to");
  if (coh_box_test(L, 2, &coh_stream_kind) == NULL)
    return coh_misuse(L, "copy_to expects a stream to copy to, got %s: write file:copy_to(stream)",
                      coh_type_name(L, 2));
  if (!lua_isnoneornil(L, 3)) most = (size_t)coh_size_check(L, 3, "copy_to", 0);
  lua_settop(L, 2);
  lua_insert(L, 1);  /* the stack: stream file */
  return begin(L, &copy_verb, most);
}


const luaL_Reg coh_file_copies[] = {{"copy_to", l_copy_to}, {NULL, NULL}};

/* }} */
