--- The strace engine: system calls of programs fail, one in each run, as the kernel may let them fail.
---
---     lua5.4 engines/strace.lua short|long
---
--- Programs over real sockets, files, pipes and processes (engines/strace/programs.lua) run under strace,
--- which lets the first, the second... occurrence of a call return an error: engines/strace/judge.lua has the
--- matrix. A program must work, or raise an error that names what failed, and leave nothing open; it may not
--- hang, crash, or get a wrong answer. The short form takes the first occurrence of each, the long one all.
--- Ends with "tried N, injected M": calls by errors and programs, and runs in which one was injected.
local judge = require "engines.strace.judge"
local programs = require "engines.programs"

local long = arg[1] == "long"
assert(long or arg[1] == "short", "usage: strace.lua short|long")
io.stdout:setvbuf "line"

local tried, injected, failures, outcomes = 0, 0, {}, {}
local failed = {}  -- calls that failed once

local function read(path)
  local file = assert(io.open(path))
  local text = file:read "a"
  file:close()
  return text
end

-- A line of the host's.
local function take(line, call, err, program, scratch)
  local occurrence, count, status, text = line:match "^(%d+) (%d+) (-?%d+) (.*)$"
  if not occurrence then
    failures[#failures + 1] = ("%s: %s"):format(program, line)
    return
  end
  if count == "0" then return end
  local shown = judge.injected(read(scratch .. "/" .. occurrence))
  local run = { program = program, call = call, err = err, occurrence = tonumber(occurrence), text = text,
    status = tonumber(status), injected = shown }
  if judge.groups[call] then failed[judge.groups[call]] = true end
  local outcome, fault = judge.outcome(run)
  injected = injected + 1
  outcomes[outcome or "fails"] = (outcomes[outcome or "fails"] or 0) + 1
  if not outcome then
    local text_of = "%s: when %s number %s fails with %s, %s\n  %s"
    failures[#failures + 1] = text_of:format(program, call, occurrence, err,
      fault, table.concat(shown, "\n  "))
  end
end

local function try(host, call, err, program, scratch)
  local command = "%s engines/strace/program.lua '%s' %s %s 1 %d %s 2>&1"
  local pipe = io.popen(command:format(host, program, call, err, long and 1000 or 1, scratch))
  for line in pipe:lines() do take(line, call, err, program, scratch) end
  if not pipe:close() then failures[#failures + 1] = ("%s: the host fails with %s"):format(program, call) end
  tried = tried + 1
end

assert(os.execute "MAKEFLAGS= make -s -j2 --no-print-directory engine-hosts")
programs.with_scratch(function(scratch)
  for _, row in ipairs(judge.matrix) do
    local call, errors, names = table.unpack(row)
    for err in errors:gmatch "%S+" do
      for _, program in ipairs(names) do try("build/engines/strace", call, err, program, scratch) end
    end
    if long then print(("%6d  %s"):format(injected, call)) end
  end
end)

local missed = judge.missed(failed)
table.move(missed, 1, #missed, #failures + 1, failures)
for outcome, count in pairs(outcomes) do print(("%6d  %s"):format(count, outcome)) end
for _, failure in ipairs(failures) do print(failure) end
print(("tried %d, injected %d"):format(tried, injected))
os.exit(#failures == 0, true)
