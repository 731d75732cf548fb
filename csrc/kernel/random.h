/*
** A sequence of pseudo-random numbers, the same from the same state: good enough for the jitter of wait times
** and the faults of a test, not for secrets.
*/
#ifndef COH_KERNEL_RANDOM_H
#define COH_KERNEL_RANDOM_H

#include <stdint.h>

/* The next number; any 'state' will do. This is splitmix64. */
static inline uint64_t coh_random_next(uint64_t *state) {
  uint64_t x = *state += 0x9E3779B97F4A7C15u;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
  return x ^ (x >> 31);
}

#endif
