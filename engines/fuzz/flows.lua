--- Steps for streams in memory. What is written into a pair counts up, so that what comes out of the other
--- end is known, however it is read, cut and tried again; `copy_to` has pairs of its own.
local cohort = require "cohort"
local testing = require "cohort.testing"
local steps = require "engines.fuzz.steps"

local step, makers = steps.step, steps.makers

local BYTES = 26

--- `n` bytes of the series, behind the first `at`.
local function series(at, n)
  local part = {}
  for i = 1, n do part[i] = string.char(97 + (at + i - 1) % BYTES) end
  return table.concat(part)
end

local capacities = { 1, 5, 64, 65536 }

-- Two ends, each as {stream =, peer =, written =, read =}; the other one takes a place too.
local function pair(w, kind)
  local how = w.input:next()
  local options = { capacity = capacities[(how & 3) + 1], line_max = 20, buffer_max = 100 }
  local a, b
  if how & 4 == 4 then
    a, b = cohort.net.pair(options)
  else
    options.seed, options.split = how + 1, how & 8 == 8
    options.delay = how & 16 == 16 and { 0, 2 } or nil
    options.reset_after = how & 32 == 32 and 30 or nil
    a, b = testing.stream_pair(options)
  end
  local one, other = { stream = a, written = 0, read = 0 }, { stream = b, written = 0, read = 0 }
  one.peer, other.peer = other, one
  w:put(kind, other)
  return one
end

function makers.flow(w) return pair(w, "flow") end
function makers.copied(w) return pair(w, "copied") end

-- What was read must be what comes next.
local function check(w, flow, text)
  if type(text) ~= "string" then return text == nil or w:blame("read %s", tostring(text)) end
  if text ~= series(flow.read, #text) then w:blame("read %q behind %d bytes", text, flow.read) end
  flow.read = flow.read + #text
end

local function read(w, name, ...)
  local flow = w:get("flow")
  check(w, flow, flow.stream[name](flow.stream, ...))
end

step("stream:read", function(w) read(w, "read", w.input:next() % 40) end)
step("stream:read a line", function(w) read(w, "read", "l") end)
step("stream:read all", function(w) read(w, "read", "a") end)
step("stream:read_some", function(w) read(w, "read_some", w.input:pick(40)) end)
step("stream:read_exactly", function(w) read(w, "read_exactly", w.input:next() % 120) end)
step("stream:read_until", function(w)
  local flow = w:get("flow")
  local text = flow.stream:read_until("z", w.input:pick(40))
  check(w, flow, text and text .. "z")
end)
step("stream:read several", function(w)
  local flow = w:get("flow")
  local a, b, c = flow.stream:read(2, 3, w.input:next() % 30)
  check(w, flow, a and a .. (b or "") .. (c or ""))
end)
step("stream:lines", function(w)
  local flow = w:get("flow")
  check(w, flow, flow.stream:lines(4)())
end)
step("stream:chunks", function(w)
  local flow = w:get("flow")
  check(w, flow, flow.stream:chunks(w.input:pick(40))())
end)
step("stream:write", function(w)
  local flow, n = w:get("flow"), w.input:next()
  local text = series(flow.written, n)
  flow.stream:write(text:sub(1, n // 2), { text:sub(n // 2 + 1) })
  flow.written = flow.written + n
end)
step("stream:shutdown", function(w) w:get("flow").stream:shutdown() end)
step("stream:close", function(w) w:get("flow").stream:close() end)
step("stream, in a block", function(w, body)
  local _ <close> = w:get("flow").stream
  body()
end)
step("stream:copy_to", function(w)
  local n = w.input:next()
  w:get("copied").stream:copy_to(w:get("copied").stream, n > 0 and n or nil)
end)
step("copied:write", function(w) w:get("copied").stream:write(("x"):rep(w.input:next())) end)
step("copied:read_some", function(w) w:get("copied").stream:read_some(w.input:pick(40)) end)
step("copied:close", function(w) w:get("copied").stream:close() end)
step("copied:shutdown", function(w) w:get("copied").stream:shutdown() end)

return steps
