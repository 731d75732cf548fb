/*
** Open files. The position of the next read or write is kept here and not in the system, so that bytes that
** were read ahead can be dropped. One task at a time may use a file: while a job of it is in the pool, or a
** stream sends it, other tasks get Busy.
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
  struct coh_poll poll;                /* first, so that a pointer to it is one to the file. Watches
                                          nothing; its 'reader' is the task that sends the file through a
                                          stream */
  struct coh_descriptor *descriptor;   /* shared with its jobs, any of which may outlive the file */
  struct coh_job *job;                 /* the job that a task waits for, or NULL */
  struct coh_streambuf kept;           /* bytes from 'position' on that were read and not yet asked for */
  int64_t position;                    /* of the next byte to read or write */
  struct coh_goal goal;                /* what the current read looks for */
  int format;                          /* which of the read's formats that is, from 0 */
  int formats;                         /* how many formats the read has */
  bool unreadable;                     /* opened for writing only */
  bool appends;                        /* writes go to the end, wherever that is */
  bool temporary;                      /* removed when it is closed */
  char path[];
};

extern const struct coh_box_kind coh_file_kind;

/* Add the functions to the table on top and make the kind. [-0, +0, m] */
void coh_file_open(lua_State *L);

/* The open file in the box at 1; raises Closed when it is not open. [-0, +0, e] */
struct coh_file *coh_file_check_open(lua_State *L, const char *what);

/* The same, but raises Busy while a task uses it. [-0, +0, e] */
struct coh_file *coh_file_check_idle(lua_State *L, const char *what);

/* Raise Busy. Never returns. [-0, +0, e] */
int coh_file_raise_busy(lua_State *L, const char *what);

static inline bool coh_file_is_busy(const struct coh_file *file) {
  return file->job != NULL || file->poll.reader != NULL;
}

/* Begin a job on the file and continue with 'k' when it is done: 'return coh_file_begin(...)'. */
int coh_file_begin(lua_State *L, struct coh_file *file, struct coh_fiber *f, const struct coh_verb *verb,
                   struct coh_request *r, lua_KFunction k);

/*
** First line of such a 'k'. Returns the job, which is done; or NULL when it was stopped before it did
** anything and must be begun again, which a job that only looks never is. Raises Cancelled, or Closed when
** the file was closed meanwhile. [-0, +0, e]
*/
struct coh_job *coh_file_job(lua_State *L, lua_KContext context, const char *what);

/* Methods that are defined in other files. */
extern const luaL_Reg coh_file_reads[];
extern const luaL_Reg coh_file_copies[];

/* stream:write(...) with files among its arguments: the 'send' of the kind. */
int coh_file_send(lua_State *L);

COH_SEEN

#endif
