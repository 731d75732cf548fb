--- Steps for what tasks share: events, locks and their kin, channels, select, broadcasts, values.
local cohort = require "cohort"
local steps = require "engines.fuzz.steps"

local step, makers = steps.step, steps.makers

-- {{ Events, locks and their kin

step("event:set", function(w) w:get("event"):set() end)
step("event:wait", function(w) w:get("event"):wait() end)
step("event:is_set", function(w) return w:get("event"):is_set() end)
function makers.event() return cohort.event() end

local function holders(kind)
  step(kind .. ":acquire", function(w) w:get(kind):acquire() end)
  step(kind .. ":try_acquire", function(w) return w:get(kind):try_acquire() end)
  step(kind .. ":release", function(w) w:get(kind):release() end)
  step(kind .. ":with", function(w, body) w:get(kind):with(body) end)
  step(kind .. ":hold", function(w, body)
    local _ <close> = w:get(kind):hold()
    body()
  end)
end

for _, kind in ipairs { "lock", "semaphore", "limiter", "condition" } do holders(kind) end
function makers.lock() return cohort.lock() end
function makers.semaphore(w) return cohort.semaphore(w.input:pick(3) - 1) end
function makers.limiter(w) return cohort.limiter(w.input:pick(3) - 1) end
function makers.condition(w) return cohort.condition(w.input:next() < 128 and w:get("lock") or nil) end

step("limiter.total", function(w) w:get("limiter").total = w.input:one_of(w.counts) end)
step("condition:wait", function(w)
  local condition = w:get("condition")
  condition:with(condition.wait, condition)
end)
step("condition:wait_for", function(w)
  local condition, n = w:get("condition"), 0
  local _ <close> = condition:hold()
  condition:wait_for(function()
    n = n + 1
    if n == 2 then cohort.checkpoint() end
    return n > 2
  end)
end)
step("condition:notify", function(w)
  local condition, n = w:get("condition"), w.input:one_of(w.counts)
  condition:with(condition.notify, condition, n)
end)
step("condition:notify_all", function(w) w:get("condition"):notify_all() end)
step("barrier:wait", function(w) return w:get("barrier"):wait() end)
function makers.barrier(w) return cohort.barrier(w.input:pick(3)) end

-- What nobody enters but by these steps, so that how many are inside is known.
local function guarded(kind, most, make)
  makers["guarded " .. kind] = make
  step("guarded " .. kind, function(w, body)
    local object = w:get("guarded " .. kind)
    object:with(function()
      local _ <close> = setmetatable({}, { __close = function() w:leave(object) end })
      w:enter(object, most)
      body()
    end)
  end)
end

guarded("lock", 1, function() return cohort.lock() end)
guarded("semaphore", 2, function() return cohort.semaphore(2) end)
guarded("limiter", 2, function() return cohort.limiter(2) end)

-- }}

-- {{ Channels and select

local overflows = { "wait", "wait", "drop_oldest", "drop_newest" }

local function new_channel(w)
  return cohort.channel(w.input:one_of(w.counts), { overflow = w.input:one_of(overflows) })
end

function makers.sender(w)
  local send, receive = new_channel(w)
  w:put("receiver", receive)
  return send
end

function makers.receiver(w)
  local send, receive = new_channel(w)
  w:put("sender", send)
  return receive
end

step("send", function(w) w:get("sender")(w:new_item()) end)
step("send:offer", function(w) w:get("sender"):offer(w:new_item()) end)
step("send:clone", function(w) w:put("sender", w:get("sender"):clone()) end)
step("send:close", function(w) w:get("sender"):close() end)
step("receive", function(w) w:take_item(w:get("receiver")()) end)
step("receive, in a loop", function(w)
  local left = w.input:pick(4)
  for item in w:get("receiver") do
    w:take_item(item)
    left = left - 1
    if left == 0 then break end
  end
end)
step("receive:poll", function(w)
  local got, item = w:get("receiver"):poll()
  if got then w:take_item(item) end
end)
step("receive:clone", function(w) w:put("receiver", w:get("receiver"):clone()) end)
step("receive:close", function(w) w:get("receiver"):close() end)
step("channel, in blocks", function(w, body)
  local send, receive = new_channel(w)
  local _ <close> = send
  local _ <close> = receive
  w:put("sender", send)
  w:put("receiver", receive)
  body()
end)

local cases = {
  function(w) return { w:get("receiver"), function(item) w:take_item(item) end } end,
  function(w) return { w:get("sender"), w:new_item() } end,
  function(w) return { w:get("task") } end,
  function(w) return { w:get("event"), w.script } end,
  function(w) return { w:get("sender"), w:new_item(), w.script } end,
}

step("select", function(w, body)
  local how, list = w.input:next(), {}
  for i = 1, how & 3 do list[i] = w.input:one_of(cases)(w) end
  if how & 4 == 4 then list.timeout = w:duration() end
  if how & 8 == 8 or how & 3 == 0 then list.otherwise = body end
  cohort.select(list)
end)

-- }}

-- {{ Broadcasts and values

function makers.broadcast(w)
  return cohort.broadcast(w.input:one_of(w.counts), { overflow = w.input:one_of(overflows) })
end
function makers.subscription(w) return w:get("broadcast"):subscribe() end
function makers.value(w) return cohort.value(w.input:next()) end
function makers.changes(w) return w:get("value"):changes() end

step("broadcast:send", function(w) w:get("broadcast"):send(w.input:next()) end)
step("broadcast:offer", function(w) w:get("broadcast"):offer(w.input:next()) end)
step("broadcast:subscribe", function(w) w:put("subscription", w:get("broadcast"):subscribe()) end)
step("broadcast:close", function(w) w:get("broadcast"):close() end)
step("subscription", function(w) return w:get("subscription")() end)
step("subscription:poll", function(w) return w:get("subscription"):poll() end)
step("subscription:close", function(w) w:get("subscription"):close() end)
step("value:set", function(w) w:get("value"):set(w.input:next()) end)
step("value:get", function(w) return w:get("value"):get() end)
step("value:wait_for", function(w)
  local least = w.input:next()
  local got = w:get("value"):wait_for(function(v) return v >= least end)
  if got < least then w:blame("wait_for gave %d, which is less than %d", got, least) end
end)
step("changes", function(w) return w:get("changes")() end)
step("changes:close", function(w) w:get("changes"):close() end)

-- }}

return steps
