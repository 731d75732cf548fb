/*
** Ctrl-C: see interrupt.h. libuv's one-shot watcher does what is wanted: it gives
** us the first signal and leaves the second to the default action. It sets the
** default when it stops, so the disposition is saved and restored here.
*/
#include "open/interrupt.h"

#include <signal.h>

struct coh_interrupt {
  uv_signal_t watcher;
  struct sigaction before;  /* whose the signal was */
};


/* No Lua runs here: tasks see the cancellation when they are resumed. */
static void on_signal(uv_signal_t *watcher, int number) {
  struct coh_state *S = watcher->data;
  (void)number;
  S->interrupted = true;
  coh_scope_cancel(S->loop.rt.root, COH_REASON_INTERRUPT);
}


int coh_interrupt_open(struct coh_state *S) {
  struct coh_interrupt *i;
  struct sigaction before;
  int status;
  sigaction(SIGINT, NULL, &before);
  if (before.sa_handler == SIG_IGN) return 0;
  i = coh_mem_new(&S->loop.rt.mem, sizeof *i);
  if (i == NULL) return UV_ENOMEM;
  i->before = before;
  i->watcher.data = S;
  S->interrupt = i;
  uv_signal_init(&S->loop.uv, &i->watcher);
  status = uv_signal_start_oneshot(&i->watcher, on_signal, SIGINT);
  return status;
}


void coh_interrupt_close(struct coh_state *S) {
  struct coh_interrupt *i = S->interrupt;
  if (i == NULL) return;
  uv_signal_stop(&i->watcher);
  sigaction(SIGINT, &i->before, NULL);
  uv_close((uv_handle_t *)&i->watcher, NULL);
}


void coh_interrupt_free(struct coh_state *S) {
  coh_mem_free(&S->loop.rt.mem, S->interrupt, sizeof *S->interrupt);
  S->interrupt = NULL;
}
