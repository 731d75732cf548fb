/*
** A host in which everything fails that can: allocations, its own and those of the C library
** and of libuv, or calls of the system. Each trial runs a script in a state of its own and
** lets one thing fail that happens while the script has its meter on.
**
**   host once|twice|on FIRST DENSITY SCRIPT NAME   each allocation
**   host calls FIRST DENSITY SCRIPT NAME           each call of the system
**   host slow FIRST DENSITY SCRIPT NAME            the same when nothing is to be had without waiting
**
** The first to fail is number FIRST. DENSITY 0 takes all that follow; otherwise only as many
** of the first are, and of later ones the fewer the later they come.
**
** A script finds NAME in the global `program`, the call that fails in `call` and its errno in
** `errno`, and raises what it has to complain about. Printed are complaints, a line for each
** call that failed, and one at last: how many trials, and how many failures were injected.
** Ends with 0 when there was no complaint, and each trial left nothing allocated.
*/
#include "faults.h"

#include <errno.h>
#include <fcntl.h>
#include <lauxlib.h>
#include <lualib.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#define TRIAL_MAX_S 60
#define ROOM_SLOTS 100
#define ROOM_CALLS 10

struct faults faults;

/* What this program was called with, and what it is doing. */
static struct {
  const char *way, *script, *program;
  long first, density;
  long trials, injected;
  bool fine;
} now;

/* {{ Faults */

static bool hits(long count) {
  if (faults.at == 0) return false;
  return faults.way == ON ? count >= faults.at
       : count == faults.at || (faults.way == TWICE && count == faults.at + 1);
}


bool fails_memory(void) {
  if (!faults.on || faults.way == NONE) return false;
  if (!hits(__atomic_add_fetch(&faults.count, 1, __ATOMIC_RELAXED))) return false;
  __atomic_add_fetch(&faults.injected, 1, __ATOMIC_RELAXED);
  return true;
}


bool fails_call(struct call *call) {
  long count;
  if (!faults.on) return false;
  count = __atomic_add_fetch(&call->count, 1, __ATOMIC_RELAXED);
  if (faults.call != call || count != faults.at) return false;
  __atomic_add_fetch(&faults.injected, 1, __ATOMIC_RELAXED);
  errno = faults.error;
  return true;
}


bool declines(void) {
  if (!faults.on || !faults.slow) return false;
  errno = EAGAIN;
  return true;
}

/* }} */

/* {{ A trial */

/* Shrinking and freeing never fail: Lua relies on it. `ud` counts bytes. */
static void *metered(void *ud, void *block, size_t before, size_t after) {
  size_t *used = ud;
  void *result;
  if (block == NULL) before = 0;
  if (after == 0) {
    free(block);
    *used -= before;
    return NULL;
  }
  if (after > before && fails_memory()) return NULL;
  result = realloc(block, after);
  if (result != NULL) *used += after - before;
  return result;
}


static int tried(lua_State *L, int status, lua_KContext context) {
  (void)context;
  faults.on = false;
  lua_pushboolean(L, status == LUA_OK || status == LUA_YIELD);
  lua_replace(L, 1);
  return lua_gettop(L);
}


/* Calls itself `n` levels deep: Lua keeps the room, so that what is tried needs none for being called. */
static int make_room(lua_State *L) {
  lua_Integer n = lua_tointeger(L, 1);
  if (n == 0) return 0;
  lua_pushcfunction(L, make_room);
  lua_pushinteger(L, n - 1);
  lua_call(L, 1, 0);
  return 0;
}


/* try(f, ...) -> true, results... or false, error: pcall with the meter on */
static int l_try(lua_State *L) {
  luaL_checkstack(L, ROOM_SLOTS, "try");
  lua_pushcfunction(L, make_room);
  lua_pushinteger(L, ROOM_CALLS);
  lua_call(L, 1, 0);
  lua_pushnil(L);
  lua_insert(L, 1);
  faults.on = true;
  return tried(L, lua_pcallk(L, lua_gettop(L) - 2, LUA_MULTRET, 0, 0, tried), 0);
}


/* meter(on) -> allocations counted so far */
static int l_meter(lua_State *L) {
  faults.on = lua_toboolean(L, 1);
  lua_pushinteger(L, faults.count);
  return 1;
}


/* pipe() -> descriptor to read from, one to write to */
static int l_pipe(lua_State *L) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return luaL_error(L, "no pipe");
  lua_pushinteger(L, ends[0]);
  lua_pushinteger(L, ends[1]);
  return 2;
}


/* Has the descriptor 0 be another one, which is closed. */
static void become_input(int fd) {
  dup2(fd, 0);
  close(fd);
}


static bool open_terminal(int *ends) {
  ends[1] = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (ends[1] < 0 || grantpt(ends[1]) != 0 || unlockpt(ends[1]) != 0) return false;
  ends[0] = open(ptsname(ends[1]), O_RDWR | O_NOCTTY);
  return ends[0] >= 0;
}


/* One with a name, which is gone at once. */
static bool open_fifo(int *ends) {
  char path[] = "/tmp/fifo.XXXXXX";
  if (mkdtemp(path) == NULL || rmdir(path) != 0 || mkfifo(path, 0600) != 0) return false;
  ends[0] = open(path, O_RDWR);
  ends[1] = open(path, O_RDWR | O_CLOEXEC);
  unlink(path);
  return ends[1] >= 0;
}


