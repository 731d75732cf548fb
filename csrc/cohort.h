/*
** cohort for hosts: run structured tasks in a lua_State that is yours, on a loop
** that is yours. This is the only header a host needs; it sees lua.h alone.
**
** A runtime belongs to one lua_State, and a lua_State has one runtime at a time.
** Nothing here blocks unless a budget says so, prints, exits, or raises a Lua
** error; all state hangs on the lua_State, so several of them may live in several
** threads. Only cohort_wake may be called from another thread. In C++ include
** lua.hpp before it.
**
**     cohort_runtime *rt;
**     cohort_open(L, NULL, &rt);
**     luaL_loadfile(L, "script.lua");
**     cohort_spawn(rt, L, 0, NULL);
**     while ((state = cohort_pump(rt, NULL)) != COHORT_IDLE)
**       if (state == COHORT_STUCK) cohort_break(rt);
**       else poll(&(struct pollfd){cohort_fd(rt), POLLIN, 0}, 1, cohort_timeout(rt));
**     cohort_close(rt);
*/
#ifndef COHORT_H
#define COHORT_H

#include <lua.h>

#include <stddef.h>
#include <stdint.h>

#ifndef COHORT_API
#define COHORT_API extern
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define COHORT_VERSION "0.1.0"
#define COHORT_FOREVER INT64_MAX

typedef struct coh_state cohort_runtime;
typedef uint64_t cohort_task;  /* never used twice; 0 is none */

/* What a pump finds when it stops. */
enum {
  COHORT_MORE = 0,  /* the budget was spent: tasks are ready, pump again */
  COHORT_WAITING,   /* all tasks wait for time or the outside: see cohort_timeout and cohort_fd */
  COHORT_STUCK,     /* all tasks wait, and nothing can ever wake one: a deadlock */
  COHORT_IDLE,      /* there are no tasks */
  COHORT_EBUSY = -1,   /* a pump of this runtime runs already, or a task does; or it is closed, or being so */
  COHORT_EEXIST = -2,  /* this lua_State has an open runtime */
  COHORT_ENOMEM = -3,  /* out of memory, or of room on a stack of Lua's */
  COHORT_ESYSTEM = -4, /* the operating system refused; nothing was opened */
  COHORT_EINVAL = -5   /* no module in this lua_State, no such task, or a value out of range */
};

/*
** Fields that are zero mean the default, but 'size', which is sizeof(cohort_config): with one
** that was not set, COHORT_EINVAL.
*/
typedef struct cohort_config {
  size_t size;
  int64_t (*clock)(void *ud);  /* the host's monotonic time in ns, instead of the machine's */
  void *clock_ud;
  int clock_index;             /* index on L's stack of a clock of cohort.testing, anchored by the caller */
  uint64_t seed;               /* shuffle each pass from this seed; 0: in order */
  int interrupts;              /* take SIGINT: the first cancels all, the second ends the process */
  uint64_t (*choose)(void *ud, uint64_t n);  /* instead of a seed: which of n that are ready runs next, from
                                                0; asked at every call that may wait, with 0 when all do */
  void *choose_ud;
  int64_t watchdog_ns;         /* cancel all when a task runs so long in Lua code without waiting, past its
                                  own pcalls; 0: never. It costs: loops in Lua run at half their speed */
} cohort_config;

/* A time below 0 is over already: such a pump begins no step, or waits for nothing, and looks at events. */
typedef struct cohort_budget {
  uint64_t resumes;   /* at most so many steps of tasks; 0: no limit */
  int64_t run_ns;     /* begin no step after so long; 0: no limit */
  int64_t block_ns;   /* wait for events so long when nothing is ready; COHORT_FOREVER: until idle or stuck */
} cohort_budget;

/* How a task ended. */
enum { COHORT_RUNNING = 0, COHORT_RETURNED, COHORT_FAILED, COHORT_CANCELLED };

/* luaopen_cohort_core, for hosts that link the library: luaL_requiref(L, "cohort.core", ..., 0). */
COHORT_API int luaopen_cohort_core(lua_State *L);

