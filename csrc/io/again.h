/*
** System calls that are made again for as long as signals interrupt them, as libuv does with its own.
** Nothing for close: the descriptor is gone then all the same, and another thread may have been given its
** number.
*/
#ifndef COH_IO_AGAIN_H
#define COH_IO_AGAIN_H

#include <errno.h>

/* What 'call' gives, which is less than 0 when it fails; it is evaluated each time. */
#define coh_again(call) __extension__ ({ \
  __typeof__(call) given; \
  do given = (call); \
  while (given < 0 && errno == EINTR); \
  given; })

#endif
