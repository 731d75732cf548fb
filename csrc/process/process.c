/*
** The object that stands for a process: see process.h. It gives the status for as long as the object exists;
** the child itself belongs to the loop.
**
** The end of its block waits until nothing of the child is left. That wait cannot be cut, but it ends by
** itself, after the grace at the latest. Meanwhile the loop reads the child's outputs where no task does, so
** that the child can write what it has to and end.
*/
#include "process/process.h"

#include <errno.h>
#include <signal.h>

#include "errors/system.h"
#include "glue/wait.h"
#include "io/sig.h"
#include "io/standard.h"
#include "lua/arg.h"
#include "lua/text.h"
#include "stream/stream.h"

extern char **environ;


/* {{ How it stands */

/* Push a signal's name; real-time signals have none in the system either. [-0, +1, m] */
static void push_signal(lua_State *L, int number) {
  const char *name = coh_sig_name(number);
  if (name != NULL) lua_pushstring(L, name);
  else lua_pushfstring(L, "SIG%d", number);
}


/* Push the exit status, or nil, and the name of the signal that ended it, or nil. [-0, +2, m] */
static void push_end(lua_State *L, const struct coh_process *p) {
  if (p->ended && p->signal == 0) lua_pushinteger(L, p->status);
  else lua_pushnil(L);
  if (p->ended && p->signal != 0) push_signal(L, p->signal);
  else lua_pushnil(L);
}


static void describe(lua_State *L, int object) {
  const struct coh_process *p = lua_touserdata(L, object);
  lua_getiuservalue(L, object, COH_PROCESS_PROGRAM);
  push_end(L, p);
  if (p->signal != 0) lua_pushfstring(L, "ended by %s", lua_tostring(L, -1));
  else if (p->ended) lua_pushfstring(L, "exit status %d", p->status);
  else lua_pushstring(L, p->lost ? "end unknown" : "running");
  lua_pushfstring(L, "%s, pid %d, %s", lua_tostring(L, -4), (int)p->pid, lua_tostring(L, -1));
  lua_replace(L, -5);
  lua_pop(L, 3);
}


/* process.pid */
static int get_pid(lua_State *L) {
  const struct coh_process *p = coh_sync_check(L, &coh_process_class, "field");
  lua_pushinteger(L, p->pid);
  return 1;
}


/* process.status */
static int get_status(lua_State *L) {
  push_end(L, coh_sync_check(L, &coh_process_class, "field"));
  lua_pop(L, 1);
  return 1;
}


/* process.signal */
static int get_signal(lua_State *L) {
  push_end(L, coh_sync_check(L, &coh_process_class, "field"));
  return 1;
}


/* process.stdin, stdout and stderr */
static int get_stream(lua_State *L, int fd) {
  coh_sync_check(L, &coh_process_class, "field");
  lua_getiuservalue(L, 1, COH_PROCESS_STDIO + fd);
  return 1;
}


static int get_stdin(lua_State *L) {
  return get_stream(L, STDIN_FILENO);
}


static int get_stdout(lua_State *L) {
  return get_stream(L, STDOUT_FILENO);
}


static int get_stderr(lua_State *L) {
  return get_stream(L, STDERR_FILENO);
}


static const luaL_Reg fields[] = {
  {"pid", get_pid}, {"status", get_status}, {"signal", get_signal}, {"stdin", get_stdin},
  {"stdout", get_stdout}, {"stderr", get_stderr}, {NULL, NULL}};

const struct coh_sync_class coh_process_class = {
  .noun = "process", .name = "cohort.Process", .size = sizeof(struct coh_process),
  .values = COH_PROCESS_VALUES, .describe = describe, .fields = fields};

/* }} */


/* {{ Waiting for its end */

static const struct coh_wait_kind wait_kind = {.what = "a process to end", .external = true};

static int raise_lost(lua_State *L) {
  coh_error_push(L, COH_SYSTEM_ERROR, "wait: nobody can tell how this process ended: SIGCHLD is ignored "
                 "here, or somebody takes the status of every child; or we may not signal it (ECHILD)");
  lua_pushliteral(L, "ECHILD");
  lua_setfield(L, -2, "code");
  lua_pushinteger(L, ECHILD);
  lua_setfield(L, -2, "errno");
  lua_pushliteral(L, "wait");
  lua_setfield(L, -2, "operation");
  return lua_error(L);
}


static int wait_woken(lua_State *L, int status, lua_KContext context);

static int wait_on(lua_State *L, struct coh_fiber *f) {
  struct coh_process *p = lua_touserdata(L, 1);
  if (p->ended) {
    push_end(L, p);
    return 2;
  }
  if (p->lost) return raise_lost(L);
  coh_wait_park(&f->task.wait, &f->task.current->slot, &wait_kind, &p->sync.waiters);
  return coh_yield(L, f, wait_woken);
}


static int wait_woken(lua_State *L, int status, lua_KContext context) {
  (void)status;
  return wait_on(L, coh_woken(L, context));
}


static int wait_try(lua_State *L, int status, lua_KContext context) {
  (void)status;
  return wait_on(L, coh_test(L, context));
}


/* process:wait() -> status or nil, signal or nil */
static int l_wait(lua_State *L) {
  coh_sync_check(L, &coh_process_class, "wait");
  coh_check_no_limit(L, "child", "wait");
  lua_settop(L, 1);
  return coh_begin(L, wait_try);
}

/* }} */


/* {{ Ending it */

/* Our end of one of its descriptors; NULL when there is none or it is closed. [-0, +0, -] */
static struct coh_handle *open_end(lua_State *L, int fd) {
  const struct coh_box *box;
  lua_getiuservalue(L, 1, COH_PROCESS_STDIO + fd);
  box = lua_touserdata(L, -1);
  lua_pop(L, 1);
  return box != NULL ? box->handle : NULL;
}


