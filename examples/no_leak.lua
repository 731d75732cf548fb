--- Where tasks can be detached, one may get lost: its function returns, nobody holds it, it is collected in
--- the middle of its work, and its error goes nowhere. Here a task can only be spawned into a group, and the
--- group's block does not end before the task has, whether anybody holds it or not.
local cohort = require "cohort"

local function save()
  cohort.sleep(0.01)
  print("safe: completed")
end

cohort.main(function()
  cohort.group(function(g)
    g:spawn(save)  -- nobody keeps the task
    collectgarbage()
  end)
  print("group: all tasks complete")

  -- There is no other way: no call starts a task without a group.
  for _, name in ipairs { "spawn", "detach" } do
    assert(not pcall(function() return cohort[name] end))
  end
end)
