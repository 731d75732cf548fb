--- One trial, run by host.c: all of cohort is loaded with the meter on. What fails says that memory ran out,
--- and loading it again works. MODULES in the environment has the files.
local modules = {}
for name in os.getenv "MODULES":gmatch "([%l_]+)%.lua" do
  if name ~= "cli" then table.insert(modules, name == "init" and "cohort" or "cohort." .. name) end
end

local function load_all()
  for _, name in ipairs(modules) do require(name) end
end

local ok, err = _G.try(load_all)
assert(ok or tostring(err):find "not enough memory" or tostring(err):find "cannot allocate memory", err)
load_all()
local cohort = require "cohort"
assert(cohort.run({ signals = false }, function() return cohort.gather { cohort.now }.n end) == 1)
