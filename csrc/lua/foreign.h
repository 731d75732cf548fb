/*
** Names of other libraries, and what to write in their place.
*/
#ifndef COH_LUA_FOREIGN_H
#define COH_LUA_FOREIGN_H

#include <stddef.h>

#include "kernel/hidden.h"

COH_HIDDEN

struct coh_foreign {
  const char *noun;  /* "cohort", "stream", "run": what has it */
  const char *name;
  const char *mend;  /* the end of a message */
};

/* The nearest to 'given' of what a 'noun' has elsewhere, if nearer than *least: that is its distance then. */
const struct coh_foreign *coh_foreign_find(const char *noun, const char *given, size_t *least);

/* What to write instead of a call of the 'noun' itself, or NULL: a constant. */
const char *coh_foreign_call(const char *noun);

COH_SEEN

#endif
