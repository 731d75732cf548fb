---@meta _
-- page 52: Channels and select
--- What LuaLS knows of channels and select: see cohort.lua.

--- @class cohort
local cohort = {}

-- {{ Channels

--- `cohort.channel([capacity] [, options]) -> send, receive`
---
--- Makes a channel and returns its two ends. Both are called: `send(v)` and `receive()`; a loop over the
--- receiver takes item by item, `for v in receive do`. With capacity 0 each item is handed from task to
--- task (a rendezvous), with `n` that many wait in the channel, with `math.huge` any number. Works outside
--- tasks too.
--- @param capacity? number  items that may wait in it; default 0
--- @param options? cohort.ChannelOptions
--- @return cohort.Sender send
--- @return cohort.Receiver receive
function cohort.channel(capacity, options) end

--- @class cohort.ChannelOptions
--- @field overflow? string  when it is full: "wait" (default), "drop_oldest" or "drop_newest"

--- The end to send by. `send(v)` waits until a receiver takes the item or there is room for it, in the
--- order in which senders came; it is a checkpoint. Items are any value but nil, which stands for the end.
--- `Broken` when every receiver is closed, `Closed` when this end is. Usable in `local send <close> =`.
--- @class cohort.Sender
--- @operator call: nil
local sender = {}

--- `send:offer(v) -> boolean`
---
--- Sends without waiting: was it sent? Raises as `send` does when the end is closed or every receiver is.
--- Works outside tasks too.
--- @param value any  not nil
--- @return boolean
function sender:offer(value) end

--- `send:clone() -> send`
---
--- Another end to send by. The channel ends for its receivers when all of them are closed. `Closed` when
--- this one is. Works outside tasks too.
--- @return cohort.Sender
function sender:clone() end

--- `send:close()`
---
--- Closes this end; those who wait on it get `Closed`. When it was the last one to send by, receivers take
--- what is left, and then nil. Never waits and never raises; again, it does nothing. Works outside tasks
--- too.
function sender:close() end

--- The end to receive by. `receive()` waits for the next item, in the order in which receivers came, and
--- returns it, or nil when every sender is closed and nothing is left; it is a checkpoint. `Closed` when
--- this end is. `#receive` is how many items wait in the channel. Usable in `local receive <close> =`.
--- @class cohort.Receiver
--- @operator call: any
--- @operator len: integer
local receiver = {}

--- `receive:poll() -> true, v | true, nil | false`
---
--- Receives without waiting: false when there is nothing now; `true, nil` when there will never be. Works
--- outside tasks too.
--- @return boolean
--- @return any value
function receiver:poll() end

--- `receive:clone() -> receive`
---
--- Another end to receive by: each item goes to one of them. `Closed` when this one is. Works outside tasks
--- too.
--- @return cohort.Receiver
function receiver:clone() end

--- `receive:close()`
---
--- Closes this end; those who wait on it get `Closed`. When it was the last one to receive by, what is in
--- the channel is dropped, and senders get `Broken`. Never waits and never raises; again, it does nothing.
--- Works outside tasks too.
function receiver:close() end

-- }}

-- {{ Select

--- `cohort.select(cases) -> results of the case's function`
---
--- Waits for the first of several operations; exactly one of them happens, and nothing of the others. A
--- case is `{receive, f}`, `{send, value, f}`, `{task, f}` for the end of a task, or `{event, f}`. `f` is
--- called with the item, nothing, the task, or nothing, and its results are returned; without `f` they are
--- the number of the case and what it would have got. When several are ready the first in the table
--- happens.
---
--- With `timeout = seconds` among the cases, `otherwise(f)` is called after that time, or false is
--- returned; `otherwise` without a timeout is called at once when no case is ready. An end that is closed
--- or broken is ready, and raises as the plain call would. A checkpoint: a cancellation raises `Cancelled`,
--- and none happens.
--- @async
--- @param cases table
--- @return any ...
function cohort.select(cases) end

-- }}
