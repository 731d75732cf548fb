/*
** Name lookup, in libuv's thread pool. A lookup cannot be stopped there: a wait that is cut leaves its
** request behind, which finishes unseen. A numeric address needs no thread. net.lua has checked the first
** argument; the second is the place that errors name.
**
** A server that does not answer holds a thread until the system's resolver gives up. So the number of lookups
** is limited by places, half as many as there are threads (rounded up): the other threads are left for files.
** A place is kept until its lookup has really ended, whether or not somebody still waits for it, and is then
** handed to whoever has waited longest. libuv gives lookups no more threads than that either, but would keep
** lookups in its queue that nobody wants any more.
**
**   the stack   1 host   2 "file:line"   3 nil or "inet"   4 the way   5 the request, while in flight
*/
#include "net/resolve.h"

#include <lauxlib.h>

#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#include "errors/system.h"
#include "glue/wait.h"
#include "io/addr.h"
#include "io/op.h"
#include "io/pool.h"
#include "lua/outofmemory.h"

enum { HOST = 1, WHERE, FAMILY, WAY, REQUEST };

/* A direction: from names to addresses, or back. Each is a constant. */
struct way {
  struct coh_wait_kind kind;   /* of the wait for the lookup; 'what' is the operation's name */
  int (*begin)(lua_State *L, uv_loop_t *loop, struct coh_op *op);
  void (*release)(struct coh_op *op);
  lua_CFunction push;          /* pcall'ed: (request) -> result, or nil when it is empty */
};


/*
** The error on top says that there is no such host. Add a hint if the host was given with its port, or as a
** URL. [-0, +0, m]
*/
static void add_hint(lua_State *L) {
  if (strpbrk(lua_tostring(L, HOST), ":/") == NULL) return;
  lua_getfield(L, -1, "message");
  lua_pushliteral(L, ": a host is a name or an address alone, and the port an argument of its own");
  lua_concat(L, 2);
  lua_setfield(L, -2, "message");
}


static int raise_status(lua_State *L, int status, const char *operation) {
  coh_syserr_push(L, COH_SYSTEM_ERROR, status, operation, "address", lua_tostring(L, HOST));
  if (status == UV_EAI_NONAME && strcmp(operation, "resolve") == 0) add_hint(L);
  lua_pushvalue(L, WHERE);
  lua_setfield(L, -2, "where");
  return lua_error(L);
}


/* {{ Places */

static void give_place(struct coh_io *io) {
  if (!coh_wait_wake_one(&io->lookup_queue)) io->lookups--;
}


static void forfeit_place(struct coh_wait *w) {
  if (w->outcome == COH_WOKEN) give_place(w->of);
}


static const struct coh_wait_kind place_kind = {
  .what = "a place among the lookups", .forfeit = forfeit_place, .external = true, .finishes = true};


/* When the runtime is closing, there is nobody to give the place to. */
static void finish(uv_req_t *req, int status) {
  struct coh_op *op = (struct coh_op *)req;
  struct coh_io *io = coh_io_of(op->S);
  coh_op_finish(op, status);
  if (io != NULL) give_place(io);
}

/* }} */


/* {{ A lookup */

/* A lookup that no thread has begun is taken back. */
static bool leave_behind(struct coh_wait *w) {
  struct coh_op *op = coh_item(w->link.next, struct coh_op, waiter);
  uv_cancel(&op->req.any);
  return coh_op_abort(w);
}


/* Frees the request whether or not there is memory for its result. */
static int looked_up(lua_State *L, int status, lua_KContext context) {
  const struct way *way = lua_touserdata(L, WAY);
  struct coh_op *op;
  int outcome;
  coh_arrived(L, context);
  op = lua_touserdata(L, REQUEST);
  status = op->status;
  lua_pushcfunction(L, way->push);
  lua_pushlightuserdata(L, op);
  outcome = status < 0 ? LUA_OK : lua_pcall(L, 1, 1, 0);
  coh_op_free(op);
  if (status < 0) return raise_status(L, status, way->kind.what);
  if (outcome != LUA_OK) return lua_error(L);
  if (lua_isnil(L, -1)) return raise_status(L, UV_EAI_NODATA, way->kind.what);
  return 1;
}


