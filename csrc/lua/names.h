/*
** Names that are not there: what a field is called that somebody misspelt, or
** knows from another library. Reading such a field is misuse, so that it is told
** where it stands and not where a nil is called, or is given to another function.
*/
#ifndef COH_LUA_NAMES_H
#define COH_LUA_NAMES_H

#include <lauxlib.h>

#include <stdbool.h>
#include <stddef.h>

#include "kernel/hidden.h"

COH_HIDDEN

#define COH_NAME_FAR ((size_t)-1)

/*
** How many letters must change, come, go or change places with the next to make one name of the other;
** COH_NAME_FAR when one is long. Case and "_" do not matter.
*/
size_t coh_name_distance(const char *given, const char *name);

/* Is that as far as a slip goes? */
bool coh_name_is_near(const char *given, size_t distance);

/* What to write instead of the name 'given', that others give to what a 'noun' has, or NULL: a constant. */
const char *coh_name_mend(const char *noun, const char *given);

/*
** The end of an '__index' that has found no method under the key at 2. A field of that name is
** pushed by its function in 'fields', which gets what '__index' got; 'fields' may be NULL. For
** another key that may well be asked for pushes nil, else tells what names a 'noun' has, "lock" or
** "cohort.net": the fields, and the keys of the table at 'methods'. [-0, +1, v]
*/
int coh_name_index(lua_State *L, const char *noun, int methods, const luaL_Reg *fields);

/* Let the table of methods on top answer so for what is not in it. [-0, +0, m] */
void coh_name_guard(lua_State *L, const char *noun);

/*
** Let a call of what has the metatable on top say what to write, where that is a guess of many. The second is
** '__call' then, and what has it is not taken for a function. [-0, +0, m], [-0, +0, v]
*/
void coh_name_guard_call(lua_State *L, const char *noun);
int coh_name_refuse_call(lua_State *L);

COH_SEEN

#endif
