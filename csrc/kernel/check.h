/*
** Assertions. 'coh_assert' guards what cannot happen and is always on: a
** broken invariant stops the process at the place it broke, with the condition
** as the message, instead of corrupting memory later. 'coh_invariant' is for
** conditions too dear for release builds; it is on when COH_DEBUG is defined.
** One condition per assertion, so that the message says which one failed.
*/
#ifndef COH_KERNEL_CHECK_H
#define COH_KERNEL_CHECK_H

#include <stdio.h>
#include <stdlib.h>

#define coh_assert(condition) \
  ((condition) ? (void)0 : coh_assert_failed(#condition, __FILE__, __LINE__))

#ifdef COH_DEBUG
#define coh_invariant(condition) coh_assert(condition)
#else
#define coh_invariant(condition) ((void)0)
#endif

_Noreturn static inline void coh_assert_failed(const char *condition, const char *file, int line) {
  fprintf(stderr, "cohort: internal error: %s:%d: %s\n", file, line, condition);
  abort();
}

#endif
