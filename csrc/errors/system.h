/*
** Errors of operations. Those of the outside world are a status of libuv (a negative
** errno, or one of its own) as an error value with the fields 'code', 'errno',
** 'operation', 'message'. Others have a text of ours instead of a status.
*/
#ifndef COH_ERRORS_SYSTEM_H
#define COH_ERRORS_SYSTEM_H

#include "errors/error.h"
#include "kernel/hidden.h"

COH_HIDDEN

/*
** A new error value of this kind: COH_SYSTEM_ERROR, or COH_BROKEN when the other
** side is gone. The field named 'field' ("address", "path") is set to 'subject', what
** it happened to; both are NULL when there is none. [-0, +1, m]
*/
void coh_syserr_push(lua_State *L, enum coh_error_kind kind, int status, const char *operation,
                     const char *field, const char *subject);

/* The name and the text of a status from libuv, or from the system where libuv has none. */
enum { COH_SYSERR_NAME = 32, COH_SYSERR_TEXT = 128 };
void coh_syserr_tell(int status, char name[COH_SYSERR_NAME], char text[COH_SYSERR_TEXT]);

/* Raise one of this kind: "operation: text". Never returns. [-0, +0, v] */
int coh_syserr_raise(lua_State *L, enum coh_error_kind kind, const char *operation, const char *text);

COH_SEEN

#endif
