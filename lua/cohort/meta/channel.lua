---@meta _
-- page 52: Channels and select
--- What LuaLS knows of channels and select: see cohort.lua.

--- @class cohort
local cohort = {}

-- {{ Channels

--- `cohort.channel([capacity] [, options]) -> send, receive`
---
--- Makes a channel and returns its two ends. Both are called: `send(v)` and `receive()`; a loop over the
--- receiver, `for v in receive do`, takes item after item. With capacity 0 each item is handed from task to
--- task (a rendezvous); with `n`, up to that many wait in the channel, with `math.huge` any number. Works
--- outside tasks too.
--- @param capacity? number  items that may wait in it; default 0
--- @param options? cohort.ChannelOptions
--- @return cohort.Sender send
--- @return cohort.Receiver receive
function cohort.channel(capacity, options) end

--- @class cohort.ChannelOptions
--- @field overflow? string  what happens when it is full: "wait" (default), "drop_oldest" or "drop_newest"

--- The sending end. `send(v)` waits until a receiver takes the item or there is room for it; senders take
--- turns in the order they came. It is a checkpoint. Items are any value but nil, which stands for the end.
--- Raises `Broken` when every receiver is closed, `Closed` when this end is. Usable in `local send <close>
--- =`.
--- @class cohort.Sender
--- @operator call: nil
local sender = {}

--- `send:offer(v) -> boolean`
---
--- Sends without waiting, and returns whether the item was sent. Raises as `send` does when this end or every
--- receiver is closed. Works outside tasks too.
--- @param value any  not nil
--- @return boolean
function sender:offer(value) end

--- `send:clone() -> send`
---
--- Returns another sending end. Receivers see the end of the channel when all of them are closed. Raises
--- `Closed` when this one is. Works outside tasks too.
--- @return cohort.Sender
function sender:clone() end

--- `send:close()`
---
--- Closes this end; tasks that wait on it get `Closed`. When it was the last sending end, receivers take what
--- is left, and then get nil. Never waits and never raises; calling it again does nothing. Works outside
--- tasks too.
function sender:close() end

--- The receiving end. `receive()` waits for the next item, receivers taking turns in the order they came, and
--- returns it, or nil when every sender is closed and nothing is left. It is a checkpoint. Raises `Closed`
--- when this end is. `#receive` is the number of items in the channel. Usable in `local receive <close> =`.
--- @class cohort.Receiver
--- @operator call: any
--- @operator len: integer
local receiver = {}

--- `receive:poll() -> true, v | true, nil | false`
---
--- Receives without waiting: false when there is nothing now; `true, nil` when there will never be anything
--- again. Works outside tasks too.
--- @return boolean
--- @return any value
function receiver:poll() end

--- `receive:clone() -> receive`
---
--- Returns another receiving end: each item goes to one of them. Raises `Closed` when this one is. Works
--- outside tasks too.
--- @return cohort.Receiver
function receiver:clone() end

--- `receive:close()`
---
--- Closes this end; tasks that wait on it get `Closed`. When it was the last receiving end, what is in the
--- channel is dropped, and senders get `Broken`. Never waits and never raises; calling it again does nothing.
--- Works outside tasks too.
function receiver:close() end

-- }}

-- {{ Select

--- `cohort.select(cases) -> results of the case's function`
---
--- Waits for the first of several operations; exactly one of them happens, and the others have no effect. A
--- case is `{receive, f}`, `{send, value, f}`, `{task, f}` for the end of a task, or `{event, f}`. `f` is
--- called with the item, nothing, the task, or nothing, and its results are returned; without `f`, the number
--- of the case and what `f` would have got. When several cases are ready, the first in the table happens.
---
--- With `timeout = seconds` among the cases, `otherwise(f)` is called after that time, or false is returned
--- without it; `otherwise` without a timeout is called at once when no case is ready. An end that is closed
--- or broken is ready, and raises as the plain call would. A checkpoint: a cancellation raises `Cancelled`,
--- and none of them happens.
--- @async
--- @param cases table
--- @return any ...
function cohort.select(cases) end

-- }}
