/*
** Reading arguments. Everything here runs before the first allocation or change
** of the function that calls it, so raising leaks nothing and undoes nothing.
** Misuse is a plain string at the caller's line that says what to write.
** Options are read raw: a table's metamethods never run.
*/
#ifndef COH_LUA_ARG_H
#define COH_LUA_ARG_H

#include <lua.h>

#include <stdbool.h>
#include <stdint.h>

#include "kernel/hidden.h"

COH_HIDDEN

/* If a script called a function of one of our modules with a colon, raise misuse that says so. [-0, +0, v] */
void coh_refuse_colon(lua_State *L) __attribute__((cold));

/* Raise "file:line: " and the text, or what coh_refuse_colon raises. Never returns. [-0, +0, v] */
int coh_misuse(lua_State *L, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Misuse of the method 'what': 'arg' is no 'noun', such as messages write as 'name'. [-0, +0, v] */
int coh_refuse_self(lua_State *L, int arg, const char *noun, const char *name, const char *what);

/* A function, or a value that can be called? No metamethod runs. [-0, +0, -] */
bool coh_is_callable(lua_State *L, int arg);

/* Options: a table that cannot be called. [-0, +0, -] */
bool coh_is_options(lua_State *L, int arg);

/* For the message, 'what' is the name of the function that expects a callable, "spawn expects a function, got
** nil", and 'call' is how a call of it begins, "fail_after(seconds, ". [-0, +0, v] */
void coh_check_callable_of(lua_State *L, int arg, const char *what, const char *call);

/* The same where a caller who gives nothing may want a block instead: "s <close> = ...". [-0, +0, v] */
void coh_check_body(lua_State *L, int arg, const char *what, const char *call, const char *block);

/* The same for a function whose first argument is the callable. [-0, +0, v] */
void coh_check_callable(lua_State *L, int arg, const char *what);

/*
** Did a script write this call? A function may also be handed to 'map', say, which gives it a number, the
** index beside an item: such a call comes from C, or has no colon. An iterator is called by its loop.
** [-0, +0, -]
*/
bool coh_is_written(lua_State *L, bool is_method);

/*
** For a call noun:what(x), or noun(x) when 'what' is NULL, with the one argument x at 2: when a script
** wrote a number there, surely as a time limit, or {timeout = 0.1}, raise what to write instead. Another
** table at 2 is overwritten. [-0, +0, v]
*/
void coh_refuse_limit(lua_State *L, const char *noun, const char *what) __attribute__((cold));

static inline void coh_check_no_limit(lua_State *L, const char *noun, const char *what) {
  if (lua_gettop(L) == 2) coh_refuse_limit(L, noun, what);
}

/*
** Refuse options given behind the function at 'f' instead of before it: the argument on top, when it is a
** table of the options 'names' and the function, which gets 'given' arguments before those behind it, has
** no parameter for it. [-0, +0, v]
*/
void coh_check_options_first(lua_State *L, int f, int given, const char *what, const char *const names[]);

/* A duration in seconds, as nanoseconds rounded up; math.huge is COH_NEVER. [-0, +0, v] */
int64_t coh_check_seconds(lua_State *L, int arg, const char *what);

/* A point on the runtime's clock, in seconds; may lie in the past. [-0, +0, v] */
int64_t coh_check_time(lua_State *L, int arg, const char *what);

/* Seconds of a point in time or a duration, and back to math.huge. */
lua_Number coh_seconds(int64_t ns);

/* Check that every key of the options at 'arg' is one of 'names'; misuse names the nearest. [-0, +0, v] */
void coh_check_options(lua_State *L, int arg, const char *what, const char *const names[]);

/* Push an option's value and tell its type; LUA_TNIL when absent. [-0, +1, -] */
int coh_get_option(lua_State *L, int arg, const char *name);

/* The option's value, or 'otherwise' when it is absent; another type is misuse. [-0, +0, v] */
bool coh_opt_boolean(lua_State *L, int arg, const char *name, bool otherwise);
lua_Integer coh_opt_count(lua_State *L, int arg, const char *name, lua_Integer least, lua_Integer otherwise);
int64_t coh_opt_seconds(lua_State *L, int arg, const char *name, int64_t otherwise);

/* A string option without NUL, or NULL; borrowed from the table. [-0, +0, v] */
const char *coh_opt_string(lua_State *L, int arg, const char *name);

/* The name of a value's type, "no value" included; "nan" for NaN, and for an object its '__name'. */
const char *coh_type_name(lua_State *L, int arg);

/* Push the same, but of a short printable string the string itself, in quotes. [-0, +1, m] */
const char *coh_push_given(lua_State *L, int arg);

/* The same where seconds are expected: for "100ms" it adds what to write, 'call'(0.1), or 0.1 alone when
** 'call' is NULL. [-0, +1, m] */
const char *coh_push_given_seconds(lua_State *L, int arg, const char *call);

COH_SEEN

#endif
