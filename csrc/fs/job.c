/*
** Jobs: see job.h.
*/
#include "fs/job.h"

#include <string.h>
#include <unistd.h>

#include "errors/system.h"
#include "glue/wait.h"
#include "io/pool.h"
#include "lua/outofmemory.h"

#define REFUSED "this is no regular file: it could wait for somebody else, or never end"
#define OTHER_MODE "the file was not opened for this: fs.open takes a mode, \"w\" say, or \"r+\" for both"
#define FORWARD_ONLY "this is a terminal, or a device that goes forward only: for terminals see cohort.stdio"

enum { ARGUMENTS = 4, VERB, JOB };  /* slots of an operation's stack */


void coh_descriptor_drop(struct coh_state *S, struct coh_descriptor *d) {
  if (--d->owners > 0) return;
  close(d->fd);
  coh_mem_free(&S->loop.rt.mem, d, sizeof *d);
}


/* Take the job from its file: nobody waits for it any more. */
static void unseat(struct coh_job *job) {
  if (job->seat != NULL) *job->seat = NULL;
  job->seat = NULL;
}


/* {{ The end of a request */

struct ending {
  const struct coh_verb *verb;
  struct coh_request *request;
  int status;
};


/* Our explanation where the system's text does not suffice, or NULL. */
static const char *explanation(int status) {
  if (status == COH_FS_REFUSED) return REFUSED;
  if (status == UV_EBADF) return OTHER_MODE;
  return status == UV_ESPIPE ? FORWARD_ONLY : NULL;
}


/* The status that users see. */
static int shown_status(int status) {
  return status == COH_FS_REFUSED ? UV_ENOTSUP : status;
}


/* The error on top names one path, in the system's words. Name both, and use our explanation. [-0, +0, m] */
static void set_message(lua_State *L, const struct ending *e) {
  char text[COH_SYSERR_TEXT], name[COH_SYSERR_NAME];
  const char *why = explanation(e->status), *to = e->verb->pair ? e->request->text : NULL;
  coh_syserr_tell(shown_status(e->status), name, text);
  lua_pushfstring(L, "%s %s%s%s: %s (%s)", e->verb->kind.what, e->request->path, to != NULL ? " to " : "",
                  to != NULL ? to : "", why != NULL ? why : text, name);
  lua_setfield(L, -2, "message");
  lua_pushstring(L, to);
  lua_setfield(L, -2, "to");
}


/* pcall'ed: (ending) -> results */
static int end_protected(lua_State *L) {
  const struct ending *e = lua_touserdata(L, 1);
  if (e->status >= 0) return e->verb->push != NULL ? e->verb->push(L, e->request) : 0;
  coh_syserr_push(L, COH_SYSTEM_ERROR, shown_status(e->status), e->verb->kind.what, "path", e->request->path);
  if (e->verb->pair || explanation(e->status) != NULL) set_message(L, e);
  return lua_error(L);
}


/* Push the results, or the error. Nothing is allocated outside the protected call, so nothing can be lost. */
static bool end(lua_State *L, const struct coh_verb *verb, struct coh_request *r, int status) {
  struct ending ending = {verb, r, status};
  lua_pushcfunction(L, end_protected);
  lua_pushlightuserdata(L, &ending);
  return lua_pcall(L, 1, LUA_MULTRET, 0) == LUA_OK;
}


int coh_request_end(lua_State *L, const struct coh_verb *verb, struct coh_request *r, int status) {
  int top = lua_gettop(L);
  bool ok = end(L, verb, r, status);
  coh_request_clear(r);
  return ok ? lua_gettop(L) - top : lua_error(L);
}


/* Making the results may run a finalizer that closes the file, which must not find the job any more. */
int coh_job_end(lua_State *L, struct coh_job *job) {
  int top = lua_gettop(L);
  bool ok;
  coh_assert(job->op.status != COH_FS_STOPPED);  /* a job that only looks is left behind instead */
  unseat(job);
  ok = end(L, job->verb, &job->request, job->op.status);
  coh_op_free(&job->op);
  return ok ? lua_gettop(L) - top : lua_error(L);
}


int coh_job_push_bytes(lua_State *L, struct coh_request *r) {
  lua_pushlstring(L, r->bytes, r->count);
  return 1;
}

/* }} */


/* {{ The life of a job */

static struct coh_job *job_of(struct coh_wait *w) {
  return (struct coh_job *)coh_item(w->link.next, struct coh_op, waiter);
}


bool coh_job_leave(struct coh_wait *w) {
  struct coh_job *job = job_of(w);
  atomic_store(&job->request.stop, true);
  unseat(job);
  uv_cancel(&job->op.req.any);  /* fails if a thread has begun it */
  return coh_op_abort(w);
}


bool coh_job_finish(struct coh_wait *w) {
  struct coh_job *job = job_of(w);
  if (uv_cancel(&job->op.req.any) == 0) {
    unseat(job);
    return coh_op_abort(w);
  }
  atomic_store(&job->request.stop, true);
  return false;
}


void coh_job_forfeit(struct coh_wait *w) {
  struct coh_job *job = w->of;
  if ((w->outcome != COH_WOKEN && !w->abort_refused) || job == NULL) return;
  unseat(job);
  coh_op_drop(&job->op);
}


