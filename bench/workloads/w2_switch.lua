--- W2: what does it cost a task to let the others run, and to run again, while a listener is open?
return {
  id = "w2", title = "switch", unit = "ns per switch",
  cells = {
    { id = "2", args = { tasks = 2, seconds = 0.06 } },
    { id = "1000", args = { tasks = 1000, seconds = 0.06 } },
  },
  columns = {
    { cell = "2", figure = "ns", title = "2 tasks" },
    { cell = "1000", figure = "ns", title = "1000 tasks" },
  },
}
