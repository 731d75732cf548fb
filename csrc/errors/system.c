/*
** Errors of operations: see system.h. The texts of a status come from those functions of
** libuv that fill a buffer of ours: the others leak for a status they do not know.
*/
#include "errors/system.h"

#include <uv.h>

#include <ctype.h>
#include <stdio.h>
#include <string.h>


void coh_syserr_tell(int status, char name[COH_SYSERR_NAME], char text[COH_SYSERR_TEXT]) {
  const char *known = strerrorname_np(-status);
  uv_err_name_r(status, name, COH_SYSERR_NAME);
  uv_strerror_r(status, text, COH_SYSERR_TEXT);
  if (known == NULL || strncmp(name, "Unknown", 7) != 0) return;
  snprintf(name, COH_SYSERR_NAME, "%s", known);
  snprintf(text, COH_SYSERR_TEXT, "%s", strerrordesc_np(-status));
  *text = (char)tolower((unsigned char)*text);
}


void coh_syserr_push(lua_State *L, enum coh_error_kind kind, int status, const char *operation,
                     const char *field, const char *subject) {
  char name[COH_SYSERR_NAME], text[COH_SYSERR_TEXT];
  const char *gap = subject != NULL ? " " : "";
  coh_syserr_tell(status, name, text);
  lua_pushfstring(L, "%s%s%s: %s (%s)", operation, gap, subject != NULL ? subject : "", text, name);
  coh_error_push(L, kind, lua_tostring(L, -1));  /* message err */
  lua_remove(L, -2);
  lua_pushstring(L, name);
  lua_setfield(L, -2, "code");
  lua_pushinteger(L, -status);
  lua_setfield(L, -2, "errno");
  lua_pushstring(L, operation);
  lua_setfield(L, -2, "operation");
  if (subject == NULL) return;
  lua_pushstring(L, subject);
  lua_setfield(L, -2, field);
}


int coh_syserr_raise(lua_State *L, enum coh_error_kind kind, const char *operation, const char *text) {
  lua_pushfstring(L, "%s: %s", operation, text);
  coh_error_push(L, kind, lua_tostring(L, -1));
  lua_pushstring(L, operation);
  lua_setfield(L, -2, "operation");
  return lua_error(L);
}
