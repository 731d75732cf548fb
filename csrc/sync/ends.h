/*
** The two ends of a channel for Lua: objects that are called. Each may be cloned and
** closed; a side is closed with the last of its ends.
**
** An end that is collected closes itself. That matters only if the other side is still in use:
** its first call that meets the closed side warns.
*/
#ifndef COH_SYNC_ENDS_H
#define COH_SYNC_ENDS_H

#include "kernel/hidden.h"
#include "sync/channel.h"

COH_HIDDEN

extern const struct coh_sync_class coh_sender_class;
extern const struct coh_sync_class coh_receiver_class;

/* The end at 'arg', of either side, or NULL. [-0, +0, -] */
static inline struct coh_end *coh_ends_test(lua_State *L, int arg) {
  struct coh_end *e = lua_touserdata(L, arg);
  if (e == NULL || lua_rawlen(L, arg) != sizeof *e) return NULL;
  return e->sync.class == &coh_sender_class || e->sync.class == &coh_receiver_class ? e : NULL;
}

/*
** What a call of the end at 'end' comes to when no value has passed, and none will: for a receiver
** whose senders are gone nil, else Closed or Broken is raised. [-0, +1, e]
*/
int coh_end_conclude(lua_State *L, int end, enum coh_passing passing, const char *what);

/* Add the constructor to the module table on top. [-0, +0, m] */
void coh_ends_open(lua_State *L);

COH_SEEN

#endif
