/*
** Descriptors that the loop watches: see poll.h. Readiness is level-triggered and the loop looks only between
** passes, so a woken task has made its call before the next look could report the same readiness again.
*/
#include "io/poll.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "io/again.h"

#define BOTH (UV_READABLE | UV_WRITABLE)


static void watch(struct coh_poll *p, int events);


/* Runs no Lua, and reads nothing but what must not stay in the system while nobody waits for it. */
static void on_ready(uv_poll_t *uv, int status, int events) {
  struct coh_poll *p = (struct coh_poll *)coh_handle_of(uv);
  int left = p->polled;
  if (status < 0) {  /* libuv has stopped watching: the tasks' own calls will tell what is wrong */
    p->polled = 0;
    p->readable = true;
    coh_wait_wake_all(&p->readers);
    coh_wait_wake_all(&p->writers);
    return;
  }
  if (events & UV_READABLE) {
    p->readable = true;
    if (!coh_wait_wake_one(&p->readers) && (p->unread == NULL || !p->unread(p))) left &= ~UV_READABLE;
  }
  if (events & UV_WRITABLE && !coh_wait_wake_one(&p->writers)) left &= ~UV_WRITABLE;
  watch(p, left);
}


/* Watch for exactly 'events'. Cannot fail on an open descriptor. */
static void watch(struct coh_poll *p, int events) {
  int status;
  if (events == p->polled) return;
  p->polled = (uint8_t)events;
  status = uv_poll_start(&p->handle.uv.poll, events, on_ready);
  coh_assert(status == 0);
}


static void init(struct coh_poll *p, int fd) {
  coh_link_init(&p->readers);
  coh_link_init(&p->writers);
  p->fd = fd;
  p->handle.is_poll = true;
}


int coh_poll_open(struct coh_state *S, struct coh_poll *p, int fd) {
  int status = coh_io_fails(S, "watch", ENOMEM) ? uv_translate_sys_error(errno)
               : uv_poll_init(&S->loop.uv, &p->handle.uv.poll, fd);
  if (status < 0) return status;
  init(p, fd);
  return 0;
}


/* Can it be watched? 0 or a negative status. */
static int check_watchable(const struct coh_state *S, int fd) {
  struct epoll_event nothing = {.events = 0};
  int loop = uv_backend_fd(&S->loop.uv);
  if (epoll_ctl(loop, EPOLL_CTL_ADD, fd, &nothing) < 0) return uv_translate_sys_error(errno);
  epoll_ctl(loop, EPOLL_CTL_DEL, fd, &nothing);
  return 0;
}


/* libuv watches numbers: it is given an eventfd, whose number is then made to refer to this descriptor. */
int coh_poll_open_shared(struct coh_state *S, struct coh_poll *p, int fd) {
  int number, moved, status = check_watchable(S, fd);
  if (status < 0) return status;
  number = coh_io_fails(S, "eventfd", EMFILE) ? -1 : eventfd(0, EFD_CLOEXEC);
  if (number < 0) return uv_translate_sys_error(errno);
  status = coh_poll_open(S, p, number);
  if (status < 0) {
    close(number);
    return status;
  }
  do moved = dup3(fd, number, O_CLOEXEC);
  while (moved < 0 && (errno == EINTR || errno == EBUSY));
  coh_assert(moved == number);  /* both are open, and they differ */
  close(fd);
  return 0;
}


void coh_poll_open_unwatched(struct coh_state *S, struct coh_poll *p, int fd) {
  uv_idle_init(&S->loop.uv, &p->handle.uv.idle);
  init(p, fd);
  p->polled = BOTH;
}


void coh_poll_park_reader(struct coh_poll *p, struct coh_fiber *f, const struct coh_wait_kind *kind) {
  p->reader = f;
  watch(p, p->polled | UV_READABLE);
  coh_wait_park(&f->task.wait, &f->task.current->slot, kind, &p->readers);
}


void coh_poll_park_writer(struct coh_poll *p, struct coh_fiber *f, const struct coh_wait_kind *kind) {
  p->writer = f;
  watch(p, p->polled | UV_WRITABLE);
  coh_wait_park(&f->task.wait, &f->task.current->slot, kind, &p->writers);
}


/* The kind is set though nothing is parked, so that a task closed by force meanwhile forfeits the same. */
static void turn(struct coh_fiber *f, const struct coh_wait_kind *kind) {
  f->task.wait.kind = kind;
  coh_wait_yield(coh_task_runtime(&f->task), &f->task.wait);
}


void coh_poll_turn_reader(struct coh_poll *p, struct coh_fiber *f, const struct coh_wait_kind *kind) {
  p->reader = f;
  turn(f, kind);
}


