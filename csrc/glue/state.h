/*
** One state for each lua_State: the loop, the tasks' coroutines, and what is
** kept for reuse. It is a full userdata in the registry and the first upvalue of
** every function of ours, so there is no other way in and nothing static.
**
** Three structs put Lua on top of the kernel's: a fiber is a task with its
** coroutine, a luascope is a scope with its Lua face, a luagroup is a group with
** its own. All live in C memory, are reused, and are freed with the runtime.
*/
#ifndef COH_GLUE_STATE_H
#define COH_GLUE_STATE_H

#include <lua.h>

#include "kernel/hidden.h"
#include "kernel/loop.h"

COH_HIDDEN

/* Lua values that C memory refers to, in a table of the registry: each has a slot, until that is freed. */
struct coh_anchors {
  int table;  /* reference in the registry */
  int free;   /* first free slot, 0 when none; the slot holds the next */
  int top;    /* slots ever made */
};

/* The coroutine that runs now, and those that resumed it, up to the task's own. */
struct coh_frame {
  lua_State *co;
  struct coh_frame *prev;   /* of the resumer; NULL in the task's own */
  lua_KContext opened;      /* state.opened when it was resumed: scopes and groups opened later are inside */
  unsigned withs;           /* of the task when it was resumed; unknown once it went on after a wait */
  bool foreign;             /* resumed from a coroutine that has no frame: Lua's own library resumed that */
  bool closing;             /* is being closed, and cannot wait */
  bool ok;                  /* it, and every frame further out, can pass a wait on */
};

/* Functions of ours that, found on a coroutine's stack, tell what the coroutine does. */
struct coh_known {
  lua_CFunction task;     /* the first of a task's coroutine, see fiber.c */
  lua_CFunction guard;    /* the first of a coroutine that begins in a task, see costep.c */
  lua_CFunction handler;  /* of errors, see handler.c */
  lua_CFunction yield, resume, close, next;  /* see coroutine.c */
  lua_Hook hook;          /* see hook.c */
};

struct coh_state {
  struct coh_loop loop;            /* opened while a runtime is */
  struct coh_clock clock;          /* the real one; the runtime may use another */
  lua_State *main;                 /* the state's main thread */
  struct coh_known known;
  const char *library;             /* see lua/library.h */

  /* What runs. */
  lua_State *pump;                 /* the thread that resumes tasks; NULL outside a pump */
  struct coh_frame *frame;         /* innermost; NULL when no task runs */
  size_t passing;                  /* steps passed on outward and not made again yet, see costep.h */
  struct coh_link closings;        /* coroutines that are being closed; see coclose.h */
  bool fenced;                     /* what a task left open is being closed: see abandon.h */
  lua_KContext opened;             /* scopes and groups so far, which numbers the next */
  size_t groups_closed;            /* so far */
  uint64_t checkpoints;            /* calls that may wait, so far */
  uint64_t seed;                   /* of the shuffle, when there is one */
  uint64_t random;                 /* for the Lua side: advances with each number drawn */

  /* What is kept when it has ended; see reuse.h. */
  struct coh_link fibers;          /* free, coh_fiber.task.wait.link */
  struct coh_link scopes;          /* free, coh_luascope.scope.sibling */
  struct coh_link groups;          /* free, coh_luagroup.group.scope.sibling */
  size_t fibers_free;
  size_t scopes_free;
  size_t groups_free;
  struct coh_link unstarted;       /* ended without calling started, and their starters did not look yet */
  struct coh_link buried;          /* ended, but lost handles may point to them; both linked as 'fibers' */
  bool lost_freed;                 /* the buried were freed, see lost.h: the lua_State is being closed */
  bool memory_short;               /* memory ran out, and no coroutine was made since: see shed.h */

  /* Values of Lua's. */
  const void *kinds[4];            /* identity of the metatable of each coh_kind, see object.h */
  int kind_references[4];          /* and their references in the registry */
  struct coh_anchors threads;      /* of fibers: their coroutines */
  struct coh_anchors objects;      /* of luascopes and luagroups: their faces */
  int cancelled;                   /* registry reference: Cancelled */
  int locals;                      /* registry reference: task-locals, see locals.h */
  bool locals_outside;             /* code outside tasks has some */

  /* How it ends. */
  struct coh_unwinding *unwindings;  /* of tasks being ended by force, owned; see stubborn.h */
  struct coh_watch *watch;         /* the watchdog, or NULL; see watch.h */
  struct coh_interrupt *interrupt;   /* watches for Ctrl-C, owned; see io/interrupt.c */
  int report;                      /* registry reference: why all was stopped, as text; or LUA_NOREF */
  int report_kind;                 /* enum coh_error_kind of the error with that text */
  bool interrupted;                /* Ctrl-C came */
  bool forced;                     /* stuck for the second time: every Cancelled is the last warning */
  bool closing;                    /* being torn down: nothing may begin */

