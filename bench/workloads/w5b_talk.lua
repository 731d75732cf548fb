--- W5b: what do locks, semaphores, events and a select of two channels cost, when nothing waits and when
--- something does?
return {
  id = "w5b", title = "locks, events, select", unit = "ns per operation",
  cells = {
    { id = "lock", args = { mode = "lock", seconds = 0.06 } },
    { id = "semaphore", args = { mode = "semaphore", seconds = 0.06 } },
    { id = "handed_over", args = { mode = "handed_over", seconds = 0.06 } },
    { id = "set", args = { mode = "set", seconds = 0.06 } },
    { id = "wake", args = { mode = "wake", tasks = 1000, seconds = 0.06 } },
    { id = "ready", args = { mode = "ready", seconds = 0.06 } },
    { id = "waiting", args = { mode = "waiting", seconds = 0.06 } },
  },
  columns = {
    { cell = "lock", figure = "ns", title = "lock" },
    { cell = "semaphore", figure = "ns", title = "semaphore", plot = false },
    { cell = "handed_over", figure = "ns", title = "lock, handed over" },
    { cell = "set", figure = "ns", title = "event, set", plot = false },
    { cell = "wake", figure = "ns", title = "event, wake one of 1000" },
    { cell = "ready", figure = "ns", title = "select, ready", plot = false },
    { cell = "waiting", figure = "ns", title = "select, waiting" },
  },
}
