/*
** The userdata of what tasks wait for among themselves. Each begins with the
** address of its class, a constant, which tells what it is whatever metatable a
** debug function has given it, and with the queue of those who wait for it.
**
** A parked waiter has the object at 1 of the waiting function's frame: so it is
** not collected, and so a report finds what is waited for. The entries of a queue
** are waits, and need not be those of tasks: whoever must know the task of one
** keeps it in 'wait.of'.
**
** Methods have the state as first upvalue and, where their class wants one, a
** second; a constructor has its metatable as the second.
*/
#ifndef COH_SYNC_OBJECT_H
#define COH_SYNC_OBJECT_H

#include <lauxlib.h>

#include "glue/state.h"
#include "kernel/hidden.h"

COH_HIDDEN

struct coh_sync;

/* What one sort of object is. Each is a constant. */
struct coh_sync_class {
  const char *noun;   /* for people: "lock" */
  const char *name;   /* its '__name': "cohort.Lock" */
  size_t size;        /* of the userdata */
  int values;         /* how many user values it has */
  void (*describe)(lua_State *L, int object);  /* push how it stands, "held by task 'a'"; [-0, +1, m] */
};

/* The head of every such userdata. */
struct coh_sync {
  const struct coh_sync_class *class;
  struct coh_link waiters;  /* coh_wait.link, oldest first */
};

/* The object at 'arg' when it is of this class, else NULL. [-0, +0, -] */
static inline void *coh_sync_test(lua_State *L, int arg, const struct coh_sync_class *class) {
  struct coh_sync *o = lua_touserdata(L, arg);
  return o != NULL && lua_rawlen(L, arg) == class->size && o->class == class ? o : NULL;
}

/* Say that a method got another value than its object. Never returns. [-0, +0, v] */
int coh_sync_refuse(lua_State *L, int arg, const struct coh_sync_class *class, const char *what);

/* The object at 1; another value is misuse of method 'what'. [-0, +0, v] */
static inline void *coh_sync_check(lua_State *L, const struct coh_sync_class *class, const char *what) {
  void *o = coh_sync_test(L, 1, class);
  if (o == NULL) coh_sync_refuse(L, 1, class, what);
  return o;
}

/*
** Push the metatable of a class. The value on top is popped and becomes the
** second upvalue of all methods and metamethods. With a 'field' function
** '__index' asks field(object, key) when no method has that name; with none it is
** the table of methods. [-1, +1, m]
*/
void coh_sync_define(lua_State *L, const struct coh_sync_class *class, const luaL_Reg *metamethods,
                     const luaL_Reg *methods, lua_CFunction field);

/* Make 'constructor' of the metatable on top and put it into the module below under 'name'. [-1, +0, m] */
void coh_sync_export(lua_State *L, const char *name, lua_CFunction constructor);

/* In a constructor: push a new object, zeroed behind its head. [-0, +1, m] */
void *coh_sync_new(lua_State *L, const struct coh_sync_class *class);

/* The oldest waiter, or NULL. */
static inline struct coh_wait *coh_sync_first(const struct coh_sync *o) {
  return coh_link_alone(&o->waiters) ? NULL : coh_item(o->waiters.next, struct coh_wait, link);
}

/* How many wait. Linear: for people. */
size_t coh_sync_waiting(const struct coh_sync *o);

/* Push "(held by task 'a', 2 waiting)" of the object at 'object'. [-0, +1, m] */
void coh_sync_push_state(lua_State *L, int object, const struct coh_sync_class *class);

COH_SEEN

#endif
