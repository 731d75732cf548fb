/*
** Symbol visibility. What is declared between COH_HIDDEN and COH_SEEN is private to
** the library: other objects in the process cannot see it, so it cannot clash with
** theirs, and a call goes there directly instead of through the linker's table.
** Every header of ours that declares any symbol has them around its declarations;
** cohort.h has not.
*/
#ifndef COH_KERNEL_HIDDEN_H
#define COH_KERNEL_HIDDEN_H

#define COH_HIDDEN _Pragma("GCC visibility push(hidden)")
#define COH_SEEN _Pragma("GCC visibility pop")

#endif
