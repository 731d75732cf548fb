/*
** System calls that are repeated while signals interrupt them, as libuv does with its own. Not for close:
** even when interrupted it has freed the descriptor, whose number another thread may have been given since.
*/
#ifndef COH_IO_AGAIN_H
#define COH_IO_AGAIN_H

#include <errno.h>

/* The result of 'call', negative when it fails. 'call' is evaluated each time. */
#define coh_again(call) __extension__ ({ \
  __typeof__(call) given; \
  do given = (call); \
  while (given < 0 && errno == EINTR); \
  given; })

#endif
