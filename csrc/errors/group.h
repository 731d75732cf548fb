/*
** Error groups: userdata that hold errors, with who raised them and where, and
** never change once they are made.
*/
#ifndef COH_ERRORS_GROUP_H
#define COH_ERRORS_GROUP_H

#include <lua.h>

#include <stdbool.h>

#include "errors/chain.h"
#include "kernel/hidden.h"

COH_HIDDEN

/* What a group holds, in its user values. */
enum coh_errgroup_slot {
  COH_GROUP_MESSAGE = 1,  /* string */
  COH_GROUP_MEMBERS,      /* list of errors, one or more, no holes; never handed out */
  COH_GROUP_DETAILS,      /* list of {task =, traceback =, handling =} or false; nil: none has any */
  COH_GROUP_TRACEBACK,    /* string: the host's stack; nil: not known */
  COH_GROUP_ABOVE,        /* string: stacks of the hosts above; nil: none */
  COH_GROUP_CAUSE,
  COH_GROUP_CONTEXT,      /* what was being handled when it was raised; nil: nothing */
  COH_GROUP_ERRORS,       /* the list users see; nil until first read */
  COH_GROUP_SLOTS = COH_GROUP_ERRORS
};

/*
** Makes a group of the list of errors at -2 and the list of details at -1, as in
** COH_GROUP_DETAILS. Owns both tables from then on: nobody else may change them.
** 'message' may be NULL when the caller sets COH_GROUP_MESSAGE itself. [-2, +1, m]
*/
void coh_errgroup_push(lua_State *L, const char *message);

/*
** The stack of the task that raised the group, and those of the hosts above
** it, used only while this group is the outermost one. Either may be NULL:
** that text stays as it is. [-0, +0, m]
*/
void coh_errgroup_set_traceback(lua_State *L, int index, const char *text, const char *above);

/* Is the value an error group? Raw. [-0, +0, -] */
bool coh_errgroup_is(lua_State *L, int index);

/* Number of errors that are no groups, at any depth. 'index' is a group. [-0, +0, -] */
lua_Integer coh_errgroup_leaves(lua_State *L, int index);

/* The field of the group named by the key on top, as users read it. [-1, +1, m] */
void coh_errgroup_push_field(lua_State *L, int index);

/*
** A path is a list that says where a leaf is: path[2i - 1] is the i-th group from
** the outermost, path[2i] its details in the group before (or false). The next two
** read what is known about a leaf there: 'details' are its details, 'depth' is the
** number of groups.
*/

/* The field of a group's details, true when it was raised in another task than the group around it. */
#define COH_OTHER_TASK "other"

/* The length of the 'n' bytes at 'text' without the lines at their end that 'around' also ends with. */
size_t coh_errgroup_own_length(const char *text, size_t n, const char *around);

/*
** The tracebacks of a leaf joined: its own (in the details, or in the leaf when
** it is an error table of ours), those of the groups of the path from the inside out
** (of a group without one, the one in its details; frames of one task once), and what is
** above the outermost; then what was being handled when it was raised, if the details say so.
** nil if there is no text at all. Needs 10 free slots. [-0, +1, m]
*/
void coh_errgroup_push_trace(lua_State *L, int leaf, int details, int path, lua_Integer depth);

/*
** The name of the leaf's task, or else of the task of the innermost group that
** has one; nil if none. Needs 3 free slots. [-0, +1, m]
*/
void coh_errgroup_push_task(lua_State *L, int details, int path, lua_Integer depth);

/*
** Like coh_errgroup_push, with message, tracebacks, cause and context of the
** group at 'from'. [-2, +1, m]
*/
void coh_errgroup_push_derived(lua_State *L, int from);

/* Completes the ErrorGroup type on top and the module below it. [-1, +0, m] */
void coh_errgroup_open(lua_State *L);

/* Methods and functions that have a file of their own. */
int coh_errgroup_l_leaves(lua_State *L);    /* leaves.c */
int coh_errgroup_l_split(lua_State *L);     /* split.c */
int coh_errgroup_l_tostring(lua_State *L);  /* render.c */

/* Is the text of this group being made now? The first also sets that, and returns what it was. [-0, +0, -] */
bool coh_errgroup_reading(lua_State *L, int index, bool reading);
bool coh_errgroup_is_reading(lua_State *L, int index);

/* The text of the group at 'index', as a part of another when 'size' is not all zero. [-0, +1, m] */
void coh_errgroup_push_text(lua_State *L, int index, struct coh_text_size *size);

/* Check that argument 'arg' of method 'what' is a group; else misuse. [-0, +0, v] */
void coh_errgroup_check(lua_State *L, int arg, const char *what);

COH_SEEN

#endif
