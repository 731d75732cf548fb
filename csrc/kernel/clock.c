/*
** Clocks: see clock.h. libuv's cached loop time is not used: it lags behind
** after long steps and would make deadlines early; uv_hrtime does not.
*/
#include "kernel/clock.h"

#include <string.h>
#include <uv.h>

#include "kernel/check.h"


int64_t coh_clock_machine(void) {
  return (int64_t)uv_hrtime();
}


void coh_clock_init_real(struct coh_clock *c) {
  memset(c, 0, sizeof *c);
  c->kind = COH_CLOCK_REAL;
  c->origin_ns = coh_clock_machine();
}


void coh_clock_init_host(struct coh_clock *c, int64_t (*now)(void *ud), void *ud) {
  memset(c, 0, sizeof *c);
  c->kind = COH_CLOCK_HOST;
  c->host = now;
  c->ud = ud;
}


void coh_clock_init_virtual(struct coh_clock *c, bool autojump) {
  memset(c, 0, sizeof *c);
  c->kind = COH_CLOCK_VIRTUAL;
  c->autojump = autojump;
}


/* 'ns' times 'factor' without overflow, for factors of 0 or more. */
static int64_t scale(int64_t ns, double factor) {
  double scaled = (double)ns * factor;
  if (factor == 1) return ns;
  return scaled >= (double)COH_NEVER ? COH_NEVER : (int64_t)scaled;
}


/* A virtual clock's time. Reading it does not move its origin, so rounding errors do not add up. */
static int64_t virtual_now(const struct coh_clock *c) {
  if (c->rate == 0) return c->now_ns;
  return coh_time_add(c->now_ns, scale(coh_clock_machine() - c->origin_ns, c->rate));
}


/* A host's clock that steps back is held still: deadlines rely on time not going back. */
int64_t coh_clock_now(struct coh_clock *c) {
  if (c->kind == COH_CLOCK_VIRTUAL) return virtual_now(c);
  if (c->kind == COH_CLOCK_REAL) {
    c->now_ns = coh_clock_machine() - c->origin_ns;
  } else {
    int64_t now_ns = c->host(c->ud);
    if (now_ns > c->now_ns) c->now_ns = now_ns;
  }
  return c->now_ns;
}


/* Set a virtual clock to 'at_ns', and let it count from there. */
static void count_from(struct coh_clock *c, int64_t at_ns) {
  c->now_ns = at_ns;
  c->origin_ns = coh_clock_machine();
}


void coh_clock_jump(struct coh_clock *c, int64_t at_ns) {
  if (c->kind == COH_CLOCK_VIRTUAL && at_ns > virtual_now(c)) count_from(c, at_ns);
}


void coh_clock_set_rate(struct coh_clock *c, double rate) {
  coh_assert(c->kind == COH_CLOCK_VIRTUAL);
  coh_assert(rate >= 0);
  count_from(c, virtual_now(c));
  c->rate = rate;
}


int64_t coh_clock_real_ns(const struct coh_clock *c, int64_t ns) {
  coh_assert(!coh_clock_stands(c));
  if (c->kind != COH_CLOCK_VIRTUAL || c->rate == 1 || ns == COH_NEVER) return ns;
  return coh_time_add(scale(ns, 1 / c->rate), 1);
}
