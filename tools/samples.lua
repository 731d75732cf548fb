--- One live object of each class, for comparing the definitions in lua/cohort/meta with what runs.
---
--- A class with its own methods or fields needs a line in `make`, under the variable that stands for it in
--- its meta file; no field that is not optional may be nil in it. Modules are found by their names.
local cohort = require "cohort"

local samples = {}

local function nothing() end

--- Fills `objects` and calls `use`; everything in them is closed when it has returned.
local function make(objects, use)
  local net, fs = require "cohort.net", require "cohort.fs"
  local tempdir <close> = fs.temp_dir()
  local file <close> = fs.temp_file { dir = tempdir.path }
  local watcher <close> = fs.watch(tempdir.path)
  local listener <close> = net.listen("127.0.0.1", 0)
  local stream <close> = net.connect("127.0.0.1", listener.local_address.port)
  local socket <close> = net.udp { peer = { host = "127.0.0.1", port = 9 } }
  local child <close> = require("cohort.process").open { "cat" }
  local sizes <close> = require("cohort.stdio").size_changes()
  objects.sizes = sizes
  objects.child, objects.listener, objects.stream, objects.socket = child, listener, stream, socket
  objects.tempdir, objects.file, objects.watcher = tempdir, file, watcher
  objects.context = cohort.context "sample"
  objects.sequencer = cohort.testing.sequencer()
  objects.eg = cohort.error_group("sample", { "sample" })
  objects.event, objects.lock, objects.semaphore = cohort.event(), cohort.lock(), cohort.semaphore(1, 1)
  objects.limiter, objects.condition = cohort.limiter(1), cohort.condition()
  objects.barrier = cohort.barrier(2)
  objects.sender, objects.receiver = cohort.channel(1)
  objects.signals = cohort.signals "SIGUSR1"
  objects.broadcast, objects.value = cohort.broadcast(1), cohort.value(1)
  objects.subscription, objects.changes = objects.broadcast:subscribe(), objects.value:changes()
  cohort.group(function(g)
    objects.g, objects.task = g, g:spawn(nothing)
    cohort.scope({ name = "sample" }, function(scope)
      objects.scope = scope
      use(objects)
    end)
  end)
end

--- Adds the modules: each class that is the module of a meta file.
local function add_modules(objects, definitions)
  for variable, class in pairs(definitions.objects) do
    local entry = definitions.types[class]
    if entry and entry.kind == "module" then objects[variable] = require(class) end
  end
  return objects
end

--- Is there an object for every variable?
local function check_complete(objects, definitions)
  for variable, class in pairs(definitions.objects) do
    if objects[variable] == nil then
      error(("tools/samples.lua makes no %s ('%s')"):format(class, variable), 0)
    end
  end
end

--- Calls use(objects) inside a task, with a module or a live object by each variable of the definitions.
--- @param definitions table  of tools/meta.lua
--- @param use fun(objects: table)
function samples.with(definitions, use)
  local objects = add_modules({}, definitions)
  objects.clock = cohort.testing.clock { autojump = true }
  objects.runner = cohort.testing.open_runner()
  objects.runner:close()  -- one at a time
  cohort.run({ clock = objects.clock }, make, objects, function()
    check_complete(objects, definitions)
    use(objects)
  end)
end

return samples
