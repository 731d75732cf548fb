/*
** Signals of the system: their names, and how libuv watches one. libuv takes a
** signal while it has watchers for it and sets the default action when the last of
** them stops, so whoever had the signal before is remembered here and gets it back.
**
** libuv's watchers belong to the whole process: a runtime that finds a signal taken
** by another libuv loop leaves it to that one, and restores nothing. Each loop hears
** of every signal, so what one of them was not told of is no loss while another has it.
*/
#ifndef COH_IO_SIG_H
#define COH_IO_SIG_H

#include <signal.h>
#include <stdbool.h>
#include <uv.h>

#include "kernel/hidden.h"

COH_HIDDEN

#define COH_SIG_MAX 31  /* the signals that have names; those of real time have none */

/* The number of "SIGTERM"; 0 when no signal has that name, of 'length' bytes. */
int coh_sig_number(const char *name, size_t length);

/* The name of a number, or NULL. */
const char *coh_sig_name(int number);

struct coh_sig_watch {
  uv_signal_t uv;
  struct sigaction before;  /* whose the signal was */
  int number;
  bool first;               /* libuv did not have it before, so it is given back */
};

/* Begin to watch, once or until stopped. 'w->uv' is initialised. 0 or a negative status. */
int coh_sig_start(struct coh_sig_watch *w, uv_signal_cb callback, int number, bool once);

/* Stop, and give the signal back unless another watcher of libuv's has it still. Was it given back? */
bool coh_sig_stop(struct coh_sig_watch *w);

/* Of one that has stopped: did a signal come that the callback never saw? */
bool coh_sig_is_late(const struct coh_sig_watch *w);

/* Send a signal to this process once more, for whoever has it now. It may end the process. */
void coh_sig_again(int number);

COH_SEEN

#endif
