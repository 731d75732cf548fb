/*
** What an error came from, as text: its 'cause', and as its 'context' what was being
** handled when it was raised. A tree of errors shows both below each error; a bare
** error is one line until it has left a run, for then nobody is left to ask it.
*/
#ifndef COH_ERRORS_CHAIN_H
#define COH_ERRORS_CHAIN_H

#include <lua.h>

#include "kernel/hidden.h"

COH_HIDDEN

/* How a text begins that says what a value which has no fields was raised in the handling of. */
#define COH_HANDLING "while handling: "

/* How much a text holds already, the texts in it included. */
struct coh_text_size {
  lua_Integer errors;  /* shown in trees */
  int nested;          /* trees that this one is in */
  int first;           /* stack index of the error whose chain is being made */
};

/*
** Push the lines about what the error at 'index' came from, each behind a newline; ""
** when there is nothing. Runs code of the user's. [-0, +1, m]
*/
void coh_errchain_push(lua_State *L, int index, struct coh_text_size *size);

/* Push COH_HANDLING and the text of 'index'; "" when that is only the error at 'err'. [-0, +1, m] */
void coh_errchain_push_handling(lua_State *L, int index, int err);

/* The error at 'index' leaves a run: its text says from now on what it came from. [-0, +0, m] */
void coh_errchain_leaves(lua_State *L, int index);

/* Add that to the text on top, of the error at 'index'. [-1, +1, m] */
void coh_errchain_add(lua_State *L, int index);

COH_SEEN

#endif
