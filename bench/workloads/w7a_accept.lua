--- W7a: how many connections a second does a server accept, echo a byte on, and close?
return {
  id = "w7a", title = "connections", unit = "connections per second", more = true,
  program = "echo", through = "build/bench/load",
  cells = { { id = "64", args = { mode = "accept", connections = 64, bytes = 1, seconds = 1 } } },
  columns = {
    { cell = "64", figure = "rps", title = "64 at once" },
    { cell = "64", figure = "cpu_us", title = "CPU µs", plot = false },
    { cell = "64", figure = "p99_us", title = "p99 µs", plot = false },
  },
}
