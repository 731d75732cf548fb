/*
** A host that does work for its scripts in threads: 'work(seconds)' waits until a thread has slept that long,
** while other tasks run. Its loop is poll(2), as in poll.c.
**
**     thread script.lua
**
** The script waits for an event of cohort's. The host keeps the event until the thread has ended, and then
** sets it in its own thread, between two pumps. Meanwhile it holds the runtime, which would otherwise be
** stuck. A script that is cancelled no longer waits; its thread runs to its end, and the event that is set
** then has no waiters.
*/
#include <lauxlib.h>
#include <lualib.h>

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "cohort.h"

struct host {
  cohort_runtime *rt;
  pthread_mutex_t lock;
  struct job *ended;  /* protected by 'lock' */
  int running;        /* threads that have not been joined yet */
};

struct job {
  struct job *next;   /* in host.ended */
  struct host *host;
  pthread_t thread;
  int event;          /* registry reference of the event */
  double seconds;
};


/* Runs in a thread: no Lua here, and nothing of cohort but cohort_wake. */
static void *thread_main(void *ud) {
  struct job *job = ud;
  struct host *host = job->host;
  struct timespec time = {(time_t)job->seconds, (long)((job->seconds - (double)(time_t)job->seconds) * 1e9)};
  nanosleep(&time, NULL);
  pthread_mutex_lock(&host->lock);
  job->next = host->ended;
  host->ended = job;
  cohort_wake(host->rt);
  pthread_mutex_unlock(&host->lock);
  return NULL;
}


/* begin(seconds, event): starts a thread after whose sleep the event is set; upvalue 1 is the host */
static int begin(lua_State *L) {
  struct host *host = lua_touserdata(L, lua_upvalueindex(1));
  double seconds = luaL_checknumber(L, 1);
  struct job *job;
  int event;
  luaL_argcheck(L, seconds >= 0 && seconds < 1e6, 1, "so long is not possible");
  lua_settop(L, 2);
  event = luaL_ref(L, LUA_REGISTRYINDEX);
  job = malloc(sizeof *job);
  if (job != NULL) *job = (struct job){.host = host, .event = event, .seconds = seconds};
  if (job == NULL || pthread_create(&job->thread, NULL, thread_main, job) != 0) {
    luaL_unref(L, LUA_REGISTRYINDEX, event);
    free(job);
    return luaL_error(L, "no thread can be had");
  }
  host->running++;
  cohort_hold(host->rt);
  return 0;
}


/* The function for scripts: in Lua, where waiting is a call like any other. */
static const char work[] =
  "local begin, cohort = ..., require 'cohort'\n"
  "function work(seconds)\n"
  "  local done = cohort.event()\n"
  "  begin(seconds, done)\n"
  "  done:wait()\n"
  "end\n";


/* pcall'ed: (event) */
static int set(lua_State *L) {
  lua_getfield(L, 1, "set");
  lua_insert(L, 1);
  lua_call(L, 1, 0);
  return 0;
}


/* Set the events of threads that have ended. */
static void collect(lua_State *L, struct host *host) {
  struct job *job;
  pthread_mutex_lock(&host->lock);
  job = host->ended;
  host->ended = NULL;
  pthread_mutex_unlock(&host->lock);
  while (job != NULL) {
    struct job *next = job->next;
    pthread_join(job->thread, NULL);
    lua_pushcfunction(L, set);
    lua_rawgeti(L, LUA_REGISTRYINDEX, job->event);
    luaL_unref(L, LUA_REGISTRYINDEX, job->event);
    if (lua_pcall(L, 1, 0, 0) != LUA_OK) lua_pop(L, 1);  /* when memory is out, the script keeps waiting */
    cohort_release(host->rt);
    host->running--;
    free(job);
    job = next;
  }
}


/* The loop. It ends when every task and every thread has ended; threads end their work with cohort_wake. */
static void run(lua_State *L, struct host *host) {
  struct pollfd watched = {.fd = cohort_fd(host->rt), .events = POLLIN};
  for (;;) {
    int state = cohort_pump(host->rt, NULL);
    if (state == COHORT_IDLE && host->running == 0) return;
    if (state == COHORT_STUCK) cohort_break(host->rt);
    else if (state == COHORT_WAITING || state == COHORT_IDLE) poll(&watched, 1, cohort_timeout(host->rt));
    collect(L, host);
  }
}


/* Everything that may raise a Lua error is called from here, in protected mode. */
static int protected_main(lua_State *L) {
  struct host *host = lua_touserdata(L, 1);
  cohort_task task;
  int count;
  luaL_openlibs(L);
  luaL_requiref(L, "cohort.core", luaopen_cohort_core, 0);  /* linked in, so not searched for */
  if (cohort_open(L, NULL, &host->rt) != 0) luaL_error(L, "cannot open an event loop");
  if (luaL_loadstring(L, work) != LUA_OK) lua_error(L);
  lua_pushlightuserdata(L, host);
  lua_pushcclosure(L, begin, 1);
  lua_call(L, 1, 0);
  if (luaL_loadfile(L, lua_touserdata(L, 2)) != LUA_OK) lua_error(L);
  if (cohort_spawn(host->rt, L, 0, &task) != 0) luaL_error(L, "not enough memory");
  run(L, host);
  if (cohort_take(host->rt, task, L, &count) != COHORT_RETURNED) {
    luaL_tolstring(L, -1, NULL);
    lua_error(L);
  }
  cohort_close(host->rt);
  return 0;
}


int main(int argc, char **argv) {
  struct host host = {.lock = PTHREAD_MUTEX_INITIALIZER};
  lua_State *L = luaL_newstate();
  int status;
  if (argc != 2 || L == NULL) {
    fprintf(stderr, L == NULL ? "not enough memory\n" : "usage: thread script.lua\n");
    return EXIT_FAILURE;
  }
  lua_pushcfunction(L, protected_main);
  lua_pushlightuserdata(L, &host);
  lua_pushlightuserdata(L, argv[1]);
  status = lua_pcall(L, 2, 0, 0);
  if (status != LUA_OK) fprintf(stderr, "%s\n", luaL_tolstring(L, -1, NULL));
  lua_close(L);
  return status == LUA_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
