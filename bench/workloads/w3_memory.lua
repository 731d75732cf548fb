--- W3: how much memory does a blocked task hold, and how long does it take to make one and let it block?
local lean = "cohort bare cqueues node go"  -- a million tasks of the others take up to a minute

return {
  id = "w3", title = "a blocked task", unit = "resident bytes per task",
  cells = {
    { id = "100k", args = { tasks = 100000, mode = "event" } },
    { id = "100k_sleeping", args = { tasks = 100000, mode = "sleeping" } },
    { id = "1M", args = { tasks = 1000000, mode = "event" }, systems = lean, rounds = 2 },
    { id = "1M_sleeping", args = { tasks = 1000000, mode = "sleeping" }, systems = lean, rounds = 2 },
  },
  columns = {
    { cell = "100k", figure = "bytes", title = "100k blocked, B" },
    { cell = "100k_sleeping", figure = "bytes", title = "100k sleeping, B" },
    { cell = "1M", figure = "bytes", title = "1M blocked, B" },
    { cell = "1M_sleeping", figure = "bytes", title = "1M sleeping, B" },
    { cell = "100k", figure = "ns", title = "100k blocked, ns to make", plot = false },
    { cell = "100k_sleeping", figure = "ns", title = "100k sleeping, ns to make", plot = false },
    { cell = "1M", figure = "ns", title = "1M blocked, ns to make", plot = false },
    { cell = "1M_sleeping", figure = "ns", title = "1M sleeping, ns to make", plot = false },
  },
}
