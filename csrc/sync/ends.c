/*
** The ends of channels: see ends.h.
*/
#include "sync/ends.h"

#include <string.h>

#include "errors/system.h"
#include "glue/wait.h"
#include "lua/arg.h"
#include "lua/text.h"


/* {{ What people read */

static const char *const side_names[] = {"sender", "receiver"};


static void push_items(lua_State *L, const struct coh_channel *c) {
  if (c->capacity == LUA_MAXINTEGER) lua_pushfstring(L, "%I items", (LUAI_UACINT)c->count);
  else lua_pushfstring(L, "%I of %I items", (LUAI_UACINT)c->count, (LUAI_UACINT)c->capacity);
}


static size_t count_waiters(const struct coh_channel *c, int side) {
  const struct coh_link *l;
  size_t count = 0;
  for (l = c->waiters[side].next; l != &c->waiters[side]; l = l->next) count++;
  return count;
}


static void push_count(lua_State *L, size_t count, int side, const char *what) {
  lua_pushfstring(L, ", %I %s%s %s", (LUAI_UACINT)count, side_names[side], count == 1 ? "" : "s", what);
}


/*
** Push "2 of 8 items, no open sender, 1 receiver waiting", or that the end is closed. While one side waits
** it has the number of open ends of the other: a loop waits until all are closed. [-0, +1, m]
*/
static void describe(lua_State *L, int object) {
  const struct coh_end *e = lua_touserdata(L, object);
  const struct coh_channel *c = e->channel;
  int side, top = lua_gettop(L);
  if (c == NULL || e->closed) {
    lua_pushliteral(L, "closed");
    return;
  }
  push_items(L, c);
  for (side = COH_SEND; side <= COH_RECEIVE; side++) {
    size_t waiting = count_waiters(c, side);
    if (c->open[side] == 0) lua_pushfstring(L, ", no open %s", side_names[side]);
    else if (waiting == 0 && count_waiters(c, !side) > 0) push_count(L, c->open[side], side, "open");
    if (waiting > 0) push_count(L, waiting, side, "waiting");
  }
  lua_concat(L, lua_gettop(L) - top);
}

const struct coh_sync_class coh_sender_class = {
  .noun = "sender", .name = "cohort.Sender", .size = sizeof(struct coh_end), .values = 1,
  .describe = describe};
const struct coh_sync_class coh_receiver_class = {
  .noun = "receiver", .name = "cohort.Receiver", .size = sizeof(struct coh_end), .values = 1,
  .describe = describe};


/* The end at 'end' has met the other side closed: if the collector did that, warn, once. [-0, +0, m] */
static void warn_lost(lua_State *L, int end) {
  const struct coh_end *e = lua_touserdata(L, end);
  int lost = !e->side;
  if (!e->channel->lost[lost]) return;
  e->channel->lost[lost] = false;
  lua_getiuservalue(L, end, 1);
  lua_getiuservalue(L, -1, COH_CHANNEL_WHERE);
  coh_text_push_at(L, "made", lua_tostring(L, -1));
  lua_pushfstring(L, "cohort: the last %s of the channel%s was collected without close: "
                     "write 'local x <close> = ...', or call its close()",
                  side_names[lost], lua_tostring(L, -1));
  lua_warning(L, lua_tostring(L, -1), 0);
  lua_pop(L, 4);
}


int coh_end_conclude(lua_State *L, int end, enum coh_passing passing, const char *what) {
  const struct coh_end *e = lua_touserdata(L, end);
  if (passing == COH_SHUT) return coh_syserr_raise(L, COH_CLOSED, what, "this end of the channel is closed");
  warn_lost(L, end);
  if (e->side == COH_SEND)
    return coh_syserr_raise(L, COH_BROKEN, what, "every receiver of the channel is closed");
  lua_pushnil(L);
  return 1;
}

/* }} */


/* {{ Sending */

static struct coh_end *check_sender(lua_State *L, const char *what) {
  return coh_sync_check(L, &coh_sender_class, what);
}


/* Check for one value after the end, which is not nil: a loop over the channel ends with nil. [-0, +0, v] */
static void check_value(lua_State *L, const char *what) {
  int count = lua_gettop(L) - 1;
  if (count == 1 && !lua_isnil(L, 2)) return;
  if (count == 0) coh_misuse(L, "%s expects a value, got none: write %s(v)", what, what);
  if (count == 2 && lua_isnil(L, 2) && lua_isnil(L, 3))  /* as a loop begins */
    coh_misuse(L, "%s expects one value, got two nils: a loop is over the other end, for v in receive do",
               what);
  if (count > 1) coh_misuse(L, "%s expects one value, got %d: put them into a table", what, count);
  coh_misuse(L, "%s expects a value that is not nil, which stands for the end of a channel: "
                "take false, or a table around it", what);
}


