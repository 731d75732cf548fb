/*
** Depths of stacks: see depth.h.
*/
#include "lua/depth.h"


/* Doubling finds a level that does not exist, bisection then the lowest such level. */
int coh_depth_of(lua_State *L) {
  lua_Debug ar;
  int lowest = 0, above = 1;
  if (!lua_getstack(L, 0, &ar)) return 0;
  while (lua_getstack(L, above, &ar)) {
    lowest = above;
    above *= 2;
  }
  while (lowest + 1 < above) {
    int middle = lowest + (above - lowest) / 2;
    if (lua_getstack(L, middle, &ar)) lowest = middle;
    else above = middle;
  }
  return above;
}


bool coh_depth_exceeds(lua_State *L, int depth) {
  lua_Debug ar;
  return depth < 0 || lua_getstack(L, depth, &ar);
}
