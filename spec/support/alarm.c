/*
** A module for Lua: ring(seconds) presses Ctrl-C when so many seconds of real time are over; stop() takes it
** back. A virtual clock cannot do that: it jumps as soon as nothing can happen, however soon something would.
*/
#include <lauxlib.h>
#include <signal.h>
#include <time.h>

int luaopen_alarm(lua_State *L);

static timer_t timer;
static struct sigaction before;


static void set(time_t seconds) {
  struct itimerspec time = {.it_value = {seconds, 0}};
  timer_settime(timer, 0, &time, NULL);
}


/* What runs in the background ignores Ctrl-C: a run would too. */
static int l_ring(lua_State *L) {
  struct sigaction action = {.sa_handler = SIG_DFL};
  sigaction(SIGINT, &action, &before);
  set((time_t)luaL_checkinteger(L, 1));
  return 0;
}


static int l_stop(lua_State *L) {
  (void)L;
  set(0);
  sigaction(SIGINT, &before, NULL);
  return 0;
}


int luaopen_alarm(lua_State *L) {
  struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGINT};
  if (timer_create(CLOCK_MONOTONIC, &event, &timer) < 0) return luaL_error(L, "no timer");
  luaL_newlib(L, ((luaL_Reg[]){{"ring", l_ring}, {"stop", l_stop}, {NULL, NULL}}));
  return 1;
}