static int sent(lua_State *L, int status, lua_KContext context) {
  int top = lua_gettop(L);
  (void)status;
  coh_woken(L, context);
  if (top == 1) return 0;
  return coh_end_conclude(L, 1, top == 3 ? COH_GONE : COH_SHUT, "send");
}


static int send_now(lua_State *L, struct coh_fiber *f, struct coh_end *e) {
  enum coh_passing passing = coh_channel_send(L, e, 1);
  if (passing <= COH_DROPPED) return 0;
  if (passing != COH_LATER) return coh_end_conclude(L, 1, passing, "send");
  coh_channel_park(L, f, e);
  return coh_yield(L, f, sent);
}


static int send_try(lua_State *L, int status, lua_KContext context) {
  (void)status;
  return send_now(L, coh_test(L, context), lua_touserdata(L, 1));
}


/* send(v) */
static int l_send(lua_State *L) {
  struct coh_end *e = check_sender(L, "send");
  struct coh_fiber *f;
  check_value(L, "send");
  f = coh_check_wait_in(e->sync.state, L);
  return coh_goes_on(f) ? send_now(L, f, e) : coh_turn(L, f, send_try);
}


/* send:offer(v) -> was it sent? */
static int l_offer(lua_State *L) {
  struct coh_end *e = check_sender(L, "offer");
  enum coh_passing passing;
  check_value(L, "offer");
  passing = coh_channel_send(L, e, 1);
  if (passing > COH_LATER) return coh_end_conclude(L, 1, passing, "offer");
  lua_pushboolean(L, passing == COH_PASSED);
  return 1;
}

/* }} */


/* {{ Receiving */

static struct coh_end *check_receiver(lua_State *L, const char *what) {
  return coh_sync_check(L, &coh_receiver_class, what);
}


static int received(lua_State *L, int status, lua_KContext context) {
  int top = lua_gettop(L);
  (void)status;
  coh_arrived(L, context);
  if (top == 2) return 1;
  return coh_end_conclude(L, 1, top == 3 ? COH_GONE : COH_SHUT, "receive");
}


static int receive_now(lua_State *L, struct coh_fiber *f, struct coh_end *e) {
  enum coh_passing passing = coh_channel_receive(L, e, 1);
  if (passing == COH_PASSED) return 1;
  if (passing != COH_LATER) return coh_end_conclude(L, 1, passing, "receive");
  lua_settop(L, 1);
  coh_channel_park(L, f, e);
  return coh_yield(L, f, received);
}


static int receive_try(lua_State *L, int status, lua_KContext context) {
  (void)status;
  return receive_now(L, coh_test(L, context), lua_touserdata(L, 1));
}


/* receive() -> value, nil at the end; the arguments that a loop gives its iterator are ignored */
static int l_receive(lua_State *L) {
  struct coh_end *e = check_receiver(L, "receive");
  struct coh_fiber *f;
  coh_check_no_limit(L, "receive", NULL);
  f = coh_check_wait_in(e->sync.state, L);
  return coh_goes_on(f) ? receive_now(L, f, e) : coh_turn(L, f, receive_try);
}


/* receive:poll() -> true, value | true, nil at the end | false */
static int l_poll(lua_State *L) {
  struct coh_end *e = check_receiver(L, "poll");
  enum coh_passing passing;
  lua_settop(L, 1);
  passing = coh_channel_receive(L, e, 1);
  if (passing == COH_LATER) {
    lua_pushboolean(L, 0);
    return 1;
  }
  if (passing != COH_PASSED) coh_end_conclude(L, 1, passing, "poll");
  lua_pushboolean(L, 1);
  lua_insert(L, -2);
  return 2;
}


/* #receive: items that wait in the channel */
static int l_len(lua_State *L) {
  lua_pushinteger(L, (lua_Integer)check_receiver(L, "#")->channel->count);
  return 1;
}

/* }} */


/* {{ Ends come and go */

/* The end at 1, of the class of the method that was called. [-0, +0, v] */
static struct coh_end *check_own(lua_State *L, const char *what) {
  return coh_sync_check(L, coh_sync_class_here(L), what);
}


