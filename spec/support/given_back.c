/*
** A host in C that has a signal before cohort takes it, for hosts_spec.lua: `given_back CLAIM` has
** one come just when the default action is in place, as cohort stops to listen for it.
*/
#include "embedded.h"

#include <dlfcn.h>
#include <signal.h>
#include <sys/types.h>

pid_t getpid(void);  /* unistd.h has another 'close' than embedded.h */

static volatile sig_atomic_t had;  /* how many came to the host */


/* libuv calls this one, too: at its word for the default action the signal comes. */
int sigaction(int number, const struct sigaction *action, struct sigaction *before) {
  int (*real)(int, const struct sigaction *, struct sigaction *);
  int status;
  *(void **)&real = dlsym(RTLD_NEXT, "sigaction");
  status = real(number, action, before);
  if (number == SIGUSR1 && action != NULL && action->sa_handler == SIG_DFL) kill(getpid(), number);
  return status;
}


static void count(int number) {
  (void)number;
  had++;
}


/* Listen, and stop to. */
static void listen_once(void) {
  struct host h = open();
  cohort_task task = spawn(&h, "local asked <close> = cohort.signals 'SIGUSR1' return 'listened'");
  CHECK(cohort_pump(h.rt, NULL) == COHORT_IDLE);
  take(&h, task, COHORT_RETURNED, "listened");
  close(&h);
}


static void a_signal_that_comes_as_it_is_given_back_goes_to_who_had_it(void) {
  const struct sigaction counted = {.sa_handler = count};
  sigaction(SIGUSR1, &counted, NULL);
  listen_once();
  CHECK(had == 1);
}


static void a_signal_that_comes_as_it_is_given_back_is_ignored_as_before(void) {
  const struct sigaction ignored = {.sa_handler = SIG_IGN};
  sigaction(SIGUSR1, &ignored, NULL);
  listen_once();
}


int main(int argc, char **argv) {
  static const struct claim claims[] = {
    CLAIM(a_signal_that_comes_as_it_is_given_back_goes_to_who_had_it),
    CLAIM(a_signal_that_comes_as_it_is_given_back_is_ignored_as_before),
    {NULL, NULL},
  };
  return check_claim(claims, argc, argv);
}
