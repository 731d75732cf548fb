/*
** The module cohort.core: everything that C offers to the Lua side. Opening it makes the state for this
** lua_State, but no runtime yet.
*/
#include <lauxlib.h>

#include "cohort.h"
#include "errors/chain.h"
#include "errors/error.h"
#include "fs/fs.h"
#include "glue/clocks.h"
#include "glue/context.h"
#include "glue/coroutine.h"
#include "glue/costep.h"
#include "glue/fiber.h"
#include "glue/groups.h"
#include "glue/handler.h"
#include "glue/hook.h"
#include "glue/note.h"
#include "glue/reason.h"
#include "glue/relay.h"
#include "glue/reuse.h"
#include "glue/scopes.h"
#include "glue/tasks.h"
#include "glue/wait.h"
#include "io/io.h"
#include "kernel/random.h"
#include "lua/arg.h"
#include "lua/funcname.h"
#include "lua/library.h"
#include "lua/names.h"
#include "lua/outofmemory.h"
#include "lua/text.h"
#include "net/net.h"
#include "open/embed.h"
#include "open/probe.h"
#include "open/report.h"
#include "open/run.h"
#include "open/runner.h"
#include "process/process.h"
#include "stream/faulty.h"
#include "stream/memory.h"
#include "stream/stdio.h"
#include "stream/stream.h"
#include "sync/sync.h"

#if LUA_VERSION_NUM != 504
#error "cohort is for Lua 5.4, from 5.4.4 on"
#endif

#define OPTIONS_MAX 20  /* most options of a function of the Lua side */

/*
** The module's key in the registry. Whoever removes it from package.loaded and requires it again, as tools do
** that insulate tests or reload code, gets the same module, with its tasks, objects and errors.
*/
static const char module_key = 0;


/* {{ Which Lua is this */

static int probe_yield(lua_State *L) {
  return lua_yield(L, 0);
}


static int probe_raise(lua_State *L) {
  lua_pushnil(L);
  return lua_error(L);
}


/* Pushes whether what probe_raise raised was caught. */
static int probe_tried(lua_State *L, int status, lua_KContext context) {
  (void)context;
  if (status == LUA_ERRMEM) return lua_error(L);
  lua_pushboolean(L, status == LUA_ERRRUN && lua_isnil(L, -1));
  return 1;
}


/* try(f) -> boolean */
static int probe_try(lua_State *L) {
  return probe_tried(L, lua_pcallk(L, 0, 0, 0, 0, probe_tried), 0);
}


/*
** Before 5.4.3 a '__close' cannot wait, and in 5.4.3 one that waits changes what is returned past it. The
** release number is not available at run time, so both are tried; without Lua's libraries, as a host may not
** have opened them and a sandbox may have replaced them.
*/
static void check_lua(lua_State *L) {
  static const char probe[] =
    "local closing, yield, raise, try = ...\n"
    "closing.__close = function() yield() end\n"
    "local function pass(...) return ... end\n"
    "local function two() local x <close> = closing return pass(1, 2) end\n"
    "return try(function() local x <close> = closing raise() end), two()";
  lua_State *co;
  int status, count = 0, arguments = 4;
  luaL_checkversion(L);
  co = lua_newthread(L);
  lua_sethook(co, NULL, 0, 0);  /* a new coroutine inherits its creator's hook, which may raise */
  if (luaL_loadstring(L, probe) != LUA_OK) lua_error(L);
  lua_newtable(L);
  lua_pushvalue(L, -1);
  lua_setmetatable(L, -2);
  lua_pushcfunction(L, probe_yield);
  lua_pushcfunction(L, probe_raise);
  lua_pushcfunction(L, probe_try);
  lua_xmove(L, co, 1 + arguments);
  while ((status = lua_resume(co, L, arguments, &count)) == LUA_YIELD) arguments = 0;
  if (coh_is_out_of_memory(co, -1)) coh_out_of_memory(L);
  if (status != LUA_OK || count != 3 || !lua_toboolean(co, -3))
    luaL_error(L, "cohort needs Lua 5.4.4 or later: this Lua cannot wait in a __close, or loses count there "
                  "of what is returned");
  lua_pop(L, 1);
}

/* }} */


/* __gc of the state's entry in the registry: ends the runtime, whatever that is doing */
static int state_gc(lua_State *L) {
  struct coh_state *S = lua_touserdata(L, 1);
  coh_embed_end(S);
  coh_fiber_free_buried(S);
  return 0;
}


