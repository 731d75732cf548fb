/*
** Faults on demand. Every operation that the world can refuse, an allocation or a
** system call on behalf of a task, asks here first whether it is to fail now. Tests
** make the n-th one fail, for each n in turn; otherwise asking only counts, which
** costs one branch.
*/
#ifndef COH_KERNEL_FAULT_H
#define COH_KERNEL_FAULT_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

#define COH_FAULT_PLACE_MAX 80

struct coh_faults {
  uint64_t calls;      /* how many have asked so far */
  uint64_t fail_at;    /* which of them is to fail, counted from 1; 0: none */
  const char *failed;  /* the operation that failed, NULL until then */
  int error;           /* the errno to fail with; 0: the operation's own choice */
  void (*on_fail)(struct coh_faults *x);  /* called when it fails, to fill in 'place'; may be NULL */
  char place[COH_FAULT_PLACE_MAX];        /* where the program stood then, for people */
};

/* Is 'operation' to fail now? If so errno is set: to 'error', unless a test wants another. */
static inline bool coh_fault(struct coh_faults *x, const char *operation, int error) {
  if (__builtin_expect(++x->calls != x->fail_at, 1)) return false;
  x->failed = operation;
  if (x->on_fail != NULL) x->on_fail(x);
  errno = x->error != 0 ? x->error : error;
  return true;
}

#endif
