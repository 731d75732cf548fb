/*
** Buffered bytes: see buffer.h. The block doubles, so bytes that trickle in are each moved a bounded number
** of times.
*/
#include "stream/buffer.h"

#include <stdint.h>
#include <string.h>

#define SIZE_MIN 256


/* The size of a block for 'needed' bytes or more; 0 when there can be none. */
static size_t size_for(size_t needed) {
  size_t size = SIZE_MIN;
  if (needed > SIZE_MAX / 2) return 0;
  while (size < needed) size *= 2;
  return size;
}


/* Move the bytes to the front of a block that has room for 'count' more. False: out of memory. */
static bool make_room(struct coh_mem *mem, struct coh_streambuf *b, size_t count) {
  size_t length = coh_streambuf_length(b), size;
  char *block;
  if (b->size - length >= count && b->begin >= length) {
    if (length > 0) memmove(b->bytes, coh_streambuf_at(b), length);
  } else {
    size = count > SIZE_MAX / 4 || length > SIZE_MAX / 4 ? 0 : size_for(2 * length + count);
    block = size != 0 ? coh_mem_new(mem, size) : NULL;
    if (block == NULL) return false;
    if (length > 0) memcpy(block, coh_streambuf_at(b), length);
    coh_mem_free(mem, b->bytes, b->size);
    b->bytes = block;
    b->size = size;
  }
  b->begin = 0;
  b->end = length;
  return true;
}


bool coh_streambuf_add(struct coh_mem *mem, struct coh_streambuf *b, const char *bytes, size_t count) {
  if (count == 0) return true;
  if (b->size - b->end < count && !make_room(mem, b, count)) return false;
  memcpy(b->bytes + b->end, bytes, count);
  b->end += count;
  return true;
}


void coh_streambuf_take(struct coh_mem *mem, struct coh_streambuf *b, size_t count) {
  b->begin += count;
  if (b->begin == b->end) coh_streambuf_clear(mem, b);
}


void coh_streambuf_clear(struct coh_mem *mem, struct coh_streambuf *b) {
  coh_mem_free(mem, b->bytes, b->size);
  *b = (struct coh_streambuf){NULL, 0, 0, 0};
}
