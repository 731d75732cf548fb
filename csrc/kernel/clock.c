/*
** Clocks: see clock.h. libuv's cached loop time is not used: it lags behind
** after long steps and would make deadlines early; uv_hrtime does not.
*/
#include "kernel/clock.h"

#include <string.h>
#include <uv.h>


void coh_clock_init_real(struct coh_clock *c) {
  memset(c, 0, sizeof *c);
  c->kind = COH_CLOCK_REAL;
  c->origin_ns = (int64_t)uv_hrtime();
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


/* A host's clock that steps back is held still: deadlines rely on it. */
int64_t coh_clock_now(struct coh_clock *c) {
  if (c->kind == COH_CLOCK_REAL) {
    c->now_ns = (int64_t)uv_hrtime() - c->origin_ns;
  } else if (c->kind == COH_CLOCK_HOST) {
    int64_t now_ns = c->host(c->ud);
    if (now_ns > c->now_ns) c->now_ns = now_ns;
  }
  return c->now_ns;
}


void coh_clock_jump(struct coh_clock *c, int64_t at_ns) {
  if (c->kind == COH_CLOCK_VIRTUAL && at_ns > c->now_ns) c->now_ns = at_ns;
}
