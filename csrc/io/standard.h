/*
** The first three descriptors. A process may have been started without some of them; then whatever is opened
** first gets their numbers, other code writes its messages into that, and libuv ends the process when it has
** to close one. So while a runtime is open, the missing ones are held open on /dev/null.
*/
#ifndef COH_IO_STANDARD_H
#define COH_IO_STANDARD_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/hidden.h"

COH_HIDDEN

#define COH_STDIO 3

/* Hold the missing ones. Returns a bit for each. */
uint8_t coh_standard_hold(void);

/* Close those held, unless somebody has put something else in their place. */
void coh_standard_release(uint8_t held);

/* Is it open for this process and those it starts, and not just held by us? */
bool coh_standard_is_open(int fd);

COH_SEEN

#endif