void coh_poll_turn_writer(struct coh_poll *p, struct coh_fiber *f, const struct coh_wait_kind *kind) {
  p->writer = f;
  turn(f, kind);
}


bool coh_poll_owns(const struct coh_io *io, int fd) {
  const struct coh_link *at;
  for (at = io->handles.next; at != &io->handles; at = at->next) {
    const struct coh_handle *h = coh_item(at, struct coh_handle, link);
    if (h->is_poll && ((const struct coh_poll *)h)->fd == fd) return true;
  }
  return false;
}


/* An open poll that the task of 'w' reads from, or writes to; NULL when there is none. */
static struct coh_poll *find_used(const struct coh_wait *w, bool written) {
  const struct coh_fiber *f = coh_item(w, struct coh_fiber, task.wait);
  const struct coh_io *io = coh_io_of(coh_state_from(f->task.scope.slot.rt));
  const struct coh_link *at;
  for (at = io->handles.next; at != &io->handles; at = at->next) {
    struct coh_handle *h = coh_item(at, struct coh_handle, link);
    struct coh_poll *p = (struct coh_poll *)h;
    if (h->is_poll && (written ? p->writer : p->reader) == f) return p;
  }
  return NULL;
}


struct coh_poll *coh_poll_written(const struct coh_wait *w) {
  return find_used(w, true);
}


void coh_poll_set_reader(struct coh_poll *p, const struct coh_fiber *f) {
  p->reader = f;
  if (f == NULL && p->unread != NULL) watch(p, p->polled | UV_READABLE);
}


void coh_poll_forfeit(struct coh_wait *w) {
  struct coh_poll *p;
  while ((p = find_used(w, false)) != NULL) coh_poll_set_reader(p, NULL);
  while ((p = find_used(w, true)) != NULL) p->writer = NULL;
}


/* The wait is alone in its queue, so its neighbour is the queue's head; in these two functions. */
struct coh_poll *coh_poll_of_writer(struct coh_wait *w) {
  return coh_item(w->link.next, struct coh_poll, writers);
}


bool coh_poll_abort_reader(struct coh_wait *w) {
  coh_item(w->link.next, struct coh_poll, readers)->reader = NULL;
  return true;
}


/*
** The number stays ours: when the handle is closed libuv forgets whatever has that number, which must not be
** somebody else's by then. So the number becomes a duplicate of the loop's own descriptor.
*/
int coh_poll_let_go(struct coh_poll *p) {
  int fd;
  if (p->handle.uv.any.type == UV_POLL) uv_poll_stop(&p->handle.uv.poll);
  p->polled = BOTH;
  fd = coh_again(dup3(uv_backend_fd(p->handle.uv.any.loop), p->fd, O_CLOEXEC));
  return fd >= 0 ? 0 : uv_translate_sys_error(errno);
}


void coh_poll_drain(struct coh_poll *p, bool (*unread)(struct coh_poll *p)) {
  if (p->handle.uv.any.type != UV_POLL) return;
  p->unread = unread;
  watch(p, p->polled | UV_READABLE);
}


void coh_poll_close(struct coh_poll *p) {
  coh_wait_wake_all(&p->readers);
  coh_wait_wake_all(&p->writers);
  uv_close(&p->handle.uv.any, coh_handle_closed);
  if (p->fd >= 0) close(p->fd);
}


/* {{ Choices */

static void set_users(struct coh_poll_choice *c, const struct coh_fiber *f) {
  if (c->from != NULL) coh_poll_set_reader(c->from, f);
  if (c->to != NULL) c->to->writer = f;
}


/* A task that stands in a queue only to notice the closing must not be woken again and again by readiness. */
static void watch_only(struct coh_poll *p, int event, bool wanted) {
  if (p == NULL || p->handle.uv.any.type != UV_POLL) return;
  watch(p, wanted ? p->polled | event : p->polled & ~event);
}


void coh_poll_park_choice(struct coh_poll_choice *c, struct coh_fiber *f, const struct coh_wait_kind *kind,
                          int events, int64_t until_ns) {
  set_users(c, f);
  watch_only(c->from, UV_READABLE, events & UV_READABLE);
  watch_only(c->to, UV_WRITABLE, events & UV_WRITABLE);
  coh_choice_park(&c->choice, &f->task.wait, &f->task.current->slot, kind);
  if (c->from != NULL) coh_choice_stand(&c->choice, &c->reading, &c->from->readers);
  if (c->to != NULL) coh_choice_stand(&c->choice, &c->writing, &c->to->writers);
  if (until_ns != COH_NEVER) coh_choice_stand_until(&c->choice, &c->until, until_ns);
}


/* Closing either would have ended the wait, so both are still open. */
bool coh_poll_abort_choice(struct coh_wait *w) {
  set_users(w->of, NULL);
  return coh_choice_abort(w);
}

/* }} */
