/*
** cohort for hosts: run structured tasks in your own lua_State, on your own event loop. A host needs only
** this header, which includes only lua.h. In C++, include lua.hpp before it.
**
** A runtime belongs to one lua_State, and a lua_State has at most one open runtime. All state hangs on the
** lua_State, so several of them may live in several threads; only cohort_wake may be called from another
** thread. No function here prints, exits, or raises a Lua error. Only cohort_pump blocks, as its budget says,
** and cohort_close, until the threads of libuv's pool have finished what they began.
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
typedef uint64_t cohort_task;  /* never reused; 0 is no task */

/* What cohort_pump returns, and the codes of calls that fail: such a call has changed nothing. */
enum {
  COHORT_MORE = 0,  /* the budget is spent: tasks are ready, pump again */
  COHORT_WAITING,   /* every task waits for time or for an event outside: see cohort_timeout and cohort_fd */
  COHORT_STUCK,     /* every task waits, and nothing can ever wake one: a deadlock */
  COHORT_IDLE,      /* there are no tasks */
  COHORT_EBUSY = -1,   /* a pump runs already, or the task to be taken still runs; or the runtime is closed
                          or closing */
  COHORT_EEXIST = -2,  /* this lua_State has an open runtime already */
  COHORT_ENOMEM = -3,  /* out of memory, or of room on a Lua stack */
  COHORT_ESYSTEM = -4, /* the operating system refused; nothing was opened */
  COHORT_EINVAL = -5   /* the module is not loaded in this lua_State, no such task, or a value out of range */
};

/*
** A field that is zero means its default. Only 'size' must be set, to sizeof(cohort_config); else cohort_open
** returns COHORT_EINVAL.
*/
typedef struct cohort_config {
  size_t size;
  int64_t (*clock)(void *ud);  /* returns the host's monotonic time in ns; NULL: the machine's */
  void *clock_ud;
  int clock_index;             /* index on L's stack of a clock of cohort.testing, anchored by the caller */
  uint64_t seed;               /* shuffle the ready tasks of each pass from this seed; 0: run them in order */
  int interrupts;              /* take SIGINT: the first cancels every task, the second ends the process */
  uint64_t (*choose)(void *ud, uint64_t n);  /* for tests, instead of 'seed': returns which of n ready
                                                tasks runs next, from 0. Asked at every call that may wait;
                                                with n 0, the result ignored, when all tasks wait */
  void *choose_ud;
  int64_t watchdog_ns;         /* cancel all tasks when one runs Lua code this long without waiting, past its
                                  own pcalls; 0: never. It costs: loops in Lua run at half their speed */
} cohort_config;

/*
** A negative time has already passed: with 'run_ns' no step begins, with 'block_ns' nothing is waited for;
** events are looked at either way.
*/
typedef struct cohort_budget {
  uint64_t resumes;   /* most steps to run, each from one wait of a task to its next; 0: no limit */
  int64_t run_ns;     /* begin no step after this long; 0: no limit */
  int64_t block_ns;   /* if nothing is ready, await events this long; COHORT_FOREVER: until idle or stuck */
} cohort_budget;

/* The status of a task: running, or how it ended. */
enum { COHORT_RUNNING = 0, COHORT_RETURNED, COHORT_FAILED, COHORT_CANCELLED };

/* The module. A host that links the library loads it: luaL_requiref(L, "cohort.core", luaopen_..., 0). */
COHORT_API int luaopen_cohort_core(lua_State *L);

/*
** Open a runtime in L, where the module must have been loaded. 'config' may be NULL, for the defaults.
** Returns 0 or COHORT_E*.
*/
COHORT_API int cohort_open(lua_State *L, const cohort_config *config, cohort_runtime **out);

/* The open runtime of a lua_State, or NULL. */
COHORT_API cohort_runtime *cohort_of(lua_State *L);

