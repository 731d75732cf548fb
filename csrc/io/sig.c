/*
** Signals of the system: see sig.h.
*/
#include "io/sig.h"

#include <pthread.h>
#include <string.h>
#include <unistd.h>

/* By number. */
static const char *const names[COH_SIG_MAX + 1] = {
  [SIGABRT] = "SIGABRT", [SIGALRM] = "SIGALRM", [SIGBUS] = "SIGBUS", [SIGCHLD] = "SIGCHLD",
  [SIGCONT] = "SIGCONT", [SIGFPE] = "SIGFPE", [SIGHUP] = "SIGHUP", [SIGILL] = "SIGILL",
  [SIGINT] = "SIGINT", [SIGIO] = "SIGIO", [SIGKILL] = "SIGKILL", [SIGPIPE] = "SIGPIPE",
  [SIGPROF] = "SIGPROF", [SIGQUIT] = "SIGQUIT", [SIGSEGV] = "SIGSEGV", [SIGSTOP] = "SIGSTOP",
  [SIGSYS] = "SIGSYS", [SIGTERM] = "SIGTERM", [SIGTRAP] = "SIGTRAP", [SIGTSTP] = "SIGTSTP",
  [SIGTTIN] = "SIGTTIN", [SIGTTOU] = "SIGTTOU", [SIGURG] = "SIGURG", [SIGUSR1] = "SIGUSR1",
  [SIGUSR2] = "SIGUSR2", [SIGVTALRM] = "SIGVTALRM", [SIGWINCH] = "SIGWINCH", [SIGXCPU] = "SIGXCPU",
  [SIGXFSZ] = "SIGXFSZ",
};


int coh_sig_number(const char *name, size_t length) {
  int number;
  if (strlen(name) != length) return 0;
  for (number = 1; number <= COH_SIG_MAX; number++)
    if (names[number] != NULL && strcmp(names[number], name) == 0) return number;
  return 0;
}


const char *coh_sig_name(int number) {
  return number >= 1 && number <= COH_SIG_MAX ? names[number] : NULL;
}


/* A change of the handler tells that libuv did not have the signal before. */
int coh_sig_start(struct coh_sig_watch *w, uv_signal_cb callback, int number, bool once) {
  struct sigaction now;
  int status;
  sigaction(number, NULL, &w->before);
  status = once ? uv_signal_start_oneshot(&w->uv, callback, number)
                : uv_signal_start(&w->uv, callback, number);
  if (status < 0) return status;
  sigaction(number, NULL, &now);
  w->number = number;
  w->first = now.sa_handler != w->before.sa_handler;
  return 0;
}


/*
** libuv leaves the default action behind; another handler was set by somebody later, and stays. In between a
** signal stays blocked until the former action is restored: the default action could end the process.
*/
bool coh_sig_stop(struct coh_sig_watch *w) {
  struct sigaction now;
  sigset_t one, before;
  bool is_left;
  sigemptyset(&one);
  sigaddset(&one, w->number);
  pthread_sigmask(SIG_BLOCK, &one, &before);
  uv_signal_stop(&w->uv);
  sigaction(w->number, NULL, &now);
  is_left = w->first && now.sa_handler == SIG_DFL;
  if (is_left) sigaction(w->number, &w->before, NULL);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return is_left;
}


/* libuv's handler counts what it writes into its pipe, and the loop what it reads, even when stopped. */
bool coh_sig_is_late(const struct coh_sig_watch *w) {
  return w->uv.caught_signals != w->uv.dispatched_signals;
}


/*
** Not raise, which would send it to this thread: it was meant for the process, and this thread may block it.
*/
void coh_sig_again(int number) {
  kill(getpid(), number);
}
