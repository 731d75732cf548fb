--- W8: what does a group of ten cost of which one fails, nine are cancelled, and whose error is matched?
return {
  id = "w8", title = "a group that fails", unit = "ns per group",
  cells = { { id = "10", args = { seconds = 0.06 } } },
  columns = { { cell = "10", figure = "ns", title = "group of 10, one fails" } },
}
