/*
** Channels: see channel.h.
*/
#include "sync/channel.h"

#include <string.h>

#include "glue/waiter.h"

enum { RING_FIRST = 8, RING_KEPT = 256 };  /* places at first, and at most when it is empty */

void coh_channel_new(lua_State *L, size_t capacity, enum coh_overflow overflow) {
  struct coh_channel *c = lua_newuserdatauv(L, sizeof *c, COH_CHANNEL_VALUES);
  memset(c, 0, sizeof *c);
  coh_link_init(&c->waiters[COH_SEND]);
  coh_link_init(&c->waiters[COH_RECEIVE]);
  c->capacity = capacity;
  c->overflow = (uint8_t)overflow;
}


void coh_channel_add(lua_State *L, int channel, int end, enum coh_side side) {
  struct coh_end *e = lua_touserdata(L, end);
  e->side = (uint8_t)side;
  e->channel = lua_touserdata(L, channel);
  e->channel->open[side]++;
  lua_pushvalue(L, channel);
  lua_setiuservalue(L, end, 1);
}


/* {{ The ring */

/* The key of the item with 'n' before it. */
static lua_Integer key(const struct coh_channel *c, size_t n) {
  return (lua_Integer)((c->head + n) & (c->size - 1)) + 1;
}


/* Push the channel of the end at 'end', and its ring. [-0, +2, -] */
static void push_ring(lua_State *L, int end) {
  lua_getiuservalue(L, end, 1);
  lua_getiuservalue(L, -1, COH_CHANNEL_RING);
}


/* Forget the ring of the channel at 'channel', with all that is in it. [-0, +0, -] */
static void drop_ring(lua_State *L, int channel, struct coh_channel *c) {
  channel = lua_absindex(L, channel);
  lua_pushnil(L);
  lua_setiuservalue(L, channel, COH_CHANNEL_RING);
  c->count = c->head = c->size = 0;
}


/* Replace the nil on top, above the channel, by its ring: a finalizer may make one first. [-1, +1, m] */
static void make_ring(lua_State *L, struct coh_channel *c) {
  lua_createtable(L, RING_FIRST, 0);
  if (c->size != 0) {
    lua_pop(L, 2);
    lua_getiuservalue(L, -1, COH_CHANNEL_RING);
    return;
  }
  lua_replace(L, -2);
  lua_pushvalue(L, -1);
  lua_setiuservalue(L, -3, COH_CHANNEL_RING);
  c->size = RING_FIRST;
}


/* Double the full ring on top: what lies before the head goes behind the rest. [-0, +0, m] */
static void double_ring(lua_State *L, struct coh_channel *c) {
  size_t i;
  for (i = 1; i <= c->head; i++) {
    lua_rawgeti(L, -1, (lua_Integer)i);
    lua_rawseti(L, -2, (lua_Integer)(c->size + i));  /* only the first may raise */
  }
  for (i = 1; i <= c->head; i++) {
    lua_pushnil(L);
    lua_rawseti(L, -2, (lua_Integer)i);
  }
  c->size *= 2;
}


/* Push the channel and a ring with a place more than there are items. [-0, +2, m] */
static void push_room(lua_State *L, struct coh_channel *c, int end) {
  push_ring(L, end);
  if (c->size == 0) make_ring(L, c);
  if (c->count == c->size) double_ring(L, c);
}


/* Put the value on top behind the others. [-0, +2, m] */
static void put(lua_State *L, struct coh_channel *c, int end) {
  push_room(L, c, end);  /* value channel ring */
  lua_pushvalue(L, -3);
  lua_rawseti(L, -2, key(c, c->count));
  c->count++;
}


/* The same before the others. [-0, +2, m] */
static void put_first(lua_State *L, struct coh_channel *c, int end) {
  push_room(L, c, end);
  lua_pushvalue(L, -3);
  lua_rawseti(L, -2, key(c, c->size - 1));
  c->head = (c->head - 1) & (c->size - 1);
  c->count++;
}


/* Remove the oldest item. [-0, +3, -] channel ring item */
static void take(lua_State *L, struct coh_channel *c, int end) {
  push_ring(L, end);
  lua_rawgeti(L, -1, key(c, 0));
  lua_pushnil(L);
  lua_rawseti(L, -3, key(c, 0));
  c->head = (c->head + 1) & (c->size - 1);
  c->count--;
}

/* }} */


/* {{ From stack to stack */

static struct coh_wait *first(const struct coh_link *queue) {
  return coh_item(queue->next, struct coh_wait, link);
}


static struct coh_end_case *case_of(struct coh_wait *w) {
  return coh_item(coh_standin_of(w), struct coh_end_case, standin);
}


/* Give the value on top to a receiver. [-1, +0, -] */
static void give(lua_State *L, struct coh_wait *w) {
  lua_xmove(L, w->of, 1);
  coh_wait_wake(w, COH_WOKEN);
}


/* Take the value of a sender. [-0, +1, -] */
static void fetch(lua_State *L, struct coh_wait *w) {
  if (w->place == COH_STANDING) lua_pushvalue(w->of, case_of(w)->value);
  lua_xmove(w->of, L, 1);
  coh_wait_wake(w, COH_WOKEN);
}


/* There is no room for the value on top, and no task waits for it. [-0, +2 or +0, -] */
static enum coh_passing overflow(lua_State *L, struct coh_channel *c, int end) {
  if (c->open[COH_RECEIVE] == 0) return COH_GONE;
  if (c->overflow == COH_OVERFLOW_WAIT) return COH_LATER;
  if (c->overflow == COH_OVERFLOW_DROP_NEWEST) return COH_DROPPED;
  take(L, c, end);
  lua_pop(L, 3);
  put(L, c, end);  /* there is a place for it now: this does not raise */
  return COH_PASSED;
}


