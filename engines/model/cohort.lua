--- Cohort as a world for walk.lua: its own calls, and errors as text in the reference's words.
local cohort = require "cohort"
local testing = require "cohort.testing"

local kinds = { "Cancelled", "Aborted", "Timeout", "Closed", "Broken", "Deadlock" }

--- What stands in a trace; strings as they are.
local function describe(err)
  if type(err) == "string" then return err end
  if cohort.is(err, cohort.ErrorGroup) then
    local texts = {}
    for i, member in ipairs(err.errors) do texts[i] = describe(member) end
    return "group{" .. table.concat(texts, ", ") .. "}"
  end
  for _, kind in ipairs(kinds) do
    if cohort.is(err, cohort[kind]) then
      return kind == "Aborted" and ("%s(%s)"):format(kind, err.reason.kind) or kind
    end
  end
  return tostring(err)
end

--- The two ends of a channel as one object.
local channel = {}
channel.__index = channel

function channel:send(item) self.sender(item) end
function channel:receive() return self.receiver() end
function channel:offer(item) return self.sender:offer(item) end
function channel:poll() return self.receiver:poll() end
function channel:close_sender() self.sender:close() end
function channel:close_receiver() self.receiver:close() end

local world = setmetatable({ describe = describe }, { __index = cohort })

function world.channel(capacity)
  local sender, receiver = cohort.channel(capacity)
  return setmetatable({ sender = sender, receiver = receiver }, channel)
end

function world.group_block(options, body)
  local g <close> = cohort.open_group(options)
  return body(g)
end

function world.scope_block(seconds, f, ...)
  local _ <close> = cohort.open_scope { timeout = seconds }
  return f(...)
end

function world.finally(body, last)
  return cohort.try(body, cohort.finally(last))
end

local adapter = { world = world }

--- A `run` for walk.through: cohort with some of its calls replaced, and some options of `run` added.
function adapter.runner(replaced, added)
  local other = setmetatable(replaced, { __index = world })
  return function(main)
    local options = { clock = testing.clock { autojump = true }, signals = false }
    for name, value in pairs(added or {}) do options[name] = value end
    local result = table.pack(pcall(cohort.run, options, main, other))
    if not result[1] then return "raised " .. describe(result[2]) end
    return "returned " .. table.concat(result, " ", 2)
  end
end

adapter.run = adapter.runner {}

return adapter
