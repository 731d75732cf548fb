/*
** Finding what a read wants: see look.h.
*/
#include "fs/look.h"

#include <string.h>

#include "stream/number.h"


static enum coh_answer found(struct coh_found *f, size_t take, size_t drop) {
  *f = (struct coh_found){take, drop};
  return COH_LOOK_FOUND;
}


static enum coh_answer look_for_line(bool kept, const char *at, size_t length, bool ended, size_t *scanned,
                                     struct coh_found *f) {
  const char *end = length > *scanned ? memchr(at + *scanned, '\n', length - *scanned) : NULL;
  size_t before = end != NULL ? (size_t)(end - at) : length;
  if (end != NULL) return found(f, before + kept, before + 1);
  *scanned = length;
  if (!ended) return COH_LOOK_MORE;
  return length > 0 ? found(f, length, length) : COH_LOOK_NOTHING;
}


/* What is no numeral is found too, as nil. */
static enum coh_answer look_for_number(const char *at, size_t length, bool ended, size_t *blanks,
                                       struct coh_found *f) {
  struct coh_numeral n = coh_numeral_find(at, length, blanks);
  if (n.open && !ended) return COH_LOOK_MORE;
  return found(f, n.too_long ? 0 : n.length, n.length);
}


enum coh_answer coh_look(const struct coh_goal *g, const char *at, size_t length, bool ended, size_t *scanned,
                         struct coh_found *f) {
  size_t take = length;
  switch (g->want) {
    case COH_WANT_NUMBER: return look_for_number(at, length, ended, scanned, f);
    case COH_WANT_LINE: return look_for_line(false, at, length, ended, scanned, f);
    case COH_WANT_LINE_KEPT: return look_for_line(true, at, length, ended, scanned, f);
    case COH_WANT_ALL: return ended ? found(f, length, length) : COH_LOOK_MORE;
    default: break;
  }
  if (!ended && length < (g->n > 0 ? g->n : 1)) return COH_LOOK_MORE;
  if (length == 0) return COH_LOOK_NOTHING;
  if (take > g->n) take = g->n;
  return found(f, take, take);
}
