---@meta _
-- page 54: Broadcasts and values
--- What LuaLS knows of broadcasts and values: see cohort.lua.

--- @class cohort
local cohort = {}

-- {{ Broadcasts

--- `cohort.broadcast([capacity] [, options]) -> broadcast`
---
--- Makes a broadcast: every subscriber sees every item that is sent after it subscribed. Each may be
--- `capacity` items behind, `math.huge` any number; with capacity 0 an item is handed to all of them at once,
--- when all wait for it. Works outside tasks too.
--- @param capacity? number  items that a subscriber may be behind; default 0
--- @param options? cohort.ChannelOptions  what becomes of an item for which a subscriber has no room
--- @return cohort.Broadcast
function cohort.broadcast(capacity, options) end

--- What `cohort.broadcast` returns. `#broadcast` is how many have subscribed. Usable in `local b <close> =`.
--- @class cohort.Broadcast
--- @operator len: integer
local broadcast = {}

--- `broadcast:send(v)`
---
--- Sends an item, which is any value but nil, to all who have subscribed. Waits until all of them have room
--- for it, in the order in which senders came; with `overflow` set to drop, items are dropped for those who
--- have none, and nobody waits. A checkpoint: a cancellation raises `Cancelled`, and then nobody got the
--- item. Raises `Closed` after `close`.
--- @async
--- @param ... any  one value, which is not nil
function broadcast:send(...) end

--- `broadcast:offer(v) -> boolean`
---
--- Sends an item without waiting: has everybody got it? Nobody has when it would have waited. Of a broadcast
--- that drops the newest, all have got it but those who have no room. Raises `Closed` after `close`. Works
--- outside tasks too.
--- @param ... any  one value, which is not nil
--- @return boolean
function broadcast:offer(...) end

--- `local sub <close> = broadcast:subscribe()`
---
--- Subscribes to what is sent from now on, and returns the iterator over it. Never waits. Raises `Closed`
--- after `close`. Raises outside tasks.
--- @return cohort.Subscription
function broadcast:subscribe() end

--- `broadcast:close()`
---
--- Ends the broadcast: subscribers see what they were sent, and then their loops end; senders get `Closed`.
--- Never waits; again, it does nothing. Works outside tasks too.
function broadcast:close() end

--- An iterator over the items of a broadcast: `for item in sub do`. A step waits for the next item and is a
--- checkpoint; a cancellation raises `Cancelled`, and no item is lost. After the end of the broadcast it
--- gives nil. `#sub` is how many items wait for it.
---
--- A full loop ends it, and so does `close`. Left open, it is closed with a warning when the task that
--- subscribed, and all others that made steps, have ended.
--- @class cohort.Subscription
--- @operator call: any
--- @operator len: integer
local subscription = {}

--- `subscription:poll() -> true, v | true, nil | false`
---
--- Takes the next item without waiting: false when there is none now; `true, nil` when the broadcast has
--- ended and all was seen. Raises `Closed` after `close`. Works outside tasks too.
--- @return boolean
--- @return any value
function subscription:poll() end

--- `subscription:close()`
---
--- Ends the subscription: the broadcast forgets it, and nobody waits for it any more. A task that waits for
--- its next item gets `Closed`. Never waits; again, it does nothing. Works outside tasks too.
function subscription:close() end

-- }}

-- {{ Values

--- `cohort.value(v) -> value`
---
--- A cell with one value in it that tasks can watch. Works outside tasks too.
--- @param v any  not nil
--- @return cohort.Value
function cohort.value(v) end

--- What `cohort.value` returns.
--- @class cohort.Value
local value = {}

--- `value:get() -> v`
---
--- What is in it. Never waits. Works outside tasks too.
--- @return any
function value:get() end

--- `value:set(v)`
---
--- Puts another value into it, any but nil, and wakes all who watch it. Setting the very same again is no
--- change. Never waits. Works outside tasks too.
--- @param v any  not nil
function value:set(v) end

--- `value:wait_for(predicate) -> v`
---
--- Waits until `predicate(v)` is true, and returns that value. The predicate is called in the waiting task:
--- at once, and then after changes. It holds when `wait_for` returns; what was set and replaced before the
--- task ran is not looked at. A checkpoint, also when it need not wait: a cancellation raises `Cancelled`.
--- Raises what the predicate raises.
--- @async
--- @param predicate fun(v: any): boolean
--- @return any v
function value:wait_for(predicate) end

--- `for v in value:changes() do`
---
--- An iterator over the values: the first step gives what is there now, each further one waits until there
--- is another and gives that. Each step is a checkpoint. There is no backlog: what was replaced between two
--- steps is skipped. Works outside tasks too.
--- @return cohort.Changes
function value:changes() end

--- What `value:changes` returns. It holds nothing, and may be left. Usable in `local it <close> =`.
--- @class cohort.Changes
--- @operator call: any
local changes = {}

--- `changes:close()`
---
--- Ends the iterator: its steps raise `Closed`, one that waits too. Never waits; again, it does nothing.
--- Works outside tasks too.
function changes:close() end

-- }}
