/*
** The message handler of every protected call of ours: it takes a note of where an error of the running task
** was raised, while the stack is still there.
*/
#ifndef COH_GLUE_HANDLER_H
#define COH_GLUE_HANDLER_H

#include <lua.h>

#include "kernel/hidden.h"

COH_HIDDEN

/* (error) -> the very same */
int coh_handler(lua_State *L);

COH_SEEN

#endif
