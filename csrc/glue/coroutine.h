/*
** Coroutines of the user's own that may wait: cohort.coroutine. They are plain Lua
** coroutines; only the function that resumes them is ours (costep.h). Nothing is remembered
** about one, so those of Lua's own library do as well, and outside tasks all is as that
** library does it.
*/
#ifndef COH_GLUE_COROUTINE_H
#define COH_GLUE_COROUTINE_H

#include <lua.h>

#include "kernel/hidden.h"

COH_HIDDEN

/* Functions by which inner.c reads a suspended stack: the one that yielded tells whether it waits. */
int coh_coroutine_l_resume(lua_State *L);
int coh_coroutine_l_next(lua_State *L);
int coh_coroutine_l_close(lua_State *L);
int coh_coroutine_l_yield(lua_State *L);

/* Add the table 'coroutine' to the one on top. [-0, +0, m] */
void coh_coroutine_open(lua_State *L);

COH_SEEN

#endif
