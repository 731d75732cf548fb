/*
** Starting a program: system calls only, knowing neither Lua nor the loop. The child gets three descriptors
** and no others, whatever this process has open and however it was opened, and the signal mask this thread
** had before tasks ran. When the call returns it is known whether the program was started.
*/
#ifndef COH_PROCESS_LAUNCH_H
#define COH_PROCESS_LAUNCH_H

#include <stdbool.h>
#include <sys/types.h>

#include "io/standard.h"
#include "kernel/hidden.h"

COH_HIDDEN

struct coh_launch {
  char *const *argv;     /* ends with NULL; a program without '/' is searched for in our PATH */
  char *const *env;      /* "NAME=value", ends with NULL; NULL: ours */
  const char *cwd;       /* NULL: ours */
  int stdio[COH_STDIO];  /* each is its own number, or 3 or more; as the third, 1 means: the same as the
                            second */
  bool group;            /* the child leads its own process group */
};

/* 0, or a negative status with nothing started. '*in_cwd': it was the directory that could not be entered. */
int coh_launch(const struct coh_launch *l, pid_t *pid, bool *in_cwd);

COH_SEEN

#endif
