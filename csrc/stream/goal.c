/*
** Finding what a read wants: see goal.h.
*/
#include "stream/goal.h"

#include <string.h>

#include "stream/number.h"


static enum coh_answer found(struct coh_found *f, size_t take, size_t drop) {
  *f = (struct coh_found){take, drop};
  return COH_LOOK_FOUND;
}


/* The first delimiter from 'from' on, or NULL. */
static const char *find(const struct coh_goal *g, const char *at, size_t from, size_t length) {
  if (g->want != COH_WANT_UNTIL) return memchr(at + from, '\n', length - from);
  return memmem(at + from, length - from, g->delimiter, g->delimiter_length);
}


/* Look for the end of a line, or for a delimiter. */
static enum coh_answer look_for_end(struct coh_goal *g, const char *at, size_t length, bool ended,
                                    struct coh_found *f) {
  size_t mark = g->want == COH_WANT_UNTIL ? g->delimiter_length : 1;
  size_t from = g->scanned >= mark ? g->scanned - mark + 1 : 0;
  const char *end = length > from ? find(g, at, from, length) : NULL;
  size_t before = end != NULL ? (size_t)(end - at) : length >= mark ? length - mark + 1 : 0;
  if (before > g->n) return COH_LOOK_TOO_LONG;
  if (end != NULL) return found(f, before + (g->want == COH_WANT_LINE_KEPT), before + mark);
  g->scanned = length;
  if (!ended || length == 0 || g->want == COH_WANT_UNTIL) return COH_LOOK_MORE;
  return found(f, length, length);
}


/* Look for a numeral behind 'scanned' blanks. Something that is not a numeral counts as found too. */
static enum coh_answer look_for_number(struct coh_goal *g, const char *at, size_t length, bool ended,
                                       struct coh_found *f) {
  struct coh_numeral n = coh_numeral_find(at, length, &g->scanned);
  if (g->scanned > g->n) return COH_LOOK_TOO_LONG;
  if (n.open && !ended) return COH_LOOK_MORE;
  return found(f, n.too_long ? 0 : n.length, n.length);
}


enum coh_answer coh_goal_look(struct coh_goal *g, const char *at, size_t length, bool ended,
                              struct coh_found *f) {
  size_t take = length < g->n ? length : g->n;
  bool is;
  switch (g->want) {
    case COH_WANT_SOME: is = length > 0; break;
    case COH_WANT_COUNT: is = length > 0 && (length >= g->n || ended); break;
    case COH_WANT_EXACTLY: is = length >= g->n; break;
    case COH_WANT_ALL: is = ended; take = length; break;
    case COH_WANT_NUMBER: return look_for_number(g, at, length, ended, f);
    default: return look_for_end(g, at, length, ended, f);
  }
  return is ? found(f, take, take) : COH_LOOK_MORE;
}


void coh_goal_push(lua_State *L, const struct coh_goal *g, const char *at, const struct coh_found *f) {
  if (g->want == COH_WANT_NUMBER) coh_numeral_push(L, at, f->take);
  else lua_pushlstring(L, at, f->take);
}
