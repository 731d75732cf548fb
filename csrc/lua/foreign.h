/*
** Names that other libraries use, and what to write instead.
*/
#ifndef COH_LUA_FOREIGN_H
#define COH_LUA_FOREIGN_H

#include <stddef.h>

#include "kernel/hidden.h"

COH_HIDDEN

struct coh_foreign {
  const char *noun;  /* "cohort", "stream", "run": what has the name */
  const char *name;
  const char *mend;  /* what to write instead, as the end of a message */
};

/* The foreign name of a 'noun' nearest to 'given', if nearer than *least, then its distance; else NULL. */
const struct coh_foreign *coh_foreign_find(const char *noun, const char *given, size_t *least);

/* What to write instead of a call of the 'noun' itself, or NULL: a constant. */
const char *coh_foreign_call(const char *noun);

COH_SEEN

#endif
