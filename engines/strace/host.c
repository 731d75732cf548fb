/*
** The host of the strace engine: it runs a program again and again, each time with
** another occurrence of a system call failing, and tells how each run ended.
**
**   host SCRIPT NAME CALL ERROR FIRST LAST FOLDER
**
** SCRIPT, called with NAME, returns a function, which returns a status and a text. It is
** called in a forked child, which strace is attached to before: so nothing of loading is
** counted, and each thread counts by itself. It ends when the occurrence does not come any
** more. For each run there is a line: the number of the occurrence, how often something was
** injected, the status of the child or minus its signal, and the text. What strace wrote of
** number N stays in FOLDER/N.
**
** Scripts have two functions more: count_descriptors() and send_signal(), which sends SIGUSR1
** to the process.
*/
#include <lauxlib.h>
#include <lualib.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cohort.h"

#ifndef PR_SET_PTRACER
#define PR_SET_PTRACER 0x59616d61
#endif

enum { SECONDS_MAX = 20, TEXT_MAX = 4000, POLLS_MAX = 5000, DESCRIPTORS_MAX = 64 };

struct run {
  const char *call, *error;
  char log[200];    /* what strace writes */
  char text[200];   /* what the child writes */
  long occurrence;
};


static void fail(const char *what) {
  fprintf(stderr, "%s: %s\n", what, strerror(errno));
  exit(2);
}


static void pause_ms(long ms) {
  const struct timespec t = {0, ms * 1000000};
  nanosleep(&t, NULL);
}


/* {{ The child */

static int l_count_descriptors(lua_State *L) {
  int fd, count = 0;
  for (fd = 0; fd < DESCRIPTORS_MAX; fd++)
    if (fcntl(fd, F_GETFD) >= 0) count++;
  lua_pushinteger(L, count);
  return 1;
}


static int l_send_signal(lua_State *L) {
  (void)L;
  kill(getpid(), SIGUSR1);
  return 0;
}


/* The function is on the stack. Does not return. */
static void run_child(lua_State *L, const struct run *r) {
  int status, file = open(r->text, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  const char *text;
  size_t length;
  if (file < 0) _exit(2);
  prctl(PR_SET_PTRACER, -1L, 0, 0, 0);
  raise(SIGSTOP);
  alarm(SECONDS_MAX);
  if (lua_pcall(L, 0, 2, 0) != LUA_OK) {
    lua_pushinteger(L, 1);
    lua_insert(L, -2);
  }
  status = (int)lua_tointeger(L, -2);
  text = luaL_tolstring(L, -1, &length);
  while (write(file, text, length) < 0) continue;  /* which may be the occurrence that fails */
  _exit(status);
}

/* }} */


/* {{ strace */

static bool is_traced(pid_t child) {
  char path[40], line[200];
  int tracer = 0;
  FILE *file;
  snprintf(path, sizeof path, "/proc/%d/status", (int)child);
  file = fopen(path, "r");
  while (file != NULL && fgets(line, sizeof line, file) != NULL) sscanf(line, "TracerPid: %d", &tracer);
  if (file != NULL) fclose(file);
  return tracer != 0;
}


static pid_t start_strace(const struct run *r, pid_t traced) {
  char inject[100], trace[100], pid[20];
  pid_t child = fork();
  if (child != 0) return child;
  snprintf(inject, sizeof inject, "inject=%s:error=%s:when=%ld", r->call, r->error, r->occurrence);
  snprintf(trace, sizeof trace, "trace=%s", r->call);
  snprintf(pid, sizeof pid, "%d", (int)traced);
  execlp("strace", "strace", "-f", "-qq", "-o", r->log, "-e", trace, "-e", "signal=none", "-e", inject,
         "-p", pid, NULL);
  _exit(127);
}


/* Attach strace to the child, which has stopped, and let it go on. */
static pid_t attach(const struct run *r, pid_t child) {
  pid_t strace = start_strace(r, child);
  int polls = 0;
  while (!is_traced(child)) {
    if (polls++ > POLLS_MAX || waitpid(strace, NULL, WNOHANG) != 0) fail("strace cannot be attached");
    pause_ms(1);
  }
  kill(child, SIGCONT);
  return strace;
}


/* How often strace has injected something. */
static int count_injected(const struct run *r) {
  char line[4000];
  int count = 0;
  FILE *file = fopen(r->log, "r");
  while (file != NULL && fgets(line, sizeof line, file) != NULL)
    if (strstr(line, "(INJECTED)") != NULL) count++;
  if (file != NULL) fclose(file);
  return count;
}

/* }} */


/* Prints what the child has written, as one line. */
static void print_text(const struct run *r) {
  FILE *file = fopen(r->text, "r");
  int c, count = 0;
  while (file != NULL && (c = getc(file)) != EOF && count++ < TEXT_MAX) putchar(c == '\n' ? '|' : c);
  if (file != NULL) fclose(file);
  putchar('\n');
}


/* One run. False when the occurrence did not come. */
static bool try(lua_State *L, const struct run *r) {
  int status, injected;
  pid_t strace, child;
  fflush(NULL);
  child = fork();
  if (child == 0) run_child(L, r);
  if (child < 0 || waitpid(child, &status, WUNTRACED) != child || !WIFSTOPPED(status)) fail("fork");
  strace = attach(r, child);
  while (waitpid(child, &status, 0) == child && !WIFEXITED(status) && !WIFSIGNALED(status)) continue;
  waitpid(strace, NULL, 0);
  injected = count_injected(r);
  printf("%ld %d %d ", r->occurrence, injected, WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status));
  print_text(r);
  return injected > 0;
}


int main(int argc, char **argv) {
  struct run r = {0};
  lua_State *L = luaL_newstate();
  long last;
  if (argc != 8 || L == NULL) return 2;
  luaL_openlibs(L);
  luaL_requiref(L, "cohort.core", luaopen_cohort_core, 0);
  lua_register(L, "count_descriptors", l_count_descriptors);
  lua_register(L, "send_signal", l_send_signal);
  lua_settop(L, 0);
  if (luaL_loadfile(L, argv[1]) != LUA_OK || (lua_pushstring(L, argv[2]), lua_pcall(L, 1, 1, 0)) != LUA_OK) {
    fprintf(stderr, "%s\n", luaL_tolstring(L, -1, NULL));
    return 2;
  }
  r.call = argv[3];
  r.error = argv[4];
  last = atol(argv[6]);
  snprintf(r.text, sizeof r.text, "%s/text", argv[7]);
  for (r.occurrence = atol(argv[5]); r.occurrence <= last; r.occurrence++) {
    snprintf(r.log, sizeof r.log, "%s/%ld", argv[7], r.occurrence);
    if (!try(L, &r)) break;
  }
  lua_close(L);
  return 0;
}
