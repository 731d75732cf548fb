/*
** Starting a process: its pipes, the child, the object. All memory is allocated first, so that nothing raises
** once something is open; then the descriptors are opened, and a failure closes those there are.
**
**   the stack   1 arguments   2 environment or nil   3 directory or nil   4 group   5 grace, ms
**               6, 7, 8 what its descriptors are   9 line_max   10 buffer_max   11 "file:line"
**               12, 13 blocks of pointers   14, 15, 16 boxes or nil   17 process
**               6, 7, 8 what its descriptors are   9 line_max   10 buffer_max   11 "file:line"
**               12, 13 blocks of pointers   14, 15, 16 boxes or nil   17 process
*/
#include "process/process.h"

#include <errno.h>
#include <fcntl.h>
#include <lauxlib.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "errors/system.h"
#include "glue/wait.h"
#include "io/again.h"
#include "io/standard.h"
#include "lua/outofmemory.h"
#include "lua/text.h"
#include "process/launch.h"
#include "stream/stream.h"

enum { ARGUMENTS = 1, ENVIRONMENT, CWD, GROUP, GRACE, STDIO, LIMITS = 9, WHERE = 11, ARGV, ENVP, BOXES,
       PROCESS = 17 };

/* What a descriptor of the child is, other than a file of Lua's io or a number of ours. */
enum { NOTHING = -1, PIPE = -2, INHERITED = -3, MERGED = -4, CLOSED = -5 };

struct start {
  struct coh_state *S;
  struct coh_child *child;
  struct coh_stream *streams[COH_STDIO];  /* our ends of pipes, or NULL */
  bool adopted[COH_STDIO];                /* the stream has its descriptor */
  int given[COH_STDIO];                   /* the child's descriptors; -1: not there yet, or nothing */
  bool opened[COH_STDIO];                 /* opened for the child alone: closed once it has it */
  int null;                               /* /dev/null; its number is later free for the pidfd */
};


/* {{ Memory */

/* Push a block of pointers to the strings of the list at 'list', ending with NULL. [-0, +1, m] */
static char **push_pointers(lua_State *L, int list) {
  lua_Integer i, count = (lua_Integer)lua_rawlen(L, list);
  const char **block = lua_newuserdatauv(L, ((size_t)count + 1) * sizeof *block, 0);
  for (i = 0; i < count; i++) {
    lua_rawgeti(L, list, i + 1);
    block[i] = lua_tostring(L, -1);
    lua_pop(L, 1);
  }
  block[count] = NULL;
  return (char **)block;
}


/* Push the boxes of its pipes, and the object, which must be collected before them. [-0, +4, m] */
static struct coh_process *push_objects(lua_State *L) {
  struct coh_process *p;
  int i;
  for (i = 0; i < COH_STDIO; i++) {
    if (lua_tointeger(L, STDIO + i) != PIPE) {
      lua_pushnil(L);
      continue;
    }
    coh_box_new(L, &coh_stream_kind);
    lua_pushvalue(L, WHERE);
    coh_box_set_where(L, -2);
  }
  p = coh_sync_new(L, &coh_process_class);
  for (i = 0; i < COH_STDIO; i++) {
    lua_pushvalue(L, BOXES + i);
    lua_setiuservalue(L, PROCESS, COH_PROCESS_STDIO + i);
  }
  lua_rawgeti(L, ARGUMENTS, 1);
  lua_setiuservalue(L, PROCESS, COH_PROCESS_PROGRAM);
  lua_pushvalue(L, WHERE);
  p->where = lua_tostring(L, -1);
  lua_setiuservalue(L, PROCESS, COH_PROCESS_WHERE);
  return p;
}


