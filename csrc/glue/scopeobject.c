/*
** The scope object: see scopeobject.h. A proxy is one that stands for a group or a
** task: it keeps that in its first user value and has no state of its own.
*/
#include "glue/scopeobject.h"

#include <string.h>

#include "glue/fibername.h"
#include "glue/lost.h"
#include "glue/object.h"
#include "glue/reason.h"
#include "glue/wait.h"
#include "lua/arg.h"


struct coh_face *coh_face_push(lua_State *L, int options) {
  struct coh_face *face = lua_newuserdatauv(L, sizeof *face, COH_UVS_SCOPE);
  *face = (struct coh_face){.deadline_ns = COH_NEVER};
  coh_object_init(L, coh_state_here(L), &face->object, COH_SCOPE);
  if (options != 0) {
    coh_get_option(L, options, "name");
    lua_setiuservalue(L, -2, COH_UV_NAME);
  }
  return face;
}


void coh_face_bind(lua_State *L, struct coh_state *S, struct coh_luascope *s, struct coh_face *face) {
  face->object.scope = &s->scope;
  s->face = face;
  lua_pushvalue(L, -1);
  coh_anchors_set(L, &S->objects, s->slot);
}


/* Push what the scope at 'arg' stands for, and return its head. [-0, +1, v] */
static struct coh_object *check_subject(lua_State *L, int arg, const char *what) {
  struct coh_face *face = coh_object_check(L, arg, COH_SCOPE, what);
  struct coh_object *o;
  if (!face->proxy) {
    lua_pushvalue(L, arg);
    return &face->object;
  }
  lua_getiuservalue(L, arg, COH_UV_OWNER);
  o = lua_touserdata(L, -1);
  if (o->kind == COH_TASK) coh_lost_settle(coh_state_here(L), o);
  return o;
}


void coh_scopeobject_push_proxy(lua_State *L) {
  struct coh_face *face = coh_face_push(L, 0);
  face->proxy = true;
  lua_insert(L, -2);
  lua_setiuservalue(L, -2, COH_UV_OWNER);
}


void coh_scopeobject_check_text(lua_State *L, const char *what) {
  if (!lua_isnoneornil(L, 2) && lua_type(L, 2) != LUA_TSTRING)
    coh_misuse(L, "%s expects a reason as a string, or nothing, got %s", what, coh_type_name(L, 2));
}


/* Is it cancelled? Notices a deadline that has passed. */
static bool is_cancelled(struct coh_object *o) {
  return o->scope != NULL ? coh_scope_cancel_called(o->scope) : o->reason != COH_REASON_NONE;
}


int coh_scopeobject_cancel(lua_State *L, struct coh_object *o, int object) {
  if (is_cancelled(o)) return 0;
  coh_reason_note(L, coh_state_here(L), object, 2);
  if (o->scope == NULL) o->reason = COH_REASON_CANCEL;
  else coh_scope_cancel(o->scope, COH_REASON_CANCEL);
  return 0;
}


/* scope:cancel([reason]) */
static int l_cancel(lua_State *L) {
  struct coh_object *o;
  lua_settop(L, 2);
  coh_scopeobject_check_text(L, "cancel");
  o = check_subject(L, 1, "cancel");
  return coh_scopeobject_cancel(L, o, 3);
}


/* {{ Fields */

/* check_subject for the scope at 1, which also notices a deadline that has passed. [-0, +1, v] */
static struct coh_object *check_noticed(lua_State *L) {
  struct coh_object *o = check_subject(L, 1, "field");
  is_cancelled(o);
  return o;
}


/* scope.deadline */
static int get_deadline(lua_State *L) {
  const struct coh_face *face = coh_object_check(L, 1, COH_SCOPE, "field");
  const struct coh_object *o = check_noticed(L);
  int64_t ended_ns = face->proxy ? COH_NEVER : face->deadline_ns;
  lua_pushnumber(L, coh_seconds(o->scope != NULL ? o->scope->deadline.at_ns : ended_ns));
  return 1;
}


/* scope.shield */
static int get_shield(lua_State *L) {
  const struct coh_object *o = check_noticed(L);
  lua_pushboolean(L, o->scope != NULL ? o->scope->shield : o->shield);
  return 1;
}


/* scope.cancel_called */
static int get_cancel_called(lua_State *L) {
  lua_pushboolean(L, is_cancelled(check_subject(L, 1, "field")));
  return 1;
}


/* scope.cancelled_caught */
static int get_cancelled_caught(lua_State *L) {
  const struct coh_object *o = check_noticed(L);
  lua_pushboolean(L, o->scope != NULL ? o->scope->caught : o->caught);
  return 1;
}


/* scope.reason */
static int get_reason(lua_State *L) {
  check_noticed(L);
  coh_reason_push_object(L, lua_gettop(L));
  return 1;
}


