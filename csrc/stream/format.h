/*
** Formats, those of Lua's io: "n", "l", "L", "a" and numbers of bytes, with or without
** "*". Methods that have them take the object first and then as many as there are; all
** are checked before the first is read.
*/
#ifndef COH_STREAM_FORMAT_H
#define COH_STREAM_FORMAT_H

#include <lua.h>

#include <stdint.h>

#include "kernel/hidden.h"
#include "stream/goal.h"

COH_HIDDEN

#define COH_SIZE_LIMIT ((lua_Integer)1 << 46)  /* bytes; more is a mistake, and as a limit it is none */

/*
** Was 'what' called by a loop, for x in stream.read_some, stream do, which hands it what came last? Then that
** is misuse, and told so. [-0, +0, v]
*/
void coh_refuse_loop(lua_State *L, const char *what) __attribute__((cold));

/* The same for one that may have an argument, where that is nil, as the first of a loop is. [-0, +0, v] */
static inline void coh_check_no_loop(lua_State *L, const char *what) {
  if (lua_gettop(L) == 2 && lua_isnil(L, 2)) coh_refuse_loop(L, what);
}

/* A whole number of bytes at 'arg', 'least' (0 or 1) or more. [-0, +0, v] */
lua_Integer coh_size_check(lua_State *L, int arg, const char *what, lua_Integer least);

/* A number of bytes that a user gave, as one that memory could hold. */
static inline size_t coh_size_of(lua_Integer n) {
  return (uint64_t)n > SIZE_MAX / 4 ? SIZE_MAX / 4 : (size_t)n;
}

/* What the format at 'arg' asks for; nil and nothing are "l". No format is misuse of 'what'. [-0, +0, v] */
struct coh_goal coh_format_check(lua_State *L, int arg, const char *what, size_t line_max);

/* The same for all from 2 to the top. */
void coh_formats_check(lua_State *L, const char *what);

/* Push an iterator: 'next', with the object at 1 and its arguments from 2 on. [-n, +1, m] */
int coh_steps_push(lua_State *L, lua_CFunction next);

/* First line of such a 'next': have its object and arguments on the stack, and nothing else. [-n, +m, v] */
void coh_steps_arguments(lua_State *L);

/* The iterator of 'lines': its arguments are formats. [-n, +1, v] */
int coh_lines_push(lua_State *L, lua_CFunction next);

COH_SEEN

#endif
