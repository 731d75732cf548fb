/*
** Names that are not there: what a field is called that somebody misspelt, or
** knows from another library. Reading such a field is misuse, so that it is told
** where it stands and not where a nil is called, or is given to another function.
*/
#ifndef COH_GLUE_NAMES_H
#define COH_GLUE_NAMES_H

#include <lua.h>

#include <stdbool.h>
#include <stddef.h>

#include "kernel/hidden.h"

COH_HIDDEN

/* How many letters must change to make 'b' of 'a', 99 when 'b' is long. Both have no NUL. */
size_t coh_name_distance(const char *a, const char *b);

/*
** The end of an '__index' that has found nothing under the key at 2. 'noun' is what has
** been asked, "lock" or "cohort.net"; its names are the keys of the table at 'methods' and
** 'fields', which NULL ends; 'fields' may be NULL. Pushes nil for a key that may well be
** asked for, else raises. [-0, +1, v]
*/
int coh_name_missing(lua_State *L, const char *noun, int methods, const char *const fields[]);

/* Let the table of methods on top answer so for what is not in it. [-0, +0, m] */
void coh_name_guard(lua_State *L, const char *noun);

COH_SEEN

#endif
