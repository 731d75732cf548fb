/*
** The I/O room of one loop: see io.h.
*/
#include "io/io.h"

#include "glue/shed.h"
#include "io/fd.h"
#include "io/handle.h"
#include "io/op.h"
#include "io/signals.h"
#include "io/terminal.h"


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


void coh_io_close_all(struct coh_state *S) {
  struct coh_io *io = coh_io_of(S);
  if (io == NULL) return;
  coh_signals_close_all(io);
  while (!coh_link_alone(&io->handles))
    coh_handle_close(coh_item(io->handles.next, struct coh_handle, link));
  while (!coh_link_alone(&io->ops))
    coh_op_drop(coh_item(io->ops.next, struct coh_op, link));
  coh_terminal_close_all(io);
  S->loop.uv.data = NULL;
  coh_mem_free(&S->loop.rt.mem, io, sizeof *io);
}


void coh_io_open(lua_State *L) {
  coh_signals_open(L);
  coh_fd_open(L);
}
