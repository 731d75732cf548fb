/*
** Notes: tracebacks taken where an error happens, as text in C memory, because
** the stack is gone later and a memory error must not need Lua's memory. Our own
** formatter costs microseconds where luaL_traceback costs tens of them. Frames
** of this library are left out.
*/
#ifndef COH_GLUE_NOTE_H
#define COH_GLUE_NOTE_H

#include "glue/state.h"
#include "kernel/hidden.h"

COH_HIDDEN

/*
** Put where the fiber 'f' is into 'note', in place of what is there; NULL without memory. Of one that runs
** the 'level' innermost frames are left out. [-0, +0, -]
*/
void coh_note_take(struct coh_state *S, struct coh_fiber *f, int level, struct coh_note **note);

/* Put the string at 'text', if it is one, into the note of 'f', as that of the error 'of'. [-0, +0, -] */
void coh_note_put(lua_State *L, struct coh_state *S, struct coh_fiber *f, int text, const void *of);

/* Push the text of a note; nil for none. [-0, +1, m] */
void coh_note_push(lua_State *L, const struct coh_note *note);

/*
** A note tells where an error happened and, of one that has no fields to tell it, below
** that what was being handled then. How long the first is, without the newline behind it, and
** where the second begins; NULL when nothing was.
*/
size_t coh_note_split(const char *text, size_t length, const char **handling);

/* Push "file:line: " of the first Lua function in a note, "" when there is none. [-0, +1, m] */
void coh_note_push_where(lua_State *L, const struct coh_note *note);

/* Cancelled is about to be raised in 'f', which runs: keep where, when a block of its own will tell. */
void coh_note_stuck(struct coh_state *S, struct coh_fiber *f);

/* Push where 'f' is now: its own frames, and with 'hosts' those of the groups above. [-0, +1, m] */
void coh_note_push_place(lua_State *L, struct coh_state *S, struct coh_fiber *f, bool hosts);

/* Push the text of the frames of the groups above 'f', or nil at the root. [-0, +1, m] */
void coh_note_push_hosts(lua_State *L, struct coh_state *S, struct coh_fiber *f);

/* Push "file:line" of the innermost Lua function of 'f', or "?". [-0, +1, m] */
void coh_note_push_line(lua_State *L, struct coh_state *S, struct coh_fiber *f);

COH_SEEN

#endif
