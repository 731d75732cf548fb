/*
** Boxes: the userdata of handles. A box points to its handle while that is open
** and knows its address and where it was opened afterwards too. A box that is
** collected while its handle is open closes it and warns.
**
** It begins with the address of its kind, a constant, which tells what it is whatever
** metatable a debug function has given it. Methods and metamethods have the state as
** first upvalue and their kind as second.
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
  struct coh_addr address;    /* of a stream: its peer's; of a listener: its own */
  const char *where;          /* it was opened, "file:line", which its userdata keeps; NULL: nobody said */
  const char *name;           /* for people, a constant, when there is no address: "of a pipe"; or NULL */
};

/* What one kind of box is. Each is a constant, and its address the registry's key. */
struct coh_box_kind {
  const char *noun;           /* for people: "stream" */
  const char *name;           /* its '__name' */
  const luaL_Reg *const *methods;  /* lists, ended by NULL */
  const luaL_Reg *metamethods;
  const luaL_Reg *fields;     /* each pushes the value of one */
  lua_CFunction send;         /* carry out stream:write(...) with such among the strings; NULL: they cannot
                                 be written. One kind at most has it */
};

/* Make the metatable of a kind, 'close' and its kin included. [-0, +0, m] */
void coh_box_define(lua_State *L, const struct coh_box_kind *kind);

/* Push an empty box. [-0, +1, m] */
struct coh_box *coh_box_new(lua_State *L, const struct coh_box_kind *kind);

/* The box at 'arg', open or not, when it is of this kind, else NULL. [-0, +0, -] */
static inline struct coh_box *coh_box_test(lua_State *L, int arg, const struct coh_box_kind *kind) {
  struct coh_box *box = lua_touserdata(L, arg);
  return box != NULL && lua_rawlen(L, arg) == sizeof *box && box->kind == kind ? box : NULL;
}

/* The kind of the box at 'arg' when it can be written to a stream, else NULL. [-0, +0, -] */
const struct coh_box_kind *coh_box_sendable(lua_State *L, int arg);

/* Say that a method got another value than its box. Never returns. [-0, +0, v] */
int coh_box_refuse(lua_State *L, const struct coh_box_kind *kind, const char *what);

/* The box at 1, open or not; another value is misuse of method 'what'. [-0, +0, v] */
static inline struct coh_box *coh_box_check(lua_State *L, const struct coh_box_kind *kind, const char *what) {
  struct coh_box *box = coh_box_test(L, 1, kind);
  if (box == NULL) coh_box_refuse(L, kind, what);
  return box;
}

/* Remember that the box at 'index' was opened at the text on top. [-1, +0, -] */
void coh_box_set_where(lua_State *L, int index);

/* Raise Closed for 'what' on a box. Never returns. [-0, +0, e] */
int coh_box_raise_closed(lua_State *L, const struct coh_box_kind *kind, const char *what);

/* The handle of the box at 1, which is of this kind; Closed is raised when it has none. [-0, +0, e] */
static inline struct coh_handle *coh_box_check_open(lua_State *L, const struct coh_box_kind *kind,
                                                    const char *what) {
  const struct coh_box *box = lua_touserdata(L, 1);
  if (box->handle == NULL) coh_box_raise_closed(L, kind, what);
  return box->handle;
}

/* Raise what a status means for the box at 1, with its address. Never returns. [-0, +0, e] */
int coh_box_raise(lua_State *L, enum coh_error_kind error, int status, const char *what);

/* The box at 'index' has slots 0 and 1: keep the value on top in one [-1, +0, -], push it [-0, +1, -]. */
void coh_box_keep(lua_State *L, int index, int slot);
void coh_box_push_kept(lua_State *L, int index, int slot);

/* Push an address as a table, made once and kept in that slot of the box at 1; nil for none. [-0, +1, m] */
void coh_box_push_address(lua_State *L, int slot, const struct coh_addr *a);

COH_SEEN

#endif
