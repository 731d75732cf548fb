/*
** Closing coroutines: see coclose.h. A '<close>' variable is called by the
** protected call that caught the error, so it runs above the frame that will
** go on after that call; only what is below is to be unwound further. Where that
** call was one of ours, which raises again, the next that catches is further below,
** and what it calls is where we unwind: so it is spared.
*/
#include "glue/coclose.h"

#include "glue/note.h"
#include "glue/unwind.h"

struct coh_closing {
  struct coh_closing *next;  /* in state.closings */
  lua_State *co;             /* borrowed: whoever closes it has it on the stack */
  int limit;                 /* raise at this depth or less */
  int spared;                /* depth of a function that unwinding called, or 0 */
};


static struct coh_closing *find(const struct coh_state *S, const lua_State *co) {
  struct coh_closing *c = S->closings;
  while (c != NULL && c->co != co) c = c->next;
  return c;
}


/* Coroutines that were made by one that is being closed have its hook too: not for long. */
static void hook(lua_State *L, lua_Debug *ar) {
  struct coh_closing *c = find(coh_state_of(L), L);
  if (c == NULL) {
    lua_sethook(L, NULL, 0, 0);
    return;
  }
  if (c->spared != 0 && coh_unwind_is_deeper(L, c->spared - 1)) return;
  c->spared = 0;
  if (coh_unwind_is_deeper(L, c->limit)) return;
  if (ar->event == LUA_HOOKCALL) {
    if (coh_unwind_is_called_from_c(L)) c->spared = coh_note_levels(L);
    return;
  }
  c->limit = coh_unwind_below_catcher(L);
  lua_pushnil(L);
  lua_error(L);
}


bool coh_closing_begin(struct coh_state *S, lua_State *co) {
  struct coh_closing *c = coh_mem_new(&S->loop.rt.mem, sizeof *c);
  if (c == NULL) return false;
  *c = (struct coh_closing){S->closings, co, coh_note_levels(co), 0};
  S->closings = c;
  lua_sethook(co, hook, LUA_MASKCOUNT | LUA_MASKCALL, 1);
  return true;
}


bool coh_closing_is(const struct coh_state *S, const lua_State *co) {
  return find(S, co) != NULL;
}


static void forget(struct coh_state *S, struct coh_closing **at) {
  struct coh_closing *c = *at;
  *at = c->next;
  coh_mem_free(&S->loop.rt.mem, c, sizeof *c);
}


void coh_closing_end(struct coh_state *S, lua_State *co) {
  struct coh_closing **at = &S->closings;
  while (*at != NULL && (*at)->co != co) at = &(*at)->next;
  if (*at == NULL) return;
  forget(S, at);
  lua_sethook(co, NULL, 0, 0);
}


void coh_closing_free(struct coh_state *S) {
  while (S->closings != NULL) forget(S, &S->closings);
}