/*
** note(err) -> err: the message handler of the Lua side, which stores in an error value where it was raised
*/
static int l_note(lua_State *L) {
  struct coh_state *S = coh_state_here(L);
  struct coh_fiber *f = coh_running(S);
  lua_settop(L, 1);
  if (f != NULL) coh_handler(L);
  if (!coh_error_is(L, 1, COH_ERROR) || coh_error_is(L, 1, COH_ERROR_GROUP)) return 1;
  if (f == NULL) luaL_traceback(L, L, NULL, 1);
  else coh_note_push(L, f->note);
  if (lua_type(L, 2) == LUA_TSTRING) coh_error_pass_traceback(L, 1);
  lua_settop(L, 1);
  return 1;
}


/*
** details(err [, handled]) -> what is known of an error that was just caught and has no fields to store it
** in: {traceback =, handling = the text of the group that was being handled}; or nothing
*/
static int l_details(lua_State *L) {
  struct coh_fiber *f = coh_running(coh_state_here(L));
  const struct coh_note *note;
  const char *handling = NULL;
  size_t length = 0;
  lua_settop(L, 2);
  if (f == NULL || coh_error_is(L, 1, COH_ERROR) || coh_cancelled_is(L, 1)) return 0;
  lua_createtable(L, 0, 2);
  note = f->note != NULL && f->note->of == lua_topointer(L, 1) ? f->note : NULL;
  if (note != NULL) length = coh_note_split(note->text, note->length, &handling);
  lua_pushlstring(L, note != NULL ? note->text : "", length);
  lua_setfield(L, 3, "traceback");
  if (handling != NULL) {
    lua_pushlstring(L, handling, note->length - (size_t)(handling - note->text));
    lua_setfield(L, 3, "handling");
  }
  if (lua_isnil(L, 2)) return 1;
  coh_errchain_push_handling(L, 2, 1);
  if (lua_rawlen(L, -1) > 0) lua_setfield(L, 3, "handling");
  lua_settop(L, 3);
  return 1;
}


/* Make the details at 2 the note of the error at 1; without a traceback, it is raised here. [-0, +3, m] */
static void put_details(lua_State *L, struct coh_state *S, struct coh_fiber *f) {
  if (lua_getfield(L, 2, "traceback") == LUA_TNIL) coh_note_push_place(L, S, f, false);
  if (lua_getfield(L, 2, "handling") == LUA_TSTRING) {
    lua_pushliteral(L, "\n");
    lua_insert(L, -2);
    lua_concat(L, 3);
  } else {
    lua_pop(L, 1);
  }
  coh_note_put(L, S, f, -1, lua_topointer(L, 1));
}


/* raise(err [, details]): raises again an error that the Lua side caught, with its note or the details */
static int l_raise(lua_State *L) {
  struct coh_state *S = coh_state_here(L);
  struct coh_fiber *f = coh_running(S);
  lua_settop(L, 2);
  if (f != NULL && lua_istable(L, 2)) put_details(L, S, f);
  lua_settop(L, 1);
  return f != NULL ? coh_rethrow(L, f) : lua_error(L);
}


/* hide_library(): declares that the folder of the calling file contains only files of ours */
static int l_hide_library(lua_State *L) {
  coh_state_here(L)->library = coh_library_set(L);
  return 0;
}


/* where() -> "file:line" of the innermost Lua code that is not the library's; "" when there is none */
static int l_where(lua_State *L) {
  coh_text_push_where(L);
  return 1;
}


/* is_callable(v) -> boolean, also when a '__metatable' hides the answer from Lua */
static int l_is_callable(lua_State *L) {
  lua_settop(L, 1);
  lua_pushboolean(L, coh_is_callable(L, 1));
  return 1;
}


/* given_seconds(v) -> what was given instead of seconds, with what to write for a text like "1s" */
static int l_given_seconds(lua_State *L) {
  lua_settop(L, 1);
  coh_push_given_seconds(L, 1, NULL);
  return 1;
}


/* can_wait() -> boolean: for clean-up that has another way when it cannot */
static int l_can_wait(lua_State *L) {
  lua_pushboolean(L, coh_can_wait(coh_state_here(L), L));
  return 1;
}


