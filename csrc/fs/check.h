/*
** Arguments of the functions on files.
*/
#ifndef COH_FS_CHECK_H
#define COH_FS_CHECK_H

#include <lua.h>

#include "kernel/hidden.h"

COH_HIDDEN

/*
** A path: a string that is not empty and has no NUL. For the message, 'noun' is "a path" and 'mend' is what
** to write. [-0, +0, v]
*/
void coh_fs_check_path(lua_State *L, int arg, const char *what, const char *noun, const char *mend);

/* Data to be written: a string, or a number, which is converted to one. [-0, +0, v] */
void coh_fs_check_data(lua_State *L, int arg, const char *what);

/* The mode that "644" or "rw-r--r--" stands for; -1 when the text is neither. */
int coh_fs_permissions(const char *text);

/* The same for an option, 'otherwise' when it is not given. [-0, +0, v] */
int coh_fs_opt_permissions(lua_State *L, int arg, int otherwise);

/* Push permissions as "rw-r--r--". [-0, +1, m] */
void coh_fs_push_permissions(lua_State *L, unsigned mode);

COH_SEEN

#endif
