/*
** The first three descriptors. A process may have been started without them; then what is opened first gets
** their numbers: others would write their messages into it, and libuv ends the process when it
** has one of them to close. While a runtime is open those that are missing are held, open on nothing.
*/
#ifndef COH_IO_STANDARD_H
#define COH_IO_STANDARD_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/hidden.h"

COH_HIDDEN

#define COH_STDIO 3

/* Hold those that are missing: a bit for each. */
uint8_t coh_standard_hold(void);

/* Close those that are held, unless somebody has put something else in their place. */
void coh_standard_release(uint8_t held);

/* Is it open for this process and those that it starts, and not held by us? */
bool coh_standard_is_open(int fd);

COH_SEEN

#endif