  /* The host. */
  struct coh_hosted *hosted;       /* array of the host's tasks, owned; see open/embed.c */
  size_t hosted_size;
  uint32_t hosted_used;            /* the most uses of any place in runtimes closed so far */
  unsigned inside;                 /* calls of the host's that run Lua outside of a pump */
  int refused;                     /* libuv's status, when the runtime could not be opened */
  uint8_t standard_held;           /* of the first three descriptors, see io/standard.h */
};

/*
** The head of every userdata that stands for a scope, a group or a task; for a
** task it is all there is. 'scope' is NULL once that has ended; the other fields
** then say how it was at its end.
*/
struct coh_object {
  struct coh_scope *scope;
  uint8_t reason;                 /* enum coh_reason */
  uint8_t result;                 /* of a task: enum coh_result */
  uint8_t kind;                   /* enum coh_kind */
  bool packed : 1;                /* of a task: its value is a table of results with their count in n */
  bool taken : 1;                 /* of a task: Lua's own library has ended its coroutine */
  bool shield;
  bool caught;
  uint16_t mark;                  /* COH_OBJECT_MARK: a metatable could be put on any userdata */
};

/* In the last bytes of an object as large as two pointers, where no pointer can have this value. */
#define COH_OBJECT_MARK 0xC047
_Static_assert(offsetof(struct coh_object, mark) + 2 == 2 * sizeof(void *), "the mark is last");

/* The userdata of a scope. */
struct coh_face {
  struct coh_object object;
  int64_t deadline_ns;            /* as it was when the scope ended */
  bool proxy;                     /* stands for the group or task in its first user value */
};

struct coh_unwinding;
struct coh_closing;
struct coh_watch;

struct coh_luascope {
  struct coh_scope scope;
  struct coh_face *face;          /* its userdata, anchored in 'slot'; NULL until asked for */
  lua_KContext number;            /* unique among scopes and groups */
  int slot;                       /* in state.objects, for good */
  unsigned nesting;               /* how many scopes deep its task is, itself included */
  uint8_t form;                   /* which function opened it, see scopes.c */
  bool failed;                    /* what it ran raised */
  bool wants_trace;               /* a Timeout of it says where its own task was interrupted */
  struct coh_note *stuck;         /* that place, owned; NULL before */
  lua_Number seconds;             /* the limit that was asked for, for the message */
};

struct coh_luagroup {
  struct coh_group group;
  struct coh_scope block;         /* around the body, in the block form */
  struct coh_object *object;      /* its userdata, anchored in 'slot' */
  lua_KContext number;            /* unique among scopes and groups */
  int slot;                       /* in state.objects, for good */
  unsigned nesting;               /* how many groups deep its host is, itself included */
  struct coh_luascope *deferring; /* around the deferred function that runs now, or NULL */
  unsigned deferred;              /* functions that have yet to run at the end */
  unsigned deferred_failed;       /* how many of those that ran raised */
  bool deferred_lost;             /* memory ran out as one was to run, or as its error was to be kept */
  bool body_failed;               /* the body raised */
  bool body_cut;                  /* what it raised is Cancelled */
  bool joined;                    /* the host has waited once, or was told that it cannot */
  bool cut_tasks;                 /* a task of it was given Cancelled, because the group is cancelled */
  bool given_up;                  /* it was left open, and is being closed: nothing enters it any more */
};

/* Text taken where an error happened. Owned by the fiber it happened in, or the scope it cut. */
struct coh_note {
  size_t length;                  /* of the text, without the NUL at its end; it may contain others */
  const void *of;                 /* identity of the error; NULL for numbers and booleans */
  char text[];
};

/*
** Something that a task holds until it gives it back, in a list of the holder's. When
** the holder ends first it is taken out of that list and 'ended' is called. 'name' is
** the holder's. If it is NULL 'ended' must not raise; else it may, as its last act.
*/
struct coh_held {
  struct coh_link link;
  void (*ended)(lua_State *L, struct coh_held *held, const char *name);
};

/* What only few fibers need. */
struct coh_extra {
  struct coh_link watchers;       /* queue of waits for its end */
  struct coh_link held;           /* coh_held.link */
  void *room;                     /* see coh_fiber_room; owned, NULL before it is needed */
  size_t room_size;
};

