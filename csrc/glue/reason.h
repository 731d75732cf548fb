/*
** Why something was cancelled, for people: a table { kind, text, task } with a
** readable tostring. The kind is in the scope; the text and who cancelled are in
** user values of the object that 'cancel' was called on, put there without an
** allocation and rendered here, on reading.
*/
#ifndef COH_GLUE_REASON_H
#define COH_GLUE_REASON_H

#include "errors/error.h"
#include "glue/state.h"
#include "kernel/hidden.h"

COH_HIDDEN

/* Remember the text at 'text' (or none) and the running task in the object at 'object'. [-0, +0, -] */
void coh_reason_note(lua_State *L, struct coh_state *S, int object, int text);

/* Push the reason of a scope's own cancellation, nil when there is none. [-0, +1, m] */
void coh_reason_push(lua_State *L, struct coh_state *S, struct coh_scope *scope);

/* Push the reason that an object keeps or its scope has. [-0, +1, m] */
void coh_reason_push_object(lua_State *L, int object);

/* Push an error of 'kind' with the reason on top, which may be nil, as its reason. [-1, +1, m] */
void coh_reason_push_error(lua_State *L, enum coh_error_kind kind, const char *message);

/* The same of an Aborted, whose message says the reason too. */
void coh_reason_push_aborted(lua_State *L, const char *message);

/* () -> reason of what cancels the running task, or nil: what Cancelled.reason reads */
int coh_reason_of_running(lua_State *L);

COH_SEEN

#endif
