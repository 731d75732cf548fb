/*
** The first three descriptors: see standard.h. Those we hold are recognized by FD_CLOEXEC, which nobody sets
** on a standard descriptor of theirs.
*/
#include "io/standard.h"

#include <fcntl.h>
#include <unistd.h>

#include "io/again.h"


bool coh_standard_is_open(int fd) {
  int flags = fcntl(fd, F_GETFD);
  return flags >= 0 && !(flags & FD_CLOEXEC);
}


/* open() returns the lowest free number. Without /dev/null they stay missing. */
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
