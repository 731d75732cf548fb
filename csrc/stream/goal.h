/*
** Goals: what a read wants, and whether the bytes at hand have it. The same for all that can be read, streams
** and files.
*/
#ifndef COH_STREAM_GOAL_H
#define COH_STREAM_GOAL_H

#include <lua.h>

#include <stdbool.h>
#include <stddef.h>

#include "kernel/hidden.h"

COH_HIDDEN

enum coh_want {
  COH_WANT_SOME, COH_WANT_COUNT, COH_WANT_EXACTLY, COH_WANT_LINE, COH_WANT_LINE_KEPT, COH_WANT_ALL,
  COH_WANT_UNTIL, COH_WANT_NUMBER
};

struct coh_goal {
  enum coh_want want;
  size_t n;                    /* SOME: at most so many; COUNT, EXACTLY: so many; LINE, UNTIL, NUMBER: the
                                  longest allowed */
  const char *delimiter;       /* UNTIL: borrowed from the reader's stack */
  size_t delimiter_length;
  size_t scanned;              /* this many bytes were searched and hold no end; 0 at first */
};

/* What part of the bytes at hand the read uses. */
struct coh_found {
  size_t take;  /* these are the result; of a numeral, with the blanks before it */
  size_t drop;  /* these are used up */
};

enum coh_answer { COH_LOOK_MORE, COH_LOOK_FOUND, COH_LOOK_TOO_LONG };

/*
** Is what is wanted in the 'length' bytes at 'at'? With 'ended' no more will come, and on COH_LOOK_MORE the
** reader gets nothing.
*/
enum coh_answer coh_goal_look(struct coh_goal *g, const char *at, size_t length, bool ended,
                              struct coh_found *f);

/* Push what was found at 'at': a string, a number, or nil. May run finalizers. [-0, +1, m] */
void coh_goal_push(lua_State *L, const struct coh_goal *g, const char *at, const struct coh_found *f);

COH_SEEN

#endif
