/*
** Fibers, scopes and groups are kept when they have ended, up to a bound, and taken
** again: most tasks begin with a coroutine that is there already.
*/
#ifndef COH_GLUE_REUSE_H
#define COH_GLUE_REUSE_H

#include "glue/state.h"
#include "kernel/hidden.h"

COH_HIDDEN

/* A fresh or reused struct, zeroed except for what it keeps for good. [-0, +0, m] */
struct coh_fiber *coh_fiber_take(lua_State *L, struct coh_state *S);
struct coh_luascope *coh_luascope_take(lua_State *L, struct coh_state *S);
struct coh_luagroup *coh_luagroup_take(lua_State *L, struct coh_state *S);

/* The extra part of a live fiber, made when it has none. [-0, +0, m] */
struct coh_extra *coh_fiber_extra(lua_State *L, struct coh_fiber *f);

/* Memory for what its next wait needs, in extra->room, of 'size' bytes or more; not zeroed. [-0, +0, m] */
void *coh_fiber_room(lua_State *L, struct coh_fiber *f, size_t size);

/* The fiber ends: tell whatever it holds, see coh_held. [-0, +0, m when there is a name] */
void coh_fiber_let_go(lua_State *L, struct coh_fiber *f, const char *name);

/* Give one back. Its kernel part must have ended. Nothing raises. [-0, +0, -] */
void coh_fiber_give(struct coh_state *S, struct coh_fiber *f);

/* Leave the coroutines that are kept for reuse to the collector. [-0, +0, -] */
void coh_fiber_free_kept(struct coh_state *S);

/* Free the buried ones, see lost.h: the lua_State is being closed. [-0, +0, -] */
void coh_fiber_free_buried(struct coh_state *S);

void coh_luascope_give(struct coh_state *S, struct coh_luascope *s);
void coh_luagroup_give(struct coh_state *S, struct coh_luagroup *g);

/* Give back the failed tasks of a group: nobody will ask for their errors. [-0, +0, -] */
void coh_luagroup_forget_failures(struct coh_state *S, struct coh_luagroup *g);

/* Close an empty group and give back all it kept. Nothing raises. [-0, +0, -] */
void coh_luagroup_close(struct coh_state *S, struct coh_luagroup *g);

/* Free all that is kept. [-0, +0, -] */
void coh_reuse_free_kept(struct coh_state *S);

COH_SEEN

#endif
