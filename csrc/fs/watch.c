/*
** Watching for changes, by libuv's file events. The callback stores events, and tasks take them one by one.
** What nobody asks for is bounded: beyond the bound events are dropped, which is reported once, in its place.
**
** The system watches what the path led to, not the path. So each event with the path's own name is a reason
** to check whether the path still leads there. When it does not, a task gets what is stored, then a last
** "rename" of the path, then the end. The system's own event for this may come late, or not at all while
** others have the file open.
*/
#include "fs/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "errors/system.h"
#include "fs/check.h"
#include "glue/wait.h"
#include "io/again.h"
#include "io/handle.h"
#include "lua/arg.h"
#include "lua/text.h"
#include "stream/buffer.h"

#define EVENTS_MAX 65536  /* bytes of events that are stored */

enum { SLOT_PATH, SLOT_ENDED };  /* values that a box keeps; the second is true when the watcher closed by
                                    itself at its end */

/* Identifies what a path leads to. An inode number is soon reused, but by a file with a later birth time. */
struct identity {
  unsigned major, minor;
  uint64_t inode;
  int64_t born_s;                /* 0 where the birth time is unknown */
  uint32_t born_ns;
  bool is_directory;
};

struct coh_watcher {
  struct coh_handle handle;      /* first, so that a pointer to it is one to the watcher */
  struct coh_link askers;        /* queue of waits for an event */
  struct coh_streambuf events;   /* for each: 'r' or 'c', the name, a NUL */
  bool overflow;                 /* later events were dropped */
  int failed;                    /* status that ended the watching, or 0 */
  const char *path;              /* borrowed from the box */
  const char *name;              /* its last part */
  struct identity watched;       /* what the path led to at first */
  bool renamed;                  /* the latest event was a rename of the path itself */
  bool look;                     /* check whether the path leads elsewhere by now */
  bool gone;                     /* it does */
};

static const struct coh_box_kind kind;


static struct coh_mem *mem_of(const struct coh_watcher *w) {
  return &w->handle.state->loop.rt.mem;
}


/* {{ What a path leads to */

/* False, with errno, when it cannot be determined. Asks no network, as starting to watch does not either. */
static bool identify(const char *path, struct identity *is) {
  struct statx s;
  memset(is, 0, sizeof *is);
  if (coh_again(statx(AT_FDCWD, path, AT_STATX_DONT_SYNC, STATX_TYPE | STATX_INO | STATX_BTIME, &s)) != 0)
    return false;
  *is = (struct identity){.major = s.stx_dev_major, .minor = s.stx_dev_minor, .inode = s.stx_ino,
                          .is_directory = S_ISDIR(s.stx_mode)};
  if (s.stx_mask & STATX_BTIME) is->born_s = s.stx_btime.tv_sec, is->born_ns = s.stx_btime.tv_nsec;
  return true;
}


static bool is_same(const struct identity *a, const struct identity *b) {
  return a->major == b->major && a->minor == b->minor && a->inode == b->inode && a->born_s == b->born_s &&
         a->born_ns == b->born_ns;
}


static bool leads_there(const struct coh_watcher *w) {
  struct identity now;
  return identify(w->path, &now) && is_same(&now, &w->watched);
}

/* }} */


/* {{ Events */

static void keep_event(struct coh_watcher *w, const char *name, char sort) {
  size_t length = strlen(name) + 1;
  bool fits = coh_streambuf_length(&w->events) + 1 + length <= EVENTS_MAX;
  if (w->overflow) return;
  w->overflow = !fits || !coh_streambuf_add(mem_of(w), &w->events, &sort, 1);
  if (w->overflow || coh_streambuf_add(mem_of(w), &w->events, name, length)) return;
  w->overflow = true;
  w->events.end--;  /* the sort without its name */
}


/*
** Check whether the path leads to nothing, or not to what is watched. 0, or the status why that is unknown.
*/
static int look(struct coh_watcher *w, const char *path) {
  struct identity now;
  bool there = identify(path, &now);
  if (!there && errno != ENOENT && errno != ENOTDIR) return uv_translate_sys_error(errno);
  w->look = false;
  w->gone = !there || !is_same(&now, &w->watched);
  if (w->gone && !w->renamed) keep_event(w, w->name, 'r');
  return 0;
}