struct coh_fiber {
  struct coh_task task;
  lua_State *L;                   /* its coroutine, NULL when dropped; anchored in task.slot, kept for good */
  unsigned budget : 7;            /* waiting calls that may go on at once before it has to switch */
  unsigned turns : 6;             /* how often it stayed at the front, modulo 64: see coh_turn */
  unsigned depth : 6;             /* of blocks entered on the C stack since it was resumed */
  bool started : 1;               /* its coroutine has begun */
  bool failed : 1;                /* the value on its stack is an error */
  bool cut : 1;                   /* that error is Cancelled */
  bool rethrown : 1;              /* the error on its way has its note already */
  bool yielded : 1;               /* it called coroutine.yield, and the error for that is still to come */
  bool dead : 1;                  /* its coroutine cannot be used again */
  bool unwinding : 1;             /* is being ended by force, see stubborn.h */
  bool unclaimed : 1;             /* the host does not want its result */
  bool robbed : 1;                /* somebody else resumed what waited, which will not see the wait end */
  bool locals : 1;                /* it has task-locals, see locals.h */
  bool taken : 1;                 /* Lua's own library has ended its coroutine */
  bool lost : 1;                  /* its handle was lost with that: see lost.h */
  uint16_t withs;                 /* open now, see context.c: a coroutine that changed it may have one open */
  uint16_t generation;            /* how many tasks spawned one another into a cancelled group before it */
  struct coh_object *handle;      /* its userdata, on the coroutine's own stack; NULL until asked for */
  struct coh_note *note;          /* of the latest error, or NULL */
  struct coh_extra *extra;        /* owned; NULL until it is needed */
};

/* With coroutine, protected call and handle a blocked task is a third larger than a bare coroutine. */
_Static_assert(sizeof(struct coh_fiber) <= 232, "a task must stay small");

/* The state of a function of ours; every one has it as its first upvalue. */
static inline struct coh_state *coh_state_here(lua_State *L) {
  return lua_touserdata(L, lua_upvalueindex(1));
}

/* The state of a lua_State, or NULL when the module was never opened in it. [-0, +0, -] */
struct coh_state *coh_state_of(lua_State *L);

/* Make the state of this lua_State and leave it on the stack. Once. [-0, +1, m] */
struct coh_state *coh_state_new(lua_State *L);

static inline struct coh_fiber *coh_fiber_of(struct coh_task *task) {
  return coh_item(task, struct coh_fiber, task);
}

/* The group that 'scope' is the outer scope of, or NULL. */
static inline struct coh_luagroup *coh_luagroup_around(struct coh_scope *scope) {
  if (scope->role == COH_SCOPE_BLOCK) return coh_item(scope, struct coh_luagroup, block);
  if (scope->role == COH_SCOPE_GROUP) return coh_item(scope, struct coh_luagroup, group.scope);
  return NULL;
}

/* The number of a scope, or of the group it belongs to: it grows with each opened. A task's scope has 0. */
static inline lua_KContext coh_number_of(struct coh_scope *scope) {
  const struct coh_luagroup *g = coh_luagroup_around(scope);
  if (g != NULL) return g->number;
  return scope->role == COH_SCOPE_PLAIN ? coh_item(scope, struct coh_luascope, scope)->number : 0;
}

static inline struct coh_state *coh_state_from(struct coh_runtime *rt) {
  return coh_item(rt, struct coh_state, loop.rt);
}

/* Has the program set a hook in 'co'? [-0, +0, -] */
static inline bool coh_is_hooked(const struct coh_state *S, lua_State *co) {
  lua_Hook hook = lua_gethook(co);
  return hook != NULL && hook != S->known.hook;
}

/* The fiber whose code runs now, or NULL. */
static inline struct coh_fiber *coh_running(struct coh_state *S) {
  return S->loop.rt.current == NULL ? NULL : coh_fiber_of(S->loop.rt.current);
}

/*
** Anchors. 'take' moves the value on top into a new slot [-1, +0, m], 'set' into a given one [-1, +0, -];
** 'clear' keeps the slot and forgets the value [-0, +0, -]; 'push' pushes the value [-0, +1, -].
*/
int coh_anchors_take(lua_State *L, struct coh_anchors *a);
void coh_anchors_set(lua_State *L, const struct coh_anchors *a, int slot);
void coh_anchors_clear(lua_State *L, const struct coh_anchors *a, int slot);
void coh_anchors_push(lua_State *L, const struct coh_anchors *a, int slot);
void coh_anchors_free(lua_State *L, struct coh_anchors *a, int slot);

/* The scope of 'o' ends: copy into 'o' what can still be read of it. [-0, +0, -] */
void coh_object_end(struct coh_object *o);

/* Free what is in 'note', if anything is. */
void coh_note_free(struct coh_state *S, struct coh_note **note);

COH_SEEN

#endif
