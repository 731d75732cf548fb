--- What is tried with strace, and what a run has shown.
local judge = {}

-- Programs by what they are over.
local sockets = { "tcp", "unix", "names", "datagrams" }
local streams = { "tcp", "unix", "pipe", "datagrams", "process" }
local makers = { "names", "copies", "open files", "process" }  -- of threads and processes
local files = { "copies", "open files", "watching" }

-- strace keeps a descriptor open when it lets `close` fail: a child would wait for the end of its input.
local no_child = { "tcp", "unix", "names", "datagrams", "pipe", "copies", "open files", "watching",
  "signals" }
local all = { "process", table.unpack(no_child) }

--- The matrix: calls, the errors that the kernel may return for them, and the programs in which they are
--- tried.
judge.matrix = {
  { "socket", "EMFILE ENOMEM", sockets },
  { "connect", "EINTR EAGAIN", { "tcp", "unix", "names" } },
  { "accept4", "EINTR EAGAIN EMFILE ENOMEM ECONNABORTED", { "tcp", "unix", "names" } },
  { "read", "EINTR", all },
  { "read", "EAGAIN", streams },
  { "recvfrom", "EINTR EAGAIN ENOMEM", streams },
  { "recvmsg", "EINTR EAGAIN ENOMEM", streams },
  { "pread64", "EINTR", files },
  { "preadv2", "EINTR EAGAIN ENOMEM EOPNOTSUPP", { "copies", "open files" } },
  { "write", "EINTR", all },
  { "write", "EAGAIN EPIPE", streams },
  { "writev", "EINTR EAGAIN EPIPE", streams },
  { "sendto", "EINTR EAGAIN EPIPE ENOMEM", streams },
  { "sendmsg", "EINTR EAGAIN EPIPE ENOMEM", streams },
  { "pwrite64", "EINTR", files },
  { "epoll_ctl", "ENOMEM", all },
  { "clone", "EAGAIN ENOMEM", makers },
  { "clone3", "EAGAIN ENOMEM", makers },
  { "vfork", "EAGAIN ENOMEM", makers },
  { "openat", "EINTR EMFILE ENOMEM", all },
  { "openat2", "EINTR EAGAIN EMFILE ENOMEM ENOSYS", { "copies", "open files" } },
  { "close", "EINTR", no_child },
}

-- Calls of libuv's on descriptors of its own, for which the kernel never has such an error.
local libuv_only = {
  '^write%(%d+, "\\1\\0\\0\\0\\0\\0\\0\\0", 8%)',  -- a counter that wakes the loop
  '^write%(%d+, "%*", 1%)', "^read%(%d+, 0x%x+, 1%)",  -- the pipe that is a lock
  "^write%(%d+, .*, 16%)",  -- the pipe that signals come through
}

--- Calls of which each must have failed once: one name for all by which the kernel knows it.
judge.groups = { socket = "socket", connect = "connect", accept4 = "accept4", read = "read",
  write = "write", writev = "write", epoll_ctl = "epoll_ctl", clone = "clone", clone3 = "clone",
  openat = "openat", openat2 = "openat2", preadv2 = "preadv2", close = "close" }

--- What is wrong when only these calls have failed.
--- @param failed table<string, true?>  by the names of groups
--- @return string[] faults
function judge.missed(failed)
  local faults, told = {}, {}
  for _, call in pairs(judge.groups) do
    if not failed[call] and not told[call] then faults[#faults + 1] = call .. " never failed" end
    told[call] = true
  end
  table.sort(faults)
  return faults
end

--- What strace has injected, as it shows the calls. A call that others came between stands in two lines.
--- @param log string
--- @return string[]
function judge.injected(log)
  local begun, list = {}, {}
  for line in log:gmatch "[^\n]+" do
    local pid, text = line:match "^(%d+) +(.*)$"
    local head = text and text:match "^(.*) <unfinished %.%.%.>$"
    local tail = text and text:match "^<%.%.%. %w+ resumed>(.*)$"
    if head then begun[pid] = head end
    if tail then text = (begun[pid] or "") .. tail end
    if text and text:find("(INJECTED)", 1, true) then list[#list + 1] = text end
  end
  return list
end

local function is_impossible(err, injected)
  if err == "EINTR" then return false end
  for _, text in ipairs(injected) do
    for _, pattern in ipairs(libuv_only) do
      if text:find(pattern) then return true end
    end
  end
  return false
end

-- What is tried again, or waited for, and must not be seen by anybody. A lookup belongs to the C library, and
-- what a child does to itself.
local tries_again = {}
local calls = "read write writev recvmsg sendmsg recvfrom sendto pread64 pwrite64 accept4 connect"
for call in calls:gmatch "%w+" do
  tries_again[call] = true
end

-- What a call that waits does in its place, whatever the error.
local tried_first = { preadv2 = true, openat2 = true }

local function must_work(run)
  if tried_first[run.call] then return true end
  local elsewhere = run.program == "names" or run.program == "process"
  if elsewhere or not tries_again[run.call] then return false end
  return run.err == "EINTR" or run.err == "EAGAIN" and run.call ~= "connect" or run.err == "ECONNABORTED"
end

local ABORT, ALARM = -6, -14

--- How a run ended: "works", "raises", "impossible", "ends in libuv", or nil and what is wrong.
---
--- libuv ends the process when the kernel has no memory to watch one more descriptor, and when it refuses a
--- thread of the pool. cohort tries whether it would, with as many threads, before the pool is made; what is
--- refused in between is not seen.
--- @param run {program: string, call: string, err: string, occurrence: integer, status: integer,
---   text: string, injected: string[]}
--- @return string? outcome
--- @return string? fault
function judge.outcome(run)
  if run.status == 0 then return "works" end
  if run.status == 4 and not must_work(run) then return "raises" end
  if is_impossible(run.err, run.injected) then return "impossible" end
  local left = tonumber(run.text:match "^left: (%d+) descriptors$")
  if run.call == "close" and left and left <= #run.injected then return "works" end  -- strace has kept them
  local in_libuv = run.call == "epoll_ctl" or run.call:find "^clone" and run.occurrence > 4
  if run.status == ABORT and in_libuv then return "ends in libuv" end
  if run.status == ALARM then return nil, "it hangs" end
  return nil, run.status < 0 and ("it ends by signal %d"):format(-run.status) or run.text
end

return judge