/* The name that libuv gives a path in its events: "" for "folder/". */
static const char *last_part(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash == NULL ? path : slash + 1;
}


/*
** No Lua runs here. For an event without a name libuv gives the last part of a path: of the one under which
** this loop first watched the same file, which may be another than ours.
*/
static void on_event(uv_fs_event_t *uv, const char *name, int events, int status) {
  struct coh_watcher *w = (struct coh_watcher *)coh_handle_of(uv);
  const char *own = last_part(uv->path);
  bool renamed = events & UV_RENAME, about_itself = name != NULL && strcmp(name, own) == 0;
  if (status < 0) {
    w->failed = status;
    coh_wait_wake_all(&w->askers);
    return;
  }
  if (w->gone) return;  /* about something the path no longer leads to */
  if (name == own) name = w->name;
  keep_event(w, name != NULL ? name : "", renamed ? 'r' : 'c');
  w->renamed = renamed && about_itself;
  if (about_itself) {
    w->look = true;
    /* A file contains no entry with its own name, but it may have another name, which was moved. */
    w->gone = renamed && !w->watched.is_directory && !leads_there(w);
    coh_wait_wake_all(&w->askers);
  } else {
    coh_wait_wake_one(&w->askers);
  }
}


/* Push the oldest event and drop it. */
static int give(lua_State *L, struct coh_watcher *w) {
  const char *event = coh_streambuf_at(&w->events);
  size_t length = strlen(event) + 1;
  bool renamed = *event == 'r';
  lua_pushlstring(L, event + 1, length - 2);  /* may run finalizers, one of which may close the watcher,
                                                 with its events */
  lua_pushstring(L, renamed ? "rename" : "change");
  lua_insert(L, -2);
  if (w->handle.box != NULL) coh_streambuf_take(mem_of(w), &w->events, length);
  return 2;
}


/*
** Let the next waiter take what is there. The watcher may be freed: it is looked up among all open handles.
*/
static void forfeit(struct coh_wait *wait) {
  const struct coh_fiber *f = coh_item(wait, struct coh_fiber, task.wait);
  const struct coh_io *io = coh_io_of(coh_state_from(f->task.scope.slot.rt));
  const struct coh_link *at = io->handles.next;
  struct coh_watcher *w = wait->of;
  while (at != &io->handles && coh_item(at, struct coh_handle, link) != (struct coh_handle *)w) at = at->next;
  if (wait->outcome != COH_WOKEN || at == &io->handles) return;
  if (coh_streambuf_length(&w->events) > 0 || w->overflow) coh_wait_wake_one(&w->askers);
}

static const struct coh_wait_kind watch_kind = {.what = "watch", .forfeit = forfeit, .external = true};


/* Was the watcher at 1 closed by its own end? [-0, +0, -] */
static bool has_ended(lua_State *L) {
  bool ended;
  coh_box_push_kept(L, 1, SLOT_ENDED);
  ended = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return ended;
}


/* Nothing more comes: return nothing, now and to everybody who waits or asks later. */
static int end(lua_State *L, struct coh_watcher *w) {
  lua_pushboolean(L, 1);
  coh_box_keep(L, 1, SLOT_ENDED);
  coh_handle_close(&w->handle);
  return 0;
}


static int next_woken(lua_State *L, int status, lua_KContext context);

/* The stack of a wait: 1 the watcher   2 its path */
static int go_on(lua_State *L, struct coh_fiber *f) {
  struct coh_box *box = lua_touserdata(L, 1);
  struct coh_watcher *w = (struct coh_watcher *)box->handle;
  int status;
  lua_settop(L, 1);
  if (w == NULL) return has_ended(L) ? 0 : coh_box_raise_closed(L, &kind, "watch");
  if (coh_streambuf_length(&w->events) > 0) return give(L, w);
  if (w->overflow) {
    w->overflow = false;
    lua_pushliteral(L, "overflow");
    return 1;
  }
  if (w->gone) return end(L, w);
  coh_box_push_kept(L, 1, SLOT_PATH);
  status = w->failed == 0 && w->look ? look(w, lua_tostring(L, -1)) : w->failed;
  if (status < 0) {
    coh_syserr_push(L, COH_SYSTEM_ERROR, status, "watch", "path", lua_tostring(L, -1));
    return lua_error(L);
  }
  if (w->gone) return go_on(L, f);
  if (coh_task_cancelled(&f->task)) return coh_raise_cancelled(L, f);
  coh_wait_park(&f->task.wait, &f->task.current->slot, &watch_kind, &w->askers);
  f->task.wait.of = w;
  return coh_yield(L, f, next_woken);
}


