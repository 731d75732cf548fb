--- Programs under faults: see engines/faults/trial.lua. Channels and select.
local cohort = require "cohort"
local kit = require "engines.faults.kit"

local programs = {}

programs["cohort.channel"] = function(try)
  for _, capacity in ipairs { 0, 3, math.huge } do try(cohort.channel, capacity) end
  try(cohort.channel, 1, { overflow = "drop_oldest" })
end

programs["cohort.Sender()"] = function(try)
  for _, capacity in ipairs { 0, 2, math.huge } do
    local send, receive = cohort.channel(capacity)
    local sent, got = 0, 0
    cohort.group(function(g)
      g:spawn(function()
        for _ in receive do got = got + 1 end
      end)
      for i = 1, 12 do
        if try(send, i) then sent = sent + 1 end
      end
      send:close()
    end)
    assert(sent == got, "an item was lost")
  end
end

programs["cohort.Receiver()"] = function(try)
  for _, capacity in ipairs { 0, 2, math.huge } do
    local send, receive = cohort.channel(capacity)
    local got = 0
    cohort.group(function(g)
      g:spawn(function()
        for i = 1, 5 do send(i) end
        send:close()
      end)
      for _ = 1, 3 do
        if try(receive) then got = got + 1 end
      end
      for _ in receive do got = got + 1 end
    end)
    assert(got == 5, "an item was lost")
  end
end

programs["sender:offer"] = function(try)
  local send, receive = cohort.channel(math.huge)
  local sent = 0
  for i = 1, 9 do
    local ok, taken = try(send.offer, send, i)
    if ok and taken then sent = sent + 1 end
  end
  send:close()
  for _ in receive do sent = sent - 1 end
  assert(sent == 0, "an item was lost")
end

programs["receiver:poll"] = function(try)
  local send, receive = cohort.channel(1)
  send(1)
  local ok, is, value = try(receive.poll, receive)
  assert(not ok or is and value == 1)
  try(receive.poll, receive)
end

for index, name in ipairs { "sender", "receiver" } do
  programs[name .. ":clone"] = function(try)
    local ends = { cohort.channel() }
    local ok, clone = try(ends[index].clone, ends[index])
    if ok then clone:close() end
  end

  programs[name .. ":close"] = function(try)
    local ends = { cohort.channel() }
    cohort.group({ on_error = "collect" }, function(g)
      g:spawn(pcall, ends[3 - index], 1)
      cohort.checkpoint()
      try(ends[index].close, ends[index])
      ends[index]:close()
    end)
  end
end

programs["cohort.select"] = function(try)
  local send, receive = cohort.channel()
  local full, _ = cohort.channel(1)
  full(1)
  cohort.group(function(g)
    local task = g:spawn(kit.work, 5)
    g:spawn_daemon(function()
      cohort.sleep(1)
      send(1)
      cohort.sleep_forever()
    end)
    local last = { task, function() kit.work(1) end }
    try(cohort.select, { { receive, tostring }, { full, 2 }, last, timeout = 3 })
    try(cohort.select, { { receive }, { full, 2 }, timeout = 1 })
    try(cohort.select, { { receive }, { cohort.event() }, { task, function() end } })
    try(cohort.select, { { receive }, otherwise = function() end })
  end)
end

programs.free = { "sender:close", "receiver:poll", "receiver:close" }

return programs