enum coh_passing coh_channel_send(lua_State *L, const struct coh_end *e, int end) {
  struct coh_channel *c = e->channel;
  struct coh_wait *w;
  if (e->closed) return COH_SHUT;
  if ((w = coh_waiter_first(&c->waiters[COH_RECEIVE])) != NULL) {
    give(L, w);
    return COH_PASSED;
  }
  if (c->count >= c->capacity || c->open[COH_RECEIVE] == 0) return overflow(L, c, end);
  put(L, c, end);
  return COH_PASSED;
}


enum coh_passing coh_channel_receive(lua_State *L, const struct coh_end *e, int end) {
  struct coh_channel *c = e->channel;
  struct coh_wait *w;
  if (e->closed) return COH_SHUT;
  if (c->count == 0) {
    w = coh_waiter_first(&c->waiters[COH_SEND]);
    if (w == NULL) return c->open[COH_SEND] == 0 ? COH_GONE : COH_LATER;
    fetch(L, w);
    return COH_PASSED;
  }
  take(L, c, end);                                      /* channel ring item */
  if (c->count < c->capacity && (w = coh_waiter_first(&c->waiters[COH_SEND])) != NULL) {
    fetch(L, w);
    lua_rawseti(L, -3, key(c, c->count));
    c->count++;
  } else if (c->count == 0 && c->size > RING_KEPT) {
    drop_ring(L, -3, c);
  }
  return COH_PASSED;
}

/* }} */


/* {{ What comes back */

/* pcall'ed: (end, value) */
static int put_back(lua_State *L) {
  put_first(L, ((const struct coh_end *)lua_touserdata(L, 1))->channel, 1);
  return 0;
}


void coh_channel_take_back(lua_State *L, int end) {
  const struct coh_end *e = lua_touserdata(L, end);
  struct coh_channel *c = e->channel;
  lua_State *pump = e->sync.state->pump;
  struct coh_wait *w = coh_waiter_first(&c->waiters[COH_RECEIVE]);
  if (w != NULL) {
    give(L, w);
  } else if (c->open[COH_RECEIVE] == 0) {
    lua_pop(L, 1);
  } else {
    lua_pushcfunction(pump, put_back);
    lua_pushvalue(L, end);
    lua_insert(L, -2);
    lua_xmove(L, pump, 2);
    if (lua_pcall(pump, 2, 0, 0) != LUA_OK) lua_pop(pump, 1);
  }
}

/* }} */


/* {{ Waiting */

/* For a task's own wait: the end is at 1, and what was received at 2. */
static void forfeit(struct coh_wait *w) {
  lua_State *L = w->of;
  if (w->outcome == COH_WOKEN && coh_waiter_is_in(w, L) && lua_gettop(L) == 2) coh_channel_take_back(L, 1);
}

static const struct coh_wait_kind kinds[] = {
  {.what = "room in a channel"}, {.what = "an item of a channel", .forfeit = forfeit}};


void coh_channel_park(lua_State *L, struct coh_fiber *f, const struct coh_end *e) {
  coh_wait_park(&f->task.wait, &f->task.current->slot, &kinds[e->side], &e->channel->waiters[e->side]);
  f->task.wait.of = L;
}


void coh_channel_stand(lua_State *L, struct coh_choice *choice, struct coh_end_case *c) {
  c->passing = COH_PASSED;
  coh_choice_stand(choice, &c->standin, &c->end->channel->waiters[c->end->side]);
  c->standin.wait.of = L;
}


static const struct coh_end *end_of(struct coh_wait *w) {
  return w->place == COH_STANDING ? case_of(w)->end : lua_touserdata(w->of, 1);
}


/* End a wait for which nothing will come. */
static void dismiss(struct coh_wait *w, enum coh_passing passing) {
  if (!coh_waiter_is_there(w)) {
    coh_waiter_send_off(w);
    return;
  }
  if (w->place == COH_STANDING) case_of(w)->passing = (uint8_t)passing;
  else if (passing == COH_GONE) lua_settop(w->of, 3);
  coh_wait_wake(w, COH_WOKEN);
}


/* End the waits by this end. Waking one may take others of its choice out of any queue. */
static void dismiss_own(const struct coh_end *e) {
  struct coh_link *queue = &e->channel->waiters[e->side], all;
  coh_link_init(&all);
  coh_link_splice(&all, queue);
  while (!coh_link_alone(&all)) {
    struct coh_wait *w = first(&all);
    if (!coh_waiter_is_there(w) || end_of(w) == e) {
      dismiss(w, COH_SHUT);
    } else {
      coh_link_remove(&w->link);
      coh_link_append(queue, &w->link);
    }
  }
}


void coh_channel_close(lua_State *L, struct coh_end *e, int end) {
  struct coh_channel *c = e->channel;
  struct coh_link *others = &c->waiters[!e->side];
  if (e->closed) return;
  e->closed = true;
  dismiss_own(e);
  if (--c->open[e->side] > 0) return;
  while (!coh_link_alone(others)) dismiss(first(others), COH_GONE);
  if (e->side == COH_SEND) return;
  lua_getiuservalue(L, end, 1);
  drop_ring(L, -1, c);
  lua_pop(L, 1);
}

/* }} */
