/*
** Boxes: the userdata of handles. A box points to its handle while that is open
** and knows its address and where it was opened afterwards too. A box that is
** collected while its handle is open closes it and warns.
**
** Methods and metamethods of a kind have the state as first upvalue and the
** kind's metatable as second: that is how they know their own.
*/
#ifndef COH_IO_BOX_H
#define COH_IO_BOX_H

#include <lauxlib.h>

#include "glue/error.h"
#include "io/addr.h"
#include "kernel/hidden.h"

COH_HIDDEN

struct coh_handle;

struct coh_box {
  struct coh_handle *handle;  /* NULL before it is open and once it is closed */
  struct coh_addr address;    /* of a stream: its peer's; of a listener: its own */
};

/* What one kind of box is. Each is a constant, and its address the registry's key. */
struct coh_box_kind {
  const char *noun;           /* for people: "stream" */
  const char *name;           /* its '__name' */
  const luaL_Reg *const *methods;  /* lists, ended by NULL */
  const luaL_Reg *metamethods;
  lua_CFunction field;        /* field(object, key) -> value, when no method has that name */
};

/* Make the metatable of a kind, 'close' and its kin included. [-0, +0, m] */
void coh_box_define(lua_State *L, const struct coh_box_kind *kind);

/* Push an empty box. [-0, +1, m] */
struct coh_box *coh_box_new(lua_State *L, const struct coh_box_kind *kind);

/* The box at 1, open or not; another value is misuse of method 'what'. Second upvalue needed. [-0, +0, v] */
struct coh_box *coh_box_check(lua_State *L, const struct coh_box_kind *kind, const char *what);

/* Remember that the box at 'index' was opened at the text on top. [-1, +0, -] */
void coh_box_set_where(lua_State *L, int index);

/* Raise Closed for 'what' on the box at 1. Never returns. [-0, +0, e] */
int coh_box_raise_closed(lua_State *L, const struct coh_box_kind *kind, const char *what);

/* Raise what a status means for the box at 1, with its address. Never returns. [-0, +0, e] */
int coh_box_raise(lua_State *L, enum coh_error_kind error, int status, const char *what);

/* Push a field that is made once by 'push' and kept: 'slot' is 0 or 1. [-0, +1, m] */
void coh_box_push_kept(lua_State *L, int slot, const struct coh_addr *a);

COH_SEEN

#endif
