/*
** What an error came from, as text: its 'cause', and as its 'context' what was being
** handled when it was raised. A tree of errors shows both below each error. A bare
** error is one line until it has left a run, after which no code can read its fields.
*/
#ifndef COH_ERRORS_CHAIN_H
#define COH_ERRORS_CHAIN_H

#include <lua.h>

#include "kernel/hidden.h"

COH_HIDDEN

/* Begins the text that says what was being handled when a value without fields was raised. */
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

/* Push COH_HANDLING and the text of 'index'; "" when that is just the error at 'err', or Cancelled.
** [-0, +1, m] */
void coh_errchain_push_handling(lua_State *L, int index, int err);

/* The error at 'index' leaves a run: from now on its text says what it came from. [-0, +0, m] */
void coh_errchain_mark_left(lua_State *L, int index);

/* Add that to the text on top if the error at 'index', whose text it is, has left a run. [-1, +1, m] */
void coh_errchain_add(lua_State *L, int index);

COH_SEEN

#endif
