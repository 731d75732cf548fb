/*
** Name lookup, in libuv's thread pool. It cannot be stopped there: a wait that is
** cut leaves its request behind, which finishes unseen. A numeric address needs no
** thread. The first argument was checked by net.lua, the second says whose line it is.
**
**   the stack   1 host   2 "file:line"   3 the request, while it is in flight
*/
#include "io/resolve.h"

#include <lauxlib.h>

#include <netdb.h>
#include <stdlib.h>

#include "glue/syserr.h"
#include "glue/wait.h"
#include "io/addr.h"
#include "io/op.h"
#include "io/pool.h"


static const struct coh_wait_kind resolve_kind = {
  .what = "resolve", .abort = coh_op_abort, .external = true, .finishes = true};


static void release(struct coh_op *op) {
  uv_freeaddrinfo(op->req.getaddrinfo.addrinfo);
  op->req.getaddrinfo.addrinfo = NULL;
}


static void on_resolved(uv_getaddrinfo_t *req, int status, struct addrinfo *list) {
  (void)list;  /* it is in the request */
  coh_op_finish((struct coh_op *)req, status);
}


static int raise_status(lua_State *L, int status) {
  coh_syserr_push(L, COH_SYSTEM_ERROR, status, "resolve", "address", lua_tostring(L, 1));
  lua_pushvalue(L, 2);
  lua_setfield(L, -2, "where");
  return lua_error(L);
}


/* Push an address without a port. [-0, +1, m] */
static void push_host(lua_State *L, const struct coh_addr *a) {
  coh_addr_push(L, a);
  lua_pushnil(L);
  lua_setfield(L, -2, "port");
}


/* pcall'ed: (list of the system) -> list of {host =, family =} */
static int push_list(lua_State *L) {
  const struct addrinfo *at = lua_touserdata(L, 1);
  lua_Integer n = 0;
  lua_newtable(L);
  for (; at != NULL; at = at->ai_next) {
    struct coh_addr a;
    coh_addr_set(&a, at->ai_addr);
    if (a.length == 0) continue;
    push_host(L, &a);
    lua_rawseti(L, -2, ++n);
  }
  return 1;
}


/* The request is freed whether there is memory for its result or not. */
static int resolved(lua_State *L, int status, lua_KContext context) {
  struct coh_op *op;
  int outcome;
  coh_woken(L, context);
  op = lua_touserdata(L, 3);
  status = op->status;
  lua_pushcfunction(L, push_list);
  lua_pushlightuserdata(L, op->req.getaddrinfo.addrinfo);
  outcome = lua_pcall(L, 1, 1, 0);
  coh_op_free(op);
  if (status < 0) return raise_status(L, status);
  if (outcome != LUA_OK) return lua_error(L);
  if (lua_rawlen(L, -1) == 0) return raise_status(L, UV_EAI_NODATA);
  return 1;
}


/* Begin in the pool; the request, or NULL and a status. [-0, +0, m] */
static struct coh_op *begin(lua_State *L, struct coh_state *S, int *status) {
  const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
  struct coh_op *op;
  *status = coh_pool_check(coh_io_need(L, S));
  if (*status < 0) return NULL;
  op = coh_op_new(L, S, release);
  *status = uv_getaddrinfo(&S->loop.uv, &op->req.getaddrinfo, on_resolved, lua_tostring(L, 1), NULL, &hints);
  if (*status == 0) return op;
  coh_op_free(op);
  return NULL;
}


static int resolve_try(lua_State *L, int status, lua_KContext context) {
  struct coh_fiber *f = coh_test(L, context);
  struct coh_addr a;
  struct coh_op *op;
  if (coh_addr_parse(&a, lua_tostring(L, 1), 0)) {
    lua_createtable(L, 1, 0);
    push_host(L, &a);
    lua_rawseti(L, -2, 1);
    return 1;
  }
  op = begin(L, coh_state_here(L), &status);
  if (op == NULL) return raise_status(L, status);
  lua_pushlightuserdata(L, op);
  coh_op_park(op, f, &resolve_kind);
  return coh_yield(L, f, resolved);
}


/* resolve(host, where) -> list of addresses */
static int l_resolve(lua_State *L) {
  lua_settop(L, 2);
  return coh_begin(L, resolve_try);
}


void coh_resolve_open(lua_State *L) {
  lua_pushlightuserdata(L, coh_state_of(L));
  lua_pushcclosure(L, l_resolve, 1);
  lua_setfield(L, -2, "resolve");
}
