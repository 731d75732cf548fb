/*
** Descriptors that the loop watches: see poll.h. Readiness is level-triggered and
** the loop looks between passes only, so a woken task has always made its call
** before the next look could report the same again.
*/
#include "io/poll.h"

#include <unistd.h>

#define BOTH (UV_READABLE | UV_WRITABLE)


static void watch(struct coh_poll *p, int events);


/* No Lua runs here, and nothing is read or written. */
static void on_ready(uv_poll_t *uv, int status, int events) {
  struct coh_poll *p = (struct coh_poll *)uv;
  int left = p->polled;
  if (status < 0) {  /* libuv has stopped watching: the calls will tell what is wrong */
    events = BOTH;
    left = p->polled = 0;
  }
  if (events & UV_READABLE) {
    p->readable = true;
    if (!coh_wait_wake_one(&p->readers)) left &= ~UV_READABLE;
  }
  if (events & UV_WRITABLE && !coh_wait_wake_one(&p->writers)) left &= ~UV_WRITABLE;
  watch(p, left);
}


/* Watch for exactly 'events'. On a descriptor that is open this cannot fail. */
static void watch(struct coh_poll *p, int events) {
  int status;
  if (events == p->polled) return;
  p->polled = (uint8_t)events;
  status = uv_poll_start(&p->handle.uv.poll, events, on_ready);
  coh_assert(status == 0);
}


int coh_poll_open(struct coh_state *S, struct coh_poll *p, int fd) {
  int status = uv_poll_init(&S->loop.uv, &p->handle.uv.poll, fd);
  if (status < 0) return status;
  coh_link_init(&p->readers);
  coh_link_init(&p->writers);
  p->fd = fd;
  return 0;
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


/* The wait is the only one in its queue, so what stands next to it is the queue's head. */
struct coh_poll *coh_poll_of_reader(struct coh_wait *w) {
  return coh_item(w->link.next, struct coh_poll, readers);
}


struct coh_poll *coh_poll_of_writer(struct coh_wait *w) {
  return coh_item(w->link.next, struct coh_poll, writers);
}


bool coh_poll_abort_reader(struct coh_wait *w) {
  coh_poll_of_reader(w)->reader = NULL;
  return true;
}


void coh_poll_close(struct coh_poll *p) {
  coh_wait_wake_all(&p->readers);
  coh_wait_wake_all(&p->writers);
  uv_close(&p->handle.uv.any, coh_handle_closed);
  close(p->fd);
}
