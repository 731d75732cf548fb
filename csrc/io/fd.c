/*
** Waiting for other people's descriptors: see fd.h. libuv allows one watcher per descriptor, so all who wait
** for one share it. It is removed with the last of them, because as soon as nobody waits, the owner may close
** the descriptor and get the same number for something else.
**
** An owner must not close it while somebody waits. But if one does: libuv registers a new watcher with the
** system only when it polls, and ends the process when the system refuses. So just before the poll we ask the
** system ourselves, and on refusal wake those who wait.
**
**   the stack of a wait   1 the descriptor
*/
#include "io/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <lauxlib.h>
#include <stdio.h>
#include <sys/epoll.h>

#include "errors/error.h"
#include "errors/system.h"
#include "glue/wait.h"
#include "io/poll.h"

struct coh_fd {
  uv_poll_t uv;              /* first: libuv's pointer to it is one to this */
  uv_prepare_t asking;       /* active until the next poll after a change of what is watched */
  uint8_t handles;           /* how many of these two are not closed */
  struct coh_link link;      /* in its bucket of coh_io.watches */
  struct coh_link readers;   /* coh_wait.link of those who wait; their 'wait.of' is this */
  struct coh_link writers;
  int fd;
};


/* {{ Watching */

static void on_closed(uv_handle_t *uv) {
  struct coh_fd *w = uv->type == UV_POLL ? (struct coh_fd *)uv : coh_item(uv, struct coh_fd, asking);
  if (--w->handles == 0) coh_mem_free(&coh_io_state(uv->loop)->loop.rt.mem, w, sizeof *w);
}


static void drop(struct coh_fd *w) {
  coh_link_remove(&w->link);
  uv_close((uv_handle_t *)&w->uv, on_closed);
  uv_close((uv_handle_t *)&w->asking, on_closed);
}


static void on_ready(uv_poll_t *uv, int status, int events);
static void on_prepare(uv_prepare_t *uv);

/* Watch for what is waited for; if nothing is, drop the watcher. Cannot fail on an open descriptor. */
static void adjust(struct coh_fd *w) {
  int events = 0, status;
  if (!coh_link_alone(&w->readers)) events |= UV_READABLE;
  if (!coh_link_alone(&w->writers)) events |= UV_WRITABLE;
  if (events == 0) {
    drop(w);
    return;
  }
  status = uv_poll_start(&w->uv, events, on_ready);
  coh_assert(status == 0);
  uv_prepare_start(&w->asking, on_prepare);
}


/* An error wakes both kinds: the waiter's own system call will tell what is wrong. No Lua runs here. */
static void on_ready(uv_poll_t *uv, int status, int events) {
  struct coh_fd *w = (struct coh_fd *)uv;
  if (status < 0 || events & UV_READABLE) coh_wait_wake_all(&w->readers);
  if (status < 0 || events & UV_WRITABLE) coh_wait_wake_all(&w->writers);
  adjust(w);
}


/* Does the system accept it? If so it is registered from now on, and libuv's own call finds it there. */
static bool is_taken(const struct coh_fd *w) {
  struct epoll_event event = {.data.fd = w->fd};
  return epoll_ctl(uv_backend_fd(w->uv.loop), EPOLL_CTL_ADD, w->fd, &event) == 0 || errno == EEXIST;
}


/* A descriptor that was closed meanwhile has failed, which ends a wait as readiness does. */
static void on_prepare(uv_prepare_t *uv) {
  struct coh_fd *w = coh_item(uv, struct coh_fd, asking);
  uv_prepare_stop(uv);
  if (is_taken(w)) return;
  uv_poll_stop(&w->uv);
  coh_wait_wake_all(&w->readers);
  coh_wait_wake_all(&w->writers);
  adjust(w);
}


static struct coh_link *bucket_of(struct coh_io *io, int fd) {
  return &io->watches[fd % COH_FD_BUCKETS];
}


/* The watcher of a descriptor, or NULL. */
static struct coh_fd *find(struct coh_io *io, int fd) {
  struct coh_link *bucket = bucket_of(io, fd), *at;
  for (at = bucket->next; at != bucket; at = at->next) {
    struct coh_fd *w = coh_item(at, struct coh_fd, link);
    if (w->fd == fd) return w;
  }
  return NULL;
}


/* libuv makes a descriptor non-blocking, which merely watching it does not need. */
static int init_as_it_is(uv_loop_t *loop, uv_poll_t *uv, int fd) {
  int flags = fcntl(fd, F_GETFL), status;
  if (flags < 0) return uv_translate_sys_error(errno);
  status = uv_poll_init(loop, uv, fd);
  if ((flags & O_NONBLOCK) == 0) fcntl(fd, F_SETFL, flags);
  return status;
}


