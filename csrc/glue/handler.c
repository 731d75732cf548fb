/*
** The message handler: see handler.h.
*/
#include "glue/handler.h"

#include "errors/error.h"
#include "glue/coclose.h"
#include "glue/inner.h"
#include "glue/note.h"
#include "lua/library.h"


/*
** Is the error raised by a function of ours? Equal strings are one value, so identity does
** not tell. A Lua function of ours may be the message handler, and call this one.
*/
static bool is_raised_here(lua_State *L, const struct coh_state *S) {
  lua_Debug ar;
  bool ours;
  int level;
  for (level = 1; lua_getstack(L, level, &ar); level++) {
    lua_getinfo(L, "S", &ar);
    if (coh_library_has(S->library, ar.source)) continue;
    lua_getinfo(L, "f", &ar);
    ours = coh_is_ours(L, S);
    lua_pop(L, 1);
    return ours;
  }
  return false;
}


/*
** Cancelled has no note, see coh_note_stuck; an ErrorGroup brings those of its members;
** an error that we raise again on its way out has its note from where it began.
*/
int coh_handler(lua_State *L) {
  struct coh_state *S;
  struct coh_fiber *f;
  bool known;
  if (coh_cancelled_is(L, 1)) return 1;
  S = coh_state_of(L);
  f = coh_running(S);
  if (f == NULL || (!coh_link_alone(&S->closings) && lua_isnil(L, 1) && coh_closing_is(S, L))) return 1;
  known = f->rethrown && f->note != NULL && f->note->of == lua_topointer(L, 1) && is_raised_here(L, S);
  f->rethrown = false;
  if (known || coh_error_is(L, 1, COH_ERROR_GROUP)) return 1;
  coh_note_take(S, f, 1, &f->note);
  if (f->note != NULL) f->note->of = lua_topointer(L, 1);
  return 1;
}
