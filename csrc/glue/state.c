/*
** The state and its anchors: see state.h.
*/
#include "glue/state.h"

#include <lauxlib.h>

#include <string.h>

#include "lua/library.h"

static const char state_key = 0;  /* its address is the registry's key */


struct coh_state *coh_state_of(lua_State *L) {
  struct coh_state *S;
  lua_rawgetp(L, LUA_REGISTRYINDEX, &state_key);
  S = lua_touserdata(L, -1);
  lua_pop(L, 1);
  return S;
}


static void open_anchors(lua_State *L, struct coh_anchors *a) {
  lua_newtable(L);
  a->table = luaL_ref(L, LUA_REGISTRYINDEX);
  a->free = a->top = 0;
}


struct coh_state *coh_state_new(lua_State *L) {
  struct coh_state *S = lua_newuserdatauv(L, sizeof *S, 0);
  memset(S, 0, sizeof *S);
  coh_clock_init_real(&S->clock);
  S->library = coh_library_of(L);
  S->report = LUA_NOREF;
  coh_link_init(&S->closings);
  coh_link_init(&S->fibers);
  coh_link_init(&S->buried);
  coh_link_init(&S->unstarted);
  coh_link_init(&S->scopes);
  coh_link_init(&S->groups);
  lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_MAINTHREAD);
  S->main = lua_tothread(L, -1);
  lua_pop(L, 1);
  open_anchors(L, &S->threads);
  open_anchors(L, &S->objects);
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &state_key);
  return S;
}


void coh_object_end(struct coh_object *o) {
  o->reason = o->scope->reason;
  o->shield = o->scope->shield;
  o->caught = o->scope->caught;
  o->scope = NULL;
}


void coh_note_free(struct coh_state *S, struct coh_note **note) {
  if (*note == NULL) return;
  coh_mem_free(&S->loop.rt.mem, *note, sizeof **note + (*note)->length + 1);
  *note = NULL;
}


/* {{ Anchors */

int coh_anchors_take(lua_State *L, struct coh_anchors *a) {
  int slot;
  lua_rawgeti(L, LUA_REGISTRYINDEX, a->table);  /* value table */
  if (a->free != 0) {
    slot = a->free;
    lua_rawgeti(L, -1, slot);
    a->free = (int)lua_tointeger(L, -1);
    lua_pop(L, 1);
  } else {
    slot = a->top + 1;
  }
  lua_insert(L, -2);                            /* table value */
  lua_rawseti(L, -2, slot);                     /* may raise: nothing was taken yet */
  if (slot > a->top) a->top = slot;
  lua_pop(L, 1);
  return slot;
}


void coh_anchors_set(lua_State *L, const struct coh_anchors *a, int slot) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, a->table);
  lua_insert(L, -2);
  lua_rawseti(L, -2, slot);
  lua_pop(L, 1);
}


void coh_anchors_clear(lua_State *L, const struct coh_anchors *a, int slot) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, a->table);
  lua_pushboolean(L, 0);
  lua_rawseti(L, -2, slot);
  lua_pop(L, 1);
}


void coh_anchors_push(lua_State *L, const struct coh_anchors *a, int slot) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, a->table);
  lua_rawgeti(L, -1, slot);
  lua_remove(L, -2);
}


/* 'slot' is 0 when memory ran out before there was one. */
void coh_anchors_free(lua_State *L, struct coh_anchors *a, int slot) {
  if (slot == 0) return;
  lua_pushinteger(L, a->free);
  coh_anchors_set(L, a, slot);
  a->free = slot;
}

/* }} */