/*
** A watcher that watches nothing yet; on failure NULL and a status. Our own descriptors are refused here:
** while nobody waits for one libuv does not notice, and afterwards it would not let us wait for it ourselves.
*/
static struct coh_fd *make(struct coh_state *S, struct coh_io *io, int fd, int *status) {
  struct coh_fd *w;
  *status = UV_EEXIST;
  if (coh_poll_owns(io, fd)) return NULL;
  w = coh_mem_new(&S->loop.rt.mem, sizeof *w);
  *status = UV_ENOMEM;
  if (w == NULL) return NULL;
  *status = coh_io_fails(S, "watch", ENOMEM) ? uv_translate_sys_error(errno)
            : init_as_it_is(&S->loop.uv, &w->uv, fd);
  if (*status < 0) {
    coh_mem_free(&S->loop.rt.mem, w, sizeof *w);
    return NULL;
  }
  uv_prepare_init(&S->loop.uv, &w->asking);
  w->handles = 2;
  coh_link_append(bucket_of(io, fd), &w->link);
  coh_link_init(&w->readers);
  coh_link_init(&w->writers);
  w->fd = fd;
  return w;
}


/* }} */


/* {{ Waiting */

/* Stop watching for a task that no longer waits. */
static bool abort_wait(struct coh_wait *wait) {
  struct coh_fd *w = wait->of;
  coh_link_remove(&wait->link);
  adjust(w);
  return true;
}


static const struct coh_wait_kind read_kind = {
  .what = "a descriptor to be readable", .abort = abort_wait, .external = true};
static const struct coh_wait_kind write_kind = {
  .what = "a descriptor to be writable", .abort = abort_wait, .external = true};


static int ready(lua_State *L, int status, lua_KContext context) {
  (void)status;
  coh_woken(L, context);
  return 0;
}


static int raise_status(lua_State *L, int status, const char *what) {
  if (status == UV_EEXIST) {
    lua_pushfstring(L, "descriptor %I is one of cohort's own: use the methods of its object",
                    lua_tointeger(L, 1));
    coh_syserr_raise(L, COH_BUSY, what, lua_tostring(L, -1));
  } else {
    lua_pushfstring(L, "%I", lua_tointeger(L, 1));
    coh_syserr_push(L, COH_SYSTEM_ERROR, status, what, "descriptor", lua_tostring(L, -1));
    lua_pushvalue(L, 1);
    lua_setfield(L, -2, "descriptor");
  }
  return lua_error(L);
}


/* Regular files cannot be watched, and are always ready: the wait ends at once. */
static int wait_for(lua_State *L, struct coh_fiber *f, bool reading) {
  struct coh_state *S = coh_state_here(L);
  struct coh_io *io = coh_io_need(L, S);
  int fd = (int)lua_tointeger(L, 1), status = 0;
  struct coh_fd *w = find(io, fd);
  if (w == NULL) w = make(S, io, fd, &status);
  if (status == UV_EPERM) return 0;
  if (w == NULL) return raise_status(L, status, reading ? "wait_readable" : "wait_writable");
  coh_wait_park(&f->task.wait, &f->task.current->slot, reading ? &read_kind : &write_kind,
                reading ? &w->readers : &w->writers);
  f->task.wait.of = w;
  adjust(w);
  return coh_yield(L, f, ready);
}


static int readable_try(lua_State *L, int status, lua_KContext context) {
  (void)status;
  return wait_for(L, coh_test(L, context), true);
}


static int writable_try(lua_State *L, int status, lua_KContext context) {
  (void)status;
  return wait_for(L, coh_test(L, context), false);
}


/* wait_readable(fd), wait_writable(fd): the number was checked by fd.lua */
static int l_wait_readable(lua_State *L) {
  return coh_begin(L, readable_try);
}


static int l_wait_writable(lua_State *L) {
  return coh_begin(L, writable_try);
}

/* }} */


/* descriptor_of(file of io) -> its descriptor, or nil when it is closed */
static int l_descriptor_of(lua_State *L) {
  const luaL_Stream *file = luaL_checkudata(L, 1, LUA_FILEHANDLE);
  if (file->closef == NULL) lua_pushnil(L);
  else lua_pushinteger(L, fileno(file->f));
  return 1;
}


void coh_fd_open(lua_State *L) {
  static const luaL_Reg functions[] = {
    {"wait_readable", l_wait_readable}, {"wait_writable", l_wait_writable},
    {"descriptor_of", l_descriptor_of}, {NULL, NULL}};
  lua_pushlightuserdata(L, coh_state_of(L));
  luaL_setfuncs(L, functions, 1);
}