static void close_end(lua_State *L, int fd) {
  struct coh_handle *end = open_end(L, fd);
  if (end != NULL) coh_handle_close(end);
}


static void close_ends(lua_State *L) {
  int fd;
  for (fd = 0; fd < COH_STDIO; fd++) close_end(L, fd);
}


static const struct coh_wait_kind end_kind = {
  .what = "a process that was told to end", .refuses = true, .external = true, .finishes = true,
  .lets_go = true, .stays = true};

static int end_woken(lua_State *L, int status, lua_KContext context);

/* Let the loop read its outputs where no task does, so that it need not wait for a reader. */
static void drain_outputs(lua_State *L) {
  int fd;
  for (fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++) {
    struct coh_handle *end = open_end(L, fd);
    if (end != NULL) coh_stream_drain((struct coh_stream *)end);
  }
}


static int end_on(lua_State *L, struct coh_process *p, struct coh_fiber *f) {
  if (p->child == NULL) {
    close_ends(L);
    return 0;
  }
  coh_wait_park(&f->task.wait, &f->task.current->slot, &end_kind, &p->sync.waiters);
  return coh_yield(L, f, end_woken);
}


static int end_woken(lua_State *L, int status, lua_KContext context) {
  struct coh_fiber *f = coh_resumed(L, context);
  (void)status;
  if (f->task.wait.outcome != COH_WAIT_CANCELLED) return end_on(L, lua_touserdata(L, 1), f);
  close_ends(L);  /* the whole run ends: what is left of the child is killed */
  return coh_raise_cancelled(L, f);
}


/* process:close() */
static int l_close(lua_State *L) {
  struct coh_process *p = coh_sync_check(L, &coh_process_class, "close");
  close_ends(L);
  if (p->child != NULL) coh_child_end(p->child);
  return 0;
}


/* __close: like close() where nothing can wait */
static int l_close_block(lua_State *L) {
  struct coh_process *p = coh_sync_check(L, &coh_process_class, "close");
  if (p->child == NULL || !coh_can_wait(p->sync.state, L)) return l_close(L);
  close_end(L, STDIN_FILENO);
  drain_outputs(L);
  coh_child_end(p->child);
  return end_on(L, p, coh_running(p->sync.state));
}


/* __gc: the object is collected before its streams and closes them, so only it warns, unless it was closed */
static int l_gc(lua_State *L) {
  struct coh_process *p = coh_sync_check(L, &coh_process_class, "__gc");
  bool forgotten;
  coh_sync_collected(&p->sync);
  if (p->child == NULL && !p->ended) return 0;
  close_ends(L);
  if (p->child == NULL) return 0;
  forgotten = coh_child_end(p->child);
  if (p->child != NULL) coh_child_disown(p->child);
  if (!forgotten) return 0;
  lua_settop(L, 1);
  lua_getiuservalue(L, 1, COH_PROCESS_WHERE);
  coh_text_push_at(L, "started", lua_tostring(L, -1));
  lua_pushfstring(L, "cohort: a process%s was collected without close: write 'local x <close> = "
                     "...', or call its close()", lua_tostring(L, -1));
  lua_warning(L, lua_tostring(L, -1), 0);
  return 0;
}


/* The number of the signal at 2. [-0, +0, v] */
static int check_signal(lua_State *L) {
  const char *name;
  size_t length;
  int number;
  if (lua_isnoneornil(L, 2)) return SIGTERM;
  if (lua_type(L, 2) != LUA_TSTRING)
    return coh_misuse(L, "kill expects the name of a signal, got %s: write process:kill(\"SIGINT\")",
                      coh_type_name(L, 2));
  name = lua_tolstring(L, 2, &length);
  number = coh_sig_number(name, length);
  if (number == 0)
    return coh_misuse(L, "kill knows no signal '%s': write the name in full, \"SIGTERM\" say", name);
  return number;
}


/* process:kill([signal]) -> whether there was a process to receive it */
static int l_kill(lua_State *L) {
  struct coh_process *p = coh_sync_check(L, &coh_process_class, "kill");
  int number = check_signal(L);
  int status = p->child == NULL ? UV_ESRCH : coh_child_signal(p->child, number);
  if (status < 0 && status != UV_ESRCH) {
    coh_syserr_push(L, COH_SYSTEM_ERROR, status, "kill", NULL, NULL);
    return lua_error(L);
  }
  lua_pushboolean(L, status == 0);
  return 1;
}

/* }} */


/* environment() -> list of "NAME=value" */
static int l_environment(lua_State *L) {
  lua_Integer i;
  lua_newtable(L);
  for (i = 0; environ != NULL && environ[i] != NULL; i++) {
    lua_pushstring(L, environ[i]);
    lua_rawseti(L, -2, i + 1);
  }
  return 1;
}


void coh_process_open(lua_State *L) {
  static const luaL_Reg methods[] = {{"wait", l_wait}, {"kill", l_kill}, {"close", l_close}, {NULL, NULL}};
  static const luaL_Reg metamethods[] = {{"__close", l_close_block}, {"__gc", l_gc}, {NULL, NULL}};
  static const luaL_Reg functions[] = {
    {"start", coh_process_start}, {"environment", l_environment}, {NULL, NULL}};
  coh_sync_define(L, &coh_process_class, metamethods, methods);
  lua_newtable(L);
  lua_pushlightuserdata(L, coh_state_of(L));
  luaL_setfuncs(L, functions, 1);
  lua_setfield(L, -2, "process");
}
