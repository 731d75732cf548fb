/*
** Faults on demand. Whatever the world can refuse asks here first whether it shall
** fail now: memory, and each call of the system on behalf of a task. Tests make the
** n-th of them fail, one after the other; else asking counts, and costs one branch.
*/
#ifndef COH_KERNEL_FAULT_H
#define COH_KERNEL_FAULT_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

#define COH_FAULT_PLACE_MAX 80

struct coh_faults {
  uint64_t calls;      /* that asked so far */
  uint64_t fail_at;    /* the one that fails, counted from 1; 0: none */
  const char *failed;  /* what that was, NULL before */
  int error;           /* errno that it gets; 0: what fits it */
  void (*on_fail)(struct coh_faults *x);  /* called when that fails, or NULL: writes into 'place' */
  char place[COH_FAULT_PLACE_MAX];        /* where the program stood then, for people */
};

/* Shall 'operation' fail now? Then errno says with what, 'error' unless a test wants another. */
static inline bool coh_fault(struct coh_faults *x, const char *operation, int error) {
  if (__builtin_expect(++x->calls != x->fail_at, 1)) return false;
  x->failed = operation;
  if (x->on_fail != NULL) x->on_fail(x);
  errno = x->error != 0 ? x->error : error;
  return true;
}

#endif
