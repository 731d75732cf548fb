/*
** What the files about reading share: how a read begins.
*/
#ifndef COH_STREAM_READ_H
#define COH_STREAM_READ_H

#include "kernel/hidden.h"
#include "stream/stream.h"

COH_HIDDEN

/* Where a read keeps what on its stack. */
enum { COH_READ_DELIMITER = 2, COH_READ_WANT, COH_READ_SIZE, COH_READ_NEXT, COH_READ_LAST, COH_READ_FORMATS };

/* Begin to read with the stream at 1, the delimiter or anything at 2, and nothing else on the stack. */
int coh_read_begin(lua_State *L, enum coh_want want, lua_Integer n);

/* Begin to read what the formats from 2 to the top say. They are right, for 'what' has checked them. */
int coh_read_begin_formats(lua_State *L);

/* A whole number of bytes at 'arg', 'least' (0 or 1) or more. [-0, +0, v] */
lua_Integer coh_read_check_size(lua_State *L, int arg, const char *what, lua_Integer least);

/* What the format at 'arg' asks for; nil is "l". False: it is none. [-0, +0, -] */
bool coh_format_read(lua_State *L, int arg, size_t line_max, enum coh_want *want, lua_Integer *n);

COH_SEEN

#endif
