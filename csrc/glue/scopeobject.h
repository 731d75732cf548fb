/*
** The object that stands for a scope: its fields, cancel, and current_scope.
*/
#ifndef COH_GLUE_SCOPEOBJECT_H
#define COH_GLUE_SCOPEOBJECT_H

#include "glue/state.h"
#include "kernel/hidden.h"

COH_HIDDEN

/* Add the functions to the module table on top and make the kind, whose '__close' is 'close'. [-0, +0, m] */
void coh_scopeobject_open(lua_State *L, lua_CFunction close);

/* Push an object that stands for nothing yet, named by the options at 'options', 0 for none. [-0, +1, m] */
struct coh_face *coh_face_push(lua_State *L, int options);

/* Bind the object on top to an entered scope. [-0, +0, -] */
void coh_face_bind(lua_State *L, struct coh_state *S, struct coh_luascope *s, struct coh_face *face);

/* Push a scope object that stands for the group or task on top. [-1, +1, m] */
void coh_scopeobject_push_proxy(lua_State *L);

/*
** Cancel what 'o' stands for. The reason at 2 is kept in its userdata, at 'object'. The body of every cancel
** method. [-0, +0, -]
*/
int coh_scopeobject_cancel(lua_State *L, struct coh_object *o, int object);

/* Check the text of a cancel method at 2. [-0, +0, v] */
void coh_scopeobject_check_text(lua_State *L, const char *what);

COH_SEEN

#endif
