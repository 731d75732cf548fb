/*
** Coroutines of the user's own that may wait: cohort.coroutine. They are plain Lua
** coroutines; what is ours is who resumes them (costep.h). Nothing is remembered
** about one, so those of Lua's own library are as good, and outside of tasks all
** is as that library does it.
*/
#ifndef COH_GLUE_COROUTINE_H
#define COH_GLUE_COROUTINE_H

#include <lua.h>

#include "kernel/hidden.h"

COH_HIDDEN

/* Functions by which a suspended stack is read: costep.c tells who waits by what yielded. */
int coh_coroutine_l_resume(lua_State *L);
int coh_coroutine_l_next(lua_State *L);
int coh_coroutine_l_close(lua_State *L);
int coh_coroutine_l_yield(lua_State *L);

/* Add the table 'coroutine' to the one on top. [-0, +0, m] */
void coh_coroutine_open(lua_State *L);

COH_SEEN

#endif
