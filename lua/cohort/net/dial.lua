--- Connecting to a host that may have several addresses: Happy Eyeballs, RFC 8305.
---
--- All addresses that are found go into one `dial`, and the one loop below takes them out of it: families
--- alternating, each a quarter of a second after the one before, or as soon as one has failed. Lookups add
--- more while attempts are under way.
---
--- The system looks up both families together, sorts the addresses, and waits for the slower answer. So a
--- lookup that takes longer than the resolution delay gets a second one beside it, for IPv4 alone: a server
--- that drops queries for IPv6 addresses then costs that delay and not seconds.
local core = require "cohort.core"
local try = require "cohort.try"
local names = require "cohort.net.names"

local attempt = try.attempt

local ATTEMPT_DELAY = 0.25     -- seconds until the next address is tried as well
local RESOLUTION_DELAY = 0.05  -- seconds for a lookup before IPv4 is looked up separately

--- @class cohort.Dial   private
--- @field host string
--- @field left table<string, cohort.Address[]>  by family, not tried yet, in reverse order
--- @field seen table<string, true>  hosts that are or were in `left`
--- @field family string?   the one to try next
--- @field asking integer   lookups under way
--- @field failure any      error of the lookup of all families
--- @field attempts integer  begun so far
--- @field errors table<integer, cohort.SystemError>  of the attempts that failed
--- @field failed integer   how many those are
--- @field stream cohort.Stream|false  the first that was connected
--- @field changed cohort.Event  set when any of this changes
--- @field group cohort.Group

local other = { inet = "inet6", inet6 = "inet" }

local Dial = { __name = "cohort.dial" }

-- Closes a stream that nobody will get, because the caller was cancelled.
function Dial:__close(err)
  if err ~= nil and self.stream then self.stream:close() end
end

function Dial:__tostring()
  return ("a connection to %s (%d lookups and %d attempts on their way)"):format(
    self.host, self.asking, self.attempts - self.failed)
end

---------------------------------------------------------------------------
-- Addresses

local function add(dial, addresses)
  for _, address in ipairs(addresses) do
    if not dial.seen[address.host] then
      dial.seen[address.host] = true
      dial.family = dial.family or address.family
      table.insert(dial.left[address.family], 1, address)
    end
  end
end

-- The next address to try, or nil.
local function take(dial)
  local family = dial.family
  if not family then return nil end
  if #dial.left[family] == 0 then family = other[family] end
  local address = table.remove(dial.left[family])
  if address then dial.family = other[family] end
  return address
end

-- Runs in a task of its own: looks up a host, for all families or for one.
local function look_up(dial, host, where, family)
  local ok, result = attempt(names.lookup, host, where, family)
  dial.asking = dial.asking - 1
  if ok then add(dial, result)
  elseif not family then dial.failure = result
  end
  dial.changed:set()
end

---------------------------------------------------------------------------
-- Attempts

-- Runs in a task of its own: connects to an address.
local function connect(dial, i, ...)
  local ok, result = attempt(core.connect, ...)
  if not ok then
    if not core.error_is(result, core.SystemError) then error(result, 0) end
    dial.errors[i], dial.failed = result, dial.failed + 1
    dial.changed:set()
  elseif dial.stream then
    result:close()
  else
    dial.stream = result
    dial.group:cancel("another address was first")
  end
end

local function ask(dial, host, where, family)
  dial.group:spawn(look_up, dial, host, where, family).name = "lookup of " .. host
end

-- Waits until something changes, or until the time `at`.
local function wait(dial, at)
  dial.changed = core.event()
  core.move_on_at(at, dial.changed.wait, dial.changed)
end

-- Begins an attempt, and waits until its time is over or one fails.
local function try_one(dial, host, ...)
  local failed, at = dial.failed, core.now() + ATTEMPT_DELAY
  dial.attempts = dial.attempts + 1
  dial.group:spawn(connect, dial, dial.attempts, host, ...).name = "connect to " .. host
  repeat wait(dial, at) until dial.failed > failed or core.now() >= at
end

local function try_all(g, dial, host, port, where, ...)
  dial.group = g
  ask(dial, host, where)
  wait(dial, core.now() + RESOLUTION_DELAY)
  if dial.asking > 0 then
    dial.asking = dial.asking + 1
    ask(dial, host, where, "inet")
  end
  while true do
    local address = take(dial)
    if address then
      try_one(dial, address.host, port, where, ...)
    elseif dial.failed < dial.attempts or dial.asking > 0 and not dial.failure then
      wait(dial, math.huge)
    else
      return g:cancel("no address is left")  -- nobody needs the lookups that are still under way
    end
  end
end

-- The error when nothing could be connected.
local function failure_of(dial, host, where)
  local first = dial.errors[1]
  if not first then return dial.failure end
  if dial.attempts == 1 then return first end
  return core.SystemError {
    message = first.message, code = first.code, errno = first.errno, operation = first.operation,
    address = first.address, where = where,
    cause = core.error_group(("connect %s: none of %d addresses"):format(host, dial.attempts), dial.errors),
  }
end

--- Connects to a host; the other arguments are those of core.connect. Raises `SystemError`: that of the first
--- address tried, with all of them as its cause when there were several, or that of the lookup.
local function dial_host(host, port, where, ...)
  if core.numeric_address(host) ~= nil then return core.connect(host, port, where, ...) end
  local dial <close> = setmetatable({
    host = host,
    left = { inet = {}, inet6 = {} }, seen = {}, asking = 1, attempts = 0, errors = {}, failed = 0,
    stream = false, changed = core.event(),
  }, Dial)
  try.unwrap(core.group, { name = "connect" }, try_all, dial, host, port, where, ...)
  if dial.stream then return dial.stream end
  error(failure_of(dial, host, where), 0)
end

return dial_host
