--- W5: what does it cost to hand an item to another task through a channel, and to ask and be answered over
--- two of them?
return {
  id = "w5", title = "channels", unit = "ns per item or round trip",
  cells = {
    { id = "item", args = { mode = "item", capacity = 16, seconds = 0.06 } },
    { id = "rendezvous", args = { mode = "item", capacity = 0, seconds = 0.06 } },
    { id = "trip", args = { mode = "trip", capacity = 1, seconds = 0.06 } },
  },
  columns = {
    { cell = "item", figure = "ns", title = "item, room for 16" },
    { cell = "rendezvous", figure = "ns", title = "item, rendezvous" },
    { cell = "trip", figure = "ns", title = "round trip" },
  },
}
