--- Programs under faults: see engines/faults/trial.lua. What tasks wait for among themselves.
local cohort = require "cohort"
local kit = require "engines.faults.kit"

local programs = {}

programs["cohort.event"] = function(try) try(cohort.event) end

programs["event:set"] = function(try)
  local event = cohort.event()
  cohort.group(function(g)
    for _ = 1, 3 do g:spawn(event.wait, event) end
    cohort.sleep(1)
    try(event.set, event)
    event:set()
  end)
end

programs["event:is_set"] = function(try)
  local event = cohort.event()
  try(event.is_set, event)
end

programs["event:wait"] = function(try)
  local event = cohort.event()
  kit.beside(function()
    try(event.wait, event)
    try(event.wait, event)
  end, event.set, event)
end

-- {{ Locks, semaphores, limiters, conditions: who may hold what

local makers = {
  lock = cohort.lock, condition = cohort.condition,
  semaphore = function() return cohort.semaphore(1) end,
  limiter = function() return cohort.limiter(1) end,
}

--- Calls body(object) while another task holds it for a second.
local function held(make, body)
  local object = make()
  cohort.group(function(g)
    g:spawn(object.with, object, kit.work, 1)
    cohort.checkpoint()
    body(object)
  end)
  assert(object:try_acquire(), "it was not given back")
  object:release()
end

for name, make in pairs(makers) do
  programs["cohort." .. name] = function(try) try(make) end

  programs[name .. ":acquire"] = function(try)
    held(make, function(object)
      if try(object.acquire, object) then object:release() end
      if try(object.acquire, object) then object:release() end
      try(cohort.move_on_after, 0, object.with, object, kit.work, 1)
    end)
  end

  programs[name .. ":try_acquire"] = function(try)
    held(make, function(object) try(object.try_acquire, object) end)
    local object = make()
    try(object.try_acquire, object)
  end

  programs[name .. ":release"] = function(try)
    local object = make()
    object:acquire()
    cohort.group(function(g)
      g:spawn(object.with, object, kit.work, 1)
      g:spawn(object.with, object, kit.work, 1)
      cohort.checkpoint()
      if not try(object.release, object) then object:release() end
    end)
  end

  programs[name .. ":with"] = function(try)
    held(make, function(object)
      try(object.with, object, kit.work, 1)
      try(object.with, object, kit.fail)
    end)
  end

  programs[name .. ":hold"] = function(try)
    held(make, function(object)
      try(function()
        local _ <close> = object:hold()
        kit.work(1)
      end)
      try(function()
        local _ <close> = object:hold()
        kit.fail()
      end)
    end)
  end
end

-- }}

--- A condition; calls body(condition, go) while another task makes it true after a second.
local function conditional(body)
  local condition, ready = cohort.condition(), false
  kit.beside(function() body(condition, function() return ready end) end, function()
    condition:with(function()
      ready = true
      condition:notify_all()
    end)
  end)
end

programs["condition:wait"] = function(try)
  conditional(function(condition, is_ready)
    condition:with(function()
      try(condition.wait, condition)
      while not is_ready() do condition:wait() end
    end)
  end)
end

programs["condition:wait_for"] = function(try)
  conditional(function(condition, is_ready)
    condition:with(function()
      try(condition.wait_for, condition, is_ready)
      condition:wait_for(is_ready)
    end)
  end)
end

for _, name in ipairs { "notify", "notify_all" } do
  programs["condition:" .. name] = function(try)
    local condition = cohort.condition()
    cohort.group(function(g)
      g:spawn(condition.with, condition, condition.wait, condition)
      cohort.sleep(1)
      condition:with(function()
        try(condition[name], condition)
        condition:notify_all()
      end)
    end)
  end
end

programs["cohort.barrier"] = function(try) try(cohort.barrier, 2) end

programs["barrier:wait"] = function(try)
  local barrier = cohort.barrier(2)
  cohort.group({ on_error = "collect" }, function(g)
    for _ = 1, 2 do g:spawn(try, barrier.wait, barrier) end
    cohort.sleep(1)
    g:cancel()
  end)
end

programs.free = {
  "event:set", "event:is_set", "lock:release", "semaphore:try_acquire", "semaphore:release",
  "limiter:release", "condition:notify", "condition:notify_all", "condition:release",
}

return programs
