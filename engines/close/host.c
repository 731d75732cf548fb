/*
** The host of the close engine: it runs a scenario, closes everything after each of
** its ticks, and looks what is left.
**
**   host WAY SEED SCRIPT NAME    SCRIPT, called with NAME, returns the function that is run as a task
**
** A tick is one step of one task. For each number of ticks a child is forked, with
** the script loaded and no runtime yet; it opens one under a virtual clock, runs so
** many ticks, closes, checks, and exits. A child that crashes or hangs fails like one
** that finds something. WAY is how it closes:
**
**   runtime   cohort_close; nothing of it may run in the next runtime of the state; then lua_close
**   state     lua_close alone
**   cancel    cohort_cancel, and pumped to the end; then both
**   inside    lua_close out of the task that runs the tick, as os.exit(0, true) does
**
** Ends with "N ticks", or with what was found and status 1.
*/
#include <lauxlib.h>
#include <lualib.h>

#include <dirent.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cohort.h"

enum { CUT = 0, FOUND = 1, BEFORE = 3 };   /* how a child ends: closed in time, something found, too late */
enum { TICKS_MAX = 100000, STEPS_MAX = 100000, SECONDS_MAX = 60 };

struct host {
  lua_State *L;
  cohort_runtime *rt;
  size_t used;         /* bytes that Lua and cohort hold */
  const char *way;
  uint64_t seed;
  long ticks;          /* so many before closing */
  int descriptors;     /* open before the runtime was */
  bool closing_inside; /* the next call of a task closes the state */
  bool over;           /* the runtime is closed: no Lua may run */
  const char *ran;     /* a function that did */
};


/* {{ What is held */

static void *counted(void *ud, void *block, size_t before, size_t after) {
  struct host *h = ud;
  void *result;
  if (block == NULL) before = 0;
  if (after == 0) {
    free(block);
    h->used -= before;
    return NULL;
  }
  result = realloc(block, after);
  if (result != NULL) h->used += after - before;
  return result;
}


static int count_descriptors(void) {
  DIR *dir = opendir("/dev/fd");
  int count = 0;
  while (dir != NULL && readdir(dir) != NULL) count++;
  if (dir != NULL) closedir(dir);
  return count;
}


static void find(const struct host *h, const char *what) {
  fprintf(stderr, "closed (%s, seed %d) after %ld ticks: %s\n", h->way, (int)h->seed, h->ticks, what);
  fflush(NULL);
  _exit(FOUND);
}


/* The state is gone: nothing may be left, and the leak check of a sanitizer runs at the exit. */
static void finish(const struct host *h, int status) {
  char text[80];
  int open = count_descriptors() - h->descriptors;
  snprintf(text, sizeof text, h->used != 0 ? "%zu bytes are left" : "%zu descriptors are left",
           h->used != 0 ? h->used : (size_t)open);
  if (h->used != 0 || open > 0) find(h, text);
  exit(status);
}

/* }} */


/* {{ Closing */

/* The call hook of every coroutine. */
static void on_call(lua_State *L, lua_Debug *ar) {
  void *ud;
  struct host *h;
  lua_getallocf(L, &ud);
  h = ud;
  if (h->closing_inside) {
    h->closing_inside = false;
    lua_close(h->L);
    finish(h, CUT);
  }
  if (h->over && h->ran == NULL && lua_getinfo(L, "S", ar) && *ar->what != 'C') {
    static char place[LUA_IDSIZE + 20];
    snprintf(place, sizeof place, "%s:%d ran afterwards", ar->short_src, ar->linedefined);
    h->ran = place;
  }
}


static int nothing(lua_State *L) {
  (void)L;
  return 0;
}


/* The next runtime of the state has nothing of this one. */
static void close_runtime(struct host *h) {
  cohort_close(h->rt);
  if (cohort_of(h->L) != NULL) find(h, "the runtime is there still");
  h->over = true;
  if (cohort_open(h->L, NULL, &h->rt) != 0) find(h, "it cannot be opened again");
  lua_pushcfunction(h->L, nothing);
  if (cohort_spawn(h->rt, h->L, 0, NULL) != 0) find(h, "it cannot be used again");
  if (cohort_pump(h->rt, NULL) != COHORT_IDLE) find(h, "something is left to do in the next runtime");
  if (h->ran != NULL) find(h, h->ran);
  h->over = false;
  cohort_close(h->rt);
  lua_close(h->L);
}


