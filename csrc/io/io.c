/*
** The I/O room of one loop: see io.h.
*/
#include "io/io.h"

#include <lauxlib.h>

#include "io/handle.h"
#include "io/listener.h"
#include "io/op.h"
#include "io/resolve.h"
#include "io/stream.h"
#include "io/tcp.h"


struct coh_io *coh_io_need(lua_State *L, struct coh_state *S) {
  struct coh_io *io = coh_io_of(S);
  if (io != NULL) return io;
  io = coh_mem_new(&S->loop.rt.mem, sizeof *io);
  if (io == NULL) luaL_error(L, "not enough memory");
  coh_link_init(&io->handles);
  coh_link_init(&io->ops);
  S->loop.uv.data = io;
  return io;
}


void coh_io_close_all(struct coh_state *S) {
  struct coh_io *io = coh_io_of(S);
  if (io == NULL) return;
  while (!coh_link_alone(&io->handles))
    coh_handle_close(coh_item(io->handles.next, struct coh_handle, link));
  while (!coh_link_alone(&io->ops))
    coh_op_drop(coh_item(io->ops.next, struct coh_op, link));
  S->loop.uv.data = NULL;
  coh_mem_free(&S->loop.rt.mem, io, sizeof *io);
}


void coh_io_open(lua_State *L) {
  coh_stream_open(L);
  coh_listener_open(L);
  coh_tcp_open(L);
  coh_resolve_open(L);
}
