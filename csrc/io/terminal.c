/*
** Terminals: see terminal.h. What is needed to restore one is in cohort's only static variable, because a
** signal handler can reach nothing else, and a process has one terminal.
*/
#include "io/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <lauxlib.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "errors/error.h"
#include "errors/system.h"
#include "glue/wait.h"
#include "io/again.h"
#include "io/standard.h"
#include "sync/object.h"

/* The terminal that is raw, and its mode before. Written only while no handler of ours is installed. */
static struct {
  struct termios before;
  volatile sig_atomic_t is_raw;  /* or is about to be */
  int fd;                        /* owned */
  pid_t process;                 /* that made it raw: its forks must not restore it */
} terminal;

/* The signals that end a process by default, and are restored from. */
static const int fatal[] = {SIGTERM, SIGHUP, SIGQUIT, SIGINT};
#define FATALS (sizeof fatal / sizeof *fatal)

struct raw {
  struct coh_sync sync;
  bool open;                     /* not closed by its owner; the end of its run may have closed it */
};


/* {{ Putting it back */

/* Async-signal-safe. SIGTTOU is blocked, as it would stop a process in the background here. */
static void put_back(void) {
  sigset_t stop, before;
  if (!terminal.is_raw || terminal.process != getpid()) return;
  sigemptyset(&stop);
  sigaddset(&stop, SIGTTOU);
  pthread_sigmask(SIG_BLOCK, &stop, &before);
  tcsetattr(terminal.fd, TCSANOW, &terminal.before);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  terminal.is_raw = 0;
}


/* SA_RESETHAND has restored the default action, which raise() then takes. */
static void on_fatal(int number) {
  int error = errno;
  put_back();
  raise(number);
  errno = error;
}


/* At exit, and when this module is unloaded. */
__attribute__((destructor)) static void at_exit(void) {
  put_back();
}


void coh_terminal_guard(void) {
  const struct sigaction ours = {.sa_handler = on_fatal, .sa_flags = (int)(SA_RESETHAND | SA_NODEFER)};
  struct sigaction now;
  size_t i;
  if (!terminal.is_raw) return;
  for (i = 0; i < FATALS; i++)
    if (sigaction(fatal[i], NULL, &now) == 0 && now.sa_handler == SIG_DFL) sigaction(fatal[i], &ours, NULL);
}


static void unguard(void) {
  const struct sigaction plain = {.sa_handler = SIG_DFL};
  struct sigaction now;
  size_t i;
  for (i = 0; i < FATALS; i++)
    if (sigaction(fatal[i], NULL, &now) == 0 && now.sa_handler == on_fatal) sigaction(fatal[i], &plain, NULL);
}


static void leave(struct coh_io *io) {
  put_back();
  unguard();
  close(terminal.fd);
  io->raw = NULL;
}


/* A listener for signals that was closed meanwhile may have given a signal back to our handler. */
void coh_terminal_close_all(struct coh_io *io) {
  if (io->raw != NULL) leave(io);
  if (!terminal.is_raw) unguard();
}

/* }} */


/* {{ Raw mode */

/* Input: each byte at once as it is typed, with no echo. Output is still processed into lines. */
static void make_raw(struct termios *mode, bool signals) {
  mode->c_iflag &= ~(tcflag_t)(BRKINT | ICRNL | INPCK | ISTRIP | IXON);
  mode->c_lflag &= ~(tcflag_t)(ECHO | ICANON | IEXTEN);
  if (!signals) mode->c_lflag &= ~(tcflag_t)ISIG;
  mode->c_cflag |= CS8;
  mode->c_cc[VMIN] = 1;
  mode->c_cc[VTIME] = 0;
  mode->c_cc[VSUSP] = _POSIX_VDISABLE;  /* a stopped process could not restore the mode */
}


/* Wait until what was written is sent; and, if other processes have the terminal, until it is ours. */
static int wait_for_turn(struct coh_state *S) {
  return coh_again(coh_io_fails(S, "tcdrain", EIO) ? -1 : tcdrain(0));
}


