--- W7f: how long does it take to read files: small ones, alone and by 64 tasks at once, a large one, and one
--- that is on no disk?
return {
  id = "w7f", title = "read a file", unit = "microseconds per file",
  cells = {
    { id = "small", args = { bytes = 1024, files = 1000, tasks = 1, seconds = 0.06 } },
    { id = "small_64", args = { bytes = 1024, files = 1000, tasks = 64, seconds = 0.06 } },
    { id = "large", args = { bytes = 67108864, files = 1, tasks = 1, seconds = 0.06 } },
    { id = "proc", args = { bytes = 1, path = "/proc/version", tasks = 1, seconds = 0.06 },
      systems = "cohort bare cqueues asyncio uvloop node go" },  -- on luv by hand it takes a loop of reads
  },
  columns = {
    { cell = "small", figure = "ns", title = "1 KiB", scale = 1000 },
    { cell = "small_64", figure = "ns", title = "1 KiB, 64 tasks", scale = 1000 },
    { cell = "large", figure = "ns", title = "64 MiB", scale = 1000 },
    { cell = "proc", figure = "ns", title = "/proc/version", scale = 1000 },
  },
}
