/*
** Time, as int64 nanoseconds that never go back. A clock is the machine's
** monotonic one, a host's function, or virtual: a number that moves only when
** set, or jumps to the next deadline once nothing else is left to do, or runs at a
** fixed rate of the machine's.
*/
#ifndef COH_KERNEL_CLOCK_H
#define COH_KERNEL_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/hidden.h"

COH_HIDDEN

#define COH_NEVER INT64_MAX  /* a point in time that never comes */

enum coh_clock_kind { COH_CLOCK_REAL, COH_CLOCK_HOST, COH_CLOCK_VIRTUAL };

struct coh_clock {
  enum coh_clock_kind kind;
  bool autojump;                /* virtual: jump to the next deadline when idle */
  double rate;                  /* virtual: its seconds per second of the machine's; 0 or more */
  int64_t now_ns;               /* virtual: the time it was last set to; others: the latest reading */
  int64_t origin_ns;            /* the machine's time at 'init'; virtual with a rate: at 'now_ns' */
  int64_t (*host)(void *ud);    /* host: its function, in ns */
  void *ud;                     /* borrowed, handed to 'host' */
};

void coh_clock_init_real(struct coh_clock *c);
void coh_clock_init_host(struct coh_clock *c, int64_t (*now)(void *ud), void *ud);
void coh_clock_init_virtual(struct coh_clock *c, bool autojump);

/* The machine's own monotonic time, from an arbitrary origin. */
int64_t coh_clock_machine(void);

/* Nanoseconds on this clock. Real and virtual clocks start at 0. */
int64_t coh_clock_now(struct coh_clock *c);

/* Move a virtual clock forward to 'at_ns'; a point in its past is ignored. */
void coh_clock_jump(struct coh_clock *c, int64_t at_ns);

/* Let a virtual clock run at 'rate' from now on: finite, 0 or more. */
void coh_clock_set_rate(struct coh_clock *c, double rate);

/* Does it stand still while the machine's time passes? */
static inline bool coh_clock_stands(const struct coh_clock *c) {
  return c->kind == COH_CLOCK_VIRTUAL && c->rate == 0;
}

/* The machine's nanoseconds that this clock, which must not stand, takes to move by 'ns'. Rounded up. */
int64_t coh_clock_real_ns(const struct coh_clock *c, int64_t ns);

/* a + b without overflow; b >= 0. COH_NEVER stays COH_NEVER. */
static inline int64_t coh_time_add(int64_t a_ns, int64_t b_ns) {
  return a_ns > COH_NEVER - b_ns ? COH_NEVER : a_ns + b_ns;
}

COH_SEEN

#endif
