/*
** Children: see child.h. A child goes through these states: it runs; it has exited; nothing of it is left.
** Its group may outlive the leader by what is left of the grace.
*/
#include "process/child.h"

#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/again.h"
#include "lua/text.h"
#include "process/group.h"

#define LOOK_MS 10       /* how often we look whether a child without a pidfd has ended */
#define REST_MIN_MS 1    /* how soon we look again whether a group has ended; doubles each time */
#define REST_MAX_MS 64

struct coh_child {
  union {
    uv_handle_t any;
    uv_poll_t poll;           /* of 'pidfd' */
    uv_timer_t look;          /* where the system has no pidfds */
  } watch;                    /* first: libuv's pointer to it is one to this */
  uv_timer_t timer;           /* for the grace, and for looking at the rest of a group */
  struct coh_link link;       /* in coh_io.children */
  struct coh_process *owner;  /* borrowed; NULL: nobody wants to know */
  uint64_t grace_ms;
  uint64_t until_ms;          /* end of the grace in the loop's time, once it was told to end */
  uint64_t rest_ms;           /* time until the next look at the rest of a group */
  pid_t pid;
  int pidfd;                  /* owned; -1 when the system has none */
  uint8_t open_handles;       /* libuv handles; closing the last one frees this */
  bool group;
  bool exited;                /* and, if it leads a group, is not reaped yet */
  bool ending;                /* it was told to end */
};


/* {{ Memory */

struct coh_child *coh_child_new(struct coh_state *S, bool group, uint64_t grace_ms) {
  struct coh_child *c = coh_mem_new(&S->loop.rt.mem, sizeof *c);
  if (c == NULL) return NULL;
  c->group = group;
  c->grace_ms = grace_ms;
  return c;
}


void coh_child_free(struct coh_state *S, struct coh_child *c) {
  coh_mem_free(&S->loop.rt.mem, c, sizeof *c);
}


static struct coh_child *child_of_timer(uv_timer_t *timer) {
  return coh_item(timer, struct coh_child, timer);
}


static void handle_closed(struct coh_state *S, struct coh_child *c) {
  if (--c->open_handles == 0) coh_child_free(S, c);
}


static void watch_closed(uv_handle_t *uv) {
  handle_closed(coh_io_state(uv->loop), (struct coh_child *)uv);
}


static void timer_closed(uv_handle_t *uv) {
  handle_closed(coh_io_state(uv->loop), child_of_timer((uv_timer_t *)uv));
}

/* }} */


/* {{ Telling the owner */

static void wake_all(struct coh_child *c) {
  if (c->owner != NULL) coh_wait_wake_all(&c->owner->sync.waiters);
}


/* Tell the owner how the child ended: 'info', or NULL when nobody knows. */
static void tell(struct coh_child *c, const siginfo_t *info) {
  struct coh_process *p = c->owner;
  if (p == NULL || p->ended) return;
  p->ended = info != NULL;
  p->lost = info == NULL;
  if (info != NULL) {
    bool exited = info->si_code == CLD_EXITED;
    p->status = exited ? info->si_status : -1;
    p->signal = exited ? 0 : info->si_status;
  }
  wake_all(c);
}


/* Separate it from its owner, which it will no longer inform. */
static void let_go(struct coh_child *c) {
  if (c->owner == NULL) return;
  c->owner->child = NULL;
  wake_all(c);
  c->owner = NULL;
}


/* Nothing of the child is left: close what watches it. */
static void finish(struct coh_child *c) {
  let_go(c);
  coh_link_remove(&c->link);
  uv_close(&c->watch.any, watch_closed);
  uv_close((uv_handle_t *)&c->timer, timer_closed);
  if (c->pidfd >= 0) close(c->pidfd);
}

/* }} */


/* {{ Signals */

/* Through the pidfd, only to this very process, whoever has its number by now. */
static int signal_one(const struct coh_child *c, int signal) {
  if (c->pidfd < 0) return kill(c->pid, signal);
  return (int)syscall(SYS_pidfd_send_signal, c->pidfd, signal, NULL, 0);
}


int coh_child_signal(struct coh_child *c, int signal) {
  int result = c->group ? kill(-c->pid, signal) : signal_one(c, signal);
  int status = result < 0 ? uv_translate_sys_error(errno) : 0;
  if (!c->group || c->exited || getpgid(c->pid) == c->pid) return status;
  return signal_one(c, signal) < 0 ? status : 0;  /* it has left its group */
}


/*
** Reap the child, or only look, as 'how' says; 'info' tells how it ended. False: it runs, or somebody else
** has reaped it.
*/
static bool reap(struct coh_child *c, siginfo_t *info, int how) {
  info->si_pid = 0;
  errno = 0;
  return coh_again(waitid(P_PID, (id_t)c->pid, info, WEXITED | how)) == 0 && info->si_pid != 0;
}

/* }} */


/* {{ The end */

static void look_at_rest(uv_timer_t *timer);

/* The leader of a group has exited, and the whole group was told to end. Is anybody left? */
static void end_rest(struct coh_child *c) {
  bool runs = coh_group_runs(c->pid);
  if (runs && uv_now(c->watch.any.loop) < c->until_ms) {
    uv_timer_start(&c->timer, look_at_rest, c->rest_ms, 0);
    if (c->rest_ms < REST_MAX_MS) c->rest_ms *= 2;
    return;
  }
  if (runs) kill(-c->pid, SIGKILL);
  finish(c);
}


/* No Lua runs here. */
static void look_at_rest(uv_timer_t *timer) {
  end_rest(child_of_timer(timer));
}


