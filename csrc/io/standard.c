/*
** The first three descriptors: see standard.h. One that we hold is closed in programs
** that are started, which no standard descriptor of anybody's is: so it is known.
*/
#include "io/standard.h"

#include <fcntl.h>
#include <unistd.h>

#include "io/again.h"


bool coh_standard_is_open(int fd) {
  int flags = fcntl(fd, F_GETFD);
  return flags >= 0 && !(flags & FD_CLOEXEC);
}


/* The system gives the lowest number that is free. Without /dev/null they stay missing. */
uint8_t coh_standard_hold(void) {
  uint8_t held = 0;
  int fd;
  while ((fd = coh_again(open("/dev/null", O_RDWR | O_CLOEXEC))) >= 0 && fd < COH_STDIO)
    held |= (uint8_t)(1u << fd);
  if (fd >= 0) close(fd);
  return held;
}


void coh_standard_release(uint8_t held) {
  int fd;
  for (fd = 0; fd < COH_STDIO; fd++)
    if (held & 1u << fd && !coh_standard_is_open(fd)) close(fd);
}
