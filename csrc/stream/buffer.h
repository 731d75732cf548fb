/*
** Bytes that were read and not yet asked for. Bounded by what the reads of a stream ask for plus one chunk;
** holds no memory when empty.
*/
#ifndef COH_STREAM_BUFFER_H
#define COH_STREAM_BUFFER_H

#include "kernel/hidden.h"
#include "kernel/mem.h"

#include <stdbool.h>

COH_HIDDEN

struct coh_streambuf {
  char *bytes;   /* owned; NULL when empty */
  size_t begin;  /* index of the first byte that is left */
  size_t end;    /* index behind the last */
  size_t size;   /* of the block */
};

/* The bytes, valid until some are added or taken. */
static inline const char *coh_streambuf_at(const struct coh_streambuf *b) {
  return b->bytes != NULL ? b->bytes + b->begin : "";
}

static inline size_t coh_streambuf_length(const struct coh_streambuf *b) {
  return b->end - b->begin;
}

/* Append bytes. False: out of memory, and nothing has changed. */
bool coh_streambuf_add(struct coh_mem *mem, struct coh_streambuf *b, const char *bytes, size_t count);

/* Take 'count' bytes off the front. */
void coh_streambuf_take(struct coh_mem *mem, struct coh_streambuf *b, size_t count);

/* Take all. */
void coh_streambuf_clear(struct coh_mem *mem, struct coh_streambuf *b);

COH_SEEN

#endif
