/*
** Lua's own error for memory that has run out: to raise it, and to recognize it.
*/
#ifndef COH_LUA_OUTOFMEMORY_H
#define COH_LUA_OUTOFMEMORY_H

#include <lua.h>

#include <stdbool.h>

#include "kernel/hidden.h"

COH_HIDDEN

#define COH_OUT_OF_MEMORY "not enough memory"

/* Raise these words and no others, as Lua does. Never returns. [-0, +0, e] */
int coh_out_of_memory(lua_State *L);

/* Is the value at 'index' these words? [-0, +0, -] */
bool coh_is_out_of_memory(lua_State *L, int index);

COH_SEEN

#endif
