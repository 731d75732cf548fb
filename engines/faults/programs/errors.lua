--- Programs under faults: see engines/faults/trial.lua. Errors and what is done with them.
local cohort = require "cohort"
local kit = require "engines.faults.kit"

local programs = {}

--- An error group with a group in it.
local function sample()
  local inner = cohort.error_group("inner", { "a", "b" })
  return cohort.error_group("outer", { kit.Expected "expected", "text", inner })
end

local function raise(err) error(err, 0) end

programs["cohort.try"] = function(try)
  try(cohort.try, function() raise(sample()) end,
    cohort.except(kit.Expected, function(eg) return tostring(eg) end),
    cohort.except("text", function(eg) return eg:sole() end),
    cohort.except(".", function() end),
    cohort.finally(function() kit.work(1) end))
  local function one() kit.work(1) end
  try(cohort.try, one, cohort.success(one), cohort.finally(one))
  try(cohort.try, kit.fail, cohort.except("no such", print))
end

programs["cohort.except"] = function(try) try(cohort.except, kit.Expected, print) end
programs["cohort.success"] = function(try) try(cohort.success, print) end
programs["cohort.finally"] = function(try) try(cohort.finally, print) end

programs["cohort.defer"] = function(try)
  local function with(f)
    local _ <close> = cohort.defer(f, 1)
    kit.work(1)
  end
  try(with, kit.work)
  try(with, kit.fail)
end

programs["cohort.attempt"] = function(try)
  try(cohort.attempt, kit.work, 1)
  try(cohort.attempt, kit.fail)
end

programs["cohort.unwrap"] = function(try)
  try(cohort.unwrap, kit.work, 1)
  try(cohort.unwrap, raise, cohort.error_group("one", { kit.Expected "expected" }))
end

programs["cohort.is"] = function(try)
  local err = kit.Expected { message = "expected", code = 3 }
  try(cohort.is, err, cohort.Error)
  try(cohort.is, err, { cohort.Broken, { code = 3, message = "exp" } })
  try(cohort.is, sample(), "b")
end

programs["cohort.error_type"] = function(try)
  try(cohort.error_type, "Mine")
  try(cohort.error_type, "Mine", kit.Expected)
end

programs["cohort.error_group"] = function(try)
  try(cohort.error_group, "a message", { "a", "b", sample() })
end

programs["eg:leaves"] = function(try)
  local eg = sample()
  try(function()
    for err, details in eg:leaves() do assert(err and details) end
  end)
end

programs["eg:split"] = function(try)
  local eg = sample()
  try(eg.split, eg, "a")
end

programs["eg:subgroup"] = function(try)
  local eg = sample()
  try(eg.subgroup, eg, { "a", "text" })
end

programs["eg:derive"] = function(try)
  local eg = sample()
  try(eg.derive, eg, { "c" })
end

programs["eg:sole"] = function(try)
  local eg = cohort.error_group("one", { "a" })
  try(eg.sole, eg)
end

--- Makes an error of a type, raises it and writes it.
local function make(Type)
  return function(try)
    try(Type, "a message")
    try(function() return tostring(Type { message = "a message", cause = "that" }) end)
  end
end

for name, value in pairs(cohort) do
  local is_type = type(name) == "string" and name:find "^%u%l" and name ~= "ErrorGroup"
  if is_type then programs["cohort." .. name] = make(value) end
end

programs["cohort.ErrorGroup"] = function(try)
  local eg = sample()
  try(tostring, eg)
  try(function() return eg.message, eg.traceback end)
end

programs.expected = {
  ["cohort.Cancelled"] = { "Cancelled cannot be made" }, ["cohort.try"] = { "^[ab]$", "^text$" },
}

programs["cohort.ErrorType()"] = programs["cohort.Error"]

programs.free = { "eg:sole" }

return programs
