/*
** A host in C that gives Lua so much memory and no more, for hosts_spec.lua: `scarce CLAIM`
** fills it with the tasks of one group, and checks that it ends with few of them out of
** memory; or runs out of it at each step of making the text of an error.
*/
#include "embedded.h"

static size_t used, used_max;


static void *allocate(void *ud, void *block, size_t old, size_t size) {
  (void)ud;
  if (block == NULL) old = 0;
  if (size > old && used + (size - old) > used_max) return NULL;
  used += size - old;
  if (size > 0) return realloc(block, size);
  free(block);
  return NULL;
}


/* Spawn tasks until memory is out, each with a call of 'spawned' after it, and look at the group's error. */
static const char fill[] =
  "local spawned = ...\n"
  "local count, handles = 0, {}\n"
  "local ok, err = pcall(cohort.run, cohort.group, function(g)\n"
  "  while true do\n"
  "    local handle = g:spawn(cohort.sleep_forever)\n"
  "    count = count + 1\n"
  "    if count <= 10 then handles[count] = handle end\n"
  "    spawned()\n"
  "  end\n"
  "end)\n"
  "assert(not ok and count > 5000, count)\n"
  "assert(#err.errors < 50, #err.errors)\n"
  "for i, e in ipairs(err.errors) do\n"
  "  assert(tostring(e):find 'not enough memory', e)\n"
  "  assert(i == 1 or tostring(err):find \"task 'cohort.sleep_forever': not enough memory\")\n"
  "end\n"
  "for _, handle in ipairs(handles) do\n"
  "  if handle:status() == 'failed' then assert(handle:error() == 'not enough memory') end\n"
  "end\n"
  "assert(cohort.run(function() return 'again' end) == 'again')\n";


/* Call the function below the top with the value on top, in a Lua that may use `max` bytes; close it. */
static void run_within(lua_State *L, size_t max) {
  lua_Alloc plain = lua_getallocf(L, NULL);
  used = (size_t)lua_gc(L, LUA_GCCOUNT) * 1024 + (size_t)lua_gc(L, LUA_GCCOUNTB);
  used_max = max;
  lua_setallocf(L, allocate, NULL);
  if (lua_pcall(L, 1, 0, 0) != LUA_OK) {
    fprintf(stderr, "%s\n", lua_tostring(L, -1));
    exit(1);
  }
  lua_setallocf(L, plain, NULL);
  lua_close(L);
}


static void fill_with(const char *spawned) {
  lua_State *L = new_lua();
  CHECK(luaL_loadstring(L, fill) == LUA_OK);
  CHECK(luaL_dostring(L, spawned) == LUA_OK);
  run_within(L, 8 << 20);
}


static void tasks_that_have_yet_to_begin_end(void) {
  fill_with("return function() end");
}


static void tasks_that_wait_end(void) {
  fill_with("return cohort.checkpoint");
}


/* Fail to show an error that left a run, with a little more memory each time, until it is shown. */
static const char show[] =
  "local set_room = ...\n"
  "local inner = cohort.Error 'inner'\n"
  "local _, err = pcall(cohort.run, error, cohort.Error { message = 'outer', cause = inner })\n"
  "local failures = 0\n"
  "for room = 0, math.huge, 16 do\n"
  "  collectgarbage()\n"
  "  set_room(room)\n"
  "  local shown = pcall(tostring, err)\n"
  "  set_room()\n"
  "  assert(tostring(err):find 'caused by: .*inner', err)\n"
  "  if shown then break end\n"
  "  failures = failures + 1\n"
  "end\n"
  "assert(failures > 5, failures)\n";


/* set_room([bytes]): so much more than now may be used, or any amount. */
static int set_room(lua_State *L) {
  used_max = lua_isnone(L, 1) ? (size_t)-1 : used + (size_t)lua_tointeger(L, 1);
  return 0;
}


static void an_error_is_shown_whole_the_next_time(void) {
  lua_State *L = new_lua();
  CHECK(luaL_loadstring(L, show) == LUA_OK);
  lua_pushcfunction(L, set_room);
  run_within(L, (size_t)-1);
}


int main(int argc, char **argv) {
  static const struct claim claims[] = {
    CLAIM(tasks_that_have_yet_to_begin_end),
    CLAIM(tasks_that_wait_end),
    CLAIM(an_error_is_shown_whole_the_next_time),
    {NULL, NULL},
  };
  return check_claim(claims, argc, argv);
}
