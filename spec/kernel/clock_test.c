/* Time never goes back and never overflows. */
#include "support.h"

static int64_t host_ns;

static int64_t host_now(void *ud) {
  CHECK(ud == &host_ns);
  return host_ns;
}


static void the_real_clock_starts_at_zero_and_goes_on(void) {
  struct coh_clock c; int64_t before_ns, after_ns;
  coh_clock_init_real(&c);
  before_ns = coh_clock_now(&c);
  uv_sleep(2);
  after_ns = coh_clock_now(&c);
  CHECK(before_ns >= 0 && before_ns < 60 * S_NS);
  CHECK(after_ns - before_ns >= 2000000);
}


static void a_hosts_clock_that_steps_back_is_held_still(void) {
  struct coh_clock c;
  coh_clock_init_host(&c, host_now, &host_ns);
  host_ns = 50;
  CHECK(coh_clock_now(&c) == 50);
  host_ns = 20;
  CHECK(coh_clock_now(&c) == 50);
  host_ns = 60;
  CHECK(coh_clock_now(&c) == 60);
}


static void a_virtual_clock_stands_still_until_it_is_moved(void) {
  struct coh_clock c;
  coh_clock_init_virtual(&c, false);
  CHECK(coh_clock_now(&c) == 0 && coh_clock_now(&c) == 0);
  coh_clock_jump(&c, 5 * S_NS);
  CHECK(coh_clock_now(&c) == 5 * S_NS);
}


static void a_virtual_clock_is_never_moved_back(void) {
  struct coh_clock c;
  coh_clock_init_virtual(&c, false);
  coh_clock_jump(&c, 10);
  coh_clock_jump(&c, 3);
  coh_clock_jump(&c, -1);
  CHECK(coh_clock_now(&c) == 10);
}


static void only_a_virtual_clock_can_be_moved(void) {
  struct coh_clock c;
  coh_clock_init_host(&c, host_now, &host_ns);
  host_ns = 7;
  coh_clock_jump(&c, S_NS);
  CHECK(coh_clock_now(&c) == 7);
  coh_clock_init_real(&c);
  coh_clock_jump(&c, INT64_MAX);
  CHECK(coh_clock_now(&c) < 60 * S_NS);
}


static void a_virtual_clock_with_a_rate_goes_with_the_machines(void) {
  struct coh_clock c; int64_t before_ns;
  coh_clock_init_virtual(&c, false);
  coh_clock_set_rate(&c, 1000);
  CHECK(!coh_clock_stands(&c));
  before_ns = coh_clock_now(&c);
  uv_sleep(2);
  CHECK(coh_clock_now(&c) - before_ns >= 2 * S_NS);
}


static void a_rate_counts_from_when_it_is_set(void) {
  struct coh_clock c; int64_t at_ns;
  coh_clock_init_virtual(&c, false);
  coh_clock_jump(&c, 7 * S_NS);
  uv_sleep(2);
  coh_clock_set_rate(&c, 1e-9);
  CHECK(coh_clock_now(&c) == 7 * S_NS);
  coh_clock_set_rate(&c, 1e6);
  uv_sleep(1);
  coh_clock_set_rate(&c, 0);
  at_ns = coh_clock_now(&c);
  CHECK(at_ns >= 1007 * S_NS && coh_clock_stands(&c));
  uv_sleep(1);
  CHECK(coh_clock_now(&c) == at_ns);
}


static void a_clock_with_a_rate_can_be_moved_and_goes_on_from_there(void) {
  struct coh_clock c; int64_t before_ns;
  coh_clock_init_virtual(&c, false);
  coh_clock_set_rate(&c, 1);
  coh_clock_jump(&c, 3600 * S_NS);
  before_ns = coh_clock_now(&c);
  CHECK(before_ns >= 3600 * S_NS);
  coh_clock_jump(&c, S_NS);
  CHECK(coh_clock_now(&c) >= before_ns);
}


static void a_rate_without_measure_stops_at_never(void) {
  struct coh_clock c;
  coh_clock_init_virtual(&c, false);
  coh_clock_set_rate(&c, 1e300);
  uv_sleep(1);
  CHECK(coh_clock_now(&c) == COH_NEVER);
}


static void real_time_until_a_virtual_time_is_never_too_short(void) {
  struct coh_clock c;
  coh_clock_init_virtual(&c, false);
  coh_clock_set_rate(&c, 1);
  CHECK(coh_clock_real_ns(&c, 5) == 5);
  coh_clock_set_rate(&c, 3);
  CHECK(coh_clock_real_ns(&c, 10) == 4);
  CHECK(coh_clock_real_ns(&c, COH_NEVER) == COH_NEVER);
  coh_clock_set_rate(&c, 1e-300);
  CHECK(coh_clock_real_ns(&c, 1) == COH_NEVER);
  coh_clock_init_real(&c);
  CHECK(coh_clock_real_ns(&c, 10) == 10);
}


static void adding_to_a_time_stops_at_never(void) {
  CHECK(coh_time_add(3, 4) == 7);
  CHECK(coh_time_add(-3, 4) == 1);
  CHECK(coh_time_add(COH_NEVER, 0) == COH_NEVER);
  CHECK(coh_time_add(COH_NEVER, 1) == COH_NEVER);
  CHECK(coh_time_add(1, COH_NEVER) == COH_NEVER);
  CHECK(coh_time_add(0, COH_NEVER) == COH_NEVER);
  CHECK(coh_time_add(COH_NEVER - 1, 1) == COH_NEVER);
  CHECK(coh_time_add(COH_NEVER - 2, 1) == COH_NEVER - 1);
  CHECK(coh_time_add(INT64_MIN, 1) == INT64_MIN + 1);
}


int main(void) {
  RUN(the_real_clock_starts_at_zero_and_goes_on);
  RUN(a_hosts_clock_that_steps_back_is_held_still);
  RUN(a_virtual_clock_stands_still_until_it_is_moved);
  RUN(a_virtual_clock_is_never_moved_back);
  RUN(only_a_virtual_clock_can_be_moved);
  RUN(a_virtual_clock_with_a_rate_goes_with_the_machines);
  RUN(a_rate_counts_from_when_it_is_set);
  RUN(a_clock_with_a_rate_can_be_moved_and_goes_on_from_there);
  RUN(a_rate_without_measure_stops_at_never);
  RUN(real_time_until_a_virtual_time_is_never_too_short);
  RUN(adding_to_a_time_stops_at_never);
  return passed("clock");
}
