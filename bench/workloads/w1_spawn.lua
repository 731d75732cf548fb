--- W1: what does it cost to start a task in a group and to wait for its end, per task?
return {
  id = "w1", title = "spawn and join", unit = "ns per task",
  cells = {
    { id = "1", args = { group = 1, seconds = 0.06 } },
    { id = "10", args = { group = 10, seconds = 0.06 } },
    { id = "1000", args = { group = 1000, seconds = 0.06 } },
  },
  columns = {
    { cell = "1", figure = "ns", title = "group of 1" },
    { cell = "10", figure = "ns", title = "group of 10" },
    { cell = "1000", figure = "ns", title = "group of 1000" },
  },
}
