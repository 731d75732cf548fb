--- Programs under faults: see engines/faults/trial.lua. Broadcasts and values.
local cohort = require "cohort"
local kit = require "engines.faults.kit"

local programs = {}

programs["cohort.broadcast"] = function(try)
  try(cohort.broadcast, 2)
  try(cohort.broadcast)
end

--- A broadcast with two subscribers, who count what they get; calls body(broadcast) and closes it. Both must
--- have got as many as body returns.
local function subscribed(capacity, body)
  local broadcast, got, sent = cohort.broadcast(capacity), { 0, 0 }, nil
  cohort.group(function(g)
    for i = 1, 2 do
      local sub = broadcast:subscribe()
      g:spawn(function()
        for _ in sub do got[i] = got[i] + 1 end
      end)
    end
    cohort.checkpoint()
    sent = body(broadcast)
    broadcast:close()
  end)
  assert(got[1] == sent and got[2] == sent, "an item was lost")
end

for _, name in ipairs { "send", "offer" } do
  programs["broadcast:" .. name] = function(try)
    subscribed(1, function(broadcast)
      local sent = 0
      for i = 1, 6 do
        local ok, taken = try(broadcast[name], broadcast, i)
        if ok and taken ~= false then sent = sent + 1 end
        cohort.checkpoint()
      end
      return sent
    end)
  end
end

programs["broadcast:subscribe"] = function(try)
  local broadcast <close> = cohort.broadcast()
  local ok, sub = try(broadcast.subscribe, broadcast)
  if ok then sub:close() end
end

programs["broadcast:close"] = function(try)
  subscribed(1, function(broadcast)
    try(broadcast.close, broadcast)
    return 0
  end)
end

--- A broadcast with a subscription that has two items.
local function with_items(body)
  local broadcast <close> = cohort.broadcast(4)
  local sub = broadcast:subscribe()
  broadcast:send(1)
  broadcast:send(2)
  body(sub, broadcast)
end

programs["cohort.Subscription()"] = function(try)
  with_items(function(sub, broadcast)
    kit.beside(function()
      for _ = 1, 2 do try(sub) end
      try(sub)
      broadcast:offer(4)
    end, broadcast.send, broadcast, 3)
  end)
end

programs["subscription:poll"] = function(try)
  with_items(function(sub)
    for _ = 1, 3 do try(sub.poll, sub) end
  end)
end

programs["subscription:close"] = function(try)
  with_items(function(sub)
    try(sub.close, sub)
    sub:close()
  end)
end

programs["cohort.value"] = function(try) try(cohort.value, 1) end

programs["value:get"] = function(try)
  local value = cohort.value(1)
  try(value.get, value)
end

programs["value:set"] = function(try)
  local value = cohort.value(0)
  cohort.group(function(g)
    g:spawn(value.wait_for, value, function(v) return v == 3 end)
    g:spawn(function()
      for v in value:changes() do
        if v == 3 then break end
      end
    end)
    for i = 1, 3 do
      cohort.sleep(1)
      try(value.set, value, i)
    end
    value:set(0)
    cohort.sleep(1)
    value:set(3)
  end)
end

programs["value:wait_for"] = function(try)
  local value = cohort.value(0)
  kit.beside(function() try(value.wait_for, value, function(v) return v == 1 end) end, value.set, value, 1)
end

programs["value:changes"] = function(try)
  local value = cohort.value(0)
  local ok, changes = try(value.changes, value)
  if ok then changes:close() end
end

programs["cohort.Changes()"] = function(try)
  local value = cohort.value(0)
  local changes <close> = value:changes()
  kit.beside(function()
    try(changes)
    try(changes)
    value:set(2)
  end, value.set, value, 1)
end

programs["changes:close"] = function(try)
  local changes = cohort.value(0):changes()
  try(changes.close, changes)
  changes:close()
end

programs.free = { "broadcast:send", "broadcast:offer", "subscription:poll", "value:set" }

return programs
