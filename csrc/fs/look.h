/*
** Finding what a read of a file wants in the bytes at hand, in the formats of Lua's io.
*/
#ifndef COH_FS_LOOK_H
#define COH_FS_LOOK_H

#include <stdbool.h>
#include <stddef.h>

#include "kernel/hidden.h"

COH_HIDDEN

enum coh_want { COH_WANT_LINE, COH_WANT_LINE_KEPT, COH_WANT_ALL, COH_WANT_COUNT, COH_WANT_NUMBER };

struct coh_goal {
  enum coh_want want;
  size_t n;     /* COUNT: how many bytes */
};

struct coh_found {
  size_t take;  /* this is it, at the start; of a numeral, with the blanks before it */
  size_t drop;  /* and so much is used up */
};

enum coh_answer { COH_LOOK_MORE, COH_LOOK_FOUND, COH_LOOK_NOTHING };

/*
** Is what is wanted in the 'length' bytes at 'at'? 'ended': there are no more now. 'scanned' is
** kept from one call to the next of the same read, 0 at first.
*/
enum coh_answer coh_look(const struct coh_goal *g, const char *at, size_t length, bool ended, size_t *scanned,
                         struct coh_found *f);

COH_SEEN

#endif
