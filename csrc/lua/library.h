/*
** Which functions are ours: those in the one folder that holds the library's Lua files. Places and tracebacks
** show the user's code, and leave ours out.
*/
#ifndef COH_LUA_LIBRARY_H
#define COH_LUA_LIBRARY_H

#include <lua.h>

#include <stdbool.h>
#include <string.h>

#include "kernel/hidden.h"

COH_HIDDEN

/* That folder, "@/.../cohort/", or "" before it is known; the registry keeps it. Needs 1 slot. [-0, +0, -] */
const char *coh_library_of(lua_State *L);

/* Set it to the folder of the Lua function that called the running one, if that has a file. [-0, +0, m] */
const char *coh_library_set(lua_State *L);

/* Is a chunk with this source one of ours? */
static inline bool coh_library_has(const char *library, const char *source) {
  return *library != '\0' && strncmp(source, library, strlen(library)) == 0;
}

COH_SEEN

#endif
