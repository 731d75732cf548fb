/* Preloaded by the counts of bench/gate: the time of day is what COHORT_SEED says. Lua makes the seed of its
 * hash from the time, and the seed moves counts: with one of our choosing, two runs count the same. */
#include <stdlib.h>
#include <time.h>

time_t time(time_t *when) {
  const char *seed = getenv("COHORT_SEED");
  time_t now = seed == NULL ? 0 : (time_t)atoi(seed);
  if (when != NULL) *when = now;
  return now;
}
