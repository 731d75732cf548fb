--- W4: what do sleeps of a random length up to one second cost, and how late do they end?
return {
  id = "w4", title = "many sleeps", unit = "ns of processor time per sleep",
  cells = {
    { id = "10k", args = { tasks = 10000 } },
    { id = "100k", args = { tasks = 100000 }, rounds = 3 },
  },
  columns = {
    { cell = "10k", figure = "cpu_ns", title = "10k, CPU ns" },
    { cell = "100k", figure = "cpu_ns", title = "100k, CPU ns" },
    { cell = "10k", figure = "min_us", title = "10k, earliest, µs late", plot = false },
    { cell = "10k", figure = "p50_us", title = "10k, median, µs late", plot = false },
    { cell = "10k", figure = "p99_us", title = "10k, p99, µs late", plot = false },
    { cell = "100k", figure = "min_us", title = "100k, earliest, µs late", plot = false },
    { cell = "100k", figure = "p99_us", title = "100k, p99, µs late", plot = false },
  },
}
