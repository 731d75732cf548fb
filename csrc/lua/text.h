/*
** Text of values that may be hostile.
*/
#ifndef COH_LUA_TEXT_H
#define COH_LUA_TEXT_H

#include <lua.h>

#include <stdbool.h>
#include <stddef.h>

#include "kernel/hidden.h"

COH_HIDDEN

/*
** The text of any value, as tostring would give it; if its __tostring raises,
** waits or returns no string, "table: 0x55..." instead.
** Runs the value's __tostring, protected. Needs 4 free slots.
** [-0, +1, m]
*/
void coh_text_push(lua_State *L, int index);

/*
** "file:line" of the innermost running Lua function that is not the library's,
** "" if there is none. Needs 1 free slot. [-0, +1, m]
*/
void coh_text_push_where(lua_State *L);

/*
** Find that function and set 'short_src' and 'currentline'. False: there is none. 'library' is
** what coh_library_of returns. Allocates nothing. [-0, +0, -]
*/
bool coh_text_find_where(const char *library, lua_State *L, lua_Debug *frame);

/* The same as the beginning of a message: "file:line: ". */
void coh_text_push_prefix(lua_State *L);

/* Room for a place and a NUL: Lua's short source, a colon, a number. */
#define COH_PLACE_MAX (LUA_IDSIZE + 16)

/*
** Write "file:line" and a NUL; returns the length without it. Every error needs places, and printf would
** take longer for one than everything else about the error. Allocates nothing. [-0, +0, -]
*/
size_t coh_text_write_place(char to[COH_PLACE_MAX], const char *file, int line);

/* Push it. [-0, +1, m] */
void coh_text_push_place(lua_State *L, const char *file, int line);

/*
** Push " opened at file:line" for the verb "opened" and a place; "" for no place, as when a task is a bare
** function of ours and no user code runs. [-0, +1, m]
*/
void coh_text_push_at(lua_State *L, const char *verb, const char *place);

COH_SEEN

#endif
