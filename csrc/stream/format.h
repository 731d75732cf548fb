/*
** Formats, those of Lua's io: "n", "l", "L", "a" and numbers of bytes, with or without "*". Methods that take
** them have the object first and then any number of formats, all of which are checked before the first is
** read.
*/
#ifndef COH_STREAM_FORMAT_H
#define COH_STREAM_FORMAT_H

#include <lua.h>

#include <stdint.h>

#include "kernel/hidden.h"
#include "stream/goal.h"

COH_HIDDEN

#define COH_SIZE_LIMIT ((lua_Integer)1 << 46)  /* bytes; a count above it is a mistake, a limit above it is
                                                  no limit */

/*
** Was 'what' called by a loop, as in "for x in stream.read_some, stream do", which passes what the last call
** returned? Then raise that as misuse. [-0, +0, v]
*/
void coh_refuse_loop(lua_State *L, const char *what) __attribute__((cold));

/* The same for a method that takes an optional argument: the first call of a loop passes nil. [-0, +0, v] */
static inline void coh_check_no_loop(lua_State *L, const char *what) {
  if (lua_gettop(L) == 2 && lua_isnil(L, 2)) coh_refuse_loop(L, what);
}

/* The number of bytes at 'arg', an integer of at least 'least' (0 or 1). [-0, +0, v] */
lua_Integer coh_size_check(lua_State *L, int arg, const char *what, lua_Integer least);

/* A number of bytes from a user, capped at what memory could hold. */
static inline size_t coh_size_of(lua_Integer n) {
  return (uint64_t)n > SIZE_MAX / 4 ? SIZE_MAX / 4 : (size_t)n;
}

/* The goal of the format at 'arg'; nil and none mean "l". Anything else is misuse of 'what'. [-0, +0, v] */
struct coh_goal coh_format_check(lua_State *L, int arg, const char *what, size_t line_max);

/* Check all formats from 2 to the top. */
void coh_formats_check(lua_State *L, const char *what);

/* Push an iterator that calls 'next' with the object at 1 and the arguments from 2 on. [-n, +1, m] */
int coh_steps_push(lua_State *L, lua_CFunction next);

/*
** First line of such a 'next': put the object and its arguments on the stack, and nothing else. [-n, +m, v]
*/
void coh_steps_arguments(lua_State *L);

/* Push the iterator of 'lines', whose arguments are formats. [-n, +1, v] */
int coh_lines_push(lua_State *L, lua_CFunction next);

COH_SEEN

#endif
