/*
** Closing a coroutine so that its '<close>' variables may wait, which
** lua_resetthread cannot do. The coroutine is resumed once more, and the hook, set
** for that, raises nil (which is what a '<close>' variable is given when its
** coroutine is closed) at the instruction after its yield, and again wherever
** that is caught: so it unwinds itself, past its own protected calls.
*/
#ifndef COH_GLUE_COCLOSE_H
#define COH_GLUE_COCLOSE_H

#include "glue/state.h"
#include "kernel/hidden.h"

COH_HIDDEN

/*
** Make 'co', which is at 1 and has yielded, unwind itself when it is resumed. Pushes a value to
** be closed, which ends that. False without memory: then an error is pushed instead.
** [-0, +1, -]
*/
bool coh_closing_begin(lua_State *L, struct coh_state *S, lua_State *co);

/* Is 'co' unwinding itself so? */
bool coh_closing_is(const struct coh_state *S, const lua_State *co);

/* In the hook of 'L': raise if 'L' is to unwind here. [-0, +0, v] */
void coh_closing_hook(lua_State *L, const struct coh_state *S, const lua_Debug *ar);

/* End the unwinding of 'co', if there is one. [-0, +0, -] */
void coh_closing_end(struct coh_state *S, lua_State *co);

/* Forget all of them: their coroutines are ended. */
void coh_closing_forget(struct coh_state *S);

/* Make their metatable. [-0, +0, m] */
void coh_closing_open(lua_State *L);

COH_SEEN

#endif
