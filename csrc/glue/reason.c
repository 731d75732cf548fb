/*
** Reasons: see reason.h.
*/
#include "glue/reason.h"

#include <lauxlib.h>

#include "glue/fibername.h"
#include "glue/object.h"

static const char *const kinds[] = {NULL,        "cancel",   "deadline", "failure",
                                    "interrupt", "shutdown", "deadlock", "misnesting"};

static const char reason_key = 0;  /* its address is the registry's key of the metatable */


/*
** Add 'before' and a field of the table at 'reason' to the words on top, if the field is text: a user may
** have written anything there, or text with a NUL. [-1, +1, m]
*/
static void add_field(lua_State *L, int reason, const char *before, const char *name) {
  lua_pushstring(L, before);
  lua_pushstring(L, name);
  lua_rawget(L, reason);
  if (lua_isstring(L, -1)) lua_concat(L, 3);
  else lua_pop(L, 2);
}


/* Push the reason at 'reason' in words: "cancel by main.lua:3: the text". [-0, +1, m] */
static void push_words(lua_State *L, int reason) {
  lua_pushliteral(L, "");
  add_field(L, reason, "", "kind");
  add_field(L, reason, " by ", "task");
  add_field(L, reason, ": ", "text");
}


/* tostring(reason) */
static int reason_tostring(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  push_words(L, 1);
  return 1;
}


static void push_metatable(lua_State *L) {
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &reason_key) != LUA_TNIL) return;
  lua_pop(L, 1);
  lua_createtable(L, 0, 2);
  lua_pushcfunction(L, reason_tostring);
  lua_setfield(L, -2, "__tostring");
  lua_pushliteral(L, "cohort.Reason");
  lua_setfield(L, -2, "__name");
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &reason_key);
}


void coh_reason_note(lua_State *L, struct coh_state *S, int object, int text) {
  struct coh_fiber *f = coh_running(S);
  const struct coh_object *o = lua_touserdata(L, object);
  if (o->result != COH_UNFINISHED) return;  /* a task that has ended keeps its result there */
  lua_pushvalue(L, text);
  lua_setiuservalue(L, object, COH_UV_TEXT);
  if (f == NULL) return;
  coh_fiber_push_identity(L, f);
  lua_setiuservalue(L, object, COH_UV_CANCELLER);
}


/* The first user value of a task that was not ended by a cancellation is its result. */
static bool has_result(const struct coh_object *o) {
  return o->kind == COH_TASK && (o->result == COH_SUCCEEDED || o->result == COH_FAILED);
}


/* Does the value on top know who cancelled, or is it that itself? A task may be named after a userdata. */
static bool is_knowing(lua_State *L) {
  const struct coh_state *S = coh_state_of(L);
  return coh_object_test(L, S, -1, COH_SCOPE) != NULL || coh_object_test(L, S, -1, COH_GROUP) != NULL ||
         coh_object_test(L, S, -1, COH_TASK) != NULL;
}


/* Add who cancelled and with what text, from the object on top or the one that it refers to. [-1, +0, m] */
static void add_words(lua_State *L, int reason) {
  if (has_result(lua_touserdata(L, -1))) {
    lua_pushnil(L);
  } else if (lua_getiuservalue(L, -1, COH_UV_CANCELLER) == LUA_TUSERDATA && is_knowing(L)) {
    lua_replace(L, -2);
    lua_getiuservalue(L, -1, COH_UV_CANCELLER);
  }
  if (!lua_isnil(L, -1)) coh_fiber_render_identity(L);
  lua_setfield(L, reason, "task");
  lua_getiuservalue(L, -1, COH_UV_TEXT);
  lua_setfield(L, reason, "text");
  lua_pop(L, 1);
}


/* Make the table of a kind and of the object on top, which may be nil. [-1, +1, m] */
static void push_table(lua_State *L, enum coh_reason kind) {
  int object = lua_gettop(L);
  lua_createtable(L, 0, 3);                                /* object reason */
  lua_pushstring(L, kinds[kind]);
  lua_setfield(L, -2, "kind");
  if (kind == COH_REASON_CANCEL && lua_isuserdata(L, object)) {
    lua_pushvalue(L, object);
    add_words(L, object + 1);
  }
  push_metatable(L);
  lua_setmetatable(L, -2);
  lua_remove(L, -2);
}


void coh_reason_push(lua_State *L, struct coh_state *S, struct coh_scope *scope) {
  if (scope == NULL || scope->reason == COH_REASON_NONE) {
    lua_pushnil(L);
    return;
  }
  coh_object_push(L, S, scope);
  push_table(L, scope->reason);
}


void coh_reason_push_object(lua_State *L, int object) {
  const struct coh_object *o = lua_touserdata(L, object);
  enum coh_reason reason = o->scope != NULL ? o->scope->reason : o->reason;
  if (reason == COH_REASON_NONE) {
    lua_pushnil(L);
    return;
  }
  lua_pushvalue(L, object);
  push_table(L, reason);
}


void coh_reason_push_error(lua_State *L, enum coh_error_kind kind, const char *message) {
  coh_error_push(L, kind, message);
  lua_insert(L, -2);
  lua_setfield(L, -2, "reason");
}


/* The canceller is often far from the code that asks for the result: so the message has the reason, too. */
void coh_reason_push_aborted(lua_State *L, const char *message) {
  int reason = lua_gettop(L);
  lua_pushvalue(L, reason);
  coh_reason_push_error(L, COH_ABORTED, message);
  if (!lua_isnil(L, reason)) {
    lua_pushfstring(L, "%s (", message);
    push_words(L, reason);
    lua_pushliteral(L, ")");
    lua_concat(L, 3);
    lua_setfield(L, -2, "message");
  }
  lua_remove(L, reason);
}


int coh_reason_of_running(lua_State *L) {
  struct coh_state *S = coh_state_of(L);
  struct coh_fiber *f = coh_running(S);
  if (f == NULL) lua_pushnil(L);
  else coh_reason_push(L, S, coh_scope_source(f->task.current));
  return 1;
}
