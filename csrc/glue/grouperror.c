/*
** The error of a group: see grouperror.h. The failures are in the order in which they happened: tasks and
** the body are in a list of the kernel's; each error of a deferred function is kept with the number of those
** before it.
*/
#include "glue/grouperror.h"

#include "errors/error.h"
#include "errors/group.h"
#include "glue/fibername.h"
#include "glue/note.h"
#include "glue/object.h"
#include "lua/outofmemory.h"


/* What a note says; NULL when there is none. */
struct noted {
  const char *text;
  size_t length;
};


static struct noted noted_by(const struct coh_note *note) {
  return note == NULL ? (struct noted){NULL, 0} : (struct noted){note->text, note->length};
}


/*
** Push { task = name, traceback = text, handling = the rest of the text }, without the
** frames that 'around', the group's own traceback, has too. Groups have tracebacks of
** their own, of another task unless 'f' is the group's 'host'. [-0, +1, m]
*/
static void push_details(lua_State *L, struct coh_fiber *f, const struct coh_fiber *host, struct noted at,
                         const char *around, int error) {
  const char *handling;
  size_t own;
  lua_createtable(L, 0, 3);
  coh_fiber_push_name(L, f);
  lua_setfield(L, -2, "task");
  if (coh_error_is(L, error, COH_ERROR_GROUP)) {
    lua_pushboolean(L, f != host);
    lua_setfield(L, -2, COH_OTHER_TASK);
    return;
  }
  if (at.length == 0) return;
  lua_pushlstring(L, at.text, at.length);
  coh_error_pass_traceback(L, error);
  own = coh_errgroup_own_length(at.text, coh_note_split(at.text, at.length, &handling), around);
  if (own < at.length) {
    lua_pushlstring(L, at.text, own);
    lua_replace(L, -2);
  }
  lua_setfield(L, -2, "traceback");
  if (handling == NULL) return;
  lua_pushlstring(L, handling, at.length - (size_t)(handling - at.text));
  lua_setfield(L, -2, "handling");
}


/*
** Append the error on top, of 'g', which happened in 'f' at the place 'at', to the list at 'errors', and
** its details to that at 'errors' + 1. [-1, +0, m]
**
**   message   place of the group   hosts   errors   details   error
*/
static void append(lua_State *L, struct coh_luagroup *g, struct coh_fiber *f, struct noted at, int errors) {
  lua_Integer n = (lua_Integer)lua_rawlen(L, errors) + 1;
  coh_error_box_nil(L);
  push_details(L, f, coh_fiber_of(g->group.host), at, lua_tostring(L, errors - 2), lua_gettop(L));
  lua_rawseti(L, errors + 1, n);
  lua_rawseti(L, errors, n);
}


/* Append the failure at 'l'. The body's is at 'body'; 0: it is reported elsewhere. [-0, +0, m] */
static void append_failure(lua_State *L, struct coh_luagroup *g, struct coh_link *l, int body, int errors) {
  struct coh_fiber *f = coh_fiber_of(g->group.host);
  if (l == &g->group.body_failed) {
    if (body == 0) return;
    lua_pushvalue(L, body);
  } else {
    f = coh_item(l, struct coh_fiber, task.wait.link);
    coh_fiber_push_error(L, f);
  }
  append(L, g, f, noted_by(f->note), errors);
}


/*
** Append the errors of deferred functions, from number 'i' on, that were raised after
** 'failures' others; returns the number of the first that was not. [-0, +0, m]
*/
static unsigned append_deferred(lua_State *L, struct coh_state *S, struct coh_luagroup *g, unsigned i,
                                lua_Integer failures, int errors) {
  bool more = i <= g->deferred_failed;
  struct noted at;
  for (; more; i += more, more = more && i <= g->deferred_failed) {
    coh_object_push(L, S, &g->group.scope);
    lua_getiuservalue(L, -1, COH_UV_DEFERRED);
    lua_getfield(L, -1, "errors");
    lua_rawgeti(L, -1, i);               /* object deferred errors entry */
    lua_rawgeti(L, -1, 3);
    more = lua_tointeger(L, -1) == failures;
    lua_rawgeti(L, -2, 2);
    lua_rawgeti(L, -3, 1);               /* ... entry failures traceback error */
    at.text = lua_tolstring(L, -2, &at.length);
    if (more) append(L, g, coh_fiber_of(g->group.host), at, errors);
    else lua_pop(L, 1);
    lua_pop(L, 6);
  }
  return i;
}


/* Append every failure of 'g' in order. [-0, +0, m] */
static void append_failures(lua_State *L, struct coh_state *S, struct coh_luagroup *g, int body, int errors) {
  struct coh_link *l;
  lua_Integer failures = 0;
  unsigned next = append_deferred(L, S, g, 1, failures, errors);
  for (l = g->group.failed.next; l != &g->group.failed; l = l->next) {
    append_failure(L, g, l, body, errors);
    next = append_deferred(L, S, g, next, ++failures, errors);
  }
}


/* Push "group 'name' failed". [-0, +1, m] */
static void push_message(lua_State *L, struct coh_state *S, struct coh_luagroup *g) {
  coh_object_push(L, S, &g->group.scope);
  lua_getiuservalue(L, -1, COH_UV_NAME);
  coh_fiber_render_identity(L);
  lua_pushfstring(L, "group '%s' failed", lua_tostring(L, -1));
  lua_replace(L, -3);
  lua_pop(L, 1);
}


bool coh_luagroup_has_failed(const struct coh_luagroup *g) {
  return !coh_link_alone(&g->group.failed) || g->deferred_failed > 0 || g->deferred_lost;
}


/* pcall'ed: (group, one error more or nil, error of the body or none) -> one error with all failures */
static int l_error(lua_State *L) {
  enum { GROUP = 1, MORE, BODY };
  struct coh_luagroup *g = lua_touserdata(L, GROUP);
  struct coh_state *S = coh_state_from(g->group.scope.slot.rt);
  struct coh_fiber *host = coh_fiber_of(g->group.host);
  int body = lua_gettop(L) == BODY ? BODY : 0, first = lua_gettop(L) + 1;
  push_message(L, S, g);
  coh_note_push_place(L, S, host, false);
  coh_note_push_hosts(L, S, host);
  lua_createtable(L, 1, 0);
  lua_createtable(L, 1, 0);            /* message place hosts errors details: most groups fail by one error */
  append_failures(L, S, g, body, first + 3);
  if (g->deferred_lost) {
    lua_pushliteral(L, COH_OUT_OF_MEMORY);
    append(L, g, host, noted_by(NULL), first + 3);
  }
  if (!lua_isnil(L, MORE)) {
    lua_pushvalue(L, MORE);
    append(L, g, host, noted_by(NULL), first + 3);
  }
  coh_errgroup_push(L, lua_tostring(L, first));
  coh_errgroup_set_traceback(L, -1, lua_tostring(L, first + 1), lua_tostring(L, first + 2));
  return 1;
}


void coh_luagroup_push_error(lua_State *L, struct coh_luagroup *g, int body, int more) {
  lua_pushcfunction(L, l_error);
  lua_pushlightuserdata(L, g);
  if (more != 0) lua_pushvalue(L, more);
  else lua_pushnil(L);
  if (body != 0) lua_pushvalue(L, body);
  lua_pcall(L, body != 0 ? 3 : 2, 1, 0);
}


void coh_luagroup_add_failures(lua_State *L, struct coh_luagroup *g) {
  int more = lua_gettop(L);
  if (!coh_luagroup_has_failed(g)) return;
  coh_luagroup_push_error(L, g, 0, more);
  lua_replace(L, more);
}
