--- What makes concurrent code testable: clocks that stand still until moved, fakes for the outside world,
--- every order of tasks, a cancellation or a failure at every point, leak checks.
---
--- The functions that are only named here are in lua/cohort/testing/, in parts that are loaded when they are
--- used.
local core = require "cohort.core"

local testing = {
  clock = core.clock,
  wait_all_blocked = core.wait_all_blocked,
  task_tree = core.task_tree,
  open_runner = core.open_runner,
  stream_pair = core.stream_pair,
}

-- Which part has a function that is not there yet.
local parts = {
  sequencer = "sequencer", with_names = "names",
  explore = "explore", cancel_everywhere = "everywhere", fail_everywhere = "everywhere",
  check_leaks = "check_leaks", plain = "plain",
  assert_checkpoints = "asserts", assert_no_checkpoints = "asserts", assert_raises_group = "asserts",
}

-- No part has this name.
local function missing(self, name)
  local known = {}
  for key in next, self do known[key] = true end
  for key in next, parts do known[key] = true end
  return core.missing("cohort.testing", name, known)
end

return setmetatable(testing, {
  __index = function(self, name)
    local part = parts[name]
    if not part then return missing(self, name) end
    local value = require("cohort.testing." .. part)[name]
    rawset(self, name, value)
    return value
  end,
})
