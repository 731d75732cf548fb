/*
** Numerals in a stream, as the format "n" of Lua's io reads them.
*/
#ifndef COH_STREAM_NUMBER_H
#define COH_STREAM_NUMBER_H

#include <lua.h>

#include <stdbool.h>

#include "kernel/hidden.h"

COH_HIDDEN

struct coh_numeral {
  size_t length;  /* of the blanks and the longest prefix of a numeral */
  bool open;      /* more bytes could make it longer */
  bool too_long;  /* not a numeral, because it goes on past what may be used up */
};

/* Look at 'length' bytes, of which the first '*blanks' are known to be blanks; updates '*blanks'. */
struct coh_numeral coh_numeral_find(const char *at, size_t length, size_t *blanks);

/* Push the number that was found, blanks included, or nil when it is not one. [-0, +1, -] */
void coh_numeral_push(lua_State *L, const char *at, size_t length);

COH_SEEN

#endif
