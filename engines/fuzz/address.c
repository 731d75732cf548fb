/*
** Socket addresses for the fuzzer, past every check that the public face makes: what our
** reader of texts says, what the system's says, and what any bytes of the system become.
*/
#include <lauxlib.h>
#include <lua.h>

#include <arpa/inet.h>
#include <string.h>

#include "io/addr.h"

int luaopen_fuzz_address(lua_State *L);


/* Push the table and the text of an address. */
static int push_both(lua_State *L, const struct coh_addr *a) {
  coh_addr_push(L, a);
  coh_addr_push_text(L, a);
  return 2;
}


/* parse(host, port) -> table, text; nothing when it is no numeric address */
static int parse(lua_State *L) {
  struct coh_addr a;
  if (coh_addr_parse(&a, luaL_checkstring(L, 1), (int)luaL_checkinteger(L, 2)) != 0) return 0;
  return push_both(L, &a);
}


/* by_system(host) -> "inet" or "inet6", its bytes; nothing when the system knows no such numeric address */
static int by_system(lua_State *L) {
  unsigned char bytes[16];
  const char *host = luaL_checkstring(L, 1);
  if (inet_pton(AF_INET, host, bytes) == 1) {
    lua_pushliteral(L, "inet");
    lua_pushlstring(L, (char *)bytes, 4);
  } else if (inet_pton(AF_INET6, host, bytes) == 1) {
    lua_pushliteral(L, "inet6");
    lua_pushlstring(L, (char *)bytes, 16);
  } else {
    return 0;
  }
  return 2;
}


/* from_path(path) -> table, text; nothing when it is too long */
static int from_path(lua_State *L) {
  struct coh_addr a;
  size_t length;
  const char *path = luaL_checklstring(L, 1, &length);
  if (!coh_addr_set_path(&a, path, length)) return 0;
  return push_both(L, &a);
}


/* from_system(bytes) -> table, text: of what the system gives, in a block of just so many bytes */
static int from_system(lua_State *L) {
  struct coh_addr a;
  size_t length;
  const char *bytes = luaL_checklstring(L, 1, &length);
  if (length > sizeof a.u) length = sizeof a.u;
  coh_addr_set(&a, memcpy(lua_newuserdatauv(L, length + 1, 0), bytes, length), (socklen_t)length);
  return push_both(L, &a);
}


int luaopen_fuzz_address(lua_State *L) {
  static const luaL_Reg functions[] = {
    {"parse", parse}, {"by_system", by_system}, {"from_path", from_path}, {"from_system", from_system},
    {NULL, NULL}
  };
  luaL_newlib(L, functions);
  return 1;
}
