/*
** Jobs: requests that a thread of the pool carries out while a task waits. A job owns all that it needs, so
** it never points into a task.
**
** What a thread has begun cannot be taken back. When its task is cancelled, a job that has not begun is taken
** out of the pool. One that has begun and only looks (coh_job_leave) is left behind, and its results are
** freed when it is done. One that changes something (coh_job_finish) is waited for, or stops between two
** steps if it is long. So Cancelled always means that nothing happened.
*/
#ifndef COH_FS_JOB_H
#define COH_FS_JOB_H

#include "fs/request.h"
#include "io/op.h"
#include "kernel/hidden.h"

COH_HIDDEN

/* A descriptor shared by an open file and the jobs that use it; the last of them closes it. */
struct coh_descriptor {
  int fd;
  unsigned owners;
};

struct coh_job {
  struct coh_op op;                    /* first, so that a pointer to it is one to the job */
  const struct coh_verb *verb;
  struct coh_descriptor *descriptor;   /* shared; NULL when the job is about a path */
  struct coh_wait *wait;               /* the wait of its task; not followed once that has gone on */
  struct coh_job **seat;               /* where the file keeps the job its task waits for, or NULL */
  struct coh_request request;          /* its texts are stored behind this struct */
};

bool coh_job_leave(struct coh_wait *w);
bool coh_job_finish(struct coh_wait *w);
void coh_job_forfeit(struct coh_wait *w);

#define COH_JOB_KIND(name, take_back) \
  {.what = name, .abort = take_back, .forfeit = coh_job_forfeit, .external = true, .finishes = true, \
   .lets_go = true}
#define COH_LOOKS(name) COH_JOB_KIND(name, coh_job_leave)
#define COH_CHANGES(name) COH_JOB_KIND(name, coh_job_finish)

/* Give up one share; the last one closes the descriptor. */
void coh_descriptor_drop(struct coh_state *S, struct coh_descriptor *d);

/*
** Begin a copy of 'r' in the pool and park 'f' until it is done. 'd' and 'seat' may be NULL. Raises when it
** cannot begin. [-0, +0, e]
*/
struct coh_job *coh_job_begin(lua_State *L, struct coh_fiber *f, const struct coh_verb *verb,
                              const struct coh_request *r, struct coh_descriptor *d, struct coh_job **seat);

/*
** The fault check of an operation that is carried out without a job: raises if it is to fail. A job makes the
** same check when it begins; what its thread calls cannot be made to fail one by one. [-0, +0, e]
*/
void coh_job_ask(lua_State *L, const struct coh_verb *verb, const struct coh_request *r);

/* First line of the continuation: returns the fiber, whose job is done, or raises Cancelled. [-0, +0, e] */
struct coh_fiber *coh_job_woken(lua_State *L, lua_KContext context);

/* The file is being closed while its task waits: wake the task and leave the job behind. */
void coh_job_abandon(struct coh_job *job);

/*
** Carry out a verb, quickly if it can be: 'return coh_fs_begin(L, &verb)'. The arguments have been checked,
** and there are at most four:
*/
int coh_fs_begin(lua_State *L, const struct coh_verb *verb);

/*
** End a request that was carried out here, or by a job: push the results, or raise what the status means.
** What was opened or allocated on the way and not handed over is freed. Needs 2 free slots. [-0, +results, e]
*/
int coh_request_end(lua_State *L, const struct coh_verb *verb, struct coh_request *r, int status);
int coh_job_end(lua_State *L, struct coh_job *job);

/* The 'push' of verbs whose result is bytes. [-0, +1, m] */
int coh_job_push_bytes(lua_State *L, struct coh_request *r);

COH_SEEN

#endif
