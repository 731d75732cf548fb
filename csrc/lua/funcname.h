/*
** Names of functions as users write them: from a module, "cohort.sleep", "print", or from an object,
** "stream:read". For our own functions a place in a file, if they have one, would tell users nothing.
*/
#ifndef COH_LUA_FUNCNAME_H
#define COH_LUA_FUNCNAME_H

#include <lua.h>

#include "kernel/hidden.h"

COH_HIDDEN

/* Remember the table on top as the methods of an object called 'noun'. [-0, +0, m] */
void coh_funcname_know(lua_State *L, const char *noun);

/*
** Replace the function on top by the shortest name under which a loaded module or an object has it,
** or nil. [-1, +1, m]
*/
void coh_funcname_find(lua_State *L);

/*
** Replace the function on top by what to call it: its place if that is in a user's file, else the
** shortest name under which a loaded module or an object has it. [-1, +1, m]
*/
void coh_funcname_render(lua_State *L);

COH_SEEN

#endif