/* Begin in the pool, holding a place, which is passed on if memory is out or the lookup is refused. */
static int begin(lua_State *L, struct coh_fiber *f) {
  struct coh_state *S = coh_state_here(L);
  const struct way *way = lua_touserdata(L, WAY);
  struct coh_op *op = coh_op_new(S, sizeof *op, way->release);
  int status = 0;
  if (op != NULL)
    status = coh_io_fails(S, way->kind.what, -UV_EAI_AGAIN) ? uv_translate_sys_error(errno)
             : way->begin(L, &S->loop.uv, op);
  if (op == NULL || status < 0) {
    give_place(coh_io_of(S));
    if (op == NULL) return coh_out_of_memory(L);
    coh_op_free(op);
    return raise_status(L, status, way->kind.what);
  }
  lua_pushlightuserdata(L, op);
  coh_op_park(op, f, &way->kind);
  return coh_yield(L, f, looked_up);
}


static int placed(lua_State *L, int status, lua_KContext context) {
  struct coh_fiber *f = coh_arrived(L, context);
  (void)status;
  if (!coh_task_cancelled(&f->task)) return begin(L, f);
  give_place(coh_io_of(coh_state_here(L)));
  return coh_raise_cancelled(L, f);
}


static int look_up(lua_State *L, struct coh_fiber *f) {
  const struct way *way = lua_touserdata(L, WAY);
  struct coh_state *S = coh_state_here(L);
  struct coh_io *io = coh_io_need(L, S);
  int status = coh_pool_check(io, S);
  if (status < 0) return raise_status(L, status, way->kind.what);
  if (io->lookups < io->lookups_max) {
    io->lookups++;
    return begin(L, f);
  }
  coh_wait_park(&f->task.wait, &f->task.current->slot, &place_kind, &io->lookup_queue);
  f->task.wait.of = io;
  return coh_yield(L, f, placed);
}

/* }} */


/* {{ From a name to addresses */

/* Push an address without a port. [-0, +1, m] */
static void push_host(lua_State *L, const struct coh_addr *a) {
  coh_addr_push(L, a);
  lua_pushnil(L);
  lua_setfield(L, -2, "port");
}


/* pcall'ed: (request) -> list of {host =, family =}, or nil when there is nothing in it */
static int push_list(lua_State *L) {
  const struct coh_op *op = lua_touserdata(L, 1);
  const struct addrinfo *at = op->req.getaddrinfo.addrinfo;
  lua_Integer n = 0;
  lua_newtable(L);
  for (; at != NULL; at = at->ai_next) {
    struct coh_addr a;
    coh_addr_set(&a, at->ai_addr, at->ai_addrlen);
    if (a.length == 0) continue;
    push_host(L, &a);
    lua_rawseti(L, -2, ++n);
  }
  if (n == 0) lua_pushnil(L);
  return 1;
}


static void free_list(struct coh_op *op) {
  uv_freeaddrinfo(op->req.getaddrinfo.addrinfo);
  op->req.getaddrinfo.addrinfo = NULL;
}


static void on_addresses(uv_getaddrinfo_t *req, int status, struct addrinfo *list) {
  (void)list;  /* it is in the request */
  finish((uv_req_t *)req, status);
}


static int begin_forward(lua_State *L, uv_loop_t *loop, struct coh_op *op) {
  const struct addrinfo hints = {
    .ai_socktype = SOCK_STREAM, .ai_family = lua_isnil(L, FAMILY) ? AF_UNSPEC : AF_INET};
  return uv_getaddrinfo(loop, &op->req.getaddrinfo, on_addresses, lua_tostring(L, HOST), NULL, &hints);
}


