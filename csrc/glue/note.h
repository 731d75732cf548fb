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
** Take a note of where the fiber 'f' is, replacing what is in 'note'; NULL without memory. If 'f' runs, its
** 'level' innermost frames are left out. [-0, +0, -]
*/
void coh_note_take(struct coh_state *S, struct coh_fiber *f, int level, struct coh_note **note);

/* Put the string at 'text', if it is one, into the note of 'f', as that of the error 'of'. [-0, +0, -] */
void coh_note_put(lua_State *L, struct coh_state *S, struct coh_fiber *f, int text, const void *of);

/* Push the text of a note; nil for none. [-0, +1, m] */
void coh_note_push(lua_State *L, const struct coh_note *note);

/*
** A note says where an error happened and, for an error without fields of its own, below
** that what was being handled then. Returns the length of the first, without the newline after
** it; 'handling' is where the second begins, NULL when there is none.
*/
size_t coh_note_split(const char *text, size_t length, const char **handling);

/* Push "file:line: " of the first Lua function in a note, "" when there is none. [-0, +1, m] */
void coh_note_push_where(lua_State *L, const struct coh_note *note);

/* Cancelled is about to be raised in 'f', which runs: note where, if a block of its own will report that. */
void coh_note_stuck(struct coh_state *S, struct coh_fiber *f);

/* Push where 'f' is now: its own frames, and with 'hosts' those of the groups above. [-0, +1, m] */
void coh_note_push_place(lua_State *L, struct coh_state *S, struct coh_fiber *f, bool hosts);

/* Push the text of the frames of the groups above 'f', or nil at the root. [-0, +1, m] */
void coh_note_push_hosts(lua_State *L, struct coh_state *S, struct coh_fiber *f);

/* Push "file:line" of the user's innermost Lua function in 'f', or "?" and return false. [-0, +1, m] */
bool coh_note_push_line(lua_State *L, struct coh_state *S, struct coh_fiber *f);

COH_SEEN

#endif
