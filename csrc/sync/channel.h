/*
** Channels: values go from tasks that send to tasks that receive, in order. This is
** the channel itself; 'ends.h' has what Lua sees of it.
**
** A value is never in two places. It lies on the stack of a task that waits to
** send it, or in the ring, or on the stack of a task that waited to receive it
** and is ready; it goes from one to the next in one step that cannot fail. So a
** wait that is aborted has simply left its queue: nothing is lost, nothing is
** doubled. What a task received that is closed by force before it runs goes back.
** Receivers wait only while the ring is empty, senders only while it is full.
*/
#ifndef COH_SYNC_CHANNEL_H
#define COH_SYNC_CHANNEL_H

#include "kernel/hidden.h"
#include "sync/object.h"

COH_HIDDEN

enum coh_side { COH_SEND, COH_RECEIVE };

enum coh_overflow { COH_OVERFLOW_WAIT, COH_OVERFLOW_DROP_OLDEST, COH_OVERFLOW_DROP_NEWEST };

/* What came of an attempt to send or to receive. */
enum coh_passing {
  COH_PASSED,   /* the value went over */
  COH_DROPPED,  /* there was no room for it, and the channel does not wait */
  COH_LATER,    /* not now: wait, if that is possible */
  COH_GONE,     /* every end of the other side is closed, and nothing is left */
  COH_SHUT      /* this end is closed */
};

/* A full userdata that only ends refer to. Its first user value is the ring, a table, or nil. */
struct coh_channel {
  struct coh_link waiters[2];  /* of each side, coh_wait.link, oldest first; 'of' is the waiting coroutine */
  size_t open[2];              /* open ends of each side */
  size_t capacity;             /* of the ring; LUA_MAXINTEGER: no limit */
  size_t count;                /* items in the ring */
  size_t head;                 /* place of the oldest, from 0 */
  size_t size;                 /* places in the ring, a power of two; 0: there is no ring */
  uint8_t overflow;            /* enum coh_overflow */
  bool lost[2];                /* the last end of a side was collected, and there was no warning yet */
};

enum { COH_CHANNEL_RING = 1, COH_CHANNEL_WHERE, COH_CHANNEL_VALUES = COH_CHANNEL_WHERE };

/* The userdata of an end. Its first user value is its channel. */
struct coh_end {
  struct coh_sync sync;         /* its queue is not used: the waiters of all ends are in the channel's */
  struct coh_channel *channel;  /* NULL before coh_channel_add */
  uint8_t side;                 /* enum coh_side */
  bool closed;
};

/* An end among the cases of a choice. A wait of its own needs none: it has its end at 1, its value at 2. */
struct coh_end_case {
  struct coh_standin standin;
  const struct coh_end *end;    /* NULL when the case is not about an end */
  int value;                    /* to send: its index on the stack of the coroutine that waits */
  uint8_t passing;              /* enum coh_passing: the outcome, if it was chosen */
};

/* Push a new channel that has no ends. [-0, +1, m] */
void coh_channel_new(lua_State *L, size_t capacity, enum coh_overflow overflow);

/* Make the end at 'end' one of the channel at 'channel'. [-0, +0, -] */
void coh_channel_add(lua_State *L, int channel, int end, enum coh_side side);

/*
** Send the value on top, or receive one, by the end 'e' at 'end'. A received value is left on top, with other
** values below; only COH_LATER leaves the stack as it was. Raises before anything changed. At most 4 slots
** are needed. [-0, +?, m], [-0, +?, -]
*/
enum coh_passing coh_channel_send(lua_State *L, const struct coh_end *e, int end);
enum coh_passing coh_channel_receive(lua_State *L, const struct coh_end *e, int end);

/*
** Wait after COH_LATER. Once the value has passed, a received one is on top; a sent one, which was on top, is
** gone. Otherwise the stack is as it was when this end is shut, and has 3 values when the other side is gone.
** For a case, its 'passing' says which. [-0, +0, -]
*/
void coh_channel_park(lua_State *L, struct coh_fiber *f, const struct coh_end *e);
void coh_channel_stand(lua_State *L, struct coh_choice *choice, struct coh_end_case *c);

/*
** The value on top was received by the end at 'end' for a task that will not see it: give it to the next that
** waits, or make it the first in the channel again, even beyond the capacity. Without memory for that it is
** lost. [-1, +0, -]
*/
void coh_channel_take_back(lua_State *L, int end);

/* Close the end 'e' at 'end'. Its waiters wake, and with a side's last end those of the other. [-0, +0, -] */
void coh_channel_close(lua_State *L, struct coh_end *e, int end);

COH_SEEN

#endif
