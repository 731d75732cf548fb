/*
** The watchdog ends what runs on in Lua code and never waits. While one is set, every
** task begins with the hook, which the coroutines that it makes inherit; that costs, so
** it is set only on request. Past its time the hook lets 'expire' cancel all, and makes
** the task that it found running unwind itself, past its own protected calls. A C
** function that does not return is beyond its reach, and so is a coroutine from before
** it was set that Lua's own library resumes: nothing tells us of that.
*/
#ifndef COH_GLUE_WATCH_H
#define COH_GLUE_WATCH_H

#include "glue/state.h"
#include "kernel/hidden.h"

COH_HIDDEN

struct coh_watch {
  int64_t limit_ns;         /* of the machine's time; COH_NEVER: no limit, and no hooks */
  int64_t end_ns;           /* of coh_clock_machine: when its time is over */
  bool each_step;           /* the limit is on each step of a task, not on all together */
  void (*expire)(struct coh_state *S, lua_State *L);  /* cancels all; raises nothing */
  struct coh_fiber *busy;   /* found running past the time, and made to unwind; or NULL */
  int depth;                /* the hook raises in its frames that are no deeper */
  const lua_State *stranger;  /* its coroutine that has no frame of ours, or NULL; to compare only */
  int depth_in_stranger;    /* the same as 'depth', for that */
  int left;                 /* instructions until the next look, while the hook is called at each */
};

/* Let 'watch' count from now on; it is borrowed. NULL: nothing is watched any more. */
void coh_watch_set(struct coh_state *S, struct coh_watch *watch);

/* Is its time over? */
bool coh_watch_is_over(const struct coh_watch *watch);

/* Let it expire, and give clean-up as much time again. [-0, +0, -] */
void coh_watch_expire(struct coh_state *S, lua_State *L);

/* A step of the fiber begins. [-0, +0, -] */
void coh_watch_step(struct coh_state *S, const struct coh_fiber *f);

/* After how many instructions it wants the hook of 'co'. 'f' is its task, which runs; NULL: not known. */
int coh_watch_count(const struct coh_watch *watch, const lua_State *co, const struct coh_fiber *f);

/* In the hook of 'L', where 'f' runs: raise there when it is to end. [-0, +0, v] */
void coh_watch_hook(lua_State *L, struct coh_state *S, struct coh_fiber *f);

/* The fiber ends. */
void coh_watch_forget(struct coh_state *S, const struct coh_fiber *f);

COH_SEEN

#endif
