/*
** Ctrl-C: see interrupt.h. libuv's one-shot watcher does what we want: it gives us the first signal and
** leaves the second to the default action.
*/
#include "io/interrupt.h"

#include "io/sig.h"
#include "io/terminal.h"

struct coh_interrupt {
  struct coh_sig_watch watch;
};


/* No Lua runs here: tasks see the cancellation when they are resumed. */
static void on_signal(uv_signal_t *watcher, int number) {
  struct coh_state *S = watcher->data;
  (void)number;
  S->interrupted = true;
  uv_signal_stop(watcher);  /* before libuv does: then the default action is back, and can be replaced */
  coh_terminal_guard();
  coh_scope_cancel(S->loop.rt.root, COH_REASON_INTERRUPT);
}


int coh_interrupt_open(struct coh_state *S) {
  struct coh_interrupt *i;
  struct sigaction now;
  int status;
  sigaction(SIGINT, NULL, &now);
  if (now.sa_handler == SIG_IGN) return 0;
  i = coh_mem_new(&S->loop.rt.mem, sizeof *i);
  if (i == NULL) return UV_ENOMEM;
  status = uv_signal_init(&S->loop.uv, &i->watch.uv);
  if (status < 0) {
    coh_mem_free(&S->loop.rt.mem, i, sizeof *i);
    return status;
  }
  i->watch.uv.data = S;
  S->interrupt = i;
  return coh_sig_start(&i->watch, on_signal, SIGINT, true);
}


void coh_interrupt_pause(struct coh_state *S) {
  if (S->interrupt == NULL) return;
  uv_signal_stop(&S->interrupt->watch.uv);
  if (coh_sig_is_late(&S->interrupt->watch)) coh_sig_again(SIGINT);
}


/* After an interrupt we do not watch again: the next one ends the process. */
bool coh_interrupt_resume(struct coh_state *S) {
  return S->interrupt != NULL && !S->interrupted
         && uv_signal_start_oneshot(&S->interrupt->watch.uv, on_signal, SIGINT) == 0;
}


void coh_interrupt_close(struct coh_state *S) {
  struct coh_interrupt *i = S->interrupt;
  if (i == NULL) return;
  if (coh_sig_stop(&i->watch) && coh_sig_is_late(&i->watch)) coh_sig_again(SIGINT);
  uv_close((uv_handle_t *)&i->watch.uv, NULL);
}


void coh_interrupt_free(struct coh_state *S) {
  coh_mem_free(&S->loop.rt.mem, S->interrupt, sizeof *S->interrupt);
  S->interrupt = NULL;
}
