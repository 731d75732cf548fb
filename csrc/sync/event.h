/*
** Events for Lua: something that happens once. Tasks that wait for it go on when
** it has, and those that come later need not wait.
*/
#ifndef COH_SYNC_EVENT_H
#define COH_SYNC_EVENT_H

#include "kernel/hidden.h"
#include "sync/object.h"

COH_HIDDEN

struct coh_event_object {
  struct coh_sync sync;  /* all of its waiters are woken when it is set */
  bool set;              /* for good */
};

extern const struct coh_sync_class coh_event_class;

/* Add the constructor to the module table on top. [-0, +0, m] */
void coh_event_open(lua_State *L);

COH_SEEN

#endif