/* input(kind) -> descriptor of the other end: standard input is such a one from now on */
static int l_input(lua_State *L) {
  enum { PIPE, FIFO, SOCKET, TERMINAL };
  static const char *const kinds[] = {"pipe", "fifo", "socket", "terminal", "null", NULL};
  int ends[2] = {-1, -1}, kind = luaL_checkoption(L, 1, NULL, kinds);
  bool fine = kind == PIPE ? pipe2(ends, O_CLOEXEC) == 0
            : kind == FIFO ? open_fifo(ends)
            : kind == SOCKET ? socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0
            : kind == TERMINAL ? open_terminal(ends)
            : (ends[0] = open("/dev/null", O_RDWR)) >= 0;
  if (!fine) return luaL_error(L, "no input");
  become_input(ends[0]);
  lua_pushinteger(L, ends[1]);
  return 1;
}


/* resize(descriptor of a terminal, columns): sends SIGWINCH, too */
static int l_resize(lua_State *L) {
  struct winsize size = {.ws_row = 20, .ws_col = (unsigned short)luaL_checkinteger(L, 2)};
  lua_pushboolean(L, ioctl((int)luaL_checkinteger(L, 1), TIOCSWINSZ, &size) == 0);
  kill(getpid(), SIGWINCH);
  return 1;
}


/* dup(descriptor) -> another of the same */
static int l_dup(lua_State *L) {
  lua_pushinteger(L, fcntl((int)luaL_checkinteger(L, 1), F_DUPFD_CLOEXEC, 3));
  return 1;
}


/* close(descriptor) */
static int l_close(lua_State *L) {
  close((int)luaL_checkinteger(L, 1));
  return 0;
}


/* Runs the script; raises what it raises. */
static int run(lua_State *L) {
  luaL_openlibs(L);
  lua_register(L, "try", l_try);
  lua_register(L, "meter", l_meter);
  lua_register(L, "pipe", l_pipe);
  lua_register(L, "close", l_close);
  lua_register(L, "dup", l_dup);
  lua_register(L, "input", l_input);
  lua_register(L, "resize", l_resize);
  lua_pushstring(L, now.program);
  lua_setglobal(L, "program");
  if (faults.call != NULL) {
    lua_pushstring(L, faults.call->name);
    lua_setglobal(L, "call");
    lua_pushstring(L, strerrorname_np(faults.error));
    lua_setglobal(L, "errno");
  }
  if (luaL_loadfile(L, now.script) != LUA_OK) return lua_error(L);
  lua_call(L, 0, 0);
  return 0;
}


static void print_place(FILE *to) {
  if (faults.call == NULL) fprintf(to, "%s, %s, allocation %ld: ", now.program, now.way, faults.at);
  else fprintf(to, "%s, %s number %ld, %s: ", now.program, faults.call->name, faults.at,
               strerrorname_np(faults.error));
}


static void complain(const char *text) {
  print_place(stdout);
  puts(text);
  now.fine = false;
}


/* One run. True when something failed in it. */
static bool try(long at) {
  size_t used = 0;
  char text[64];
  lua_State *L = lua_newstate(metered, &used);
  struct call *call;
  faults.at = at;
  faults.count = faults.injected = 0;
  for (call = faults.calls; call != NULL; call = call->next) call->count = 0;
  alarm(TRIAL_MAX_S);
  lua_pushcfunction(L, run);
  if (lua_pcall(L, 0, 0, 0) != LUA_OK) {
    faults.on = false;
    complain(luaL_tolstring(L, -1, NULL));
  }
  faults.on = false;
  lua_close(L);
  snprintf(text, sizeof text, "%zu bytes are left", used);
  if (used != 0) complain(text);
  now.trials++;
  now.injected += faults.injected;
  return faults.injected > 0;
}

/* }} */

/* {{ All trials of a program */

/* Each thing that fails in turn, until there is none of that number. */
static void try_all(void) {
  long at = now.first;
  while (try(at)) at += now.density == 0 ? 1 : 1 + at / now.density;
}


static void try_call(struct call *call, int error) {
  long before = now.injected;
  faults.call = call;
  faults.error = error;
  try_all();
  faults.call = NULL;
  if (now.injected > before)
    printf("call\t%s\t%s\t%ld\n", call->name, strerrorname_np(error), now.injected - before);
}


/* Those that the program makes when nothing fails, with each of their errors. */
static void try_calls(void) {
  struct call *call, *made[128];
  int n = 0, i, j;
  try(0);
  for (call = faults.calls; call != NULL; call = call->next)
    if (call->count > 0) made[n++] = call;
  for (i = 0; i < n; i++)
    for (j = 0; j < ERRORS_MAX && made[i]->errors[j] != 0; j++) try_call(made[i], made[i]->errors[j]);
}


/* The process dies: say where. The sanitizers have said why. */
static void on_death(int number) {
  print_place(stdout);
  puts(number == SIGALRM ? "it hangs" : "it crashed");
  fflush(stdout);
  signal(number, SIG_DFL);
  raise(number);
}


int main(int argc, char **argv) {
  static const char *const ways[] = {"calls", "once", "twice", "on", "slow"};
  int way = 0;
  if (argc != 6) return 2;
  while (way < 5 && strcmp(argv[1], ways[way]) != 0) way++;
  if (way == 5) return 2;
  faults.slow = way == 4;
  faults.way = faults.slow ? NONE : (enum way)way;
  now.way = argv[1];
  now.first = atol(argv[2]);
  now.density = atol(argv[3]);
  now.script = argv[4];
  now.program = argv[5];
  now.fine = true;
  setvbuf(stdout, NULL, _IOLBF, 0);
  replace_uv_allocator();
  signal(SIGABRT, on_death);
  signal(SIGALRM, on_death);
#ifndef __SANITIZE_ADDRESS__
  signal(SIGSEGV, on_death);
  signal(SIGBUS, on_death);
#endif
  if (faults.way == NONE) try_calls();
  else try_all();
  printf("program\t%s\t%ld\t%ld\n", now.program, now.trials, now.injected);
  return now.fine ? 0 : 1;
}
