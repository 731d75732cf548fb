/*
** Depths of a stack: see unwind.h. Depth is counted from the bottom of the coroutine.
*/
#include "glue/unwind.h"


bool coh_unwind_is_deeper(lua_State *L, int depth) {
  lua_Debug ar;
  return lua_getstack(L, depth, &ar);
}


int coh_unwind_below_catcher(lua_State *L, int depth) {
  lua_Debug ar;
  int level;
  for (level = 0; lua_getstack(L, level, &ar); level++) {
    lua_getinfo(L, "S", &ar);
    if (*ar.what == 'C') return depth - level - 1;
  }
  return 0;
}
