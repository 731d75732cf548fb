/*
** Listeners for signals: see signals.h. A listener keeps a signal that has arrived once until it is asked
** for, as the system does: repeated arrivals are reported once, in the place of the first, so that no signal
** starves another. A wait takes the signal only when it resumes, so a wait that is cut loses nothing.
**
** A signal that a listener still holds when it is closed may be lost only if another listener was told of it
** since. Otherwise the remaining listeners are told, or it is sent again to whoever has the signal back.
*/
#include "io/signals.h"

#include <lauxlib.h>

#include "errors/error.h"
#include "errors/system.h"
#include "glue/wait.h"
#include "io/interrupt.h"
#include "io/sig.h"
#include "io/terminal.h"
#include "lua/arg.h"
#include "sync/object.h"

/* What one listener has asked for. */
struct listener {
  struct coh_sync sync;
  struct coh_state *S;    /* borrowed; its runtime is open while this is in the list */
  struct coh_link link;   /* in coh_io.listeners, or alone once closed */
  uint32_t asked;         /* a bit for each signal */
  uint32_t pending;       /* those that arrived and were not asked for yet */
  uint8_t order[COH_SIG_MAX + 1];  /* a ring of their numbers, the oldest at 'delivered' */
  unsigned arrived, delivered;     /* running counts; their difference is how many are pending */
};

/* One signal that libuv watches, for all who listen to it. */
struct watch {
  struct coh_sig_watch sig;  /* first: libuv's pointer to its handle is one to this */
  struct coh_link link;      /* in coh_io.signals */
};

static uint32_t bit_of(int number) {
  return (uint32_t)1 << number;
}


/* {{ Watching */

/* Give it to all listeners that asked for it and do not have it pending. */
static void keep(struct coh_io *io, int number) {
  struct coh_link *at;
  for (at = io->listeners.next; at != &io->listeners; at = at->next) {
    struct listener *l = coh_item(at, struct listener, link);
    if ((l->asked & ~l->pending & bit_of(number)) == 0) continue;
    l->pending |= bit_of(number);
    l->order[l->arrived++ % sizeof l->order] = (uint8_t)number;
    coh_wait_wake_one(&l->sync.waiters);
  }
}


/* No Lua runs here. */
static void on_signal(uv_signal_t *uv, int number) {
  struct coh_io *io = coh_io_of(coh_io_state(uv->loop));
  io->undelivered |= bit_of(number);
  keep(io, number);
}


static void on_closed(uv_handle_t *uv) {
  coh_mem_free(&coh_io_state(uv->loop)->loop.rt.mem, uv, sizeof(struct watch));
}


static bool is_asked(const struct coh_io *io, int number) {
  const struct coh_link *at;
  for (at = io->listeners.next; at != &io->listeners; at = at->next)
    if (coh_item(at, struct listener, link)->asked & bit_of(number)) return true;
  return false;
}


/* Make libuv watch a signal that no listener has asked for yet. 0, or a negative status. */
static int begin(struct coh_state *S, struct coh_io *io, int number) {
  struct watch *w = coh_mem_new(&S->loop.rt.mem, sizeof *w);
  int status;
  if (w == NULL) return UV_ENOMEM;
  status = coh_io_fails(S, "signal", EMFILE) ? uv_translate_sys_error(errno)
           : uv_signal_init(&S->loop.uv, &w->sig.uv);
  if (status < 0) {
    coh_mem_free(&S->loop.rt.mem, w, sizeof *w);
    return status;
  }
  status = coh_sig_start(&w->sig, on_signal, number, false);
  if (status < 0) {
    uv_close((uv_handle_t *)&w->sig.uv, on_closed);
    return status;
  }
  coh_link_append(&io->signals, &w->link);
  if (number == SIGINT) coh_interrupt_pause(S);
  return 0;
}


/* Give a signal back, and send it again if it arrived and nobody was told. That may end the process. */
static void end(struct coh_state *S, struct coh_io *io, struct watch *w) {
  int number = w->sig.number;
  bool taken = number == SIGINT && coh_interrupt_resume(S);
  bool undelivered = (io->undelivered & bit_of(number)) != 0;
  io->undelivered &= ~bit_of(number);
  coh_link_remove(&w->link);
  if (coh_sig_stop(&w->sig)) taken = true;
  if (coh_sig_is_late(&w->sig)) undelivered = true;
  uv_close((uv_handle_t *)&w->sig.uv, on_closed);
  coh_terminal_guard();  /* a terminal that became raw in the meantime left this signal to us */
  if (taken && undelivered) coh_sig_again(number);
}

/* }} */


/* {{ The end of a listener */

static void close_listener(struct listener *l) {
  struct coh_io *io = coh_io_of(l->S);
  struct coh_link *at, *next;
  if (coh_link_alone(&l->link)) return;
  coh_link_remove(&l->link);
  for (at = io->signals.next; at != &io->signals; at = next) {
    struct watch *w = coh_item(at, struct watch, link);
    next = at->next;
    if (!is_asked(io, w->sig.number)) end(l->S, io, w);
    else if (l->pending & io->undelivered & bit_of(w->sig.number)) keep(io, w->sig.number);
  }
  coh_wait_wake_all(&l->sync.waiters);
}


void coh_signals_close_all(struct coh_io *io) {
  while (!coh_link_alone(&io->listeners))
    close_listener(coh_item(io->listeners.next, struct listener, link));
}