/*
** Make it raw with our handlers already installed, for a signal may arrive right after the call. Restoring a
** mode that was not changed yet does no harm. Blocking the signals would not help: other threads may get
** them.
*/
static int set_mode(struct coh_state *S, const struct termios *mode) {
  int status;
  terminal.process = getpid();
  terminal.is_raw = 1;
  coh_terminal_guard();
  status = coh_again(coh_io_fails(S, "tcsetattr", EIO) ? -1 : tcsetattr(terminal.fd, TCSADRAIN, mode));
  if (status == 0) return 0;
  status = uv_translate_sys_error(errno);
  unguard();
  terminal.is_raw = 0;
  return status;
}


/* Make the terminal of standard input raw. 0, or a negative status. */
static int enter(struct coh_state *S, bool signals) {
  struct termios mode;
  int status;
  if (wait_for_turn(S) < 0 || coh_io_fails(S, "tcgetattr", ENOTTY) || tcgetattr(0, &terminal.before) < 0)
    return uv_translate_sys_error(errno);
  terminal.fd = coh_io_fails(S, "dup", EMFILE) ? -1 : fcntl(0, F_DUPFD_CLOEXEC, COH_STDIO);
  if (terminal.fd < 0) return uv_translate_sys_error(errno);
  mode = terminal.before;
  make_raw(&mode, signals);
  status = set_mode(S, &mode);
  if (status < 0) close(terminal.fd);
  return status;
}


static void describe(lua_State *L, int object) {
  const struct raw *raw = lua_touserdata(L, object);
  lua_pushstring(L, raw->open ? "open" : "closed");
}


static const struct coh_sync_class class = {
  .noun = "raw mode", .name = "cohort.RawMode", .size = sizeof(struct raw), .describe = describe};


/* raw:close(), __close, __gc. The end of its run has closed it already, if that came first. */
static int l_close(lua_State *L) {
  struct raw *raw = coh_sync_check(L, &class, "close");
  struct coh_io *io = coh_io_of(raw->sync.state);
  if (raw->open && io != NULL && io->raw == raw) leave(io);
  raw->open = false;
  return 0;
}


/* raw_mode(signals) -> raw */
static int l_raw_mode(lua_State *L) {
  struct coh_state *S = coh_state_here(L);
  struct coh_io *io;
  struct raw *raw;
  int status;
  coh_check_task(L);
  io = coh_io_need(L, S);
  lua_settop(L, 1);
  raw = coh_sync_new(L, &class);
  if (terminal.is_raw)
    return coh_syserr_raise(L, COH_BUSY, "raw_mode", "the terminal is raw already: close that first");
  status = enter(S, lua_toboolean(L, 1));
  if (status < 0) {
    coh_syserr_push(L, COH_SYSTEM_ERROR, status, "raw_mode", NULL, NULL);
    if (status == UV_ENOTTY) {
      lua_pushliteral(L, "raw_mode: standard input is no terminal: ask stdio.is_terminal first (ENOTTY)");
      lua_setfield(L, -2, "message");
    }
    return lua_error(L);
  }
  raw->open = true;
  io->raw = raw;
  return 1;
}

/* }} */


/* is_terminal(number) -> boolean */
static int l_is_terminal(lua_State *L) {
  lua_pushboolean(L, isatty((int)lua_tointeger(L, 1)));
  return 1;
}


/* size() -> columns, rows; nil when there is no terminal, or its size is unknown */
static int l_size(lua_State *L) {
  static const int order[COH_STDIO] = {1, 2, 0};
  struct winsize size;
  int i;
  for (i = 0; i < COH_STDIO; i++) {
    if (ioctl(order[i], TIOCGWINSZ, &size) < 0 || size.ws_col == 0 || size.ws_row == 0) continue;
    lua_pushinteger(L, size.ws_col);
    lua_pushinteger(L, size.ws_row);
    return 2;
  }
  lua_pushnil(L);
  return 1;
}


void coh_terminal_open(lua_State *L) {
  static const luaL_Reg functions[] = {
    {"raw_mode", l_raw_mode}, {"is_terminal", l_is_terminal}, {"size", l_size}, {NULL, NULL}};
  static const luaL_Reg methods[] = {{"close", l_close}, {NULL, NULL}};
  static const luaL_Reg metamethods[] = {{"__close", l_close}, {"__gc", l_close}, {NULL, NULL}};
  coh_sync_define(L, &class, metamethods, methods);
  lua_pushlightuserdata(L, coh_state_of(L));
  luaL_setfuncs(L, functions, 1);
}
