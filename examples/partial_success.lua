--- Some records may fail without failing the rest: an error caught inside the task never reaches the group.
--- `attempt` is the `pcall` for this, because it does not catch a cancellation.
local cohort = require "cohort"

local ValueError = cohort.error_type "ValueError"

local function process(id, value)
  cohort.sleep(0.005)
  if value < 0 then error(ValueError(("Invalid data %d for record %d"):format(value, id))) end
  return id * value
end

cohort.main(function()
  local records = { { 1, 10 }, { 2, -5 }, { 3, 20 }, { 4, -3 }, { 5, 15 } }
  local successes, errors = {}, {}

  cohort.group(function(g)
    for _, record in ipairs(records) do
      g:spawn(function(id, value)
        local ok, result = cohort.attempt(process, id, value)
        if ok then
          table.insert(successes, ("(%d,%d)"):format(id, result))
        else
          table.insert(errors, ("(%d, %s)"):format(id, result.message))
        end
      end, table.unpack(record))
    end
  end)

  print("Successes: " .. table.concat(successes, " "))
  print("Errors: " .. table.concat(errors, " "))
end)
