/*
** Requests to the file system: what one operation is asked for, and what it gives.
** A verb carries one out with system calls only, knowing neither Lua nor the loop,
** so that it may run in any thread: in one of the pool, where it may wait for a
** disk, or in the loop's own with 'nowait' set, where it may not.
**
** While a request is with another thread the loop's thread writes nothing of it but
** 'stop', and reads nothing.
*/
#ifndef COH_FS_REQUEST_H
#define COH_FS_REQUEST_H

#include <lua.h>
#include <uv.h>

#include <errno.h>
#include <stdatomic.h>
#include <sys/stat.h>

#include "io/again.h"
#include "kernel/hidden.h"
#include "kernel/wait.h"

COH_HIDDEN

#define COH_STATX (STATX_BASIC_STATS | STATX_BTIME)  /* what is asked of a file */
#define COH_FS_PIECE_MAX (1 << 20)  /* bytes that are moved between two looks at 'stop' */

/* Statuses of ours, which no system call can give. */
enum {
  COH_FS_STOPPED = -5000,  /* it saw 'stop', and what it began is undone */
  COH_FS_REFUSED           /* it could wait for somebody else, or never end: told as UV_ENOTSUP */
};

struct coh_request {
  const char *path;     /* what it is about; borrowed */
  const char *text;     /* a second path, or bytes; borrowed */
  size_t length;        /* of 'text' */
  int64_t n[2];         /* numbers: each verb says what they are */
  bool nowait;          /* it must not wait: UV_EAGAIN means that it would have to */
  atomic_bool stop;     /* nobody wants it any more: COH_FS_STOPPED */
  bool opened;          /* 'fd' was opened by the verb, and is owned */
  bool made;            /* 'bytes' is the path of something temporary, which is removed if nobody gets it */
  int fd;               /* of an open file, which is borrowed; or what was opened */
  char *bytes;          /* the result, from malloc; with 'nowait' a borrowed block of 'room' bytes */
  size_t room;
  size_t count;         /* how many bytes there are, or were written */
  struct statx stat;
};

/* What one sort of operation is. Each is a constant; 'kind.what' is its name in errors. */
struct coh_verb {
  struct coh_wait_kind kind;
  int (*run)(struct coh_request *r);                      /* 0, or a negative status */
  int (*push)(lua_State *L, struct coh_request *r);       /* push the results; NULL: there are none */
  bool quick;                                             /* it knows 'nowait', and is tried so first */
  bool pair;                                              /* its second text is a path too */
};

static inline int coh_fs_fault(void) {
  return uv_translate_sys_error(errno);
}

/* What a system call returned: that, or a negative status. */
#define coh_fs_result(call) coh_fs_told(coh_again(call))

static inline int coh_fs_told(int result) {
  return result < 0 ? coh_fs_fault() : result;
}

static inline bool coh_fs_stopped(struct coh_request *r) {
  return atomic_load_explicit(&r->stop, memory_order_relaxed);
}

/* Room in 'bytes' for 'needed' or more; UV_ENOMEM when there is none. */
int coh_request_grow(struct coh_request *r, size_t needed);

/*
** Make something temporary by 'make', of the template in 'path', and keep its path in 'bytes': absolute, for
** the process may be elsewhere when it is removed; as it was given where no absolute one leads there. What
** 'make' returned, or a negative status.
*/
int coh_request_make(struct coh_request *r, int (*make)(char *template));

/* Free the results that nobody took. */
void coh_request_clear(struct coh_request *r);

COH_SEEN

#endif
