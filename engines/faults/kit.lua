--- What the programs under faults share: values that count how often they were closed, a folder, others who
--- do something meanwhile, and errors that a program raises itself.
local core = require "cohort.core"
local cohort = require "cohort"

local kit = {}

local opened, closed = 0, 0

--- A value to be closed once.
function kit.open()
  local value = setmetatable({}, { __close = function() closed = closed + 1 end })
  opened = opened + 1
  return value
end

--- Sleeps with something open; returns the seconds.
function kit.work(seconds)
  local _ <close> = kit.open()
  cohort.sleep(seconds)
  return seconds
end

kit.Expected = cohort.error_type "Expected"

--- Fails after a second, as it is expected to.
function kit.fail()
  cohort.sleep(1)
  error(kit.Expected "expected")
end

function kit.nothing() end

--- Fails at once.
function kit.fail_at_once() error(kit.Expected "expected") end

--- May an error come from the program itself?
function kit.is_expected(err)
  return cohort.is(err, kit.Expected) or cohort.is(err, cohort.Broken) or cohort.is(err, cohort.Closed)
    or cohort.is(err, cohort.Cancelled)
end

--- Calls body() while another task does f(...) after a second.
function kit.beside(body, f, ...)
  local arguments = table.pack(...)
  cohort.group(function(g)
    g:spawn_daemon(function()
      cohort.sleep(1)
      f(table.unpack(arguments, 1, arguments.n))
      cohort.sleep_forever()
    end)
    body()
  end)
end

--- Makes the folder of the programs anew, with a file, a link and a folder in it.
local function prepare()
  kit.folder = assert(os.getenv "FOLDER")
  local command = "cd '%s' && find . -mindepth 1 -delete && mkdir -p sub/deep && ln -s file link"
  assert(os.execute(command:format(kit.folder)))
  for name, text in pairs { file = ("one two 3\n"):rep(100), ["sub/file"] = "x" } do
    local file = assert(io.open(kit.folder .. "/" .. name, "w"))
    file:write(text)
    file:close()
  end
end

--- A stream that owns a descriptor, which is closed when there is none.
function kit.adopt(descriptor)
  local ok, stream = pcall(core.adopt, descriptor, "a pipe", 65536, 1 << 46)
  if ok then return stream end
  _G.close(descriptor)
  return nil, stream
end

--- The two ends of a pipe, for reading and for writing.
function kit.pipe()
  local in_descriptor, out_descriptor = _G.pipe()
  local reading, err = kit.adopt(in_descriptor)
  local writing, other = kit.adopt(out_descriptor)
  if reading and writing then return reading, writing end
  if reading then reading:close() end
  if writing then writing:close() end
  error(err or other, 0)
end

--- A path below that folder.
function kit.path(name)
  if not kit.folder then prepare() end
  return kit.folder .. "/" .. name
end

--- Is everything closed?
function kit.check()
  assert(opened == closed, "not every <close> variable was closed once")
end

return kit
