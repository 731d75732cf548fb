/*
** The I/O room of one loop: see room.h.
*/
#include "io/room.h"

#include "lua/outofmemory.h"


struct coh_io *coh_io_need(lua_State *L, struct coh_state *S) {
  struct coh_io *io = coh_io_of(S);
  size_t i;
  if (io != NULL) return io;
  io = coh_mem_new(&S->loop.rt.mem, sizeof *io);
  if (io == NULL) coh_out_of_memory(L);
  coh_link_init(&io->handles);
  coh_link_init(&io->ops);
  coh_link_init(&io->signals);
  coh_link_init(&io->listeners);
  coh_link_init(&io->lookup_queue);
  coh_link_init(&io->children);
  for (i = 0; i < COH_FD_BUCKETS; i++) coh_link_init(&io->watches[i]);
  S->loop.uv.data = io;
  return io;
}
