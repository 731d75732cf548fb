/*
** What can fail while a program has its meter on: allocations, and calls of the system. In
** a trial one thing does, allocation number `at` or call number `at` of a name. Threads of
** the pool count too, so the counts are atomic.
*/
#ifndef FAULTS_H
#define FAULTS_H

#include <stdbool.h>

#define ERRORS_MAX 4

/* Which allocations fail. Lua collects garbage and asks a second time before it gives up. */
enum way { NONE, ONCE, TWICE, ON };

/* A call of the system that calls.c stands in for. */
struct call {
  const char *name;
  int errors[ERRORS_MAX];  /* what it is failed with, one after the other; 0 at the end */
  long count;              /* how often it was made in this trial */
  struct call *next;
};

struct faults {
  bool on;            /* the meter */
  bool slow;          /* nothing is to be had without waiting: what only tries says so, always */
  long at;            /* what fails, counted from 1; 0: nothing */
  long count;         /* of allocations */
  long injected;      /* failures */
  enum way way;       /* of allocations */
  struct call *call;  /* that fails, NULL: none */
  int error;          /* errno that it gets */
  struct call *calls; /* all there are */
};

extern struct faults faults;

/* Shall this allocation fail? */
bool fails_memory(void);

/* Shall this call fail? Then errno is set. */
bool fails_call(struct call *call);

/* Shall this call, which only tries, say that it would have to wait? Then errno says so. */
bool declines(void);

/* libuv allocates with the functions of calls.c. */
void replace_uv_allocator(void);

#endif
