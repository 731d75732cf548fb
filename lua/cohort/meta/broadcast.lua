---@meta _
-- page 54: Broadcasts and values
--- What LuaLS knows of broadcasts and values: see cohort.lua.

--- @class cohort
local cohort = {}

-- {{ Broadcasts

--- `cohort.broadcast([capacity] [, options]) -> broadcast`
---
--- Makes a broadcast: every subscriber sees every item that is sent after it subscribed. Each subscriber may
--- be up to `capacity` items behind, with `math.huge` any number. With capacity 0 an item is handed to all of
--- them at once, when all are waiting for it. Works outside tasks too.
--- @param capacity? number  items that a subscriber may be behind; default 0
--- @param options? cohort.ChannelOptions  what happens to an item when a subscriber has no room
--- @return cohort.Broadcast
function cohort.broadcast(capacity, options) end

--- What `cohort.broadcast` returns. `#broadcast` is the number of subscribers. Usable in `local b <close> =`.
--- @class cohort.Broadcast
--- @operator len: integer
local broadcast = {}

--- `broadcast:send(v)`
---
--- Sends an item, any value but nil, to all subscribers. Waits until all of them have room for it; senders
--- take turns in the order they came. If `overflow` is set to drop items, it does not wait: those who have no
--- room miss an item. A checkpoint: a cancellation raises `Cancelled`, and nobody got the item. Raises
--- `Closed` after `close`.
--- @async
--- @param ... any  one value, which is not nil
function broadcast:send(...) end

--- `broadcast:offer(v) -> boolean`
---
--- Sends an item without waiting, and returns whether everybody got it. When that would have to wait, nobody
--- gets it. If the broadcast drops the newest, those who have room get it. Raises `Closed` after `close`.
--- Works outside tasks too.
--- @param ... any  one value, which is not nil
--- @return boolean
function broadcast:offer(...) end

--- `local sub <close> = broadcast:subscribe()`
---
--- Subscribes to what is sent from now on, and returns an iterator over it. Never waits. Raises `Closed`
--- after `close`. Raises outside tasks.
--- @return cohort.Subscription
function broadcast:subscribe() end

--- `broadcast:close()`
---
--- Ends the broadcast: subscribers still see what they were sent, and then their loops end; senders get
--- `Closed`. Never waits; calling it again does nothing. Works outside tasks too.
function broadcast:close() end

--- An iterator over the items of a broadcast: `for item in sub do`. A step waits for the next item and is a
--- checkpoint; a cancellation raises `Cancelled`, and no item is lost. After the end of the broadcast it
--- gives nil. `#sub` is the number of items that wait for it.
---
--- A loop that runs to the end closes it, and so does `close`. Left open, it is closed with a warning when
--- the task that subscribed, and all others that took steps, have ended.
--- @class cohort.Subscription
--- @operator call: any
--- @operator len: integer
local subscription = {}

--- `subscription:poll() -> true, v | true, nil | false`
---
--- Takes the next item without waiting: false when there is none now; `true, nil` when the broadcast has
--- ended and every item was seen. Raises `Closed` after `close`. Works outside tasks too.
--- @return boolean
--- @return any value
function subscription:poll() end

--- `subscription:close()`
---
--- Ends the subscription: the broadcast forgets it, and senders no longer wait for it. A task that waits for
--- its next item gets `Closed`. Never waits; calling it again does nothing. Works outside tasks too.
function subscription:close() end

-- }}

-- {{ Values

--- `cohort.value(v) -> value`
---
--- Makes a cell that holds one value, which tasks can watch. Works outside tasks too.
--- @param v any  not nil
--- @return cohort.Value
function cohort.value(v) end

--- What `cohort.value` returns.
--- @class cohort.Value
local value = {}

--- `value:get() -> v`
---
--- Returns the current value. Never waits. Works outside tasks too.
--- @return any
function value:get() end

--- `value:set(v)`
---
--- Sets the value, to anything but nil, and wakes all who watch it. Setting the same value again is no
--- change. Never waits. Works outside tasks too.
--- @param v any  not nil
function value:set(v) end

--- `value:wait_for(predicate) -> v`
---
--- Waits until `predicate(v)` is true for the value, and returns that value. The predicate is called in the
--- waiting task, at once and then after changes. It holds when `wait_for` returns; a value that was replaced
--- before the task ran is never looked at. A checkpoint, also when it need not wait: a cancellation raises
--- `Cancelled`. Raises what the predicate raises.
--- @async
--- @param predicate fun(v: any): boolean
--- @return any v
function value:wait_for(predicate) end

--- `for v in value:changes() do`
---
--- An iterator over the values: the first step gives the current one, and each further step waits for another
--- and gives that. Each step is a checkpoint. There is no backlog: values replaced between two steps are
--- skipped. Works outside tasks too.
--- @return cohort.Changes
function value:changes() end

--- What `value:changes` returns. It holds nothing, so a loop over it may be left at any time. Usable in
--- `local it <close> =`.
--- @class cohort.Changes
--- @operator call: any
local changes = {}

--- `changes:close()`
---
--- Ends the iterator: a step raises `Closed`, also one that is waiting. Never waits; calling it again does
--- nothing. Works outside tasks too.
function changes:close() end

-- }}
