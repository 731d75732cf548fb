--- Groups nest: a group of shards, each of them a group of records. An inner group has ended before
--- the task that opened it goes on, so every count is complete when it is read.
local cohort = require "cohort"

local function process_record()
  cohort.sleep(0.005)
  return 1
end

local function process_shard(shard)
  local records = {}
  cohort.group(function(g)
    for i = 1, 2 do records[i] = g:spawn(process_record) end
  end)
  local count = 0
  for _, record in ipairs(records) do count = count + record:result() end
  print(("Shard %d: %d records processed"):format(shard, count))
  return count
end

cohort.main(function()
  local shards = {}
  cohort.group(function(g)
    for shard = 0, 2 do shards[#shards + 1] = g:spawn(process_shard, shard) end
  end)
  local total = 0
  for _, shard in ipairs(shards) do total = total + shard:result() end
  print("Total records: " .. total)
end)
