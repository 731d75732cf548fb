/*
** What a function is called by who has it from a module, "cohort.sleep", "print", or from an object,
** "stream:read". Its place in a file of ours, or none at all, would tell users nothing.
*/
#ifndef COH_LUA_FUNCNAME_H
#define COH_LUA_FUNCNAME_H

#include <lua.h>

#include "kernel/hidden.h"

COH_HIDDEN

/* The table on top has the methods of what is called a 'noun'. [-0, +0, m] */
void coh_funcname_know(lua_State *L, const char *noun);

/*
** Replace the function on top by the shortest name under which a loaded module or an object has it,
** or nil. [-1, +1, m]
*/
void coh_funcname_find(lua_State *L);

/*
** Replace the function on top by a name of it: where it stands when that is in a file of the
** user's, else the shortest one under which a loaded module or an object has it. [-1, +1, m]
*/
void coh_funcname_render(lua_State *L);

COH_SEEN

#endif