/* Allocate the structs of the child and of our ends. [-0, +0, m] */
static void make_structs(lua_State *L, struct start *x) {
  const struct coh_limits limits = coh_stream_limits(L, LIMITS);
  lua_Integer grace_ms = lua_tointeger(L, GRACE);
  bool ok;
  int i;
  x->child = coh_child_new(x->S, lua_toboolean(L, GROUP), (uint64_t)grace_ms);
  ok = x->child != NULL;
  for (i = 0; i < COH_STDIO && ok; i++) {
    if (lua_tointeger(L, STDIO + i) != PIPE) continue;
    x->streams[i] = coh_stream_try(x->S, sizeof *x->streams[i], &limits);
    ok = x->streams[i] != NULL;
  }
  if (ok) return;
  for (i = 0; i < COH_STDIO; i++)
    if (x->streams[i] != NULL) coh_handle_free(x->S, &x->streams[i]->poll.handle);
  if (x->child != NULL) coh_child_free(x->S, x->child);
  coh_out_of_memory(L);
}

/* }} */


/* {{ Descriptors */

/*
** Replace 'fd', which is closed, by a descriptor that is none of the first three. On a negative status it is
** closed too.
*/
static int lift(int fd) {
  int lifted;
  if (fd < 0) return uv_translate_sys_error(errno);
  if (fd >= COH_STDIO) return fd;
  lifted = fcntl(fd, F_DUPFD_CLOEXEC, COH_STDIO);
  if (lifted < 0) lifted = uv_translate_sys_error(errno);
  close(fd);
  return lifted;
}


/* A pipe: one end for the child, the other for the stream in the box. */
static int open_pipe(struct start *x, int i, struct coh_box *box) {
  int ends[2], status;
  int ours = i == 0;  /* which end: 1 is for writing */
  if (coh_io_fails(x->S, "pipe", EMFILE) || pipe2(ends, O_CLOEXEC) < 0) return uv_translate_sys_error(errno);
  status = lift(ends[!ours]);
  if (status >= 0) {
    x->given[i] = status;
    x->opened[i] = true;
    status = coh_stream_adopt(x->S, x->streams[i], box, ends[ours]);
  }
  x->adopted[i] = status == 0;
  x->streams[i]->flags |= O_NONBLOCK;  /* ours alone: nothing to undo on closing */
  if (status < 0) close(ends[ours]);
  return status;
}


/*
** A descriptor of ours; one of the first three is duplicated to another number, unless the child gets it
** under the same number.
*/
static int take(struct start *x, int i, int fd) {
  int status;
  if (fd == i || fd >= COH_STDIO) {
    x->given[i] = fd;
    return 0;
  }
  status = lift(fcntl(fd, F_DUPFD_CLOEXEC, COH_STDIO));
  x->opened[i] = status >= 0;
  x->given[i] = status;
  return status < 0 ? status : 0;
}


static int open_null(struct start *x) {
  int fd = coh_io_fails(x->S, "open", EMFILE) ? -1 : coh_again(open("/dev/null", O_RDWR | O_CLOEXEC));
  x->null = lift(fd);
  return x->null < 0 ? x->null : 0;
}


/*
** What the child's descriptor 'i' is: a number of ours, or one of the constants above. A file of Lua's io is
** asked only now: while other tasks ran it may have been closed, and its number reused.
*/
static int plan_at(lua_State *L, int i) {
  const luaL_Stream *file = luaL_testudata(L, STDIO + i, LUA_FILEHANDLE);
  if (file == NULL) return (int)lua_tointeger(L, STDIO + i);
  return file->closef != NULL ? fileno(file->f) : CLOSED;
}


/*
** Open all descriptors of the child. What is inherited is checked before anything is opened. 0, or a negative
** status.
*/
static int open_stdio(lua_State *L, struct start *x) {
  int i, status;
  for (i = 0; i < COH_STDIO; i++)
    if (lua_tointeger(L, STDIO + i) == INHERITED && coh_standard_is_open(i)) x->given[i] = i;
  status = open_null(x);
  for (i = 0; i < COH_STDIO && status == 0; i++) {
    int what = plan_at(L, i);
    if (what == CLOSED) status = UV_EBADF;
    else if (what == PIPE) status = open_pipe(x, i, lua_touserdata(L, BOXES + i));
    else if (what >= 0) status = take(x, i, what);
    else if (what == MERGED) x->given[i] = 1;
  }
  for (i = 0; i < COH_STDIO; i++)
    if (x->given[i] < 0) x->given[i] = x->null;
  return status;
}


