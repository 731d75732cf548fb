/*
** Open files. The place where it is read and written next is kept here and not with
** the system, so that what was read ahead can be forgotten. One task at a time: while
** a job is in the pool for one, or one sends the file, others are told that it is busy.
*/
#ifndef COH_FS_FILE_H
#define COH_FS_FILE_H

#include "fs/job.h"
#include "io/poll.h"
#include "kernel/hidden.h"
#include "stream/buffer.h"
#include "stream/format.h"

COH_HIDDEN

struct coh_file {
  struct coh_poll poll;                /* first, so that a pointer to it is one to the file; its reader is
                                          who sends it through a stream. It watches nothing */
  struct coh_descriptor *descriptor;   /* shared with its jobs: one may outlive the file */
  struct coh_job *job;                 /* that a task waits for, or NULL */
  struct coh_streambuf kept;           /* bytes from 'position' on that were read and not asked for yet */
  int64_t position;                    /* of the next byte */
  struct coh_goal goal;                /* what the read under way looks for */
  int format;                          /* which of its formats that is, from 0 on */
  int formats;                         /* and how many it has */
  bool unreadable;                     /* it was opened for writing only */
  bool appends;                        /* writes go to the end, wherever that is */
  bool temporary;                      /* it is removed when it is closed */
  char path[];
};

extern const struct coh_box_kind coh_file_kind;

/* Add the functions to the table on top and make the kind. [-0, +0, m] */
void coh_file_open(lua_State *L);

/* The open file in the box at 1, else Closed is raised. [-0, +0, e] */
struct coh_file *coh_file_check_open(lua_State *L, const char *what);

/* The same when no task uses it, else Busy is raised. [-0, +0, e] */
struct coh_file *coh_file_check_idle(lua_State *L, const char *what);

/* Raise Busy. Never returns. [-0, +0, e] */
int coh_file_raise_busy(lua_State *L, const char *what);

static inline bool coh_file_is_busy(const struct coh_file *file) {
  return file->job != NULL || file->poll.reader != NULL;
}

/* Begin a job for it and go on with 'k' when it is done: 'return coh_file_begin(...)'. */
int coh_file_begin(lua_State *L, struct coh_file *file, struct coh_fiber *f, const struct coh_verb *verb,
                   struct coh_request *r, lua_KFunction k);

/*
** First line of such a 'k': the job, which is done. NULL: it was stopped before it did
** anything, to be begun again; never when it only looks. Raises Cancelled, or Closed when it was closed
** meanwhile. [-0, +0, e]
*/
struct coh_job *coh_file_job(lua_State *L, lua_KContext context, const char *what);

/* Methods that have a file of their own. */
extern const luaL_Reg coh_file_reads[];
extern const luaL_Reg coh_file_copies[];

/* stream:write(...) with files: 'send' of the kind. */
int coh_file_send(lua_State *L);

COH_SEEN

#endif
