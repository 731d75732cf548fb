/*
** Arguments of the functions on files.
*/
#ifndef COH_FS_CHECK_H
#define COH_FS_CHECK_H

#include <lua.h>

#include "kernel/hidden.h"

COH_HIDDEN

/* A path: a string that is not empty and has no NUL. 'noun' is "a path", 'mend' what to write. [-0, +0, v] */
void coh_fs_check_path(lua_State *L, int arg, const char *what, const char *noun, const char *mend);

/* What is written: a string or a number, which becomes one. [-0, +0, v] */
void coh_fs_check_data(lua_State *L, int arg, const char *what);

/* Permissions as "644" or "rw-r--r--"; -1 when the text is neither. */
int coh_fs_permissions(const char *text);

/* The same of an option, or the default. [-0, +0, v] */
int coh_fs_opt_permissions(lua_State *L, int arg, int otherwise);

/* Push permissions as "rw-r--r--". [-0, +1, m] */
void coh_fs_push_permissions(lua_State *L, unsigned mode);

COH_SEEN

#endif
