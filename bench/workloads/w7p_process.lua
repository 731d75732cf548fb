--- W7p: how long does it take to run a program that does nothing, one after the other, and 16 at once?
return {
  id = "w7p", title = "run a program", unit = "microseconds per program",
  cells = {
    { id = "one", args = { tasks = 1, seconds = 0.2 } },
    { id = "16", args = { tasks = 16, seconds = 0.2 } },
  },
  columns = {
    { cell = "one", figure = "ns", title = "one by one", scale = 1000 },
    { cell = "16", figure = "ns", title = "16 at once", scale = 1000 },
  },
}
