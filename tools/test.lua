--- Runs suites, each a target of the Makefile, and adds up their counts.
---
---     lua5.4 tools/test.lua [TARGET...]      (without one: all there are)
---
--- Two run at a time, once what they share is built: the output of those in `shown` appears as it comes, that
--- of those in `aside` when both are through.
---
--- A suite that ends with "N passed, N failed[, N skipped]" contributes those numbers; one that prints no
--- such line counts as one thing that passed or failed by its exit status. Exit status and numbers must
--- agree: a suite that died counts as a failure whatever it printed. Every "skipped: NAME" that a suite
--- prints must be in docs/skipped.md with a reason, else it is a failure. The last lines of each failed suite
--- are shown again at the end, and then the sum.

-- In this order: `model` reads what `specs` and `kernel` left, and other suites would disturb `gate`.
local before = { "all", "test-programs" }
local shown = { "specs", "scenarios", "rock" }
local aside = {
  "kernel", "arrows", "style", "luacheck", "docs-check", "rockspec-check", "sanitized", "engines",
  "bench-check",
}
local after = { "model", "gate" }

-- Where the output of a suite in `aside` is until it is shown.
local log_of = "build/results/%s.log"

local known, asked = {}, {}
for _, suites in ipairs { before, shown, aside, after } do
  for _, suite in ipairs(suites) do known[suite] = true end
end
for _, suite in ipairs(arg) do
  assert(known[suite], suite .. " is no suite")
  asked[suite] = true
end

--- Those of a list that were asked for.
local function chosen(suites)
  if #arg == 0 then return suites end
  local list = {}
  for _, suite in ipairs(suites) do
    if asked[suite] then table.insert(list, suite) end
  end
  return list
end

--- The skips that have a reason: rows "| `name` | reason |", where * in a name matches anything.
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

-- How many lines of a failed suite are shown again.
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

local function command_of(suite)
  return "make -s --no-print-directory -j4 " .. suite
end

--- Shows a suite and adds up its counts. `lines` iterates over its output; `close` is called when that has
--- ended, and returns whether its exit status was 0.
local function count(suite, lines, close)
  print("== " .. suite)
  local tail, unexplained = show(lines)
  local ok, last = close(), tail[#tail] or ""
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

local function run_all(suites)
  for _, suite in ipairs(suites) do
    local pipe = assert(io.popen(command_of(suite)))
    count(suite, pipe:lines(), function() return pipe:close() or false end)
  end
end

--- Starts suites that run one after the other beside this program. Returns a pipe with the exit status of
--- each that has ended, one a line.
local function start_aside(suites)
  local steps = { "mkdir -p build/results" }
  for _, suite in ipairs(suites) do
    table.insert(steps, ("%s >%s 2>&1; echo $?"):format(command_of(suite), log_of:format(suite)))
  end
  return assert(io.popen(table.concat(steps, "\n")))
end

local function show_aside(suites, statuses)
  for _, suite in ipairs(suites) do
    local status = statuses:read()
    count(suite, io.lines(log_of:format(suite)), function() return status == "0" end)
  end
  statuses:close()
end

io.stdout:setvbuf("line")
run_all(chosen(before))
local statuses = start_aside(chosen(aside))
run_all(chosen(shown))
show_aside(chosen(aside), statuses)
run_all(chosen(after))

for _, failure in ipairs(failures) do print(failure) end
local sum = ("%d passed, %d failed"):format(total.passed, total.failed)
if total.skipped > 0 then sum = ("%s, %d skipped"):format(sum, total.skipped) end
print(sum)
os.exit(total.failed == 0, true)
