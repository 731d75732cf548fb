--- Fuzzes socket addresses: texts, paths, and what the system could give.
---
--- A text is a numeric address exactly when the system's own reader says so, and means the same bytes;
--- what is shown of it is an address again, the same one. What no address is, is told apart by its error.
local address = require "fuzz.address"
local core = require "cohort.core"
local cohort = require "cohort"
local bytes = require "engines.fuzz.bytes"
local watched = require "engines.fuzz.watched"

local net, testing = cohort.net, cohort.testing

local PATH_MAX, NAME_MAX = 107, 108  -- of a file, and of a name without one: "@name"

local function same(a, b)
  return a.host == b.host and a.port == b.port and a.family == b.family and a.path == b.path
end

-- Is what is shown of an address the address?
local function check_shown(shown, text)
  local again, text_again = address.parse(shown.host, shown.port)
  assert(again, "what was shown is no address: " .. text)
  assert(same(shown, again) and text == text_again, "shown otherwise when read again: " .. text)
  local form = shown.family == "inet" and "%s:%d" or "[%s]:%d"
  assert(text == form:format(shown.host, shown.port), "the text is not of the form: " .. text)
end

local function check_text(input)
  local port = (input:next() << 8 | input:next())
  local host = input:rest():gsub("%z", "")
  local family, binary = address.by_system(host)
  local shown, text = address.parse(host, port)
  if not host:find("%", 1, true) then
    assert((shown ~= nil) == (family ~= nil), "we and the system do not agree on " .. host)
  end
  if not shown then return true end
  assert(shown.port == port)
  if family then
    assert(family == shown.family, "of another family: " .. host)
    assert(select(2, address.by_system(shown.host)) == binary, "another address: " .. text)
  end
  check_shown(shown, text)
  local numeric = core.numeric_address(host)
  assert(numeric.host == shown.host and numeric.family == shown.family and numeric.port == nil)
end

local function check_path(input)
  local path = input:rest()
  if path:find "^%z" or path == "" then return end  -- refused before: nobody calls with these
  local shown, text = address.from_path(path)
  local is_name = path:sub(1, 1) == "@"
  local fits = #path <= (is_name and NAME_MAX or PATH_MAX)
  assert((shown ~= nil) == fits, "a path that is refused, or should be")
  if not shown then return true end
  local expected = is_name and path or path:match "^%Z+"
  assert(shown.family == "unix" and shown.path == expected)
  assert(text == expected)
end

local function check_system(input)
  local shown, text = address.from_system(input:rest())
  if not shown then return text == "without a name" or error("a text of no address: " .. text) end
  if shown.host and not shown.host:find("%", 1, true) then check_shown(shown, text) end
end

-- What is raised for a text that is no name of a socket.
local function check_error(err, pattern)
  if cohort.is(err, cohort.Error) then return end
  assert(type(err) == "string" and err:find(pattern), err)
end

local function check_resolve(input)
  local host = input:rest()
  local ok, list = cohort.run({ signals = false }, function()
    return pcall(testing.with_names, {}, net.resolve, host)
  end)
  local numeric = not host:find("\0", 1, true) and core.numeric_address(host)
  assert(ok == (numeric and true or false), "resolved, or not: " .. host)
  if not ok then return true, check_error(list, "resolve expects") end
  assert(#list == 1 and same(list[1], numeric))
end

-- A socket of that path, relative to a folder that is ours, there and back.
local function check_socket(input)
  local path = input:one_of { "@", "s" } .. input:rest():gsub("/", "_")
  os.remove(path)
  local ok, err = pcall(cohort.run, { signals = false }, function()
    local listener <close> = net.listen_unix(path)
    assert(listener.local_address.path == path)
    local stream <close> = net.connect_unix(path)
    assert(stream.peer_address.path == path)
    local served <close> = listener:accept()
    assert(served.local_address.path == path)
  end)
  os.remove(path)
  if not ok then return true, check_error(err, "_unix expects") end
end

local checks = { check_text, check_text, check_path, check_system, check_resolve, check_socket }

return watched(function(text)
  local input = bytes.of(text)
  return (input:one_of(checks)(input))
end)