/* scope.name: nil for the scope of a group or a task, which has a name itself */
static int get_name(lua_State *L) {
  const struct coh_face *face = coh_object_check(L, 1, COH_SCOPE, "field");
  if (face->proxy) lua_pushnil(L);
  else lua_getiuservalue(L, 1, COH_UV_NAME);
  return 1;
}


static const luaL_Reg fields[] = {
  {"deadline", get_deadline}, {"shield", get_shield}, {"cancel_called", get_cancel_called},
  {"cancelled_caught", get_cancelled_caught}, {"reason", get_reason}, {"name", get_name}, {NULL, NULL}};

/* }} */


/* scope.deadline = seconds; scope.shield = boolean */
static int l_newindex(lua_State *L) {
  struct coh_object *o;
  const char *key = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "?";
  bool is_deadline = strcmp(key, "deadline") == 0;
  int64_t at_ns = 0;
  if (!is_deadline && strcmp(key, "shield") != 0)
    return coh_misuse(L, "a scope has no field '%s' to assign: 'deadline' and 'shield' can be", key);
  if (is_deadline) at_ns = coh_check_time(L, 3, "scope.deadline");
  else if (!lua_isboolean(L, 3))
    return coh_misuse(L, "scope.shield expects true or false, got %s", coh_type_name(L, 3));
  o = check_subject(L, 1, "__newindex");
  if (o->scope == NULL) return coh_misuse(L, "this scope has ended: its %s cannot be changed", key);
  if (is_deadline) coh_scope_set_deadline(o->scope, at_ns);
  else coh_scope_set_shield(o->scope, lua_toboolean(L, 3));
  return 0;
}


/* tostring(scope): "scope 'name' (open, cancelled)" */
static int l_tostring(lua_State *L) {
  struct coh_face *face = coh_object_check(L, 1, COH_SCOPE, "tostring");
  struct coh_object *o = check_subject(L, 1, "tostring");
  bool cancelled = (o->scope != NULL ? o->scope->reason : o->reason) != COH_REASON_NONE;
  const char *state = o->scope != NULL ? "open" : "ended";
  if (!face->proxy && lua_getiuservalue(L, 1, COH_UV_NAME) == LUA_TSTRING)
    lua_pushfstring(L, "scope '%s' (%s%s)", lua_tostring(L, -1), state, cancelled ? ", cancelled" : "");
  else
    lua_pushfstring(L, "scope %p (%s%s)", lua_topointer(L, 1), state, cancelled ? ", cancelled" : "");
  return 1;
}


/* Has the innermost scope of 'f' an object that has yet to be made? */
static bool is_faceless(const struct coh_fiber *f) {
  const struct coh_scope *s = f->task.current;
  return s->role == COH_SCOPE_PLAIN && coh_item(s, struct coh_luascope, scope)->face == NULL;
}


/* current_scope() -> the innermost scope of the running task; a finalizer may ask the same meanwhile */
static int l_current_scope(lua_State *L) {
  struct coh_state *S = coh_state_here(L);
  struct coh_fiber *f = coh_check_task(L);
  struct coh_face *made = is_faceless(f) ? coh_face_push(L, 0) : NULL;
  struct coh_scope *s = f->task.current;
  if (made != NULL && is_faceless(f)) {
    coh_face_bind(L, S, coh_item(s, struct coh_luascope, scope), made);
  } else if (s->role == COH_SCOPE_PLAIN) {
    coh_anchors_push(L, &S->objects, coh_item(s, struct coh_luascope, scope)->slot);
  } else if (s->role == COH_SCOPE_TASK) {
    coh_fiber_push_handle(L, S, f);
    coh_scopeobject_push_proxy(L);
  } else {
    if (s->role == COH_SCOPE_BLOCK) s = &coh_item(s, struct coh_luagroup, block)->group.scope;
    coh_object_push(L, S, s);
    coh_scopeobject_push_proxy(L);
  }
  return 1;
}


/* current_deadline() -> seconds */
static int l_current_deadline(lua_State *L) {
  int64_t at_ns = coh_scope_effective_deadline(coh_check_task(L)->task.current);
  lua_pushnumber(L, coh_seconds(at_ns));
  return 1;
}


static const luaL_Reg methods[] = {{"cancel", l_cancel}, {NULL, NULL}};

static const luaL_Reg functions[] = {
  {"current_scope", l_current_scope}, {"current_deadline", l_current_deadline}, {NULL, NULL}};


void coh_scopeobject_open(lua_State *L, lua_CFunction close) {
  const luaL_Reg metamethods[] = {
    {"__newindex", l_newindex}, {"__tostring", l_tostring}, {"__close", close}, {NULL, NULL}};
  coh_object_define(L, COH_SCOPE, "cohort.Scope", metamethods, methods, fields);
  lua_pushlightuserdata(L, coh_state_of(L));
  luaL_setfuncs(L, functions, 1);
}
