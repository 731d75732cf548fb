--- W4b: what does a time limit of ten seconds cost around something that ends at once?
return {
  id = "w4b", title = "a time limit that is not reached", unit = "ns per limit",
  cells = {
    { id = "alone", args = { live = 0, seconds = 0.06 } },
    { id = "live", args = { live = 100000, seconds = 0.06 }, rounds = 3 },
  },
  columns = {
    { cell = "alone", figure = "ns", title = "no other timer" },
    { cell = "live", figure = "ns", title = "100k live timers" },
  },
}
