/*
** Standard streams: see stdio.h. Each has a descriptor of its own; closing it leaves 0, 1 and 2 to this
** process and to whoever prints with Lua's io.
*/
#include "stream/stdio.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "errors/system.h"
#include "glue/wait.h"
#include "io/again.h"
#include "io/standard.h"
#include "io/terminal.h"
#include "stream/stream.h"

#define PATH_ROOM 32

/* The keys of their boxes in the registry. */
static const char keys[COH_STDIO] = {0};


/*
** Can it be opened anew and be the same? Not a named FIFO: opened after its writers have gone, it never
** reports the end.
*/
static bool opens_again(int number) {
  struct statfs fs;
  if (isatty(number)) return true;
  return fstatfs(number, &fs) == 0 && fs.f_type == PIPEFS_MAGIC;
}


/* The same file or device, opened anew; -1 when that fails. */
static int reopen(int number) {
  char path[PATH_ROOM];
  int flags = (number == 0 ? O_RDONLY : O_WRONLY) | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  snprintf(path, sizeof path, "/proc/self/fd/%d", number);
  return coh_again(open(path, flags));
}


/* A descriptor for a stream, or a negative status. */
static int open_own(struct coh_state *S, int number) {
  int fd = -1;
  if (coh_io_fails(S, "stdio", EMFILE)) return uv_translate_sys_error(errno);
  if (opens_again(number)) fd = reopen(number);
  if (fd < 0) fd = fcntl(number, F_DUPFD_CLOEXEC, COH_STDIO);
  return fd < 0 ? uv_translate_sys_error(errno) : fd;
}


/* Push the standard stream of a number, made if there is none yet. [-0, +1, e] */
static int push_stream(lua_State *L, struct coh_state *S, int number) {
  const struct coh_limits limits = {COH_LINE_MAX, coh_size_of(COH_SIZE_LIMIT)};
  struct coh_box *box;
  struct coh_stream *s;
  int fd, status;
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &keys[number]) != LUA_TNIL) return 1;
  box = coh_box_new(L, &coh_stream_kind);
  s = coh_stream_new(L, S, sizeof *s, &limits);
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &keys[number]) != LUA_TNIL) {  /* a finalizer has made it */
    coh_handle_free(S, &s->poll.handle);
    return 1;
  }
  lua_pop(L, 1);
  fd = open_own(S, number);
  status = fd < 0 ? fd : coh_stream_adopt_shared(S, s, box, fd);
  if (status < 0) {
    if (fd >= 0) close(fd);
    coh_handle_free(S, &s->poll.handle);
    coh_syserr_push(L, COH_SYSTEM_ERROR, status, "stdio", NULL, NULL);
    return lua_error(L);
  }
  s->ways = number == 0 ? COH_READS : COH_WRITES;
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &keys[number]);
  return 1;
}


/* stream(number) -> stream */
static int l_stream(lua_State *L) {
  coh_check_task(L);
  return push_stream(L, coh_state_here(L), (int)lua_tointeger(L, 1));
}


lua_Integer coh_stdio_count(lua_State *L) {
  lua_Integer count = 0;
  int i;
  for (i = 0; i < COH_STDIO; i++) {
    const struct coh_box *box;
    lua_rawgetp(L, LUA_REGISTRYINDEX, &keys[i]);
    box = lua_touserdata(L, -1);
    lua_pop(L, 1);
    if (box != NULL && box->handle != NULL) count++;
  }
  return count;
}


void coh_stdio_forget(struct coh_state *S) {
  int i;
  for (i = 0; i < COH_STDIO; i++) {
    lua_pushnil(S->main);
    lua_rawsetp(S->main, LUA_REGISTRYINDEX, &keys[i]);
  }
}


void coh_stdio_open(lua_State *L) {
  lua_newtable(L);
  lua_pushlightuserdata(L, coh_state_of(L));
  lua_pushcclosure(L, l_stream, 1);
  lua_setfield(L, -2, "stream");
  coh_terminal_open(L);
  lua_setfield(L, -2, "stdio");
}