static void cancel_all(struct host *h) {
  static const cohort_budget budget = {.resumes = STEPS_MAX, .block_ns = COHORT_FOREVER};
  int state;
  cohort_cancel(h->rt);
  while ((state = cohort_pump(h->rt, &budget)) != COHORT_IDLE) {
    if (state != COHORT_STUCK) find(h, "it does not end though it is cancelled");
    cohort_break(h->rt);
  }
}


static void close_host(struct host *h, cohort_task task) {
  static const cohort_budget one = {.resumes = 1, .block_ns = COHORT_FOREVER};
  if (strcmp(h->way, "inside") == 0) {
    h->closing_inside = true;
    while (h->closing_inside && cohort_pump(h->rt, &one) != COHORT_IDLE) continue;
    h->closing_inside = false;
    lua_close(h->L);
    return;
  }
  if (strcmp(h->way, "cancel") == 0) cancel_all(h);
  if (cohort_status(h->rt, task) == COHORT_FAILED) {
    int count;
    cohort_take(h->rt, task, h->L, &count);
    if (strcmp(h->way, "cancel") == 0) find(h, luaL_tolstring(h->L, -1, NULL));
  }
  if (strcmp(h->way, "state") == 0) lua_close(h->L);
  else close_runtime(h);
}

/* }} */


/* {{ Running */

/* The clock and the function are on the stack. Does not return. */
static void run_child(struct host *h) {
  static const cohort_budget one = {.resumes = 1, .block_ns = COHORT_FOREVER};
  cohort_config c = {.size = sizeof c, .clock_index = lua_gettop(h->L) - 1, .seed = h->seed};
  cohort_task task;
  int state = COHORT_MORE;
  long i;
  alarm(SECONDS_MAX);
  if (freopen("/dev/null", "w", stdout) == NULL) find(h, "no /dev/null");
  h->descriptors = count_descriptors();
  if (cohort_open(h->L, &c, &h->rt) != 0) find(h, "cannot open a runtime");
  if (cohort_spawn(h->rt, h->L, 0, &task) != 0) find(h, "cannot make a task");
  for (i = 0; i < h->ticks && state != COHORT_IDLE; i++) {
    state = cohort_pump(h->rt, &one);
    if (state == COHORT_STUCK) find(h, "a deadlock");
  }
  close_host(h, task);
  finish(h, state == COHORT_IDLE ? BEFORE : CUT);
}


static void hear(int number) {
  (void)number;
}


/* How a child ended that closes after so many ticks. A signal that no task was told of comes back to it. */
static int try(struct host *h) {
  int status;
  pid_t child;
  fflush(NULL);
  signal(SIGTERM, hear);
  signal(SIGUSR1, hear);
  child = fork();
  if (child == 0) run_child(h);
  if (child < 0 || waitpid(child, &status, 0) != child) return FOUND;
  if (WIFEXITED(status)) return WEXITSTATUS(status);
  fprintf(stderr, "closed (%s, seed %d) after %ld ticks: %s\n", h->way, (int)h->seed, h->ticks,
          WTERMSIG(status) == SIGALRM ? "it hangs" : strsignal(WTERMSIG(status)));
  return FOUND;
}


/* (script, name) -> clock, function. What libuv opens once for the process is open then. */
static int prepare(lua_State *L) {
  luaL_openlibs(L);
  luaL_requiref(L, "cohort.core", luaopen_cohort_core, 0);
  if (luaL_dostring(L, "require 'cohort'.run({signals = false}, function() end)\n"
                       "return require 'cohort.testing'.clock {autojump = true}") != LUA_OK ||
      luaL_loadfile(L, lua_touserdata(L, 1)) != LUA_OK)
    return lua_error(L);
  lua_pushstring(L, lua_touserdata(L, 2));
  lua_call(L, 1, 1);
  return 2;
}


int main(int argc, char **argv) {
  struct host h = {0};
  int end = CUT;
  if (argc != 5) return 2;
  h.way = argv[1];
  h.seed = strtoull(argv[2], NULL, 10);
  h.L = lua_newstate(counted, &h);
  lua_pushcfunction(h.L, prepare);
  lua_pushlightuserdata(h.L, argv[3]);
  lua_pushlightuserdata(h.L, argv[4]);
  if (lua_pcall(h.L, 2, 2, 0) != LUA_OK) {
    fprintf(stderr, "%s\n", luaL_tolstring(h.L, -1, NULL));
    return 1;
  }
  lua_sethook(h.L, on_call, LUA_MASKCALL, 0);
  while (end == CUT && h.ticks < TICKS_MAX) {
    end = try(&h);
    h.ticks++;
  }
  lua_close(h.L);
  printf("%ld ticks\n", h.ticks - 1);
  return end == BEFORE ? 0 : 1;
}

/* }} */