static const struct way forward = {
  .kind = {.what = "resolve", .abort = leave_behind, .forfeit = coh_op_forfeit, .external = true,
           .finishes = true},
  .begin = begin_forward, .release = free_list, .push = push_list};


static int resolve_try(lua_State *L, int status, lua_KContext context) {
  struct coh_fiber *f = coh_test(L, context);
  struct coh_addr a;
  status = coh_addr_parse(&a, lua_tostring(L, HOST), 0);
  if (status == UV_EINVAL) return look_up(L, f);
  if (status < 0) return raise_status(L, status, forward.kind.what);
  lua_createtable(L, 1, 0);
  push_host(L, &a);
  lua_rawseti(L, -2, 1);
  return 1;
}


/* resolve(host, where [, "inet"]) -> list of addresses, of all families or of IPv4 alone */
static int l_resolve(lua_State *L) {
  lua_settop(L, FAMILY);
  lua_pushlightuserdata(L, (void *)&forward);
  return coh_begin(L, resolve_try);
}

/* }} */


/* {{ From an address to a name */

/* pcall'ed: (request) -> name */
static int push_name(lua_State *L) {
  const struct coh_op *op = lua_touserdata(L, 1);
  lua_pushstring(L, op->req.getnameinfo.host);
  return 1;
}


/* The name is in the request itself. */
static void free_nothing(struct coh_op *op) {
  (void)op;
}


static void on_name(uv_getnameinfo_t *req, int status, const char *host, const char *service) {
  (void)host;
  (void)service;
  finish((uv_req_t *)req, status);
}


static int begin_backward(lua_State *L, uv_loop_t *loop, struct coh_op *op) {
  struct coh_addr a;
  int status = coh_addr_parse(&a, lua_tostring(L, HOST), 0);
  return status < 0 ? status : uv_getnameinfo(loop, &op->req.getnameinfo, on_name, &a.u.any, NI_NAMEREQD);
}


static const struct way backward = {
  .kind = {.what = "reverse", .abort = leave_behind, .forfeit = coh_op_forfeit, .external = true,
           .finishes = true},
  .begin = begin_backward, .release = free_nothing, .push = push_name};


static int reverse_try(lua_State *L, int status, lua_KContext context) {
  (void)status;
  return look_up(L, coh_test(L, context));
}


/* reverse(numeric address, where) -> name */
static int l_reverse(lua_State *L) {
  lua_settop(L, FAMILY);
  lua_pushlightuserdata(L, (void *)&backward);
  return coh_begin(L, reverse_try);
}

/* }} */


/* {{ For lookups that the Lua side answers */

/* numeric_address(text) -> {host =, family =}; nil for a name, false for an unknown interface */
static int l_numeric_address(lua_State *L) {
  struct coh_addr a;
  int status = coh_addr_parse(&a, lua_tostring(L, 1), 0);
  if (status == 0) push_host(L, &a);
  else if (status == UV_ENODEV) lua_pushboolean(L, false);
  else lua_pushnil(L);
  return 1;
}


/* The status that libuv names 'code', or 0. */
static int status_called(const char *code) {
#define COMPARE(name, text) if (strcmp(code, #name) == 0) return UV_##name;
  UV_ERRNO_MAP(COMPARE)
#undef COMPARE
  return 0;
}


/*
** raise_lookup(host, where, code, operation): raises as a failed lookup does; returns when there is no such
** code
*/
static int l_raise_lookup(lua_State *L) {
  int status = status_called(lua_tostring(L, 3));
  return status == 0 ? 0 : raise_status(L, status, lua_tostring(L, 4));
}

/* }} */


static const luaL_Reg functions[] = {
  {"resolve", l_resolve},
  {"reverse", l_reverse},
  {"numeric_address", l_numeric_address},
  {"raise_lookup", l_raise_lookup},
  {NULL, NULL}
};


void coh_resolve_open(lua_State *L) {
  lua_pushlightuserdata(L, coh_state_of(L));
  luaL_setfuncs(L, functions, 1);
}
