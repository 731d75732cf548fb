/* All memory goes through the host's allocator, is counted, and can be made to fail. */
#include "support.h"

struct host { size_t calls, old_size, new_size; bool exhausted; };

static void *host_alloc(void *ud, void *ptr, size_t old_size, size_t new_size) {
  struct host *h = ud;
  h->calls++;
  h->old_size = old_size;
  h->new_size = new_size;
  if (new_size == 0) {
    free(ptr);
    return NULL;
  }
  return h->exhausted ? NULL : memset(malloc(new_size), 0xAA, new_size);
}


static void new_memory_is_zeroes_from_the_hosts_allocator(void) {
  struct host h = {0}; struct coh_mem m; unsigned char *p; int i;
  coh_mem_init(&m, host_alloc, &h);
  p = coh_mem_new(&m, 64);
  CHECK(h.calls == 1 && h.new_size == 64);
  for (i = 0; i < 64; i++) CHECK(p[i] == 0);
  coh_mem_free(&m, p, 64);
  CHECK(h.calls == 2 && h.old_size == 64 && h.new_size == 0);
}


static void what_is_held_is_counted(void) {
  struct coh_mem m; void *a, *b;
  coh_mem_init(&m, NULL, NULL);
  a = coh_mem_new(&m, 10);
  b = coh_mem_new(&m, 32);
  CHECK(m.used == 42);
  coh_mem_free(&m, a, 10);
  CHECK(m.used == 32);
  coh_mem_free(&m, b, 32);
  CHECK(m.used == 0);
}


static void freeing_nothing_is_allowed_and_counts_nothing(void) {
  struct host h = {0}; struct coh_mem m;
  coh_mem_init(&m, host_alloc, &h);
  coh_mem_free(&m, NULL, 100);
  CHECK(m.used == 0 && h.calls == 0);
}


static void a_failing_host_gives_null_and_counts_nothing(void) {
  struct host h = {.exhausted = true}; struct coh_mem m;
  coh_mem_init(&m, host_alloc, &h);
  CHECK(coh_mem_new(&m, 8) == NULL);
  CHECK(m.used == 0);
}


static void the_nth_call_can_be_made_to_fail(void) {
  struct host h = {0}; struct coh_mem m; void *a, *b;
  coh_mem_init(&m, host_alloc, &h);
  m.faults.fail_at = 3;
  a = coh_mem_new(&m, 1);
  b = coh_mem_new(&m, 1);
  CHECK(a != NULL && b != NULL);
  CHECK(m.faults.failed == NULL);
  CHECK(coh_mem_new(&m, 1) == NULL);
  CHECK(strcmp(m.faults.failed, "memory") == 0 && errno == ENOMEM);
  CHECK(h.calls == 2 && m.used == 2);
  coh_mem_free(&m, coh_mem_new(&m, 1), 1);
  CHECK(h.calls == 4 && m.faults.calls == 4);
  coh_mem_free(&m, a, 1);
  coh_mem_free(&m, b, 1);
}


int main(void) {
  RUN(new_memory_is_zeroes_from_the_hosts_allocator);
  RUN(what_is_held_is_counted);
  RUN(freeing_nothing_is_allowed_and_counts_nothing);
  RUN(a_failing_host_gives_null_and_counts_nothing);
  RUN(the_nth_call_can_be_made_to_fail);
  return passed("mem");
}
