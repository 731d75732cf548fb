/*
** The front of this folder: see sync.h.
*/
#include "sync/sync.h"

#include "glue/inner.h"
#include "lua/library.h"
#include "lua/text.h"
#include "sync/barrier.h"
#include "sync/condition.h"
#include "sync/ends.h"
#include "sync/event.h"
#include "sync/limiter.h"
#include "sync/lock.h"
#include "sync/select.h"
#include "sync/semaphore.h"
#include "sync/tie.h"

static const struct coh_sync_class *const classes[] = {
  &coh_event_class,   &coh_lock_class,      &coh_semaphore_class,
  &coh_limiter_class, &coh_condition_class, &coh_barrier_class,
  &coh_sender_class,  &coh_receiver_class};


/* The class of the value on top, or NULL. [-0, +0, -] */
static const struct coh_sync_class *class_of(lua_State *L) {
  size_t i;
  for (i = 0; i < sizeof classes / sizeof *classes; i++)
    if (coh_sync_test(L, -1, classes[i]) != NULL) return classes[i];
  return NULL;
}


/* Push the first value of the innermost frame of 'co', where a waiting method has its object. [-0, +1, -] */
static void push_subject(lua_State *L, lua_State *co) {
  lua_Debug ar;
  if (co == NULL || co == L || !lua_checkstack(co, 1) || !lua_getstack(co, 0, &ar) ||
      lua_getlocal(co, &ar, 1) == NULL)
    lua_pushnil(L);
  else
    lua_xmove(co, L, 1);
}


/*
** Push the text of the object of ours that waits in a method written in Lua: the first value of the outermost
** frame of the library's below the innermost. Nothing is pushed when there is none. [-0, +0|1, m]
*/
static bool push_owner(lua_State *L, lua_State *co) {
  const char *library = coh_library_of(L);
  lua_Debug ar;
  bool is_one = false;
  if (co == NULL || co == L || !lua_checkstack(co, 1)) return false;
  for (int level = 1; lua_getstack(co, level, &ar); level++) {
    lua_getinfo(co, "S", &ar);
    if (*ar.what == 'C') continue;
    if (!coh_library_has(library, ar.source)) break;
    if (lua_getlocal(co, &ar, 1) == NULL) continue;
    lua_xmove(co, L, 1);
    if (lua_istable(L, -1) && luaL_getmetafield(L, -1, "__name") == LUA_TSTRING) {
      if (is_one) lua_remove(L, -3);
      lua_pop(L, 1);
      is_one = true;
    } else {
      lua_pop(L, 1);
    }
  }
  if (!is_one) return false;
  coh_text_push(L, -1);
  lua_replace(L, -2);
  return true;
}


void coh_sync_push_what(lua_State *L, const struct coh_fiber *f) {
  const struct coh_wait_kind *kind = f->task.wait.kind;
  const struct coh_sync_class *class;
  lua_State *co;
  if (kind == NULL) {
    lua_pushliteral(L, "its turn");
    return;
  }
  co = f->L == NULL ? NULL : coh_innermost(coh_state_of(L), f->L);
  if (push_owner(L, co)) return;
  push_subject(L, co);
  class = class_of(L);
  if (class == NULL) {
    lua_pushstring(L, kind->what);
  } else {
    coh_sync_push_state(L, lua_gettop(L), class);
    lua_pushfstring(L, "%s %s", kind->what, lua_tostring(L, -1));
    lua_replace(L, -2);
  }
  lua_replace(L, -2);
}


void coh_sync_open(lua_State *L) {
  coh_hold_open(L);
  coh_event_open(L);
  coh_lock_open(L);
  coh_semaphore_open(L);
  coh_limiter_open(L);
  coh_condition_open(L);
  coh_barrier_open(L);
  coh_ends_open(L);
  coh_select_open(L);
  coh_tie_open(L);
}
