--- W6: how long does it take to cancel a group of blocked tasks, until the last of them has ended, per task?
local lean = "cohort bare cqueues node go"  -- the others need up to a minute to make a million

return {
  id = "w6", title = "cancel a group", unit = "ns per task",
  cells = {
    { id = "100k", args = { tasks = 100000, mode = "forever" } },
    { id = "1M", args = { tasks = 1000000, mode = "forever" }, systems = lean, rounds = 2 },
    { id = "10k_event", args = { tasks = 10000, mode = "event" } },
  },
  columns = {
    { cell = "100k", figure = "ns", title = "100k" },
    { cell = "1M", figure = "ns", title = "1M" },
    { cell = "10k_event", figure = "ns", title = "10k on one event" },
  },
}
