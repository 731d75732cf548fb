/*
** Assertions. 'coh_assert' guards what cannot happen and is always on: a
** broken invariant stops the process at the place it broke, with the condition
** as the message, instead of corrupting memory later. One condition per
** assertion, so that the message says which one failed.
*/
#ifndef COH_KERNEL_CHECK_H
#define COH_KERNEL_CHECK_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

_Static_assert(SIZE_MAX == UINT64_MAX, "cohort is for systems of 64 bits: its counts are as large as Lua's");

#define coh_assert(condition) \
  ((condition) ? (void)0 : coh_assert_failed(#condition, __FILE__, __LINE__))

_Noreturn static inline void coh_assert_failed(const char *condition, const char *file, int line) {
  fprintf(stderr, "cohort: internal error: %s:%d: %s\n", file, line, condition);
  abort();
}

#endif
