--- Runs the kernel's C tests one by one and adds up their results.
---
---     lua5.4 tools/kernel.lua RESULTS PROGRAM...
---
--- A program that exits with 0 and ends with the line "name: N passed" counts as N. Anything else, including
--- a sanitizer's report, counts as one failure, and its output is shown. The source file of each program that
--- passed is written to RESULTS, one a line.
local results = assert(arg[1], "usage: kernel.lua RESULTS PROGRAM...")

local function run(program)
  local pipe = assert(io.popen(("timeout 120 %s 2>&1"):format(program)))
  local output = pipe:read("a")
  return pipe:close(), output
end

local passed, failed, sources = 0, 0, {}
for i = 2, #arg do
  local ok, output = run(arg[i])
  local count = output:match("%f[^\n%z]%S+: (%d+) passed\n$")
  if ok and count then
    passed = passed + count
    sources[#sources + 1] = ("spec/kernel/%s.c\n"):format(arg[i]:match("[^/]+$"))
  else
    failed = failed + 1
    print(("failed: %s\n%s"):format(arg[i], output))
  end
end

local file = assert(io.open(results, "w"))
file:write(table.concat(sources))
file:close()

print(("%d passed, %d failed"):format(passed, failed))
os.exit(failed == 0 and passed > 0, true)
