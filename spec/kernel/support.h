/*
** What the kernel's tests share: a check that stops at the failing line, a
** runner that counts, a transcript, and fake tasks. A fake runs a script of
** small functions, acts, one after the other; an act that returns true has made
** the task wait, and the script goes on at the next step. Time is virtual.
*/
#ifndef SPEC_KERNEL_SUPPORT_H
#define SPEC_KERNEL_SUPPORT_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel/loop.h"

#define CHECK(x) \
  ((x) ? (void)0 : (fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #x), abort()))
#define CHECK_SAID(expected) check_said(expected, __FILE__, __LINE__)
#define RUN(test) (test(), tests_passed++)

#define S_NS INT64_C(1000000000)
#define ACTS_MAX 16

static int tests_passed;
static char said[4096];

static inline int passed(const char *name) {
  printf("%s: %d passed\n", name, tests_passed);
  return 0;
}


/* Append to the transcript. */
__attribute__((format(printf, 1, 2)))
static inline void say(const char *format, ...) {
  size_t length = strlen(said);
  va_list args;
  va_start(args, format);
  vsnprintf(said + length, sizeof said - length, format, args);
  va_end(args);
}


/* Compare the transcript and begin a new one. */
static inline void check_said(const char *expected, const char *file, int line) {
  if (strcmp(said, expected) != 0) {
    fprintf(stderr, "%s:%d: expected \"%s\", got \"%s\"\n", file, line, expected, said);
    abort();
  }
  said[0] = '\0';
}


/* Does 'act' stop at an assertion? It runs in a process of its own. */
static inline bool asserts(void (*act)(void)) {
  int status = 0;
  pid_t child = fork();
  if (child == 0) {
    CHECK(freopen("/dev/null", "w", stderr) != NULL);
    act();
    _exit(0);
  }
  CHECK(child > 0 && waitpid(child, &status, 0) == child);
  return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}


/* The same small sequence of numbers everywhere: below 'n'. */
static inline unsigned random_below(uint64_t *state, unsigned n) {
  *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (unsigned)(*state >> 33) % n;
}


struct fake;
typedef bool (*fake_act)(struct fake *f);

struct fake {
  struct coh_task task;
  const char *name;                 /* what it says */
  fake_act script[ACTS_MAX];        /* NULL ends the task */
  int next;                         /* act to run */
  int64_t ns;                       /* for how long 'sleeps' sleeps */
  struct coh_link *queue;           /* where 'parks' parks; may be NULL */
  const struct coh_wait_kind *kind; /* what 'parks' parks as; NULL: a plain wait */
  enum coh_result result;           /* how it ends; COH_UNFINISHED stands for success */
  struct coh_group group;           /* for a host */
  struct fake *other;               /* whom its acts are about */
};

static const struct coh_wait_kind plain_kind = {.what = "a test"};
static struct coh_clock test_clock;
static struct coh_loop loop;


/* The task is over. */
static inline void fake_end(struct fake *f) {
  enum coh_result result = f->result != COH_UNFINISHED ? f->result : COH_SUCCEEDED;
  if (f->task.group != NULL) coh_group_task_ended(&f->task, result);
  else coh_task_end(&f->task, result);
}


static inline void fake_step(struct coh_task *task) {
  struct fake *f = coh_item(task, struct fake, task);
  fake_act act;
  while ((act = f->script[f->next]) != NULL) {
    f->next++;
    if (act(f)) return;
  }
  fake_end(f);
}


static inline void open_loop(bool autojump) {
  coh_clock_init_virtual(&test_clock, autojump);
  CHECK(coh_loop_open(&loop, NULL, NULL, &test_clock, fake_step) == 0);
  said[0] = '\0';
}


static inline void open_real_loop(void) {
  coh_clock_init_real(&test_clock);
  CHECK(coh_loop_open(&loop, NULL, NULL, &test_clock, fake_step) == 0);
  said[0] = '\0';
}


/* Everything a runtime counts is back to nothing. */
static inline void close_loop(void) {
  CHECK(loop.rt.tasks_live == 0);
  CHECK(loop.rt.waits_external == 0);
  CHECK(loop.rt.waits_finishing == 0);
  CHECK(loop.rt.deadlines.root == NULL);
  CHECK(loop.rt.sleeps.root == NULL);
  CHECK(loop.rt.mem.used == 0);
  CHECK(loop.root.youngest == NULL);
  coh_loop_close(&loop);
}


/* Pump without blocking; with 'resumes' 0, until nothing is ready. */
static inline enum coh_loop_now pump(uint64_t resumes) {
  struct coh_budget budget = {.resumes = resumes};
  return coh_loop_pump(&loop, &budget);
}


/* Pump until there are no tasks or nothing can wake one. */
static inline enum coh_loop_now pump_all(void) {
  struct coh_budget budget = {.block_ns = COH_NEVER};
  return coh_loop_pump(&loop, &budget);
}


/* A fake with its script, not begun. */
#define FAKE(f, its_name, ...) fake_init(f, its_name, (fake_act[]){__VA_ARGS__, NULL})
/* The same, begun below the root scope. */
#define BEGIN(f, its_name, ...) \
  (FAKE(f, its_name, __VA_ARGS__), coh_task_begin(&(f)->task, &loop.rt, &loop.root))

static inline void fake_init(struct fake *f, const char *name, const fake_act *script) {
  int i;
  memset(f, 0, sizeof *f);
  f->name = name;
  for (i = 0; script[i] != NULL; i++) {
    CHECK(i < ACTS_MAX - 1);
    f->script[i] = script[i];
  }
}


/* Acts. Those that wait return true. */

static inline bool speaks(struct fake *f) {
  say("%s ", f->name);
  return false;
}

/* How did its last wait end? */
static inline bool tells(struct fake *f) {
  say("%s%s ", f->name, f->task.wait.outcome == COH_WAIT_CANCELLED ? "!" : "");
  return false;
}

static inline bool yields(struct fake *f) {
  coh_wait_yield(&loop.rt, &f->task.wait);
  return true;
}

static inline bool sleeps(struct fake *f) {
  coh_wait_sleep(&f->task.wait, &f->task.current->slot, coh_time_add(coh_now(&loop.rt), f->ns));
  return true;
}

static inline bool parks(struct fake *f) {
  coh_wait_park(&f->task.wait, &f->task.current->slot, f->kind != NULL ? f->kind : &plain_kind, f->queue);
  return true;
}

/* A checkpoint's test: a cancelled task goes straight to its end. */
static inline bool tests(struct fake *f) {
  if (!coh_task_cancelled(&f->task)) return false;
  while (f->script[f->next] != NULL) f->next++;
  f->result = coh_task_cancelled_result(&f->task);
  return false;
}

#endif