static void describe(lua_State *L, int object) {
  const struct listener *l = lua_touserdata(L, object);
  luaL_Buffer b;
  int number;
  luaL_buffinit(L, &b);
  for (number = 1; number <= COH_SIG_MAX; number++) {
    if ((l->asked & bit_of(number)) == 0) continue;
    luaL_addstring(&b, coh_sig_name(number));
    luaL_addchar(&b, ' ');
  }
  luaL_addstring(&b, coh_link_alone(&l->link) ? "closed" : "open");
  luaL_pushresult(&b);
}


static const struct coh_sync_class class = {
  .noun = "listener", .name = "cohort.Signals", .size = sizeof(struct listener), .describe = describe};


/* signals:close(), and its __close */
static int l_close(lua_State *L) {
  close_listener(coh_sync_check(L, &class, "close"));
  return 0;
}


static int l_gc(lua_State *L) {
  close_listener(coh_sync_check(L, &class, "__gc"));
  return 0;
}

/* }} */


/* {{ Waiting for one */

static const struct coh_wait_kind kind = {.what = "a signal", .external = true};

static int ask_try(lua_State *L, int status, lua_KContext context);

static int woken(lua_State *L, int status, lua_KContext context) {
  coh_woken(L, context);
  return ask_try(L, status, context);
}


static int ask_try(lua_State *L, int status, lua_KContext context) {
  struct coh_fiber *f = coh_test(L, context);
  struct listener *l = lua_touserdata(L, 1);
  int number;
  (void)status;
  if (coh_link_alone(&l->link))
    return coh_syserr_raise(L, COH_CLOSED, "signals", "this listener is closed");
  if (l->arrived != l->delivered) {
    number = l->order[l->delivered++ % sizeof l->order];
    l->pending &= ~bit_of(number);
    coh_io_of(l->S)->undelivered &= ~bit_of(number);
    lua_pushstring(L, coh_sig_name(number));
    return 1;
  }
  coh_wait_park(&f->task.wait, &f->task.current->slot, &kind, &l->sync.waiters);
  return coh_yield(L, f, woken);
}


/* signals() -> the name of the next one that comes */
static int l_ask(lua_State *L) {
  struct listener *l = coh_sync_check(L, &class, "signals");
  coh_check_no_limit(L, "listener", NULL);
  lua_settop(L, 1);
  if (!coh_link_alone(&l->sync.waiters))
    return coh_syserr_raise(L, COH_BUSY, "signals", "another task waits here: make a listener for each task");
  return coh_begin(L, ask_try);
}

/* }} */


/* {{ Listening */

/* Why nobody may listen for a signal: no process can take it, or it reports that the process is broken. */
static const char *reason_against(int number) {
  switch (number) {
    case SIGKILL: case SIGSTOP: return "no process can take it";
    case SIGSEGV: case SIGBUS: case SIGFPE: case SIGILL: case SIGTRAP: case SIGABRT: case SIGSYS:
      return "it says that the process itself is broken";
    case SIGPIPE: return "a write to a peer that has gone raises Broken instead";
    default: return NULL;
  }
}


/* The number of the signal at 'arg'. [-0, +0, v] */
static int check_name(lua_State *L, int arg) {
  const char *name, *reason;
  size_t length;
  int number;
  if (lua_type(L, arg) != LUA_TSTRING)
    return coh_misuse(L, "signals expects names of signals, got %s: write signals(\"SIGTERM\")",
                      coh_type_name(L, arg));
  name = lua_tolstring(L, arg, &length);
  number = coh_sig_number(name, length);
  if (number == 0)
    return coh_misuse(L, "signals knows no signal '%s': write the name in full, \"SIGTERM\" say", name);
  reason = reason_against(number);
  if (reason != NULL) return coh_misuse(L, "signals cannot listen for %s: %s", name, reason);
  return number;
}


/* Listen for the signals asked for, or raise with nothing changed. [-0, +0, e] */
static void enlist(lua_State *L, struct listener *l, uint32_t asked) {
  struct coh_io *io = coh_io_need(L, l->S);
  int number;
  coh_link_append(&io->listeners, &l->link);
  for (number = 1; number <= COH_SIG_MAX; number++) {
    int status = 0;
    if ((asked & bit_of(number)) == 0) continue;
    if (!is_asked(io, number)) status = begin(l->S, io, number);
    if (status < 0) {
      close_listener(l);
      coh_syserr_push(L, COH_SYSTEM_ERROR, status, "signals", "signal", coh_sig_name(number));
      lua_error(L);
    }
    l->asked |= bit_of(number);
  }
}


/* signals(name...) -> listener */
static int l_signals(lua_State *L) {
  struct listener *l;
  uint32_t asked = 0;
  int arg, top = lua_gettop(L);
  if (top == 0) return coh_misuse(L, "signals expects names of signals: write signals(\"SIGTERM\")");
  for (arg = 1; arg <= top; arg++) asked |= bit_of(check_name(L, arg));
  coh_check_task(L);
  l = coh_sync_new(L, &class);
  l->S = coh_state_here(L);
  coh_link_init(&l->link);
  enlist(L, l, asked);
  return 1;
}

/* }} */


static const luaL_Reg methods[] = {{"close", l_close}, {NULL, NULL}};
static const luaL_Reg metamethods[] = {
  {"__call", l_ask}, {"__close", l_close}, {"__gc", l_gc}, {NULL, NULL}};


void coh_signals_open(lua_State *L) {
  coh_sync_define(L, &class, metamethods, methods);
  coh_sync_export(L, "signals", l_signals);
}
