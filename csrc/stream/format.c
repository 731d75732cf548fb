/*
** Formats, those of Lua's io: "n", "l", "L", "a" and numbers of bytes, with or without
** "*". All are checked before the first is read.
*/
#include "stream/read.h"

#include <string.h>

#include "glue/arg.h"

#define FORMATS_MAX 250  /* of 'lines': they are upvalues */


bool coh_format_read(lua_State *L, int arg, size_t line_max, enum coh_want *want, lua_Integer *n) {
  const char *format;
  if (lua_type(L, arg) == LUA_TNUMBER) {
    *want = COH_WANT_COUNT;
    *n = lua_tointeger(L, arg);
    return true;
  }
  if (!lua_isnoneornil(L, arg) && lua_type(L, arg) != LUA_TSTRING) return false;
  format = lua_isnoneornil(L, arg) ? "l" : lua_tostring(L, arg);
  *n = (lua_Integer)line_max;
  if (*format == '*') format++;
  switch (*format) {
    case 'l': *want = COH_WANT_LINE; break;
    case 'L': *want = COH_WANT_LINE_KEPT; break;
    case 'a': *want = COH_WANT_ALL; break;
    case 'n': *want = COH_WANT_NUMBER; break;
    default: return false;
  }
  return format[1] == '\0';
}


/* The same, but what is no format is misuse of 'what'. [-0, +0, v] */
static void check_format(lua_State *L, int arg, const char *what, size_t line_max, enum coh_want *want,
                         lua_Integer *n) {
  if (lua_type(L, arg) == LUA_TNUMBER) coh_read_check_size(L, arg, what, 0);
  if (coh_format_read(L, arg, line_max, want, n)) return;
  coh_misuse(L, "%s expects a number of bytes, \"n\", \"l\", \"L\" or \"a\", got %s", what,
             lua_type(L, arg) == LUA_TSTRING ? "another string" : coh_type_name(L, arg));
}


static void check_formats(lua_State *L, const char *what) {
  int arg, top = lua_gettop(L);
  enum coh_want want;
  lua_Integer n;
  for (arg = 2; arg <= top; arg++) check_format(L, arg, what, 0, &want, &n);
}


/* Read what the one format at 'arg' asks for. */
static int begin_one(lua_State *L, int arg, const struct coh_box *box) {
  enum coh_want want;
  lua_Integer n;
  check_format(L, arg, "read", coh_stream_line_max(box), &want, &n);
  return coh_read_begin(L, want, n);
}


/* stream:read([format...]) -> value... */
static int l_read(lua_State *L) {
  const struct coh_box *box = coh_box_check(L, &coh_stream_kind, "read");
  if (lua_gettop(L) <= 2) return begin_one(L, 2, box);
  check_formats(L, "read");
  return coh_read_begin_formats(L);
}


/* Upvalues: the state, the stream, how many formats, the formats. */
static int next_line(lua_State *L) {
  int count = (int)lua_tointeger(L, lua_upvalueindex(3)), i;
  lua_settop(L, 0);
  lua_pushvalue(L, lua_upvalueindex(2));
  if (count <= 1) return begin_one(L, lua_upvalueindex(4), lua_touserdata(L, 1));
  luaL_checkstack(L, count, "too many formats");
  for (i = 0; i < count; i++) lua_pushvalue(L, lua_upvalueindex(4 + i));
  return coh_read_begin_formats(L);
}


/* stream:lines([format...]) -> iterator */
static int l_lines(lua_State *L) {
  int count = lua_gettop(L) - 1;
  coh_box_check(L, &coh_stream_kind, "lines");
  check_formats(L, "lines");
  if (count > FORMATS_MAX) return coh_misuse(L, "lines expects %d formats at most", FORMATS_MAX);
  if (count == 0) lua_pushnil(L);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_pushvalue(L, 1);
  lua_pushinteger(L, count);
  lua_rotate(L, 2, 3);
  lua_pushcclosure(L, next_line, 3 + (count == 0 ? 1 : count));
  return 1;
}


const luaL_Reg coh_stream_formats[] = {{"read", l_read}, {"lines", l_lines}, {NULL, NULL}};
