--- W7: how many messages does a server echo in a second over TCP, small and large, on few and on many
--- connections?
local function cell(id, connections, bytes)
  return { id = id, args = { mode = "echo", connections = connections, bytes = bytes, seconds = 1 } }
end

return {
  id = "w7", title = "TCP echo", unit = "requests per second", more = true,
  program = "echo", through = "build/bench/load",
  cells = {
    cell("64x64", 64, 64), cell("1000x64", 1000, 64),
    cell("64x16k", 64, 16384), cell("1000x16k", 1000, 16384),
  },
  columns = {
    { cell = "64x64", figure = "rps", title = "64 × 64 B" },
    { cell = "1000x64", figure = "rps", title = "1000 × 64 B" },
    { cell = "64x16k", figure = "rps", title = "64 × 16 KiB" },
    { cell = "1000x16k", figure = "rps", title = "1000 × 16 KiB" },
    { cell = "64x64", figure = "cpu_us", title = "64 × 64 B, CPU µs", plot = false },
    { cell = "64x16k", figure = "cpu_us", title = "64 × 16 KiB, CPU µs", plot = false },
    { cell = "64x64", figure = "p99_us", title = "64 × 64 B, p99 µs", plot = false },
    { cell = "1000x64", figure = "p99_us", title = "1000 × 64 B, p99 µs", plot = false },
    { cell = "1000x64", figure = "served", title = "1000 × 64 B, in service", plot = false },
    { cell = "1000x16k", figure = "served", title = "1000 × 16 KiB, in service", plot = false },
  },
}