static int next_woken(lua_State *L, int status, lua_KContext context) {
  (void)status;
  return go_on(L, coh_arrived(L, context));
}


static int next_try(lua_State *L, int status, lua_KContext context) {
  (void)status;
  return go_on(L, coh_test(L, context));
}


/* watcher() -> "rename" or "change", name | "overflow" | nothing: the path no longer leads there */
static int l_next(lua_State *L) {
  coh_box_check(L, &kind, "watch");
  coh_check_no_limit(L, "watcher", NULL);
  lua_settop(L, 1);
  return coh_begin(L, next_try);
}

/* }} */


/* {{ Opening and closing */

static void close_watcher(struct coh_handle *h) {
  struct coh_watcher *w = (struct coh_watcher *)h;
  coh_wait_wake_all(&w->askers);
  coh_streambuf_clear(mem_of(w), &w->events);
  uv_close(&h->uv.any, coh_handle_closed);
}


/* Close a watcher that libuv could not start, and raise. Never returns. [-0, +0, e] */
static int raise_refused(lua_State *L, struct coh_watcher *w, int status) {
  coh_handle_close(&w->handle);
  coh_syserr_push(L, COH_SYSTEM_ERROR, status, "watch", "path", lua_tostring(L, 1));
  return lua_error(L);
}


/* watch(path) -> watcher */
static int l_watch(lua_State *L) {
  struct coh_state *S = coh_state_here(L);
  struct coh_box *box;
  struct coh_watcher *w;
  int status;
  coh_fs_check_path(L, 1, "watch", "a path", "fs.watch(path)");
  if (!lua_isnoneornil(L, 2))
    return coh_misuse(L, "watch takes a path and no more: of a folder it tells what is in it, not below");
  coh_check_task(L);
  box = coh_box_new(L, &kind);
  coh_text_push_where(L);
  coh_box_set_where(L, -2);
  lua_pushvalue(L, 1);
  coh_box_keep(L, -2, SLOT_PATH);
  w = coh_handle_alloc(L, S, sizeof *w, close_watcher);
  coh_link_init(&w->askers);
  w->path = lua_tostring(L, 1);
  w->name = last_part(w->path);
  identify(w->path, &w->watched);  /* before watching begins: what happens in between counts as a change */
  uv_fs_event_init(&S->loop.uv, &w->handle.uv.fs_event);
  coh_handle_bind(S, &w->handle, box);
  status = coh_io_fails(S, "watch", ENOSPC) ? uv_translate_sys_error(errno)
           : uv_fs_event_start(&w->handle.uv.fs_event, on_event, w->path, 0);
  return status < 0 ? raise_refused(L, w, status) : 1;
}

/* }} */


/* tostring(watcher): "watcher /tmp (closed)" */
static int l_tostring(lua_State *L) {
  const struct coh_box *box = coh_box_check(L, &kind, "tostring");
  coh_box_push_kept(L, 1, SLOT_PATH);
  lua_pushfstring(L, "watcher %s%s", lua_tostring(L, -1),
                  box->handle != NULL ? "" : has_ended(L) ? " (ended)" : " (closed)");
  return 1;
}


/* watcher.path, also of a closed watcher */
static int get_path(lua_State *L) {
  coh_box_check(L, &kind, "field");
  coh_box_push_kept(L, 1, SLOT_PATH);
  return 1;
}


static const luaL_Reg fields[] = {{"path", get_path}, {NULL, NULL}};


static const luaL_Reg *const method_lists[] = {NULL};

static const luaL_Reg metamethods[] = {{"__call", l_next}, {"__tostring", l_tostring}, {NULL, NULL}};

static const struct coh_box_kind kind = {"watcher", "cohort.Watcher",
  method_lists, metamethods, fields, NULL};


void coh_watch_open(lua_State *L) {
  coh_box_define(L, &kind);
  lua_pushlightuserdata(L, coh_state_of(L));
  lua_pushcclosure(L, l_watch, 1);
  lua_setfield(L, -2, "watch");
}
