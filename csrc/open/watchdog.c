/*
** The watchdog of a whole runtime: see watchdog.h.
*/
#include "open/watchdog.h"

#include <stdio.h>

#include "glue/watch.h"
#include "lua/arg.h"
#include "open/report.h"

struct watchdog {
  struct coh_watch watch;  /* installed in the state as long as this lives */
  char text[96];           /* the message when it expires */
};


static void expire(struct coh_state *S, lua_State *L) {
  const struct watchdog *w = coh_item(S->watch, struct watchdog, watch);
  const struct coh_stop why = {COH_TIMEOUT, w->text, COH_REASON_DEADLINE};
  coh_report_stop(S, L, &why);
}


bool coh_watchdog_open(struct coh_state *S, int64_t limit_ns) {
  struct watchdog *w = coh_mem_new(&S->loop.rt.mem, sizeof *w);
  if (w == NULL) return false;
  w->watch = (struct coh_watch){.limit_ns = limit_ns, .each_step = true, .expire = expire};
  snprintf(w->text, sizeof w->text, "stopped by the watchdog: a task ran for %.14g s without waiting",
           coh_seconds(limit_ns));
  coh_watch_set(S, &w->watch);
  return true;
}


void coh_watchdog_close(struct coh_state *S) {
  struct watchdog *w;
  if (S->watch == NULL || !S->watch->each_step) return;
  w = coh_item(S->watch, struct watchdog, watch);
  coh_watch_set(S, NULL);
  coh_mem_free(&S->loop.rt.mem, w, sizeof *w);
}
