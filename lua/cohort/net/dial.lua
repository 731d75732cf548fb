--- Connecting to a host that may have several addresses: Happy Eyeballs, RFC 8305.
---
--- All that is found goes into one `dial`, and the one loop below takes addresses out of it: families in
--- turn, each a quarter of a second after the one before, or at once when one has failed. Lookups add to it
--- while attempts are on their way.
---
--- The system asks for both families in one lookup, sorts what it gets, and waits for the slower half; so a
--- lookup that takes longer than the resolution delay gets a second one beside it, for IPv4 alone: a server
--- that drops questions for IPv6 addresses then costs that delay and not seconds.
local core = require "cohort.core"
local try = require "cohort.try"
local names = require "cohort.net.names"

local attempt = try.attempt

local ATTEMPT_DELAY = 0.25     -- seconds until the next address is tried as well
local RESOLUTION_DELAY = 0.05  -- seconds that a lookup gets before IPv4 is asked for by itself

--- @class cohort.Dial   private
--- @field host string
--- @field left table<string, cohort.Address[]>  by family, not tried yet, last first
--- @field seen table<string, true>  hosts that are or were in `left`
--- @field family string?   whose turn it is
--- @field asking integer   lookups on their way
--- @field failure any      what the lookup of all families failed with
--- @field attempts integer  begun
--- @field errors table<integer, cohort.SystemError>  of the attempts that failed
--- @field failed integer   how many those are
--- @field stream cohort.Stream|false  the one that was first
--- @field changed cohort.Event  set when anything of this was
--- @field group cohort.Group

local other = { inet = "inet6", inet6 = "inet" }

local Dial = { __name = "cohort.dial" }

-- A stream that nobody is going to get, because the one who asked was cancelled.
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

-- The next to be tried, or nil.
local function take(dial)
  local family = dial.family
  if not family then return nil end
  if #dial.left[family] == 0 then family = other[family] end
  local address = table.remove(dial.left[family])
  if address then dial.family = other[family] end
  return address
end

-- In a task of its own: looks a host up, all addresses, or those of one family.
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

-- In a task of its own: connects to an address.
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

-- Waits until something changes, or until that time.
local function wait(dial, at)
  dial.changed = core.event()
  core.move_on_at(at, dial.changed.wait, dial.changed)
end

-- Begins an attempt, and gives it its time unless one fails meanwhile.
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
      return g:cancel("no address is left")  -- nobody needs what is still being looked up
    end
  end
end

-- What is raised when nothing could be connected.
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

--- Connects to a host; the rest is as core.connect takes it. Raises `SystemError`: that of the first address
--- that was tried, with all of them as its cause when there were several, or that of the lookup.
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
