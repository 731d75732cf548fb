/*
** Formats: see format.h.
*/
#include "stream/format.h"

#include <lauxlib.h>
#include <string.h>

#include "lua/arg.h"

#define FORMATS_MAX 250  /* arguments of 'lines': they are upvalues */


void coh_refuse_loop(lua_State *L, const char *what) {
  lua_Debug ar;
  if (!lua_getstack(L, 0, &ar) || !lua_getinfo(L, "n", &ar)) return;
  if (strcmp(ar.namewhat, "for iterator") != 0) return;
  if (strcmp(what, "read") == 0)
    coh_misuse(L, "read is handed by a loop what came last: write for line in s:lines() do");
  if (strcmp(what, "read_some") == 0)
    coh_misuse(L, "read_some is handed by a loop what came last: write for chunk in s:chunks() do");
  coh_misuse(L, "%s is handed by a loop what came last: write for data in function() return s:%s(...) end do",
             what, what);
}


lua_Integer coh_size_check(lua_State *L, int arg, const char *what, lua_Integer least) {
  int exact;
  lua_Integer n = lua_tointegerx(L, arg, &exact);
  if (lua_type(L, arg) != LUA_TNUMBER) {
    coh_refuse_loop(L, what);
    coh_misuse(L, "%s expects a number of bytes, got %s", what, coh_type_name(L, arg));
  }
  if (!exact || n < least || n > COH_SIZE_LIMIT)
    coh_misuse(L, "%s expects a whole number of bytes, %d or more, got %s", what, (int)least,
               !exact ? "a fraction or no number" : n < least ? "less" : "more than there can be");
  return n;
}


/* What the letter asks for; SOME, which no format means, when it is none. */
static enum coh_want want_of(const char *format) {
  if (*format == '*') format++;
  if (*format == '\0' || format[1] != '\0') return COH_WANT_SOME;
  switch (*format) {
    case 'l': return COH_WANT_LINE;
    case 'L': return COH_WANT_LINE_KEPT;
    case 'a': return COH_WANT_ALL;
    case 'n': return COH_WANT_NUMBER;
    default: return COH_WANT_SOME;
  }
}


struct coh_goal coh_format_check(lua_State *L, int arg, const char *what, size_t line_max) {
  struct coh_goal g = {.want = COH_WANT_LINE, .n = line_max};
  if (lua_type(L, arg) == LUA_TNUMBER) {
    g.want = COH_WANT_COUNT;
    g.n = coh_size_of(coh_size_check(L, arg, what, 0));
  } else if (!lua_isnoneornil(L, arg)) {
    g.want = lua_type(L, arg) == LUA_TSTRING ? want_of(lua_tostring(L, arg)) : COH_WANT_SOME;
  }
  if (g.want == COH_WANT_SOME) {
    coh_refuse_loop(L, what);
    coh_misuse(L, "%s expects a number of bytes, \"n\", \"l\", \"L\" or \"a\", got %s", what,
               coh_push_given(L, arg));
  }
  return g;
}


void coh_formats_check(lua_State *L, const char *what) {
  int arg, top = lua_gettop(L);
  for (arg = 2; arg <= top; arg++) coh_format_check(L, arg, what, 0);
}


int coh_steps_push(lua_State *L, lua_CFunction next) {
  int count = lua_gettop(L) - 1;
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_pushinteger(L, count);
  lua_rotate(L, 1, 2);
  lua_pushcclosure(L, next, 3 + count);
  return 1;
}


int coh_lines_push(lua_State *L, lua_CFunction next) {
  coh_formats_check(L, "lines");
  if (lua_gettop(L) - 1 > FORMATS_MAX) return coh_misuse(L, "lines expects %d formats at most", FORMATS_MAX);
  return coh_steps_push(L, next);
}


/* Upvalues: the state, how many arguments, the object, the arguments. */
void coh_steps_arguments(lua_State *L) {
  int count = (int)lua_tointeger(L, lua_upvalueindex(2)), i;
  lua_settop(L, 0);
  luaL_checkstack(L, count + LUA_MINSTACK, "too many formats");
  for (i = 0; i <= count; i++) lua_pushvalue(L, lua_upvalueindex(3 + i));
}