/* Close what was opened for the child alone. */
static void close_given(struct start *x) {
  int i;
  for (i = 0; i < COH_STDIO; i++)
    if (x->opened[i]) close(x->given[i]);
  if (x->null >= 0) close(x->null);
  memset(x->opened, 0, sizeof x->opened);
  x->null = -1;
}

/* }} */


/*
** The error on top says that there is no such program. Add a hint if a whole command line was given as one
** string. [-0, +0, m]
*/
static void add_hint(lua_State *L) {
  bool is_line;
  lua_rawgeti(L, ARGUMENTS, 1);
  is_line = lua_rawlen(L, ARGUMENTS) == 1 && strchr(lua_tostring(L, -1), ' ') != NULL;
  lua_pop(L, 1);
  if (!is_line) return;
  lua_getfield(L, -1, "message");
  lua_pushliteral(L, ": the program and each argument are strings of their own, {\"ls\", \"-l\"}");
  lua_concat(L, 2);
  lua_setfield(L, -2, "message");
}


/* Free and close everything, and raise. Never returns. [-0, +0, e] */
static int fail(lua_State *L, struct start *x, int status, bool in_cwd) {
  int i;
  close_given(x);
  for (i = 0; i < COH_STDIO; i++) {
    if (x->adopted[i]) coh_handle_close(&x->streams[i]->poll.handle);
    else if (x->streams[i] != NULL) coh_handle_free(x->S, &x->streams[i]->poll.handle);
  }
  coh_child_free(x->S, x->child);
  if (in_cwd) lua_pushvalue(L, CWD);
  else lua_rawgeti(L, ARGUMENTS, 1);
  coh_syserr_push(L, COH_SYSTEM_ERROR, status, in_cwd ? "chdir" : "spawn", "path", lua_tostring(L, -1));
  if (!in_cwd && status == UV_ENOENT) add_hint(L);
  return lua_error(L);
}


/* Launch the program. 0, or a negative status. */
static int launch(lua_State *L, struct start *x, struct coh_process *p, bool *in_cwd) {
  struct coh_launch l = {.argv = lua_touserdata(L, ARGV), .env = lua_touserdata(L, ENVP),
                         .cwd = lua_tostring(L, CWD), .group = lua_toboolean(L, GROUP)};
  memcpy(l.stdio, x->given, sizeof l.stdio);
  if (coh_io_fails(x->S, "spawn", EAGAIN)) return uv_translate_sys_error(errno);
  return coh_launch(&l, &p->pid, in_cwd);
}


static int start_try(lua_State *L, int status, lua_KContext context) {
  struct start x = {.given = {-1, -1, -1}, .null = -1};
  struct coh_process *p;
  bool in_cwd = false;
  coh_test(L, context);
  x.S = coh_state_here(L);
  lua_settop(L, ARGV - 1);
  push_pointers(L, ARGUMENTS);
  if (lua_isnil(L, ENVIRONMENT)) lua_pushnil(L);
  else push_pointers(L, ENVIRONMENT);
  p = push_objects(L);
  coh_io_need(L, x.S);
  make_structs(L, &x);
  status = open_stdio(L, &x);
  if (status == 0) status = launch(L, &x, p, &in_cwd);
  if (status < 0) return fail(L, &x, status, in_cwd);
  close_given(&x);
  status = coh_child_watch(x.S, x.child, p, p->pid);
  if (status == UV_ESRCH) {
    coh_child_free(x.S, x.child);
    p->lost = true;
  } else if (status < 0) {
    return fail(L, &x, status, false);
  }
  return 1;
}


/* start(arguments, environment, directory, group, grace_ms, stdin, stdout, stderr, line_max, buffer_max) */
int coh_process_start(lua_State *L) {
  lua_settop(L, WHERE - 1);
  coh_text_push_where(L);
  luaL_checkstack(L, PROCESS + LUA_MINSTACK, "start");
  return coh_begin(L, start_try);
}
