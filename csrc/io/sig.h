/*
** System signals: their names, and watching one through libuv. libuv takes over a signal while it has
** watchers for it, and sets the default action when the last of them stops; so we remember who had the signal
** before and give it back.
**
** libuv's watchers belong to the whole process: a runtime that finds a signal taken by another libuv loop
** leaves it to that one and restores nothing. Every loop hears of every signal, so one that a loop has not
** reported is not lost while another loop watches it.
*/
#ifndef COH_IO_SIG_H
#define COH_IO_SIG_H

#include <signal.h>
#include <stdbool.h>
#include <uv.h>

#include "kernel/hidden.h"

COH_HIDDEN

#define COH_SIG_MAX 31  /* the numbers that have names; real-time signals have none */

/* The number of the signal with this name, such as "SIGTERM", of 'length' bytes; 0 when there is none. */
int coh_sig_number(const char *name, size_t length);

/* The name of a signal, or NULL. */
const char *coh_sig_name(int number);

struct coh_sig_watch {
  uv_signal_t uv;
  struct sigaction before;  /* the signal's action before */
  int number;
  bool first;               /* libuv did not watch it before, so it is given back */
};

/* Begin to watch, for one signal or until stopped. 'w->uv' must be initialised. 0, or a negative status. */
int coh_sig_start(struct coh_sig_watch *w, uv_signal_cb callback, int number, bool once);

/*
** Stop, and give the signal back unless libuv still has another watcher for it. Returns whether it was given
** back.
*/
bool coh_sig_stop(struct coh_sig_watch *w);

/* After the watch has stopped: did a signal arrive that the callback never saw? */
bool coh_sig_is_late(const struct coh_sig_watch *w);

/* Send a signal to this process again, for whoever has it now. It may end the process. */
void coh_sig_again(int number);

COH_SEEN

#endif
