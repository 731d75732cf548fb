/*
** cohort.h as this library calls it itself, by hidden aliases: a program may have another copy of cohort, say
** linked in, and a visible name resolves to whichever was loaded first. And the end of a runtime along with
** its lua_State, which waits for nobody.
*/
#ifndef COH_OPEN_EMBED_H
#define COH_OPEN_EMBED_H

#include "cohort.h"
#include "glue/state.h"
#include "kernel/hidden.h"

COH_HIDDEN

extern __typeof__(cohort_open) coh_embed_open;
extern __typeof__(cohort_of) coh_embed_of;
extern __typeof__(cohort_spawn) coh_embed_spawn;
extern __typeof__(cohort_pump) coh_embed_pump;
extern __typeof__(cohort_take) coh_embed_take;
extern __typeof__(cohort_cancel) coh_embed_cancel;
extern __typeof__(cohort_break) coh_embed_break;
extern __typeof__(cohort_close) coh_embed_close;

/* Behind the definition of a function of cohort.h: its hidden alias. */
#define COH_EMBED_ALIAS(name) \
  extern __typeof__(cohort_##name) coh_embed_##name __attribute__((alias("cohort_" #name)))

/*
** Make room on the main thread's stack, which pumping, freeing and ending use. The stack may be full, as it
** is the host's and holds all that was taken. If there is no room at all, Lua still has a few slots in
** reserve.
*/
static inline void coh_embed_make_room(const struct coh_state *S) {
  lua_checkstack(S->main, LUA_MINSTACK);
}

/* End everything, even inside what will never go on: a task, a finalizer, this call itself. [-0, +0, -] */
void coh_embed_end(struct coh_state *S);

COH_SEEN

#endif
