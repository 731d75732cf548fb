/*
** Errors of operations. Of the outside world: a status of libuv (a negative errno, or
** one of its own) as an error value with the fields 'code', 'errno', 'operation',
** 'message'. And those that have a text of ours instead of a status.
*/
#ifndef COH_ERRORS_SYSTEM_H
#define COH_ERRORS_SYSTEM_H

#include "errors/error.h"
#include "kernel/hidden.h"

COH_HIDDEN

/*
** A new error value of this kind: COH_SYSTEM_ERROR, or COH_BROKEN when it tells
** that the other side is gone. What it happened to goes into the field 'field'
** ("address", "path"); NULL for both when there is no such thing. [-0, +1, m]
*/
void coh_syserr_push(lua_State *L, enum coh_error_kind kind, int status, const char *operation,
                     const char *field, const char *subject);

/* The name and the words of a status, where libuv has none too: those of the system. */
enum { COH_SYSERR_NAME = 32, COH_SYSERR_TEXT = 128 };
void coh_syserr_tell(int status, char name[COH_SYSERR_NAME], char text[COH_SYSERR_TEXT]);

/* Raise one of this kind: "operation: text". Never returns. [-0, +0, v] */
int coh_syserr_raise(lua_State *L, enum coh_error_kind kind, const char *operation, const char *text);

COH_SEEN

#endif
