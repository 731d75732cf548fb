/* A pass runs what was ready when it began, in order, and each once. */
#include "support.h"

struct item { char letter; struct coh_link link; };

static struct coh_runtime rt;
static struct item items[8];

static void ready(int from, int count) {
  int i;
  for (i = from; i < from + count; i++) {
    items[i].letter = (char)('a' + i);
    coh_link_append(&rt.ready, &items[i].link);
  }
}


static void begin(int count) {
  coh_core_init(&rt, NULL, NULL, &test_clock);
  ready(0, count);
}


static bool next_says(void) {
  struct coh_link *l = coh_run_next(&rt);
  if (l == NULL) return false;
  CHECK(coh_link_alone(l));
  say("%c", coh_item(l, struct item, link)->letter);
  return true;
}


static void run_pass(void) {
  coh_run_begin(&rt);
  while (next_says()) {}
}


static void nothing_ready_is_an_empty_pass(void) {
  begin(0);
  CHECK(!coh_run_any(&rt));
  coh_run_begin(&rt);
  CHECK(coh_run_next(&rt) == NULL);
}


static void a_pass_runs_first_in_first_out(void) {
  begin(4);
  run_pass();
  CHECK_SAID("abcd");
  CHECK(!coh_run_any(&rt));
}


static void what_becomes_ready_during_a_pass_waits_for_the_next(void) {
  begin(2);
  coh_run_begin(&rt);
  CHECK(next_says());
  ready(2, 2);
  while (next_says()) {}
  CHECK_SAID("ab");
  CHECK(coh_run_any(&rt));
  run_pass();
  CHECK_SAID("cd");
}


static void what_is_left_of_a_pass_counts_as_ready(void) {
  begin(2);
  coh_run_begin(&rt);
  CHECK(coh_run_any(&rt) && coh_link_alone(&rt.ready));
  CHECK(next_says() && coh_run_any(&rt));
  CHECK(next_says() && !coh_run_any(&rt));
  CHECK_SAID("ab");
}


static const char *script;

static uint64_t scripted(void *ud, uint64_t n) {
  CHECK(ud == &script);
  say("%d", (int)n);
  return (uint64_t)(*script++ - '0');
}


static void a_script_chooses_among_what_is_left(void) {
  begin(4);
  rt.choose = scripted;
  rt.choose_ud = &script;
  script = "2010";
  run_pass();
  CHECK_SAID("4c3a2d1b");
}


static void a_choice_out_of_range_is_the_last(void) {
  begin(3);
  rt.choose = scripted;
  rt.choose_ud = &script;
  script = "930";
  run_pass();
  CHECK_SAID("3c2b1a");
}


static void shuffled(uint64_t seed) {
  begin(8);
  rt.choose = coh_run_shuffle;
  rt.choose_ud = &seed;
  run_pass();
}


static void a_seed_determines_the_order(void) {
  char first[16];
  shuffled(42);
  CHECK(strlen(said) == 8 && strcmp(said, "abcdefgh") != 0);
  memcpy(first, said, 9);
  said[0] = '\0';
  shuffled(42);
  CHECK_SAID(first);
  shuffled(43);
  CHECK(strcmp(said, first) != 0);
  said[0] = '\0';
}


static void a_shuffle_reaches_every_place_about_equally(void) {
  uint64_t seed = 7;
  int counts[5] = {0}, i;
  for (i = 0; i < 10000; i++) counts[coh_run_shuffle(&seed, 5)]++;
  for (i = 0; i < 5; i++) CHECK(counts[i] > 1800 && counts[i] < 2200);
}


int main(void) {
  RUN(nothing_ready_is_an_empty_pass);
  RUN(a_pass_runs_first_in_first_out);
  RUN(what_becomes_ready_during_a_pass_waits_for_the_next);
  RUN(what_is_left_of_a_pass_counts_as_ready);
  RUN(a_script_chooses_among_what_is_left);
  RUN(a_choice_out_of_range_is_the_last);
  RUN(a_seed_determines_the_order);
  RUN(a_shuffle_reaches_every_place_about_equally);
  return passed("run");
}
