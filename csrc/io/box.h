/*
** Boxes: the userdata of handles. A box points to its handle while that is open, and keeps its address and
** the place where it was opened after that too. A box that is collected with an open handle closes it and
** warns.
**
** A box begins with the address of its kind, a constant, so it can be recognized whatever metatable a debug
** function has given it. Methods and metamethods have the state as their first upvalue and their kind as the
** second.
*/
#ifndef COH_IO_BOX_H
#define COH_IO_BOX_H

#include <lauxlib.h>

#include "errors/error.h"
#include "io/addr.h"
#include "kernel/hidden.h"

COH_HIDDEN

struct coh_box_kind;
struct coh_handle;

struct coh_box {
  const struct coh_box_kind *kind;
  struct coh_handle *handle;  /* NULL before it is open and once it is closed */
  struct coh_addr address;    /* of a stream, its peer's; of a listener, its own */
  const char *where;          /* "file:line" that opened it, anchored by a user value; NULL: unknown */
  const char *name;           /* for people, when there is no address: "of a pipe"; a constant, or NULL */
};

/*
** What is common to all boxes of a kind. Each kind is a constant whose address is its metatable's key in the
** registry.
*/
struct coh_box_kind {
  const char *noun;           /* for people: "stream" */
  const char *name;           /* its '__name' */
  const luaL_Reg *const *methods;  /* lists, the last of them NULL */
  const luaL_Reg *metamethods;
  const luaL_Reg *fields;     /* each pushes the value of one field */
  lua_CFunction send;         /* carries out stream:write(...) when such boxes are among its arguments;
                                 NULL: they cannot be written. At most one kind has it */
};

/* Make the metatable of a kind, with 'close', __close and __gc. [-0, +0, m] */
void coh_box_define(lua_State *L, const struct coh_box_kind *kind);

/* Push an empty box. [-0, +1, m] */
struct coh_box *coh_box_new(lua_State *L, const struct coh_box_kind *kind);

/* The box at 'arg', open or closed, if it is of this kind, else NULL. [-0, +0, -] */
static inline struct coh_box *coh_box_test(lua_State *L, int arg, const struct coh_box_kind *kind) {
  struct coh_box *box = lua_touserdata(L, arg);
  return box != NULL && lua_rawlen(L, arg) == sizeof *box && box->kind == kind ? box : NULL;
}

/* The kind of the box at 'arg' if it can be written to a stream, else NULL. [-0, +0, -] */
const struct coh_box_kind *coh_box_sendable(lua_State *L, int arg);

/* Raise that a method was called on something other than its box. Never returns. [-0, +0, v] */
int coh_box_refuse(lua_State *L, const struct coh_box_kind *kind, const char *what);

/* The box at 1, open or closed; anything else is misuse of method 'what'. [-0, +0, v] */
static inline struct coh_box *coh_box_check(lua_State *L, const struct coh_box_kind *kind, const char *what) {
  struct coh_box *box = coh_box_test(L, 1, kind);
  if (box == NULL) coh_box_refuse(L, kind, what);
  return box;
}

/* Record that the box at 'index' was opened where the text on top says. [-1, +0, -] */
void coh_box_set_where(lua_State *L, int index);

/* Raise Closed for 'what' on a box. Never returns. [-0, +0, e] */
int coh_box_raise_closed(lua_State *L, const struct coh_box_kind *kind, const char *what);

/* The handle of the box at 1, known to be of this kind; raises Closed when it has none. [-0, +0, e] */
static inline struct coh_handle *coh_box_check_open(lua_State *L, const struct coh_box_kind *kind,
                                                    const char *what) {
  const struct coh_box *box = lua_touserdata(L, 1);
  if (box->handle == NULL) coh_box_raise_closed(L, kind, what);
  return box->handle;
}

/* Raise what a status means, with the address of the box at 1. Never returns. [-0, +0, e] */
int coh_box_raise(lua_State *L, enum coh_error_kind error, int status, const char *what);

/*
** The box at 'index' has slots 0 and 1: keep the value on top in one [-1, +0, -]; push the value of one
** [-0, +1, -].
*/
void coh_box_keep(lua_State *L, int index, int slot);
void coh_box_push_kept(lua_State *L, int index, int slot);

/*
** Push an address as a table, made once and kept in that slot of the box at 1; nil for no address.
** [-0, +1, m]
*/
void coh_box_push_address(lua_State *L, int slot, const struct coh_addr *a);

COH_SEEN

#endif
