/*
** Socket options, by the names users give them. The Lua side has checked their values: each is a boolean or
** an integer in range.
*/
#ifndef COH_IO_SOCKOPT_H
#define COH_IO_SOCKOPT_H

#include "io/addr.h"
#include "io/room.h"
#include "kernel/hidden.h"

COH_HIDDEN

#define COH_SOCKOPTS_MAX 32

/* The options in a user's table, in the order of the table in sockopt.c. */
struct coh_sockopts {
  uint32_t given;               /* a bit for each that is set */
  int value[COH_SOCKOPTS_MAX];
};

/* Read the table at 'index'; nil sets none. [-0, +0, m] */
void coh_sockopts_read(lua_State *L, int index, struct coh_sockopts *o);

/*
** Open a socket of 'type', such as SOCK_STREAM, for the family of 'a', and set these options; those that its
** family does not have are skipped. A negative status on failure.
*/
int coh_sockopts_open(struct coh_state *S, const struct coh_sockopts *o, const struct coh_addr *a, int type);

/* Set one option by its name. 0, also when this socket does not support it; or a negative status. */
int coh_sockopt_set(struct coh_state *S, int fd, const char *name, int value);

COH_SEEN

#endif
