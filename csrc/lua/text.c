/*
** Text that cannot fail. An error value belongs to whoever raised it: its
** message may be a table, its __tostring may raise. Whatever turns errors into
** text does so here, under lua_pcall, and always gets a string back.
*/
#include "lua/text.h"

#include <lauxlib.h>
#include <lua.h>

#include <string.h>

#include "lua/library.h"


/* to_text(value) -> string; may raise whatever a __tostring raises */
static int to_text(lua_State *L) {
  luaL_tolstring(L, 1, NULL);
  return 1;
}


void coh_text_push(lua_State *L, int index) {
  lua_pushvalue(L, index);
  if (lua_type(L, -1) == LUA_TSTRING) return;
  lua_pushcfunction(L, to_text);
  lua_insert(L, -2);                                /* to_text value */
  if (lua_pcall(L, 1, 1, 0) == LUA_OK) return;      /* runs user code */
  lua_pop(L, 1);
  lua_pushfstring(L, "%s: %p", luaL_typename(L, index), lua_topointer(L, index));
}


bool coh_text_find_where(const char *library, lua_State *L, lua_Debug *frame) {
  int level;
  for (level = 0; lua_getstack(L, level, frame); level++) {
    lua_getinfo(L, "Sl", frame);
    if (frame->currentline > 0 && !coh_library_has(library, frame->source)) return true;
  }
  return false;
}


size_t coh_text_write_place(char to[COH_PLACE_MAX], const char *file, int line) {
  char digits[12], *first = digits + sizeof digits;
  unsigned left = line < 0 ? 0 : (unsigned)line;
  size_t length = strlen(file), count;
  do {
    *--first = (char)('0' + left % 10);
    left /= 10;
  } while (left > 0);
  count = (size_t)(digits + sizeof digits - first);
  memcpy(to, file, length);
  to[length++] = ':';
  memcpy(to + length, first, count);
  length += count;
  to[length] = '\0';
  return length;
}


void coh_text_push_place(lua_State *L, const char *file, int line) {
  char place[COH_PLACE_MAX];
  lua_pushlstring(L, place, coh_text_write_place(place, file, line));
}


void coh_text_push_at(lua_State *L, const char *verb, const char *place) {
  if (place == NULL || *place == '\0') lua_pushliteral(L, "");
  else lua_pushfstring(L, " %s at %s", verb, place);
}


/* Push "file:line" of the user's code and 'after', two bytes at most; "" when there is none. */
static void push_position(lua_State *L, const char *after) {
  char place[COH_PLACE_MAX + 2];
  lua_Debug frame;
  size_t length;
  if (!coh_text_find_where(coh_library_of(L), L, &frame)) {
    lua_pushliteral(L, "");
    return;
  }
  length = coh_text_write_place(place, frame.short_src, frame.currentline);
  strcpy(place + length, after);
  lua_pushstring(L, place);
}


void coh_text_push_where(lua_State *L) {
  push_position(L, "");
}


void coh_text_push_prefix(lua_State *L) {
  push_position(L, ": ");
}
