/*
** Handles: see handle.h.
*/
#include "io/handle.h"

#include "lua/outofmemory.h"


void *coh_handle_try(struct coh_state *S, size_t size, void (*close)(struct coh_handle *h)) {
  struct coh_handle *h = coh_mem_new(&S->loop.rt.mem, size);
  if (h == NULL) return NULL;
  coh_link_init(&h->link);
  h->close = close;
  h->state = S;
  h->size = size;
  return h;
}


void *coh_handle_alloc(lua_State *L, struct coh_state *S, size_t size, void (*close)(struct coh_handle *h)) {
  void *h;
  coh_io_need(L, S);
  h = coh_handle_try(S, size, close);
  if (h == NULL) coh_out_of_memory(L);
  return h;
}


void coh_handle_free(struct coh_state *S, struct coh_handle *h) {
  coh_mem_free(&S->loop.rt.mem, h, h->size);
}


void coh_handle_bind(struct coh_state *S, struct coh_handle *h, struct coh_box *box) {
  coh_link_append(&coh_io_of(S)->handles, &h->link);
  h->box = box;
  box->handle = h;
}


void coh_handle_close(struct coh_handle *h) {
  h->close(h);
  coh_link_remove(&h->link);
  h->box->handle = NULL;
  h->box = NULL;
}


void coh_handle_closed(uv_handle_t *uv) {
  struct coh_handle *h = coh_handle_of(uv);
  coh_handle_free(h->state, h);
}
