/*
** Error values: the types the library raises, one table each, and values that are
** tables of such a type. Cancelled is apart: it has one value and no descendants.
*/
#ifndef COH_ERRORS_ERROR_H
#define COH_ERRORS_ERROR_H

#include <lua.h>

#include <stdbool.h>

#include "kernel/hidden.h"

COH_HIDDEN

/* The types the library raises; the order is that of their slots. */
enum coh_error_kind {
  COH_ERROR,          /* root of all but Cancelled */
  COH_ERROR_GROUP,    /* values are userdata, see group.h */
  COH_TIMEOUT,
  COH_DEADLOCK,
  COH_INTERRUPTED,
  COH_CLOSED,
  COH_BROKEN,
  COH_BUSY,
  COH_ABORTED,
  COH_STUBBORN,
  COH_TOO_LONG,
  COH_PROCESS_ERROR,
  COH_SYSTEM_ERROR,
  COH_CANCELLED,      /* its one value is a userdata, see cancelled.c */
  COH_ERROR_KINDS
};

/*
** Makes the types of this state and adds to the module table on top:
** every type by its name, CANCELLED, error_type, error_group, and the pieces the
** Lua side is built of (error_is, error_inherits, error_field, error_box,
** error_link, error_chain, error_compose, is_error_type, is_error_group,
** is_cancelled, split).
** Once per lua_State. [-0, +0, m]
*/
void coh_error_open(lua_State *L);

/*
** A new error value of this kind, which is neither COH_ERROR_GROUP nor
** COH_CANCELLED. 'message' may be NULL; 'where' is the innermost Lua
** function. The caller adds the kind's own fields with lua_setfield or rawset.
** [-0, +1, m]
*/
void coh_error_push(lua_State *L, enum coh_error_kind kind, const char *message);

/* Is the value of this kind or of one that descends from it? Raw. [-0, +0, -] */
bool coh_error_is(lua_State *L, int index, enum coh_error_kind kind);

/* The type itself. [-0, +1, -] */
void coh_error_push_type(lua_State *L, enum coh_error_kind kind);

/*
** Sets value.traceback = the text on top when the value is an error table of ours
** that has none yet; else does nothing. Raw. [-0, +0, m]
*/
void coh_error_pass_traceback(lua_State *L, int index);

/*
** When the value on top is nil, which no list can hold, replaces it by an Error
** with message "nil" and boxed = true. [-1, +1, m]
*/
void coh_error_box_nil(lua_State *L);

/*
** The field named by the key on top, looked up in the value and along
** __index tables; never calls anything. [-1, +1, -]
*/
void coh_error_raw_field(lua_State *L, int index);

/* The one Cancelled value of this state. Allocates nothing. [-0, +1, -] */
void coh_cancelled_push(lua_State *L);

/* Is it that very value? [-0, +0, -] */
bool coh_cancelled_is(lua_State *L, int index);

/*
** Sets how Cancelled finds its reason: a function that is called with no
** arguments and returns the reason table of the running task, or nil. NULL: none.
** [-0, +0, -]
*/
void coh_cancelled_set_reason(lua_State *L, lua_CFunction reason);

/* For error.c alone: completes the Cancelled type on top and pushes its value. [-0, +1, m] */
void coh_cancelled_open(lua_State *L);

/* The shared metamethod: error .. text, as a string error would. */
int coh_error_concat(lua_State *L);

COH_SEEN

#endif
