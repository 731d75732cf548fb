/*
** The identity of a fiber: see fibername.h. Its handle, or what it is named after, is in the slot
** COH_FIBER_OWNER of its bottom frame, which is drawn in fiber.c.
*/
#include "glue/fibername.h"

#include <lauxlib.h>

#include "glue/lost.h"
#include "glue/object.h"
#include "lua/depth.h"
#include "lua/funcname.h"
#include "lua/outofmemory.h"

/* metatable[&title_key] makes the title of an object that tasks are named after. */
static const char title_key = 0;


static struct coh_state *state_of(const struct coh_fiber *f) {
  return coh_state_from(coh_task_runtime(&f->task));
}


struct coh_object *coh_fiber_handle_new(lua_State *L, const struct coh_state *S) {
  struct coh_object *h = lua_newuserdatauv(L, sizeof *h, COH_UV_IDENTITY);
  coh_object_init(L, S, h, COH_TASK);
  return h;
}


/*
** Before the first step there is only the stack, and no frame; then that frame is the
** outermost one; of a failed fiber its identity is left, on its stack or, when its
** coroutine was dropped, in the slot of that.
*/
void coh_fiber_push_owner(lua_State *L, struct coh_fiber *f) {
  lua_State *co = f->L;
  lua_Debug ar;
  int levels;
  if (co == NULL) {
    coh_anchors_push(L, &state_of(f)->threads, f->task.slot);
    return;
  }
  if (!lua_checkstack(co, 2)) {
    lua_pushnil(L);
    return;
  }
  if (coh_fiber_is_loaded(state_of(f), co)) {
    lua_pushvalue(co, COH_FIBER_OWNER + 1);
  } else if ((levels = coh_depth_of(co)) > 0) {
    lua_getstack(co, levels - 1, &ar);
    if (lua_getlocal(co, &ar, COH_FIBER_OWNER) == NULL) lua_pushnil(co);
  } else if (f->failed && lua_status(co) == LUA_OK && lua_gettop(co) >= 2) {
    lua_pushvalue(co, -2);
  } else {
    lua_pushnil(co);
  }
  if (co != L) lua_xmove(co, L, 1);
}


/* Put a new handle into the bottom frame of a live fiber. [-1, +0, -] */
static void set_owner(lua_State *L, struct coh_fiber *f) {
  lua_State *co = f->L;
  lua_Debug ar;
  if (co != L) lua_xmove(L, co, 1);
  if (coh_fiber_is_loaded(state_of(f), co)) {
    lua_replace(co, COH_FIBER_OWNER + 1);
    return;
  }
  lua_getstack(co, coh_depth_of(co) - 1, &ar);
  lua_setlocal(co, &ar, COH_FIBER_OWNER);
}


void coh_fiber_push_handle(lua_State *L, struct coh_state *S, struct coh_fiber *f) {
  struct coh_object *made;
  if (f->dead || coh_lost_is(f)) {
    lua_pushnil(L);
    return;
  }
  if (f->handle != NULL) {
    coh_fiber_push_owner(L, f);
    return;
  }
  luaL_checkstack(f->L, 3, "no room for a handle");
  made = coh_fiber_handle_new(L, S);
  if (f->handle != NULL || coh_lost_is(f)) {  /* a finalizer made one meanwhile, or closed its coroutine */
    lua_pop(L, 1);
    coh_fiber_push_handle(L, S, f);
    return;
  }
  coh_fiber_bind(made, f);
  coh_fiber_push_owner(L, f);
  lua_setiuservalue(L, -2, COH_UV_IDENTITY);
  lua_pushvalue(L, -1);
  set_owner(L, f);
}


void coh_fiber_push_identity(lua_State *L, struct coh_fiber *f) {
  coh_fiber_push_owner(L, f);
  if (f->handle == NULL || lua_touserdata(L, -1) != f->handle) return;
  lua_getiuservalue(L, -1, COH_UV_IDENTITY);
  lua_remove(L, -2);
}


void coh_fiber_set_title(lua_State *L) {
  lua_rawsetp(L, -2, &title_key);
}


/* Push the function that makes a title of the value on top. False, and nothing is pushed: it has none. */
static bool push_title_of(lua_State *L) {
  luaL_checkstack(L, 2, "a name");
  if (!lua_getmetatable(L, -1)) return false;
  lua_rawgetp(L, -1, &title_key);
  lua_remove(L, -2);
  if (lua_iscfunction(L, -1)) return true;
  lua_pop(L, 1);
  return false;
}


void coh_fiber_render_identity(lua_State *L) {
  if (lua_type(L, -1) == LUA_TSTRING) return;
  if (lua_type(L, -1) == LUA_TFUNCTION) {
    coh_funcname_render(L);
  } else if (push_title_of(L)) {
    lua_insert(L, -2);
    lua_call(L, 1, 1);
  } else {
    lua_pop(L, 1);
    lua_pushliteral(L, "task");
  }
}


void coh_fiber_push_name(lua_State *L, struct coh_fiber *f) {
  coh_fiber_push_identity(L, f);
  coh_fiber_render_identity(L);
}


/* The error may be gone: to Lua's own library the coroutine of a failed task is one that it may resume. */
void coh_fiber_push_error(lua_State *L, struct coh_fiber *f) {
  if (f->L == NULL) {
    lua_pushliteral(L, COH_OUT_OF_MEMORY);
  } else if (f->taken) {
    lua_pushliteral(L, COH_TAKEN);
  } else if (lua_gettop(f->L) == 0 || (!f->dead && lua_status(f->L) != LUA_OK)) {
    lua_pushliteral(L, "the error of this task is lost: its coroutine was closed or resumed by hand after it "
                       "had failed");
  } else {
    luaL_checkstack(f->L, 1, "no room for an error");
    lua_pushvalue(f->L, -1);
    lua_xmove(f->L, L, 1);
  }
}
