/*
** Options of sockets, by the names that users give them. The Lua side has checked
** their values: each is a boolean or a whole number that fits.
*/
#ifndef COH_IO_SOCKOPT_H
#define COH_IO_SOCKOPT_H

#include "io/addr.h"
#include "io/room.h"
#include "kernel/hidden.h"

COH_HIDDEN

#define COH_SOCKOPTS_MAX 32

/* What a user's table has of them, in the order of the table in sockopt.c. */
struct coh_sockopts {
  uint32_t given;               /* a bit for each */
  int value[COH_SOCKOPTS_MAX];
};

/* From the table at 'index', or none from nil. [-0, +0, m] */
void coh_sockopts_read(lua_State *L, int index, struct coh_sockopts *o);

/*
** A socket of a type, SOCK_STREAM say, for such addresses, with these options; those that such sockets do
** not have are passed over. Or a negative status.
*/
int coh_sockopts_open(struct coh_state *S, const struct coh_sockopts *o, const struct coh_addr *a, int type);

/* Set one by its name. 0, or a negative status; also 0 when this socket has no such thing. */
int coh_sockopt_set(struct coh_state *S, int fd, const char *name, int value);

COH_SEEN

#endif
