---@meta cohort.process
-- page 77: Processes
--- What LuaLS knows of cohort.process: see cohort.lua.

-- {{ Starting programs

--- Child processes: `require "cohort.process"`, or `cohort.process`.
---
--- A command is a table: the program and its arguments as a list, and options by name. Arguments are strings
--- or numbers and reach the program unchanged: no shell is involved. A program without "/" is searched for in
--- this process's PATH. The child gets its three descriptors and no others, whatever is open here.
---
--- Signal handlers are left alone, and no other child is reaped. What the system refuses raises `SystemError`
--- with `operation` "spawn" and the program as `path`, or "chdir" and the directory; then nothing was
--- started.
--- @class cohort.process
local process = {}

--- What `process.run` takes: a list of the program and its arguments, with these options.
--- @class cohort.Command
--- @field cwd? string  directory to run in; also where a program such as "./x" is looked for; default ours
--- @field env? table  variables to set by name, or to remove where false; default none
--- @field clean_env? boolean  start with no variables instead of ours; default false
--- @field stdin? string|cohort.Stream|userdata  a text, a stream, a file; io.stdin for ours; default nothing
--- @field stdout? string|cohort.Stream|userdata  "capture", "inherit", "null", or where to; default "capture"
--- @field stderr? string|cohort.Stream|userdata  the same, or "stdout" to merge the two; default "capture"
--- @field check? boolean  raise `ProcessError` when it fails; default true
--- @field max_output? integer  most bytes of each output, or math.huge; default 16 MiB
--- @field process_group? boolean  it leads a process group, which is ended with it; default false
--- @field grace? number  seconds from SIGTERM to SIGKILL, in real time; default 5

--- What `process.open` takes: a list of the program and its arguments, with these options.
--- @class cohort.OpenCommand
--- @field cwd? string  directory to run in; also where a program such as "./x" is looked for; default ours
--- @field env? table  variables to set by name, or to remove where false; default none
--- @field clean_env? boolean  start with no variables instead of ours; default false
--- @field stdin? string|userdata  "pipe", "inherit", "null", or an open file of io; default "pipe"
--- @field stdout? string|userdata  the same; default "pipe"
--- @field stderr? string|userdata  the same, or "stdout" to merge the two; default "pipe"
--- @field process_group? boolean  it leads a process group, which is ended with it; default false
--- @field grace? number  seconds from SIGTERM to SIGKILL, in real time; default 5

--- What `process.run` returns. An output that was not captured is nil.
--- @class cohort.ProcessResult
--- @field status integer?  exit status; nil when a signal ended it
--- @field signal string?  name of the signal that ended it, "SIGKILL"
--- @field stdout string?
--- @field stderr string?

--- `process.run(command) -> result`
---
--- Runs a program: feeds it, collects what it writes, and returns when it and all its outputs have ended. A
--- child that reads less than it is given is no error. A stream as `stdin` is copied to the child, and not
--- read any more once that has ended; streams as `stdout` and `stderr` are written to, and stay open.
---
--- A cancellation ends the child as the end of a `process.open` block does, and raises `Cancelled` when that
--- is done; outputs that others keep open (a grandchild) are then not waited for. Raises `ProcessError` when
--- the child was ended by a signal or its status is not 0 (the message has only the last line of stderr, the
--- field `stderr` all of it); `TooLong`, with the child ended, when an output is larger than `max_output`;
--- what a stream raises; `SystemError`. Several of these together are in an `ErrorGroup`; one is raised bare.
---
---     local files = process.run({"ls", "-l"}).stdout
---
--- @async
--- @param command cohort.Command
--- @return cohort.ProcessResult
function process.run(command) end

--- `process.open(command) -> process`
---
--- Starts a program and returns it, with a stream for each descriptor that is a pipe. Read all of these, or
--- make them "null": a child whose pipe is full waits. A cancellation raises `Cancelled` before anything is
--- started. Raises `SystemError`.
---
---     local sort <close> = process.open {"sort"}
---     sort.stdin:write("b\na\n")
---     sort.stdin:shutdown()
---     print(sort.stdout:read "a")
---
--- @async
--- @param command cohort.OpenCommand
--- @return cohort.Process
function process.open(command) end

-- }}

-- {{ Processes

--- A child process. Put it into a `<close>` variable: the end of the block closes its `stdin`, sends SIGTERM
--- and after the grace SIGKILL, waits until it has ended, even in a cancelled task, and closes its other
--- streams. That wait cannot be cut. What the child writes meanwhile and no task reads is read and dropped,
--- so that the child need not wait; up to 1 MiB of it is kept for a task that comes to read. With
--- `process_group` the whole group gets the signals, and has the rest of the grace when its leader has ended.
--- One that is collected unclosed is closed with a warning; the end of `run` kills what is left.
---
--- A child that we may not signal (because it has become another user's) is left behind after the grace.
--- @class cohort.Process
--- @field pid integer
--- @field status integer?  exit status; nil before it has ended, and when a signal ended it
--- @field signal string?  name of the signal that ended it, else nil
--- @field stdin cohort.Stream?  nil when it is not a pipe
--- @field stdout cohort.Stream?
--- @field stderr cohort.Stream?
local child = {}

--- `child:wait() -> status, signal`
---
--- Waits until the process has ended. Returns its exit status, or nil and the name of the signal that ended
--- it; calling it again returns the same. Its output may still be unread. Any number of tasks may wait. A
--- cancellation raises `Cancelled` and does nothing to the process. Raises `SystemError` with `code` "ECHILD"
--- when its status was lost: this program ignores SIGCHLD, or waits for all children elsewhere.
--- @async
--- @return integer? status
--- @return string? signal
function child:wait() end

--- `child:kill([signal]) -> sent`
---
--- Sends a signal by its full name, by default "SIGTERM"; with `process_group` to the whole group. Returns
--- false when it has ended; a process that has its number since is never signalled. Returns at once. Raises
--- `SystemError` ("EPERM").
--- @param signal? string
--- @return boolean sent
function child:kill(signal) end

--- `child:close()`
---
--- Closes the streams and begins to end the process: SIGTERM, and SIGKILL after the grace; `wait` returns
--- when it has ended. Returns at once and never raises; may be called again.
function child:close() end

-- }}

return process
