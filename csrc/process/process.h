/*
** Processes as Lua sees them: an object for each, with its streams, and the function that starts one for
** process.lua.
*/
#ifndef COH_PROCESS_PROCESS_H
#define COH_PROCESS_PROCESS_H

#include "kernel/hidden.h"
#include "process/child.h"

COH_HIDDEN

/* User values: a stream, or nil, for each of the three descriptors; the program; "file:line" of the call. */
enum { COH_PROCESS_STDIO = 1, COH_PROCESS_PROGRAM = 4, COH_PROCESS_WHERE, COH_PROCESS_VALUES = 5 };

extern const struct coh_sync_class coh_process_class;

/* Make the class, and add the table 'process' to the module on top. [-0, +0, m] */
void coh_process_open(lua_State *L);

/* start(...) -> process: see start.c */
int coh_process_start(lua_State *L);

COH_SEEN

#endif
