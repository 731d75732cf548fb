/*
** Starting a program: system calls only, knowing neither Lua nor the loop. The
** child gets three descriptors and no other, whatever this process has open and however that was opened,
** and the signals of this thread as they were before tasks ran. Whether the program could be started is
** known when the call returns.
*/
#ifndef COH_PROCESS_LAUNCH_H
#define COH_PROCESS_LAUNCH_H

#include <stdbool.h>
#include <sys/types.h>

#include "io/standard.h"
#include "kernel/hidden.h"

COH_HIDDEN

struct coh_launch {
  char *const *argv;     /* ends with NULL; a program without '/' is looked for in our PATH */
  char *const *env;      /* "NAME=value", ends with NULL; NULL: ours */
  const char *cwd;       /* NULL: ours */
  int stdio[COH_STDIO];  /* each is its own number, 3 or more, or 1 as the third: the same as the second */
  bool group;            /* it leads a process group of its own */
};

/* 0, or a negative status with nothing started; '*in_cwd': it was the directory that could not be entered. */
int coh_launch(const struct coh_launch *l, pid_t *pid, bool *in_cwd);

COH_SEEN

#endif
