--- The load of the soak engine, in rounds: connections and echoes, tasks and groups, timers, cancellations.
---
--- Everything lives in one run: a server, and a few connections that stay open. What a round starts has ended
--- with it, so that whatever is held more after many rounds is a leak.
local cohort = require "cohort"
local net = require "cohort.net"
local leaks = require "cohort.testing.leaks"
local slope = require "engines.soak.slope"

local load = {}

--- What is looked at, and how much of it may grow in all by noise.
load.quantities = { resident = 1 << 20, lua = 16384, tasks = 0.5, handles = 0.5, descriptors = 0.5,
  references = 0.5 }

local host = "127.0.0.1"

local more_than_fits = ("x"):rep(6000000)  -- into sockets

local function ignore() end

local function echo(stream)
  for line in stream:lines() do stream:write(line, "\n") end
end

local function ask(stream, text)
  stream:write(text, "\n")
  assert(stream:read() == text, "a wrong echo")
end

--- @class SoakCounts   private
--- @field tried integer     echoes, tasks and timers
--- @field injected integer  tasks that were cancelled
local Load = {}
Load.__index = Load

function Load:connections()
  cohort.group(function(g)
    for i = 1, 6 do
      g:spawn(function()
        local stream <close> = net.connect(host, self.port)
        for j = 1, 5 do ask(stream, ("%d %d"):format(i, j)) end
        if i == 1 then ask(stream, ("x"):rep(60000)) end
      end)
    end
    for _, stream in ipairs(self.streams) do g:spawn(ask, stream, "still here") end
  end)
  self.tried = self.tried + 31 + #self.streams
end

function Load:tasks()
  cohort.group({ limit = 20 }, function(g)
    for i = 1, 60 do
      g:spawn(function()
        cohort.checkpoint()
        if i % 10 == 0 then
          cohort.attempt(cohort.group, function(inner)
            inner:spawn(cohort.sleep_forever)
            inner:spawn(error, "one that fails")
          end)
        end
      end)
    end
  end)
  self.tried = self.tried + 72
  self.injected = self.injected + 6
end

function Load:timers()
  cohort.group(function(g)
    for i = 1, 30 do g:spawn(cohort.sleep, i % 5 * 0.0005) end
    for _ = 1, 5 do g:spawn(cohort.move_on_after, 0.001, cohort.sleep_forever) end
  end)
  self.tried = self.tried + 35
  self.injected = self.injected + 5
end

local function write_to_nobody()
  local listener <close> = net.listen(host, 0)
  local stream <close> = net.connect(host, listener.local_address.port)
  local _ <close> = listener:accept()
  stream:write(more_than_fits)
end

function Load:cancellations()
  local event, lock, send, receive = cohort.event(), cohort.lock(), cohort.channel()
  local waits = {
    function() event:wait() end,
    function() lock:with(cohort.sleep_forever) end,
    function() receive() end,
    function() cohort.sleep(100) end,
    function()
      local stream <close> = net.connect(host, self.port)
      stream:read()
    end,
    function() net.resolve "localhost" end,
  }
  cohort.group(function(g)
    for _ = 1, 3 do
      for _, wait in ipairs(waits) do g:spawn(wait) end
    end
    g:spawn(write_to_nobody)
    cohort.sleep(0.001)
    g:cancel "enough"
  end)
  send:close()
  self.tried = self.tried + 3 * #waits + 1
  self.injected = self.injected + 3 * #waits + 1
end

-- Pages of memory that this process has, as bytes.
local function resident()
  local file = io.open "/proc/self/statm"
  if not file then return 0 end
  local _, pages = file:read("n", "n")
  file:close()
  return pages * 4096
end

-- Takes a sample. Nothing is allocated for it that stays.
local function sample(self, samples)
  collectgarbage()
  collectgarbage()
  local counts = leaks.count()
  counts.at, counts.resident, counts.lua = self.tried, resident(), collectgarbage "count" * 1024
  samples:add(counts)
end

-- A look at I/O closes what has ended, and lets lookups end that were left behind.
local function settle()
  cohort.group(function(g)
    for _ = 1, 4 do g:spawn(net.resolve, "localhost") end
  end)
  cohort.sleep(0.001)
end

--- Runs rounds while `go_on(round)` is true, and takes a sample after each `every` of them.
--- @param options {go_on: (fun(round: integer): boolean), every: integer, also: function?}
---   `also(self, group)` is called in each round, for faults that are planted
--- @return table samples  of engines.soak.slope
--- @return SoakCounts
function load.run(options)
  local self = setmetatable({ tried = 0, injected = 0, streams = {} }, Load)
  local samples = slope.samples(load.quantities)
  cohort.run({ signals = false }, cohort.group, function(g)
    local listener = net.listen(host, 0)
    self.port = listener.local_address.port
    g:spawn_daemon(net.serve, listener, { on_error = ignore }, echo)
    for i = 1, 3 do self.streams[i] = net.connect(host, self.port) end
    local round = 0
    while options.go_on(round) do
      round = round + 1
      self:connections()
      self:tasks()
      self:timers()
      self:cancellations()
      if options.also then options.also(self, g) end
      if round % options.every == 0 then
        settle()
        sample(self, samples)
      end
    end
    for _, stream in ipairs(self.streams) do stream:close() end
  end)
  return samples, self
end

return load
