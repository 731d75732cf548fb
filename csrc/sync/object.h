/*
** The userdata of what tasks wait for among themselves. Each begins with the
** address of its class, a constant, which identifies it whatever metatable a
** debug function has given it, and with the queue of its waiters.
**
** A parked waiter has the object at 1 of the waiting function's frame: so the object is
** not collected, unless Lua's own library closes that coroutine, and a report finds what
** is waited for. The entries of a queue are waits, and need not be tasks' own: code
** that must know the task of one keeps it in 'wait.of'.
**
** A finalizer of the user's may resurrect an object that was collected. Its next use sets
** its own finalizer again: what is waited for or held must not vanish in silence.
**
** Methods have the state as first upvalue and their class as second; once they have
** their object they take the state from that, which is cheaper. The address of a
** class is the registry's key for its metatable.
*/
#ifndef COH_SYNC_OBJECT_H
#define COH_SYNC_OBJECT_H

#include <lauxlib.h>

#include "glue/state.h"
#include "kernel/hidden.h"

COH_HIDDEN

struct coh_sync;
struct coh_holding;

/* A sort of object. Each class is a constant. */
struct coh_sync_class {
  const char *noun;   /* for people: "lock" */
  const char *name;   /* its '__name': "cohort.Lock" */
  size_t size;        /* of the userdata */
  int values;         /* how many user values it has */
  void (*describe)(lua_State *L, int object);  /* push its state, "held by task 'a'"; [-0, +1, m] */
  const struct coh_holding *holding;           /* how it is held, see hold.h; NULL when it cannot be */
  void *(*subject)(void *o);                   /* what is held instead of it; NULL: itself */
  const luaL_Reg *fields;                      /* functions that each push a field's value; NULL: none */
};

/* The head of every such userdata. */
struct coh_sync {
  const struct coh_sync_class *class;
  struct coh_state *state;  /* borrows: it outlives every object */
  struct coh_link waiters;  /* coh_wait.link, oldest first */
  bool collected;           /* its finalizer has run, and will not run again */
};

/* The object at 'arg' was collected and is used again: let its finalizer run once more. [-0, +0, -] */
void coh_sync_revive(lua_State *L, int arg);

/* The object at 'arg' when it is of this class, else NULL. [-0, +0, -] */
static inline void *coh_sync_test(lua_State *L, int arg, const struct coh_sync_class *class) {
  struct coh_sync *o = lua_touserdata(L, arg);
  if (o == NULL || lua_rawlen(L, arg) != class->size || o->class != class) return NULL;
  if (o->collected) coh_sync_revive(L, arg);
  return o;
}

/* Raise that a method got another value than its object. Never returns. [-0, +0, v] */
int coh_sync_refuse(lua_State *L, int arg, const struct coh_sync_class *class, const char *what);

/* The object at 1; another value is misuse of method 'what'. [-0, +0, v] */
static inline void *coh_sync_check(lua_State *L, const struct coh_sync_class *class, const char *what) {
  void *o = coh_sync_test(L, 1, class);
  if (o == NULL) coh_sync_refuse(L, 1, class, what);
  return o;
}

/* Make the metatable of a class. Without fields its '__index' is the table of methods. [-0, +0, m] */
void coh_sync_define(lua_State *L, const struct coh_sync_class *class, const luaL_Reg *metamethods,
                     const luaL_Reg *methods);

/* Put 'constructor' into the module on top under 'name'. [-0, +0, m] */
void coh_sync_export(lua_State *L, const char *name, lua_CFunction constructor);

/* In a function of ours: push a new object, zeroed behind its head. [-0, +1, m] */
void *coh_sync_new(lua_State *L, const struct coh_sync_class *class);

/* In a method: its class. */
static inline const struct coh_sync_class *coh_sync_class_here(lua_State *L) {
  return lua_touserdata(L, lua_upvalueindex(2));
}

/* A whole number of 'least' or more at 'arg'; math.huge is LUA_MAXINTEGER where 'huge' is. [-0, +0, v] */
lua_Integer coh_sync_check_count(lua_State *L, int arg, const char *what, lua_Integer least, bool huge);

/* The oldest waiter, or NULL. */
static inline struct coh_wait *coh_sync_first(const struct coh_sync *o) {
  return coh_link_alone(&o->waiters) ? NULL : coh_item(o->waiters.next, struct coh_wait, link);
}

/*
** For '__gc'. If tasks still wait for it, Lua's own library has closed the coroutines in which they do: wake
** them, and they find that out.
*/
void coh_sync_collected(struct coh_sync *o);

/* Push "(held by task 'a', 2 waiting)" of the object at 'object'. [-0, +1, m] */
void coh_sync_push_state(lua_State *L, int object, const struct coh_sync_class *class);

COH_SEEN

#endif
