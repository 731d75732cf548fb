/*
** Arguments of the functions on files: see check.h. Permissions are text, because Lua has no octal numbers
** and the number 644 would be another value.
*/
#include "fs/check.h"

#include <lauxlib.h>

#include <string.h>
#include <sys/stat.h>

#include "lua/arg.h"

static const char letters[] = "rwxrwxrwx";


void coh_fs_check_path(lua_State *L, int arg, const char *what, const char *noun, const char *mend) {
  size_t length = 0;
  const char *text = lua_type(L, arg) == LUA_TSTRING ? lua_tolstring(L, arg, &length) : NULL;
  if (text == NULL && luaL_getmetafield(L, arg, "__name") == LUA_TSTRING
      && strcmp(lua_tostring(L, -1), "cohort.TempDir") == 0)
    coh_misuse(L, "%s expects %s as a string, got a directory of temp_dir: write dir.path", what, noun);
  else if (text == NULL)
    coh_misuse(L, "%s expects %s as a string, got %s: write %s", what, noun, coh_type_name(L, arg), mend);
  else if (length == 0)
    coh_misuse(L, "%s expects %s, got an empty string: \".\" is the folder one is in", what, noun);
  else if (strlen(text) != length)
    coh_misuse(L, "%s expects %s, got a string with a NUL byte", what, noun);
}


void coh_fs_check_data(lua_State *L, int arg, const char *what) {
  if (!lua_isstring(L, arg))
    coh_misuse(L, "%s expects a string or a number to write, got %s: use tostring%s", what,
               coh_type_name(L, arg), lua_istable(L, arg) ? " or table.concat" : "");
}


static int from_digits(const char *text) {
  int mode = 0;
  for (; *text != '\0'; text++) mode = mode * 8 + (*text - '0');
  return mode;
}


static int from_letters(const char *text) {
  int mode = 0, i;
  for (i = 0; i < 9; i++) {
    if (text[i] != '-' && text[i] != letters[i]) return -1;
    mode = mode * 2 + (text[i] != '-');
  }
  return mode;
}


int coh_fs_permissions(const char *text) {
  size_t length = strlen(text);
  if (length == 9) return from_letters(text);
  if (length < 3 || length > 4 || strspn(text, "01234567") != length) return -1;
  return from_digits(text);
}


int coh_fs_opt_permissions(lua_State *L, int arg, int otherwise) {
  const char *text = coh_opt_string(L, arg, "permissions");
  int mode = text != NULL ? coh_fs_permissions(text) : otherwise;
  if (mode < 0)
    coh_misuse(L, "option 'permissions' expects \"644\" or \"rw-r--r--\", got another string");
  return mode;
}


void coh_fs_push_permissions(lua_State *L, unsigned mode) {
  char text[sizeof letters];
  int i;
  for (i = 0; i < 9; i++) text[i] = mode & (0400u >> i) ? letters[i] : '-';
  lua_pushlstring(L, text, 9);
}