/* Open a runtime in L; 'config' NULL means defaults. The module must have been loaded. 0 or COHORT_E*. */
COHORT_API int cohort_open(lua_State *L, const cohort_config *config, cohort_runtime **out);

/* The open runtime of a lua_State, or NULL. */
COHORT_API cohort_runtime *cohort_of(lua_State *L);

/*
** Take a function and 'arguments' values from the top of L and make a task of
** them. It runs in a later pump. With 'out' NULL its result is dropped when it
** ends, and an error goes to Lua's warnings; else cohort_take must be called.
** 0 or COHORT_E*; then L's stack is as it was. COHORT_ENOMEM also when there are more arguments
** than a stack of Lua's takes; COHORT_EINVAL also when 'arguments' is negative, there is no
** function below so many, or L is of another state than the runtime. When no task lives any
** more after cohort_cancel, cohort_break, the watchdog or an interrupt, the runtime begins
** again as new with the first task that is made: take before that what the others
** came to.
*/
COHORT_API int cohort_spawn(cohort_runtime *rt, lua_State *L, int arguments, cohort_task *out);

/*
** Run tasks. 'budget' NULL: until nothing is ready, without blocking.
** COHORT_MORE to COHORT_IDLE, or COHORT_EBUSY.
*/
COHORT_API int cohort_pump(cohort_runtime *rt, const cohort_budget *budget);

/* Milliseconds until the next pump is due, for poll(2): 0 at once, -1 only when the fd is readable; of a
   closed runtime -1, as no pump is due any more. Ask again after every call into the runtime. */
COHORT_API int cohort_timeout(cohort_runtime *rt);

/* A descriptor that is readable when a pump is due; -1 where there is none, as of a closed runtime. */
COHORT_API int cohort_fd(const cohort_runtime *rt);

/* Make a pump due. The one call that another thread may make, until the runtime is closed. */
COHORT_API void cohort_wake(cohort_runtime *rt);

/*
** A task waits for something of the host's, whose end will wake it: from the first hold to the last release
** tasks that wait are not stuck, but waiting. Closing the runtime releases all. cohort_release: 0, or
** COHORT_EINVAL when there is no hold, and then nothing is changed.
*/
COHORT_API void cohort_hold(cohort_runtime *rt);
COHORT_API int cohort_release(cohort_runtime *rt);

/* Cancel every task. They end in the pumps that follow. */
COHORT_API void cohort_cancel(cohort_runtime *rt);

/* Cancel one task of the host's, and all that it has spawned. 0, or COHORT_EINVAL when there is none. */
COHORT_API int cohort_cancel_task(cohort_runtime *rt, cohort_task task);

/* How a task stands; COHORT_EINVAL when there is none of this number. */
COHORT_API int cohort_status(cohort_runtime *rt, cohort_task task);

/*
** Push onto L the results of a task that returned, or the error of one that did
** not, and forget the task. '*count' is how many values, unless 'count' is NULL.
** Its status as above, or COHORT_EBUSY while it runs. The error of a task cancelled by a deadlock or an
** interrupt is a Deadlock or an Interrupted.
*/
COHORT_API int cohort_take(cohort_runtime *rt, cohort_task task, lua_State *L, int *count);

/*
** After COHORT_STUCK: cancel all tasks for that reason, and remember the state
** of each for the Deadlock. Called again when they are stuck while cleaning
** up, it ends them by force.
*/
COHORT_API void cohort_break(cohort_runtime *rt);

/*
** End everything, whatever state it is in, and free it. Tasks that run still are closed by force. Inside
** of a pump, and in a finalizer inside of cohort_spawn or cohort_take, it only cancels all: close again then.
** Until its lua_State is closed a closed runtime may be asked still: it refuses what makes or runs tasks,
** knows none, and whatever else there is does nothing.
*/
COHORT_API void cohort_close(cohort_runtime *rt);

#ifdef __cplusplus
}
#endif

#endif
