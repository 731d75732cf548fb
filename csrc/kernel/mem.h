/*
** The one door to memory. Everything the kernel and the glue allocate comes
** from the host's allocator (the lua_State's own), so one limit covers all and
** one counter tells how much is held. Tests make the n-th call fail.
*/
#ifndef COH_KERNEL_MEM_H
#define COH_KERNEL_MEM_H

#include <stddef.h>
#include <stdint.h>

#include "kernel/fault.h"
#include "kernel/hidden.h"

COH_HIDDEN

/* As lua_Alloc: 'new_size' 0 frees, 'ptr' NULL allocates. */
typedef void *(*coh_alloc)(void *ud, void *ptr, size_t old_size, size_t new_size);

struct coh_mem {
  coh_alloc alloc;
  void *ud;                  /* borrowed, handed to 'alloc' */
  size_t used;               /* bytes held now */
  struct coh_faults faults;  /* of allocations, and of all other operations that can fail */
};

/* 'alloc' NULL means the C library's. */
void coh_mem_init(struct coh_mem *m, coh_alloc alloc, void *ud);

/* 'size' bytes of zeroes, or NULL. */
void *coh_mem_new(struct coh_mem *m, size_t size);

/* 'ptr' may be NULL. 'size' is what coh_mem_new was given. */
void coh_mem_free(struct coh_mem *m, void *ptr, size_t size);

COH_SEEN

#endif
