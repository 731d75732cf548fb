/*
** Probes: see probe.h. They are not public: what users call is in cohort.testing. None of them waits, and
** none changes what a program does, except for the fault that was asked for.
*/
#include "open/probe.h"

#include <lauxlib.h>

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <uv.h>

#include "glue/note.h"
#include "glue/object.h"
#include "io/handle.h"
#include "lua/calm.h"
#include "lua/text.h"
#include "process/child.h"
#include "stream/stdio.h"

#define NAME_MAX_BYTES 32
#define ERRNO_MAX 4096  /* libuv's own statuses are below it too */


static void count_handle(uv_handle_t *handle, void *count) {
  if (!uv_is_closing(handle)) ++*(lua_Integer *)count;
}


/* debug_counts() -> {tasks, handles, bytes}: what is in use now, for leak checks */
static int l_debug_counts(lua_State *L) {
  struct coh_state *S = coh_state_here(L);
  lua_Integer handles = 0;
  if (S->loop.opened) uv_walk(&S->loop.uv, count_handle, &handles);
  lua_createtable(L, 0, 3);
  lua_pushinteger(L, (lua_Integer)S->loop.rt.tasks_live);
  lua_setfield(L, -2, "tasks");
  lua_pushinteger(L, handles - coh_stdio_count(L));
  lua_setfield(L, -2, "handles");
  lua_pushinteger(L, (lua_Integer)S->loop.rt.mem.used);
  lua_setfield(L, -2, "bytes");
  return 1;
}


/* pcall'ed: () -> list of descriptions of what is open */
static int list_opened(lua_State *L) {
  struct coh_state *S = coh_state_of(L);
  const struct coh_io *io = S->loop.opened ? coh_io_of(S) : NULL;
  const struct coh_link *at;
  lua_Integer count = 0;
  lua_newtable(L);
  if (io == NULL) return 1;
  for (at = io->handles.next; at != &io->handles; at = at->next) {
    const struct coh_box *box = coh_item(at, struct coh_handle, link)->box;
    if (box->where == NULL) continue;
    coh_text_push_at(L, "opened", box->where);
    lua_pushfstring(L, "a %s%s", box->kind->noun, lua_tostring(L, -1));
    lua_rawseti(L, -3, ++count);
    lua_pop(L, 1);
  }
  coh_children_list(L, S);
  return 1;
}


/*
** opened() -> list of what is open, as "a listener opened at file.lua:8" each, as far as that is known. No
** finalizer runs meanwhile, as it could close what is being looked at.
*/
static int l_opened(lua_State *L) {
  return coh_calm_call(L, list_opened, 0, 1) == LUA_OK ? 1 : lua_error(L);
}


/* count_descriptors() -> open descriptors of this process; 0 where the system does not tell */
static int l_count_descriptors(lua_State *L) {
  lua_Integer count = -3;  /* not counted: ".", "..", and the one for reading this directory */
  DIR *dir = opendir("/dev/fd");
  while (dir != NULL && readdir(dir) != NULL) count++;
  lua_pushinteger(L, dir != NULL ? count - coh_stdio_count(L) : 0);
  if (dir != NULL) closedir(dir);
  return 1;
}


/* checkpoints() -> number of calls so far that may wait, by all tasks */
static int l_checkpoints(lua_State *L) {
  lua_pushinteger(L, (lua_Integer)coh_state_here(L)->checkpoints);
  return 1;
}


/* line_of(task) -> "file:line" where it is, or "?" before it has begun and after it has ended */
static int l_line_of(lua_State *L) {
  struct coh_object *o = coh_object_check(L, 1, COH_TASK, "line_of");
  if (o->scope == NULL) lua_pushliteral(L, "?");
  else coh_note_push_line(L, coh_state_here(L), coh_item(o->scope, struct coh_fiber, task.scope));
  return 1;
}


/* The errno for a code such as "EMFILE", or libuv's own number; 0 when there is no such code. */
static int errno_of(const char *code) {
  char name[NAME_MAX_BYTES];
  int error;
  for (error = 1; error < ERRNO_MAX; error++)
    if (strcmp(uv_err_name_r(-error, name, sizeof name), code) == 0) return error;
  return 0;
}


/* has_code(name) -> boolean: is it the code of a system error? */
static int l_has_code(lua_State *L) {
  lua_pushboolean(L, errno_of(luaL_checkstring(L, 1)) != 0);
  return 1;
}


/* Record where the program is. Nothing may be allocated here: memory may be what fails. */
static void keep_place(struct coh_faults *x) {
  const struct coh_state *S = coh_item(x, struct coh_state, loop.rt.mem.faults);
  lua_Debug frame;
  if (S->frame == NULL || !coh_text_find_where(S->library, S->frame->co, &frame)) return;
  snprintf(x->place, sizeof x->place, "%s:%d", frame.short_src, frame.currentline);
}


/*
** set_fault(n [, code]): from now on the n-th operation that can fail in this runtime does, with 'code' or
** whatever fits it; with 0, none does
*/
static int l_set_fault(lua_State *L) {
  struct coh_faults *faults = &coh_state_here(L)->loop.rt.mem.faults;
  lua_Integer n = luaL_checkinteger(L, 1);
  int error = lua_isnoneornil(L, 2) ? 0 : errno_of(luaL_checkstring(L, 2));
  *faults = (struct coh_faults){.fail_at = (uint64_t)n, .error = error, .on_fail = keep_place};
  return 0;
}


/* fault() -> what the fault made fail, or nil; "file:line" of the program at that time, or "" */
static int l_fault(lua_State *L) {
  const struct coh_faults *faults = &coh_state_here(L)->loop.rt.mem.faults;
  lua_pushstring(L, faults->failed);
  lua_pushstring(L, faults->place);
  return 2;
}


/* text_of(value) -> text, whatever its __tostring does */
static int l_text_of(lua_State *L) {
  luaL_checkany(L, 1);
  coh_text_push(L, 1);
  return 1;
}


static const luaL_Reg functions[] = {
  {"text_of", l_text_of},
  {"debug_counts", l_debug_counts},
  {"opened", l_opened},
  {"count_descriptors", l_count_descriptors},
  {"checkpoints", l_checkpoints},
  {"line_of", l_line_of},
  {"has_code", l_has_code},
  {"set_fault", l_set_fault},
  {"fault", l_fault},
  {NULL, NULL}
};


void coh_probe_open(lua_State *L) {
  lua_pushlightuserdata(L, coh_state_of(L));
  luaL_setfuncs(L, functions, 1);
}
