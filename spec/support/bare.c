/*
** A host in C that leaves out what others have, for hosts_spec.lua: `bare CLAIM` loads
** the core where nothing, or something else, stands for Lua's libraries, and runs a task.
*/
#include "embedded.h"


static void *allocate(void *ud, void *block, size_t old, size_t size) {
  (void)ud, (void)old;
  if (size > 0) return realloc(block, size);
  free(block);
  return NULL;
}


/* Load the core, and have it wait in a group. */
static void work(lua_State *L) {
  static const char code[] =
    "local core = ...\n"
    "return core.group(function(g)\n"
    "  g:spawn(core.sleep, 0.001)\n"
    "  local _ <close> = core.open_scope()\n"
    "  core.checkpoint()\n"
    "  return 'worked'\n"
    "end)";
  static const cohort_budget forever = {.block_ns = COHORT_FOREVER};
  struct host h = {L, NULL};
  cohort_task task;
  luaL_requiref(L, "cohort.core", luaopen_cohort_core, 0);
  CHECK(cohort_open(L, NULL, &h.rt) == 0);
  CHECK(luaL_loadstring(L, code) == LUA_OK);
  lua_insert(L, -2);
  CHECK(cohort_spawn(h.rt, L, 1, &task) == 0);
  CHECK(cohort_pump(h.rt, &forever) == COHORT_IDLE);
  take(&h, task, COHORT_RETURNED, "worked");
  close(&h);
}


static void without_libraries_the_core_works(void) {
  lua_State *L = lua_newstate(allocate, NULL);
  CHECK(L != NULL);
  work(L);
}


static void with_other_functions_in_place_of_luas_the_core_works(void) {
  lua_State *L = luaL_newstate();
  luaL_openlibs(L);
  CHECK(luaL_dostring(L, "local globals = _G\n"
                         "local function other() return true end\n"
                         "for name in next, globals do globals[name] = other end\n") == LUA_OK);
  work(L);
}


static void raise(lua_State *L, lua_Debug *ar) {
  (void)ar;
  luaL_error(L, "too many instructions");
}


static int load(lua_State *L) {
  luaL_requiref(L, "cohort.core", luaopen_cohort_core, 0);
  return 1;
}


static void a_hook_that_raises_does_not_stop_the_core_from_loading(void) {
  lua_State *L = luaL_newstate();
  lua_sethook(L, raise, LUA_MASKCOUNT, 1);
  lua_pushcfunction(L, load);
  CHECK(lua_pcall(L, 0, 1, 0) == LUA_OK);
  lua_sethook(L, NULL, 0, 0);
  work(L);
}


static void without_the_debug_library_the_lua_side_works(void) {
  struct host h = {luaL_newstate(), NULL};
  cohort_task task;
  luaL_openlibs(h.L);
  luaL_requiref(h.L, "cohort.core", luaopen_cohort_core, 0);
  CHECK(luaL_dostring(h.L, "debug = nil package.loaded.debug = nil cohort = require 'cohort'") == LUA_OK);
  CHECK(cohort_open(h.L, NULL, &h.rt) == 0);
  task = spawn(&h, "local listener <close> = cohort.net.listen('127.0.0.1', 0)\n"
                   "cohort.move_on_after(0, cohort.net.serve, listener, print)\n"
                   "local _, misuse = pcall(cohort.gather, cohort.event())\n"
                   "return cohort.retry(function() return misuse end, {})");
  while (cohort_pump(h.rt, &(cohort_budget){.block_ns = COHORT_FOREVER}) != COHORT_IDLE) {}
  take(&h, task, COHORT_RETURNED, "gather expects a list of functions, got cohort.Event");
  close(&h);
}


int main(int argc, char **argv) {
  static const struct claim claims[] = {
    CLAIM(without_libraries_the_core_works),
    CLAIM(with_other_functions_in_place_of_luas_the_core_works),
    CLAIM(a_hook_that_raises_does_not_stop_the_core_from_loading),
    CLAIM(without_the_debug_library_the_lua_side_works),
    {NULL, NULL},
  };
  return check_claim(claims, argc, argv);
}
