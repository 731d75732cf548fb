/*
** Descriptors that Lua cannot make: pipes and pseudo-terminals, for the specs of what streams are over.
** Each function raises when the system refuses; what it returns is the caller's, who hands it to a stream.
*/
#include <errno.h>
#include <fcntl.h>
#include <lauxlib.h>
#include <pty.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>


static int result(lua_State *L, int status, const int *fds) {
  if (status != 0) return luaL_error(L, "%s", strerror(errno));
  lua_pushinteger(L, fds[0]);
  lua_pushinteger(L, fds[1]);
  return 2;
}


/* pipe() -> for reading, for writing */
static int l_pipe(lua_State *L) {
  int fds[2];
  return result(L, pipe2(fds, O_CLOEXEC), fds);
}


/* sockets() -> two that are connected with each other */
static int l_sockets(lua_State *L) {
  int fds[2];
  return result(L, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), fds);
}


/* terminal() -> master, slave, which passes bytes on as they are */
static int l_terminal(lua_State *L) {
  int fds[2];
  struct termios raw;
  memset(&raw, 0, sizeof raw);
  cfmakeraw(&raw);
  return result(L, openpty(&fds[0], &fds[1], NULL, &raw, NULL), fds);
}


/* open(path, "r", "w" or "rw") -> descriptor */
static int l_open(lua_State *L) {
  static const char *const modes[] = {"r", "w", "rw", NULL};
  static const int flags[] = {O_RDONLY, O_WRONLY | O_CREAT | O_TRUNC, O_RDWR};
  int fd = open(luaL_checkstring(L, 1), flags[luaL_checkoption(L, 2, NULL, modes)] | O_CLOEXEC, 0600);
  if (fd < 0) return luaL_error(L, "%s", strerror(errno));
  lua_pushinteger(L, fd);
  return 1;
}


/* duplicate(descriptor) -> another one of the same */
static int l_duplicate(lua_State *L) {
  lua_pushinteger(L, fcntl((int)luaL_checkinteger(L, 1), F_DUPFD_CLOEXEC, 0));
  return 1;
}


static int l_close(lua_State *L) {
  lua_pushboolean(L, close((int)luaL_checkinteger(L, 1)) == 0);
  return 1;
}


/* blocks(descriptor) -> does it? */
static int l_blocks(lua_State *L) {
  lua_pushboolean(L, !(fcntl((int)luaL_checkinteger(L, 1), F_GETFL) & O_NONBLOCK));
  return 1;
}


/* count() -> how many are open */
static int l_count(lua_State *L) {
  int fd, open_ones = 0, most = (int)sysconf(_SC_OPEN_MAX);
  for (fd = 0; fd < (most < 4096 ? most : 4096); fd++)
    if (fcntl(fd, F_GETFD) >= 0) open_ones++;
  lua_pushinteger(L, open_ones);
  return 1;
}


/* fork_and_exit(): a child that is a copy of this process and exits as a program does, which is waited for */
static int l_fork_and_exit(lua_State *L) {
  pid_t pid = fork();
  (void)L;
  if (pid == 0) exit(0);
  waitpid(pid, NULL, 0);
  return 0;
}


int luaopen_descriptors(lua_State *L) {
  static const luaL_Reg functions[] = {
    {"pipe", l_pipe}, {"sockets", l_sockets}, {"terminal", l_terminal}, {"open", l_open},
    {"duplicate", l_duplicate}, {"close", l_close}, {"blocks", l_blocks}, {"count", l_count},
    {"fork_and_exit", l_fork_and_exit}, {NULL, NULL}};
  luaL_newlib(L, functions);
  return 1;
}
