/*
** The door of the room of files: see fs.h.
*/
#include "fs/fs.h"

#include "fs/file.h"
#include "fs/path.h"
#include "fs/remove.h"
#include "fs/tree.h"
#include "fs/watch.h"
#include "fs/whole.h"


void coh_fs_open(lua_State *L) {
  lua_newtable(L);
  coh_path_open(L);
  coh_tree_open(L);
  coh_remove_open(L);
  coh_whole_open(L);
  coh_file_open(L);
  coh_watch_open(L);
  lua_setfield(L, -2, "fs");
}