/*
** Make a task of a function and 'arguments' values, taken from the top of L. It first runs in a later pump.
** With 'out', its result must be claimed by cohort_take. With 'out' NULL, what it returns is dropped and an
** error goes to Lua's warnings.
**
** Returns 0, or COHORT_E* with L's stack unchanged: COHORT_ENOMEM also when there are more arguments than a
** Lua stack can hold; COHORT_EINVAL also when 'arguments' is negative, when no function is below them, or
** when L does not belong to the runtime.
**
** Once no task is left after cohort_cancel, cohort_break, the watchdog or an interrupt, the next task that is
** spawned resets the runtime: before that, take the results of the tasks that have ended.
*/
COHORT_API int cohort_spawn(cohort_runtime *rt, lua_State *L, int arguments, cohort_task *out);

/*
** Run tasks until the budget is spent; with 'budget' NULL until nothing is ready, without blocking. Returns
** COHORT_MORE, COHORT_WAITING, COHORT_STUCK or COHORT_IDLE; or COHORT_EBUSY.
*/
COHORT_API int cohort_pump(cohort_runtime *rt, const cohort_budget *budget);

/*
** Milliseconds until the next pump is due, as poll(2) takes them: 0 is now, -1 when only cohort_fd can tell.
** A closed runtime gives -1: no pump is due any more. Ask again after every call into the runtime.
*/
COHORT_API int cohort_timeout(cohort_runtime *rt);

/*
** A descriptor that becomes readable when a pump is due, to be polled but never read. -1 when there is none,
** as with a closed runtime.
*/
COHORT_API int cohort_fd(const cohort_runtime *rt);

/*
** Make a pump due, ending one that blocks. The only call allowed from other threads, and only until the
** runtime is closed.
*/
COHORT_API void cohort_wake(cohort_runtime *rt);

/*
** Tell the runtime that something of the host's is under way and will wake a task. While any hold is not
** released, a pump returns COHORT_WAITING where it would return COHORT_STUCK. Closing the runtime releases
** every hold. cohort_release returns 0, or COHORT_EINVAL, with nothing changed, when there is no hold.
*/
COHORT_API void cohort_hold(cohort_runtime *rt);
COHORT_API int cohort_release(cohort_runtime *rt);

/* Cancel every task. They end in the pumps that follow. */
COHORT_API void cohort_cancel(cohort_runtime *rt);

/*
** Cancel one of the host's tasks, and all that it has spawned. Returns 0, or COHORT_EINVAL when there is no
** such task.
*/
COHORT_API int cohort_cancel_task(cohort_runtime *rt, cohort_task task);

/* The status of one of the host's tasks, or COHORT_EINVAL when there is no such task. */
COHORT_API int cohort_status(cohort_runtime *rt, cohort_task task);

/*
** Push the results of a task that returned, or the error of one that did not, onto L and forget the task.
** '*count', unless 'count' is NULL, becomes the number of values pushed. Returns how the task ended,
** COHORT_EBUSY while it still runs, COHORT_EINVAL, or COHORT_ENOMEM when L's stack is full. When the results
** themselves find no room or no memory they are dropped: COHORT_FAILED, with the error that says so. The
** error of a task that a deadlock or an interrupt cancelled is a Deadlock or an Interrupted.
*/
COHORT_API int cohort_take(cohort_runtime *rt, cohort_task task, lua_State *L, int *count);

/*
** After COHORT_STUCK: record what each task waits for, to be told by the Deadlock error, and cancel them all
** with the reason "deadlock"; then go on pumping. If they are stuck again while cleaning up, a second call
** ends them by force.
*/
COHORT_API void cohort_break(cohort_runtime *rt);

/*
** End the runtime in whatever state it is, and free it. Tasks that still run are closed by force. Called
** inside a pump, or in a finalizer that runs inside cohort_spawn or cohort_take, it only cancels all tasks:
** call it again after that.
**
** A closed runtime may still be passed to these functions until its lua_State is closed: it refuses to make
** or run tasks, knows none, and the other calls do nothing.
*/
COHORT_API void cohort_close(cohort_runtime *rt);

#ifdef __cplusplus
}
#endif

#endif
