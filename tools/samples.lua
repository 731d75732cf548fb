--- One live object of each class, for whoever compares the definitions in lua/cohort/meta with what runs.
---
--- A class with methods or fields of its own gets a line in `make`, under the variable that stands for it in
--- its meta file; no field that is always there may be nil in it. Modules are found by their names.
local cohort = require "cohort"

local samples = {}

local function nothing() end

--- Fills `objects` and calls `use`; everything in it is closed when it has returned.
local function make(objects, use)
  local net = require "cohort.net"
  local listener <close> = net.listen("127.0.0.1", 0)
  local stream <close> = net.connect("127.0.0.1", listener.local_address.port)
  objects.listener, objects.stream = listener, stream
  objects.context = cohort.context "sample"
  objects.clock = cohort.testing.clock()
  objects.eg = cohort.error_group("sample", { "sample" })
  objects.event, objects.lock, objects.semaphore = cohort.event(), cohort.lock(), cohort.semaphore(1, 1)
  objects.limiter, objects.condition = cohort.limiter(1), cohort.condition()
  objects.barrier = cohort.barrier(2)
  objects.sender, objects.receiver = cohort.channel(1)
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
  local options = { clock = cohort.testing.clock { autojump = true } }
  cohort.run(options, make, add_modules({}, definitions), function(objects)
    check_complete(objects, definitions)
    use(objects)
  end)
end

return samples
