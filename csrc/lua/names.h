/*
** Missing names: what to suggest for a field that was misspelt, or is known from
** another library. Reading such a field is misuse, so that the error is where the
** name stands and not later, where a nil is called or passed to a function.
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
** Edit distance: how many letters must be replaced, added, removed or swapped with the next to turn one name
** into the other; COH_NAME_FAR when one is too long. Case and "_" do not matter.
*/
size_t coh_name_distance(const char *given, const char *name);

/* Is that distance small enough for a slip? */
bool coh_name_is_near(const char *given, size_t distance);

/* What to write instead of 'given', a name that other libraries have in a 'noun', or NULL. A constant. */
const char *coh_name_mend(const char *noun, const char *given);

/*
** The end of an '__index' that has found no method under the key at 2. A field of that name is
** pushed by its function in 'fields', which gets what '__index' got; 'fields' may be NULL. A key
** that code may read as a probe gives nil. Any other is misuse, with a suggestion from the names that
** a 'noun', "lock" or "cohort.net", has: the fields, and the keys of the table at 'methods'. [-0, +1, v]
*/
int coh_name_index(lua_State *L, const char *noun, int methods, const luaL_Reg *fields);

/* Give the table of methods on top such an '__index'. [-0, +0, m] */
void coh_name_guard(lua_State *L, const char *noun);

/*
** If coh_foreign_call has the 'noun', make calling one, whose metatable is on top, misuse that says what to
** write. The second function is the '__call' for that; coh_is_callable takes no object that has it for a
** function. [-0, +0, m], [-0, +0, v]
*/
void coh_name_guard_call(lua_State *L, const char *noun);
int coh_name_refuse_call(lua_State *L);

COH_SEEN

#endif
