/*
** The door of the I/O room: see io.h.
*/
#include "io/io.h"

#include "io/fd.h"
#include "io/handle.h"
#include "io/op.h"
#include "io/room.h"
#include "io/signals.h"
#include "io/terminal.h"


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
