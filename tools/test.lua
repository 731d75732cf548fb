--- Runs suites, each a target of the Makefile, and adds up what they count.
---
---     lua5.4 tools/test.lua [TARGET...]      (without one: all there are)
---
--- A suite that ends with "N passed, N failed[, N skipped]" brings those numbers; one that prints no such
--- line is one thing that passed or failed by its exit status. Exit status and numbers must agree: a
--- suite that died counts as a failure whatever it printed. Every "skipped: NAME" a suite prints must
--- stand in docs/skipped.md with a reason, else it is a failure. The last lines of each suite that failed are
--- shown once more at the end, and then the sum.

local suites = {
  "all", "kernel", "specs", "scenarios",
  "arrows", "style", "luacheck", "docs-check", "rockspec-check", "model", "sanitized", "engines", "rock",
  "bench-check", "gate",
}
if #arg > 0 then suites = arg end

--- The skips that have a reason: rows "| `name` | reason |", where * in a name stands for anything.
local function read_reasons()
  local patterns = {}
  local file = io.open("docs/skipped.md")
  for line in file and file:lines() or function() end do
    local name, reason = line:match("^|%s*`([^`]+)`%s*|%s*(.-)%s*|%s*$")
    if name and reason ~= "" then
      local escaped = name:gsub("%p", "%%%0"):gsub("%%%*", ".*")
      patterns[#patterns + 1] = "^" .. escaped .. "$"
    end
  end
  if file then file:close() end
  return patterns
end

local reasons = read_reasons()

local function has_reason(skip)
  for _, pattern in ipairs(reasons) do
    if skip:find(pattern) then return true end
  end
  return false
end

local failures = {}
local total = { passed = 0, failed = 0, skipped = 0 }

-- How many lines of a suite that failed are shown again.
local tail_max = 25

--- Shows a suite's output as it comes; returns its last lines, and how many of its skips lack a reason.
local function show(lines)
  local tail, unexplained = {}, 0
  for line in lines do
    print(line)
    local skip = line:match("^skipped: (.+)$")
    if skip and not has_reason(skip) then
      unexplained = unexplained + 1
      print("  docs/skipped.md has no reason for it")
    end
    table.insert(tail, line)
    if #tail > tail_max then table.remove(tail, 1) end
  end
  return tail, unexplained
end

local function run(suite)
  print("== " .. suite)
  local pipe = assert(io.popen("make -s --no-print-directory -j4 " .. suite))
  local tail, unexplained = show(pipe:lines())
  local ok, last = pipe:close() or false, tail[#tail] or ""
  local passed, failed, skipped = last:match("^(%d+) passed, (%d+) failed,? ?(%d*)")
  passed, failed, skipped = tonumber(passed or 1), tonumber(failed or 0), tonumber(skipped) or 0
  if not ok and failed == 0 then
    passed, failed = last:find("^%d+ passed") and passed or 0, 1
  end
  total.passed = total.passed + passed
  total.failed = total.failed + failed + unexplained
  total.skipped = total.skipped + skipped
  if failed + unexplained > 0 then
    table.insert(failures, ("== %s failed, and said last:\n%s"):format(suite, table.concat(tail, "\n")))
  end
end

io.stdout:setvbuf("line")
for _, suite in ipairs(suites) do run(suite) end

for _, failure in ipairs(failures) do print(failure) end
local sum = ("%d passed, %d failed"):format(total.passed, total.failed)
if total.skipped > 0 then sum = ("%s, %d skipped"):format(sum, total.skipped) end
print(sum)
os.exit(total.failed == 0, true)
