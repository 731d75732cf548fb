/*
** Fibers before their first step: see fiberload.h.
**
**   the coroutine's stack
**   1 body   2 handler   3 handle, or what it is named after   4.. function and arguments   fiber
**
** The body is called with the rest as its arguments. The fiber is on top because it cannot be called: if
** Lua's own library resumed the coroutine, it would call what is on top, and give out what is below.
*/
#include "glue/fiberload.h"

#include <lauxlib.h>

#include "glue/fibername.h"
#include "glue/locals.h"
#include "glue/object.h"
#include "glue/reuse.h"
#include "lua/outofmemory.h"

/* As many arguments always have room on a coroutine that has not begun. */
#define ARGUMENTS_FREE (LUA_MINSTACK - 8)


struct coh_fiber *coh_fiber_load(lua_State *L, struct coh_state *S, int arguments,
                                 struct coh_object *handle) {
  struct coh_fiber *f = coh_fiber_take(L, S);
  lua_State *co = f->L;
  if (arguments > ARGUMENTS_FREE && !lua_checkstack(co, arguments + LUA_MINSTACK)) {
    coh_fiber_give(S, f);
    luaL_error(L, "too many arguments");
  }
  if (coh_locals_any(S) && !coh_locals_inherit(L, S, f)) {
    coh_fiber_give(S, f);
    coh_out_of_memory(L);
  }
  lua_pushcfunction(co, S->known.task);
  lua_pushcfunction(co, S->known.handler);
  lua_pushvalue(L, -arguments - 1);
  if (handle != NULL) {
    coh_fiber_bind(handle, f);
    lua_setiuservalue(L, 1, COH_UV_IDENTITY);
    lua_pushvalue(L, 1);
  }
  lua_xmove(L, co, 1);
  lua_xmove(L, co, arguments + 1);
  lua_pushlightuserdata(co, f);
  return f;
}
