--- What the host of the close engine runs: called with "example NAME", "call NAME" or "file PATH", it returns
--- the function of that scenario.
local cohort = require "cohort"
local programs = require "engines.programs"

local kind, name = (...):match "^(%l+) (.*)$"

local function guard() return setmetatable({}, { __close = function() end }) end

if kind == "file" then
  return assert(loadfile(name))
end

local scratch = assert(os.getenv "SCRATCH")
local list = kind == "example" and programs.examples({}, scratch) or programs.calls(scratch, cohort)
for _, program in ipairs(list) do
  if program.name == name then return function() program.run(guard) end end
end
error("there is no program " .. name)
