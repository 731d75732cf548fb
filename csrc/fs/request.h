/*
** Requests to the file system: the arguments and the results of one operation. A verb carries it out with
** system calls only and knows neither Lua nor the loop, so it may run in any thread: in one of the pool,
** where it may wait for a disk, or in the loop's own with 'nowait' set, where it may not.
**
** While another thread has a request, the loop's thread reads nothing of it and writes nothing but 'stop'.
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

#define COH_STATX (STATX_BASIC_STATS | STATX_BTIME)  /* the fields asked of statx */
#define COH_FS_PIECE_MAX (1 << 20)  /* bytes moved between two looks at 'stop' */

/* Our own statuses, which no system call returns. */
enum {
  COH_FS_STOPPED = -5000,  /* it saw 'stop' and undid what it had begun */
  COH_FS_REFUSED           /* it could wait for somebody else, or never end; raised as UV_ENOTSUP */
};

struct coh_request {
  const char *path;     /* of the file it is about; borrowed */
  const char *text;     /* a second path, or bytes; borrowed */
  size_t length;        /* of 'text' */
  int64_t n[2];         /* numbers, whose meaning each verb defines */
  bool nowait;          /* set by the loop's thread: do not wait, but return UV_EAGAIN */
  atomic_bool stop;     /* set when nobody wants the result: return COH_FS_STOPPED */
  bool opened;          /* the verb opened 'fd', which is then owned */
  bool made;            /* 'bytes' is the path of a temporary file or directory, removed if nobody takes it */
  int fd;               /* an open file, borrowed; or what the verb opened */
  char *bytes;          /* the result, from malloc; with 'nowait', a borrowed block of 'room' bytes */
  size_t room;
  size_t count;         /* bytes in the result, or bytes written */
  struct statx stat;
};

/* One sort of operation. Each is a constant; 'kind.what' is its name in errors. */
struct coh_verb {
  struct coh_wait_kind kind;
  int (*run)(struct coh_request *r);                      /* 0, or a negative status */
  int (*push)(lua_State *L, struct coh_request *r);       /* push the results; NULL: there are none */
  bool quick;                                             /* supports 'nowait', and is first tried that way */
  bool pair;                                              /* its second text is a path too */
};

static inline int coh_fs_fault(void) {
  return uv_translate_sys_error(errno);
}

/* The result of a system call, or a negative status. */
#define coh_fs_result(call) coh_fs_status(coh_again(call))

static inline int coh_fs_status(int result) {
  return result < 0 ? coh_fs_fault() : result;
}

static inline bool coh_fs_stopped(struct coh_request *r) {
  return atomic_load_explicit(&r->stop, memory_order_relaxed);
}

/* Make 'bytes' hold 'needed' or more; UV_ENOMEM when memory is out. */
int coh_request_grow(struct coh_request *r, size_t needed);

/*
** Make a temporary file or directory by 'make' from the template in 'path', and keep its path in 'bytes':
** absolute, because the process may change its directory before it is removed, or as given when no absolute
** path leads there. Returns what 'make' returned, or a negative status.
*/
int coh_request_make(struct coh_request *r, int (*make)(char *template));

/* Free the results that nobody has taken. */
void coh_request_clear(struct coh_request *r);

COH_SEEN

#endif
