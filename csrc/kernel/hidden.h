/*
** What stands between COH_HIDDEN and COH_SEEN is the library's own: other
** objects in the process cannot see it, so it cannot clash with theirs, and a
** call of it goes there directly and not through a table of the linker's. Every
** header of ours has them around its declarations; cohort.h has not.
*/
#ifndef COH_KERNEL_HIDDEN_H
#define COH_KERNEL_HIDDEN_H

#define COH_HIDDEN _Pragma("GCC visibility push(hidden)")
#define COH_SEEN _Pragma("GCC visibility pop")

#endif
