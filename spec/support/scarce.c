/*
** A host in C that gives Lua 8 MiB and no more, for hosts_spec.lua: `scarce CLAIM` fills
** them with the tasks of one group, and checks that it ends with few of them out of memory.
*/
#include "embedded.h"

#define MEMORY_MAX (8 << 20)

static size_t used;


static void *allocate(void *ud, void *block, size_t old, size_t size) {
  (void)ud;
  if (block == NULL) old = 0;
  if (size > old && used + (size - old) > MEMORY_MAX) return NULL;
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


static void fill_with(const char *spawned) {
  lua_State *L = new_lua();
  lua_Alloc plain = lua_getallocf(L, NULL);
  used = (size_t)lua_gc(L, LUA_GCCOUNT) * 1024;
  lua_setallocf(L, allocate, NULL);
  CHECK(luaL_loadstring(L, fill) == LUA_OK);
  CHECK(luaL_dostring(L, spawned) == LUA_OK);
  if (lua_pcall(L, 1, 0, 0) != LUA_OK) {
    fprintf(stderr, "%s\n", lua_tostring(L, -1));
    exit(1);
  }
  lua_setallocf(L, plain, NULL);
  lua_close(L);
}


static void tasks_that_have_yet_to_begin_end(void) {
  fill_with("return function() end");
}


static void tasks_that_wait_end(void) {
  fill_with("return cohort.checkpoint");
}


int main(int argc, char **argv) {
  static const struct claim claims[] = {
    CLAIM(tasks_that_have_yet_to_begin_end),
    CLAIM(tasks_that_wait_end),
    {NULL, NULL},
  };
  return check_claim(claims, argc, argv);
}
