-- What stands for a handle: how a method knows its own.
local cohort = require "cohort"
local fs = require "cohort.fs"
local net = require "cohort.net"
local tasks = require "spec.support.tasks"

local raised, virtual = tasks.raised, tasks.virtual

local methods = {
  stream = { "close", "read", "read_some", "lines", "write", "shutdown", "set_nodelay" },
  listener = { "close", "accept" },
  file = { "close", "read", "lines", "write", "seek" },
}

local fields = { stream = "peer_address", listener = "local_address", file = "path" }

-- Calls f(objects), with an object of each kind, by its noun.
local function with_objects(f)
  virtual(function()
    local stream <close>, other = net.pair()
    other:close()
    local listener <close> = net.listen("127.0.0.1", 0)
    local file <close> = fs.open "/proc/version"
    f { stream = stream, listener = listener, file = file }
  end)
end

-- Whether every method of a kind, and a field, refuses a value that has the kind's metatable, and says so.
local function refused(noun, object, value)
  local own, meta = debug.getmetatable(value), debug.getmetatable(object)
  debug.setmetatable(value, meta)
  local told = {}
  for _, name in ipairs(methods[noun]) do told[name] = raised(object[name], value) end
  told.tostring, told.index = raised(tostring, value), raised(function() return value[fields[noun]] end)
  debug.setmetatable(value, own)
  for name, text in pairs(told) do
    assert.matches(("expects a %s first, got"):format(noun), text, name)
  end
end

describe("a method", function()
  it("refuses the userdata of another library, whatever metatable that has been given", function()
    with_objects(function(objects)
      for noun, object in pairs(objects) do
        local foreign <close> = io.tmpfile()
        refused(noun, object, foreign)
      end
    end)
  end)

  it("refuses one of our own of another kind, whatever metatable that has been given", function()
    with_objects(function(objects)
      refused("stream", objects.stream, objects.listener)
      refused("listener", objects.listener, objects.file)
      refused("file", objects.file, objects.stream)
      refused("stream", objects.stream, cohort.event())
    end)
  end)

end)

describe("copy_to", function()
  it("copies to nothing that only has the metatable of a stream", function()
    with_objects(function(objects)
      local foreign <close> = io.tmpfile()
      local own = debug.getmetatable(foreign)
      debug.setmetatable(foreign, debug.getmetatable(objects.stream))
      local text = raised(objects.stream.copy_to, objects.stream, foreign)
      debug.setmetatable(foreign, own)
      assert.matches("copy_to expects a stream to copy to, got", text)
    end)
  end)
end)