/* misuse(text): raises it at the line of the innermost Lua code that is not the library's */
static int l_misuse(lua_State *L) {
  luaL_checkstring(L, 1);
  lua_settop(L, 1);
  coh_refuse_colon(L);
  coh_text_push_prefix(L);
  lua_insert(L, 1);
  lua_concat(L, 2);
  return lua_error(L);
}


/* check_options(options, what, names): raises, as misuse does, what is wrong with the keys of the options */
static int l_check_options(lua_State *L) {
  const char *names[OPTIONS_MAX + 1] = {NULL};
  lua_Integer i, count = (lua_Integer)lua_rawlen(L, 3);
  coh_assert(count <= OPTIONS_MAX);  /* true for all our functions */
  luaL_checkstack(L, OPTIONS_MAX + LUA_MINSTACK, "options");
  for (i = 0; i < count; i++) {
    lua_rawgeti(L, 3, i + 1);
    names[i] = lua_tostring(L, -1);
  }
  coh_check_options(L, 1, lua_tostring(L, 2), names);
  return 0;
}


/* missing(noun, key, known): for reading a key that is not among those of 'known' -> nil, or raises */
static int l_missing(lua_State *L) {
  luaL_checktype(L, 3, LUA_TTABLE);
  lua_settop(L, 3);
  return coh_name_index(L, luaL_checkstring(L, 1), 3, NULL);
}


/*
** guard_call(class, noun): makes a call of an object of the class say what to write, if known; names its
** methods
*/
static int l_guard_call(lua_State *L) {
  const char *noun = luaL_checkstring(L, 2);
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_pushvalue(L, 1);
  coh_name_guard_call(L, noun);
  if (strncmp(noun, "cohort", 6) != 0) coh_funcname_know(L, noun);
  return 0;
}


/* random() -> number in [0, 1), the same sequence in each run with a seed or a clock of cohort.testing */
static int l_random(lua_State *L) {
  uint64_t drawn = coh_random_next(&coh_state_here(L)->random);
  lua_pushnumber(L, (lua_Number)(drawn >> 11) / (lua_Number)((uint64_t)1 << 53));
  return 1;
}


static const luaL_Reg functions[] = {
  {"can_wait", l_can_wait},
  {"check_options", l_check_options},
  {"given_seconds", l_given_seconds},
  {"guard_call", l_guard_call},
  {"misuse", l_misuse},
  {"missing", l_missing},
  {"random", l_random},
  {"details", l_details},
  {"note", l_note},
  {"raise", l_raise},
  {"hide_library", l_hide_library},
  {"where", l_where},
  {NULL, NULL}
};


int luaopen_cohort_core(lua_State *L) {
  struct coh_state *S;
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &module_key) == LUA_TTABLE) return 1;
  lua_pop(L, 1);
  check_lua(L);
  S = coh_state_new(L);
  S->known = (struct coh_known){.task = coh_fiber_l_body, .guard = coh_costep_l_body, .handler = coh_handler,
                                .yield = coh_coroutine_l_yield, .resume = coh_coroutine_l_resume,
                                .close = coh_coroutine_l_close, .next = coh_coroutine_l_next,
                                .hook = coh_hook};
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, state_gc);
  lua_setfield(L, -2, "__gc");
  lua_setmetatable(L, -2);
  lua_newtable(L);
  coh_error_open(L);
  coh_cancelled_push(L);
  S->cancelled = luaL_ref(L, LUA_REGISTRYINDEX);
  coh_cancelled_set_reason(L, coh_reason_of_running);
  coh_scopes_open(L);
  coh_groups_open(L);
  coh_tasks_open(L);
  coh_coroutine_open(L);
  coh_relay_open(L);
  coh_context_open(L);
  coh_clocks_open(L);
  coh_sync_open(L);
  coh_io_open(L);
  coh_stream_open(L);
  coh_memory_open(L);
  coh_faulty_open(L);
  coh_stdio_open(L);
  coh_net_open(L);
  coh_fs_open(L);
  coh_process_open(L);
  coh_run_open(L);
  coh_runner_open(L);
  coh_report_open(L);
  coh_probe_open(L);
  lua_pushliteral(L, COHORT_VERSION);
  lua_setfield(L, -2, "VERSION");
  lua_pushlightuserdata(L, S);
  luaL_setfuncs(L, functions, 1);
  lua_pushcfunction(L, l_is_callable);
  lua_setfield(L, -2, "is_callable");
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &module_key);
  return 1;
}
