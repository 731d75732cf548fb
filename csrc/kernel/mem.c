/*
** Memory: see mem.h. Every block is zeroed here, so that a new struct is in its
** empty state without a constructor's help.
*/
#include "kernel/mem.h"

#include <stdlib.h>
#include <string.h>


static void *libc_alloc(void *ud, void *ptr, size_t old_size, size_t new_size) {
  (void)ud;
  (void)old_size;
  if (new_size == 0) {
    free(ptr);
    return NULL;
  }
  return realloc(ptr, new_size);
}


void coh_mem_init(struct coh_mem *m, coh_alloc alloc, void *ud) {
  m->alloc = alloc != NULL ? alloc : libc_alloc;
  m->ud = ud;
  m->used = 0;
  m->faults = (struct coh_faults){.fail_at = 0};
}


void *coh_mem_new(struct coh_mem *m, size_t size) {
  void *ptr;
  if (coh_fault(&m->faults, "memory", ENOMEM)) return NULL;
  ptr = m->alloc(m->ud, NULL, 0, size);
  if (ptr == NULL) return NULL;
  m->used += size;
  return memset(ptr, 0, size);
}


void coh_mem_free(struct coh_mem *m, void *ptr, size_t size) {
  if (ptr == NULL) return;
  m->used -= size;
  m->alloc(m->ud, ptr, size, 0);
}