/* send:clone(), receive:clone() -> another end of the same channel */
static int l_clone(lua_State *L) {
  struct coh_end *e = check_own(L, "clone");
  lua_settop(L, 1);
  lua_getiuservalue(L, 1, 1);
  coh_sync_new(L, e->sync.class);  /* which may run a finalizer that closes this one */
  if (e->closed) return coh_end_conclude(L, 1, COH_SHUT, "clone");
  coh_channel_add(L, 2, 3, e->side);
  return 1;
}


/* send:close(), receive:close(), and what '<close>' calls */
static int l_close(lua_State *L) {
  coh_channel_close(L, check_own(L, "close"), 1);
  return 0;
}


/* __gc */
static int l_gc(lua_State *L) {
  struct coh_end *e = check_own(L, "__gc");
  if (e->channel == NULL || e->closed) return 0;
  coh_channel_close(L, e, 1);
  if (e->channel->open[e->side] == 0) e->channel->lost[e->side] = true;
  return 0;
}


/* Push the line of the innermost function that is not ours, "file:line". [-0, +1, m] */
static void push_caller(lua_State *L) {
  coh_text_push_where(L);
  if (lua_rawlen(L, -1) > 0) return;
  lua_pop(L, 1);
  lua_pushliteral(L, "?");
}


/* The policy in the options at 2. [-0, +0, v] */
static enum coh_overflow check_overflow(lua_State *L, size_t capacity) {
  static const char *const option_names[] = {"overflow", NULL};
  static const char *const policies[] = {"wait", "drop_oldest", "drop_newest"};
  const char *given;
  int i;
  if (lua_isnoneornil(L, 2)) return COH_OVERFLOW_WAIT;
  coh_check_options(L, 2, "channel", option_names);
  given = coh_opt_string(L, 2, "overflow");
  if (given == NULL) return COH_OVERFLOW_WAIT;
  for (i = COH_OVERFLOW_WAIT; i <= COH_OVERFLOW_DROP_NEWEST; i++) {
    if (strcmp(given, policies[i]) != 0) continue;
    if (i != COH_OVERFLOW_WAIT && capacity == 0)
      coh_misuse(L, "option 'overflow' of \"%s\" needs a capacity of 1 or more: without one there is "
                    "nothing to drop", given);
    return (enum coh_overflow)i;
  }
  coh_misuse(L, "option 'overflow' expects \"wait\", \"drop_oldest\" or \"drop_newest\", got \"%s\"", given);
  return COH_OVERFLOW_WAIT;
}


/* channel([capacity] [, options]) -> send, receive */
static int l_channel(lua_State *L) {
  size_t capacity;
  enum coh_overflow overflow;
  if (lua_istable(L, 1))
    coh_misuse(L, "channel expects a whole number of 0 or more before its options, got table: "
                  "write channel(capacity, {overflow = ...})");
  capacity = lua_isnoneornil(L, 1) ? 0 : (size_t)coh_sync_check_count(L, 1, "channel", 0, true);
  overflow = check_overflow(L, capacity);
  lua_settop(L, 0);
  coh_channel_new(L, capacity, overflow);
  push_caller(L);
  lua_setiuservalue(L, 1, COH_CHANNEL_WHERE);
  coh_sync_new(L, &coh_sender_class);
  coh_sync_new(L, &coh_receiver_class);  /* channel send receive */
  coh_channel_add(L, 1, 2, COH_SEND);
  coh_channel_add(L, 1, 3, COH_RECEIVE);
  return 2;
}

/* }} */


static const luaL_Reg sender_methods[] = {
  {"offer", l_offer}, {"clone", l_clone}, {"close", l_close}, {NULL, NULL}};
static const luaL_Reg sender_metamethods[] = {
  {"__call", l_send}, {"__close", l_close}, {"__gc", l_gc}, {NULL, NULL}};

static const luaL_Reg receiver_methods[] = {
  {"poll", l_poll}, {"clone", l_clone}, {"close", l_close}, {NULL, NULL}};
static const luaL_Reg receiver_metamethods[] = {
  {"__call", l_receive}, {"__len", l_len}, {"__close", l_close}, {"__gc", l_gc}, {NULL, NULL}};


void coh_ends_open(lua_State *L) {
  coh_sync_define(L, &coh_sender_class, sender_metamethods, sender_methods);
  coh_sync_define(L, &coh_receiver_class, receiver_metamethods, receiver_methods);
  coh_sync_export(L, "channel", l_channel);
}
