/*
** The verbs of what can be held: acquire, try_acquire, release, with and hold, the
** same for locks, semaphores, limiters, and for conditions, which mean their lock.
** Each class says how it is taken and given back; the forms are written once.
**
** What is given back is handed to the first waiter at once, so that no other task gets
** in between: while somebody waits, there is nothing to take.
*/
#ifndef COH_SYNC_HOLD_H
#define COH_SYNC_HOLD_H

#include "kernel/hidden.h"
#include "sync/object.h"

COH_HIDDEN

/* How something is held. */
struct coh_holding {
  /* Is the verb 'what', which acquires, misused? NULL: never. Raises before anything changed. [-0, +0, v] */
  void (*check)(lua_State *L, void *o, const char *what);
  /* Take what is at 1 for 'f' (NULL outside of tasks), if it is there. Raises before that. [-0, +0, v] */
  bool (*take)(lua_State *L, void *o, struct coh_fiber *f);
  /* It was not there: park, with a kind that forfeits what is handed over. [-0, +0, -] */
  void (*park)(void *o, struct coh_fiber *f);
  /* The wait is over: raise unless it was handed over. NULL: it was. [-0, +0, v] */
  void (*arrive)(lua_State *L, void *o);
  /* Give it back for 'f'; false when there is nothing that it could give back. [-0, +0, -] */
  bool (*give)(void *o, struct coh_fiber *f);
  /* Raise that there was nothing to give back. Never returns. [-0, +0, v] */
  int (*refuse)(lua_State *L, void *o, const char *what);
  /* What to say of a number given to a verb, "permits: call it once for each"; NULL: there is but one. */
  const char *several;
  /* The user value for the guard of 'with'; 0: it needs none, as the known holder gives back when it ends. */
  int guard;
};

/* The verbs, for the list of methods of a class. */
#define COH_HOLD_VERBS                                                           \
  {"acquire", coh_hold_l_acquire}, {"try_acquire", coh_hold_l_try_acquire},      \
  {"release", coh_hold_l_release}, {"with", coh_hold_l_with}, {"hold", coh_hold_l_hold}

int coh_hold_l_acquire(lua_State *L);
int coh_hold_l_try_acquire(lua_State *L);
int coh_hold_l_release(lua_State *L);
int coh_hold_l_with(lua_State *L);
int coh_hold_l_hold(lua_State *L);

/* Make the metatable of guards. [-0, +0, m] */
void coh_hold_open(lua_State *L);

COH_SEEN

#endif