/* A wait that refused to be cut and was ended by force leaves its job behind. */
struct coh_fiber *coh_job_woken(lua_State *L, lua_KContext context) {
  struct coh_wait *w = &coh_resumed(L, context)->task.wait;
  if (w->outcome == COH_WAIT_CANCELLED) coh_job_forfeit(w);
  return coh_arrived(L, context);
}


/* When the runtime is closing, the tasks are gone already. */
void coh_job_abandon(struct coh_job *job) {
  if (!job->op.S->closing) job->wait->of = NULL;
  unseat(job);
  coh_wait_wake_all(&job->op.waiter);
  coh_op_drop(&job->op);
}


static void release(struct coh_op *op) {
  struct coh_job *job = (struct coh_job *)op;
  unseat(job);
  coh_request_clear(&job->request);
  if (job->descriptor != NULL) coh_descriptor_drop(op->S, job->descriptor);
}


/* Runs in a thread of the pool, which owns 'op.status' until 'after_work'. */
static void work(uv_work_t *req) {
  struct coh_job *job = (struct coh_job *)req;
  job->op.status = coh_fs_stopped(&job->request) ? COH_FS_STOPPED : job->verb->run(&job->request);
}


static void after_work(uv_work_t *req, int status) {
  struct coh_op *op = (struct coh_op *)req;
  coh_op_finish(op, status < 0 ? status : op->status);
}


/* Copy a text behind the job, and return the copy. */
static const char *keep(char **at, const char *text, size_t length) {
  char *copy = *at;
  if (text == NULL) return NULL;
  memcpy(copy, text, length);
  copy[length] = '\0';
  *at += length + 1;
  return copy;
}


/* Raise what 'status' means for 'r', which did not begin. Never returns. [-0, +0, e] */
static int refuse(lua_State *L, const struct coh_verb *verb, const struct coh_request *r, int status) {
  return coh_request_end(L, verb, &(struct coh_request){.path = r->path, .text = r->text}, status);
}


void coh_job_ask(lua_State *L, const struct coh_verb *verb, const struct coh_request *r) {
  if (coh_io_fails(coh_state_here(L), verb->kind.what, EIO)) refuse(L, verb, r, coh_fs_fault());
}


struct coh_job *coh_job_begin(lua_State *L, struct coh_fiber *f, const struct coh_verb *verb,
                              const struct coh_request *r, struct coh_descriptor *d, struct coh_job **seat) {
  struct coh_state *S = coh_state_here(L);
  size_t path_length = strlen(r->path);
  struct coh_job *job;
  char *at;
  int status = coh_pool_check(coh_io_need(L, S), S);
  if (status < 0) refuse(L, verb, r, status);
  coh_job_ask(L, verb, r);
  job = coh_op_new(S, sizeof *job + path_length + r->length + 2, release);
  if (job == NULL) coh_out_of_memory(L);
  at = (char *)(job + 1);
  job->verb = verb;
  job->request = *r;
  job->request.path = keep(&at, r->path, path_length);
  job->request.text = keep(&at, r->text, r->length);
  job->descriptor = d;
  if (d != NULL) d->owners++;
  job->seat = seat;
  if (seat != NULL) *seat = job;
  status = uv_queue_work(&S->loop.uv, &job->op.req.work, work, after_work);
  coh_assert(status == 0);  /* it refuses only a missing callback */
  coh_op_park(&job->op, f, &verb->kind);
  job->wait = &f->task.wait;
  return job;
}

/* }} */


/* {{ Operations on paths */

static void read_request(lua_State *L, struct coh_request *r) {
  *r = (struct coh_request){.path = lua_tostring(L, 1), .fd = -1};
  r->text = lua_tolstring(L, 2, &r->length);
  r->n[0] = lua_tointeger(L, 3);
  r->n[1] = lua_tointeger(L, 4);
}


static int fs_try(lua_State *L, int status, lua_KContext context);

static int fs_woken(lua_State *L, int status, lua_KContext context) {
  struct coh_fiber *f = coh_job_woken(L, context);
  struct coh_job *job = lua_touserdata(L, JOB);
  (void)status;
  if (job->op.status != COH_FS_STOPPED) return coh_job_end(L, job);
  coh_op_free(&job->op);
  lua_settop(L, VERB);
  return fs_try(L, LUA_OK, coh_context(f));  /* raises Cancelled, unless a shield was set meanwhile */
}


static int fs_try(lua_State *L, int status, lua_KContext context) {
  struct coh_fiber *f = coh_test(L, context);
  const struct coh_verb *verb = lua_touserdata(L, VERB);
  struct coh_request r;
  read_request(L, &r);
  if (verb->quick) {
    struct coh_io *io = coh_io_need(L, coh_state_here(L));
    coh_job_ask(L, verb, &r);
    r.nowait = true;
    r.bytes = io->chunk;
    r.room = sizeof io->chunk;
    status = verb->run(&r);
    if (status != UV_EAGAIN) return coh_request_end(L, verb, &r, status);
    read_request(L, &r);
  }
  lua_pushlightuserdata(L, coh_job_begin(L, f, verb, &r, NULL, NULL));
  return coh_yield(L, f, fs_woken);
}


int coh_fs_begin(lua_State *L, const struct coh_verb *verb) {
  lua_settop(L, ARGUMENTS);
  lua_pushlightuserdata(L, (void *)verb);
  return coh_begin(L, fs_try);
}

/* }} */
