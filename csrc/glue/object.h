/*
** The userdata of scopes, groups and tasks: their kinds, their metatables, and
** the way from a scope of the kernel back to the userdata that stands for it.
*/
#ifndef COH_GLUE_OBJECT_H
#define COH_GLUE_OBJECT_H

#include <lauxlib.h>

#include "glue/state.h"
#include "kernel/hidden.h"

COH_HIDDEN

enum coh_kind { COH_SCOPE, COH_GROUP, COH_TASK, COH_CLOCK, COH_KINDS };

/* User values. A task has the first three. */
enum {
  COH_UV_CANCELLER = 1,  /* who cancelled: a name or a function; or the object that knows */
  COH_UV_RESULT = 1,     /* of a task that ended and was not cancelled: result, table of them, or error */
  COH_UV_OWNER = 1,      /* of a scope that stands for a group or a task: that one */
  COH_UV_TEXT,           /* the text that 'cancel' was given */
  COH_UV_LINE,           /* of a block: where it was opened, "file:line: " */
  COH_UV_IDENTITY = COH_UV_LINE,  /* of a task: the name it was given, or its function */
  COH_UV_NAME,           /* name, or the function it is named after */
  COH_UV_DEFERRED,       /* of a group: list of what runs at its end */
  COH_UVS_SCOPE = COH_UV_NAME,
  COH_UVS_GROUP = COH_UV_DEFERRED
};

/*
** Push an '__index' over the state and the table of methods on top. It looks among the methods, and then
** among the fields, each of whose functions pushes its value: see coh_name_index. [-2, +1, m]
*/
void coh_object_push_index(lua_State *L, const char *noun, const luaL_Reg *fields);

/* Make the metatable of a kind. [-0, +0, m] */
void coh_object_define(lua_State *L, enum coh_kind kind, const char *name, const luaL_Reg *metamethods,
                       const luaL_Reg *methods, const luaL_Reg *fields);

/* Give the userdata on top its metatable. [-0, +0, -] */
static inline void coh_object_set_metatable(lua_State *L, const struct coh_state *S, enum coh_kind kind) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, S->kind_references[kind]);
  lua_setmetatable(L, -2);
}

/* Make 'o', which is the userdata on top, one of a kind other than COH_CLOCK. [-0, +0, -] */
static inline void coh_object_init(lua_State *L, const struct coh_state *S, struct coh_object *o,
                                   enum coh_kind kind) {
  *o = (struct coh_object){.kind = (uint8_t)kind, .mark = COH_OBJECT_MARK};
  coh_object_set_metatable(L, S, kind);
}

/* The userdata at 'arg' if it is of this kind, else NULL. A task is settled first: see lost.h. [-0, +0, -] */
void *coh_object_test(lua_State *L, const struct coh_state *S, int arg, enum coh_kind kind);

/* The same, but another value is misuse of method 'what'. [-0, +0, v] */
void *coh_object_check(lua_State *L, int arg, enum coh_kind kind, const char *what);

/* Push the userdata that stands for a scope, nil when it has none. [-0, +1, -] */
void coh_object_push(lua_State *L, struct coh_state *S, struct coh_scope *scope);

COH_SEEN

#endif