static void end_group(struct coh_child *c) {
  siginfo_t info;
  reap(c, &info, WNOHANG);
  c->rest_ms = REST_MIN_MS;
  end_rest(c);
}


/* No Lua runs here. A process that we may not signal runs on, and is reaped when it ends. */
static void on_grace_over(uv_timer_t *timer) {
  struct coh_child *c = child_of_timer(timer);
  if (coh_child_signal(c, SIGKILL) != UV_EPERM) return;
  if (c->owner != NULL) c->owner->lost = true;
  let_go(c);
}


static void stop_watching(struct coh_child *c) {
  if (c->pidfd >= 0) uv_poll_stop(&c->watch.poll);
  else uv_timer_stop(&c->watch.look);
}


/* Has it exited? A process under a debugger may not have, though its pidfd is readable. */
static void see(struct coh_child *c) {
  siginfo_t info;
  bool known = reap(c, &info, WNOHANG | (c->group ? WNOWAIT : 0));
  if (!known && errno != ECHILD) return;
  stop_watching(c);
  uv_timer_stop(&c->timer);
  c->exited = true;
  tell(c, known ? &info : NULL);
  if (!c->group) finish(c);
  else if (c->ending) end_group(c);
}


/* No Lua runs in these. */
static void on_readable(uv_poll_t *uv, int status, int events) {
  (void)status;
  (void)events;
  see((struct coh_child *)uv);
}


static void on_look(uv_timer_t *uv) {
  see((struct coh_child *)uv);
}


/* A stopped process does not see SIGTERM until it is continued. */
bool coh_child_end(struct coh_child *c) {
  bool polite = c->grace_ms > 0;
  if (c->ending) return false;
  c->ending = true;
  uv_update_time(c->watch.any.loop);
  c->until_ms = uv_now(c->watch.any.loop) + c->grace_ms;
  if (c->until_ms < c->grace_ms) c->until_ms = UINT64_MAX;
  if (polite) coh_child_signal(c, SIGTERM);
  if (polite) coh_child_signal(c, SIGCONT);
  if (c->exited) end_group(c);
  else if (!polite) on_grace_over(&c->timer);
  else uv_timer_start(&c->timer, on_grace_over, c->grace_ms, 0);
  return true;
}


void coh_child_disown(struct coh_child *c) {
  c->owner->child = NULL;
  c->owner = NULL;
}


static void close_now(struct coh_child *c) {
  siginfo_t info;
  bool refused = coh_child_signal(c, SIGKILL) == UV_EPERM;
  bool known = reap(c, &info, refused ? WNOHANG : 0);
  if (!c->exited) tell(c, known ? &info : NULL);
  finish(c);
}


void coh_children_list(lua_State *L, struct coh_state *S) {
  const struct coh_link *children = &coh_io_of(S)->children, *at;
  for (at = children->next; at != children; at = at->next) {
    const struct coh_child *c = coh_item(at, struct coh_child, link);
    if (c->owner == NULL) continue;
    coh_text_push_at(L, "started", c->owner->where);
    lua_pushfstring(L, "a process%s", lua_tostring(L, -1));
    lua_rawseti(L, -3, (lua_Integer)lua_rawlen(L, -3) + 1);
    lua_pop(L, 1);
  }
}


void coh_children_close_all(struct coh_state *S) {
  struct coh_io *io = coh_io_of(S);
  if (io == NULL) return;
  while (!coh_link_alone(&io->children)) close_now(coh_item(io->children.next, struct coh_child, link));
}

/* }} */


/* {{ The beginning */

static int open_pidfd(struct coh_state *S, pid_t pid) {
  int fd = coh_io_fails(S, "pidfd_open", EMFILE) ? -1 : (int)syscall(SYS_pidfd_open, pid, 0);
  return fd < 0 ? uv_translate_sys_error(errno) : fd;
}


/* For Linux before 5.3, and for valgrind. */
static int open_look(struct coh_state *S, struct coh_child *c) {
  c->pidfd = -1;
  uv_timer_init(&S->loop.uv, &c->watch.look);
  uv_timer_start(&c->watch.look, on_look, LOOK_MS, LOOK_MS);
  return 0;
}


/* A child that runs but cannot be watched: nobody would ever know that it has ended. */
static void kill_at_once(pid_t pid) {
  kill(pid, SIGKILL);
  coh_again(waitpid(pid, NULL, 0));
}


static int open_poll(struct coh_state *S, struct coh_child *c) {
  int status = coh_io_fails(S, "watch", ENOMEM) ? uv_translate_sys_error(errno)
               : uv_poll_init(&S->loop.uv, &c->watch.poll, c->pidfd);
  if (status < 0) return status;
  status = uv_poll_start(&c->watch.poll, UV_READABLE, on_readable);
  coh_assert(status == 0);  /* on a descriptor that is open */
  return 0;
}


int coh_child_watch(struct coh_state *S, struct coh_child *c, struct coh_process *owner, pid_t pid) {
  int status;
  c->pid = pid;
  c->pidfd = open_pidfd(S, pid);
  status = c->pidfd == UV_ENOSYS ? open_look(S, c) : c->pidfd < 0 ? c->pidfd : open_poll(S, c);
  if (status < 0) {
    if (status != UV_ESRCH) kill_at_once(pid);
    if (c->pidfd >= 0) close(c->pidfd);
    return status;
  }
  uv_timer_init(&S->loop.uv, &c->timer);
  c->open_handles = 2;
  c->owner = owner;
  owner->child = c;
  coh_link_append(&coh_io_of(S)->children, &c->link);
  return 0;
}

/* }} */
