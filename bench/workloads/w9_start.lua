--- W9: how long does a program live in which one task prints a word?
return {
  id = "w9", title = "start to end of hello", unit = "ms, wall",
  program = "hello", through = "build/bench/start",
  cells = { { id = "hello", args = { times = 7 } } },
  columns = { { cell = "hello", figure = "ns", title = "hello, ms", scale = 1e6 } },
}
