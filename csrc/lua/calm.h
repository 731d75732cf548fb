/*
** Calm: a protected call in which no finalizer runs, for code that walks what one could change.
*/
#ifndef COH_LUA_CALM_H
#define COH_LUA_CALM_H

#include <lua.h>

#include "kernel/hidden.h"

COH_HIDDEN

/* As lua_pcall of 'f', without a handler. [-arguments, +results or 1, -] of stack alone */
int coh_calm_call(lua_State *L, lua_CFunction f, int arguments, int results);

COH_SEEN

#endif
