---@meta cohort.process
-- page 77: Processes
--- What LuaLS knows of cohort.process: see cohort.lua.

-- {{ Starting programs

--- Child processes: `require "cohort.process"`, or `cohort.process`.
---
--- A command is a table: the program and its arguments as a list, and options by name. Arguments are strings
--- or numbers and reach the program as they are: no shell takes part. A program without "/" is looked for in
--- this process's PATH. The child gets its three descriptors and no other, whatever is open here.
---
--- Nobody's signals are touched, and no other child is waited for. What the system refuses raises
--- `SystemError` with `operation` "spawn" and the program as `path`, or "chdir" and the directory; then
--- nothing was started.
--- @class cohort.process
local process = {}

--- What `process.run` is given: a list of the program and its arguments, with these options.
--- @class cohort.Command
--- @field cwd? string  directory to run in; also where a program such as "./x" is looked for; default ours
--- @field env? table  variables to set by name, or to take away where false; default none
--- @field clean_env? boolean  begin with no variables instead of ours; default false
--- @field stdin? string|cohort.Stream|userdata  a text, a stream, a file; io.stdin for ours; default nothing
--- @field stdout? string|cohort.Stream|userdata  "capture", "inherit", "null", or where to; default "capture"
--- @field stderr? string|cohort.Stream|userdata  the same, or "stdout": together with that; default "capture"
--- @field check? boolean  raise `ProcessError` when it fails; default true
--- @field max_output? integer  bytes of each output that are kept, or math.huge; default 16 MiB
--- @field process_group? boolean  it leads a process group, which is ended with it; default false
--- @field grace? number  seconds from SIGTERM to SIGKILL, in real time; default 5

--- What `process.open` is given: a list of the program and its arguments, with these options.
--- @class cohort.OpenCommand
--- @field cwd? string  directory to run in; also where a program such as "./x" is looked for; default ours
--- @field env? table  variables to set by name, or to take away where false; default none
--- @field clean_env? boolean  begin with no variables instead of ours; default false
--- @field stdin? string|userdata  "pipe", "inherit", "null", or an open file of io; default "pipe"
--- @field stdout? string|userdata  the same; default "pipe"
--- @field stderr? string|userdata  the same, or "stdout": together with that; default "pipe"
--- @field process_group? boolean  it leads a process group, which is ended with it; default false
--- @field grace? number  seconds from SIGTERM to SIGKILL, in real time; default 5

--- What `process.run` returns. Of an output that was not captured there is nil.
--- @class cohort.ProcessResult
--- @field status integer?  exit status; nil when a signal ended it
--- @field signal string?  name of the signal that ended it, "SIGKILL"
--- @field stdout string?
--- @field stderr string?

--- `process.run(command) -> result`
---
--- Runs a program: feeds it, keeps what it writes, and returns when it has ended and all outputs have. A
--- child that reads less than it is given is no error. A stream as `stdin` is copied to it, and is read no
--- further once it has ended; streams as `stdout` and `stderr` are written to, and stay open.
---
--- A cancellation ends the child as the end of a `process.open` block does, and raises `Cancelled` when
--- that is done; outputs that others keep open (a grandchild) are not waited for then. Raises
--- `ProcessError` when it was ended by a signal or has another status than 0 (its message has the last line
--- of stderr only, its field `stderr` all of it); `TooLong`, with the child ended, when an output is larger
--- than `max_output`; what a stream raises; `SystemError`. Several of these that come together are in an
--- `ErrorGroup`; one is raised bare.
---
---     local files = process.run({"ls", "-l"}).stdout
---
--- @async
--- @param command cohort.Command
--- @return cohort.ProcessResult
function process.run(command) end

--- `process.open(command) -> process`
---
--- Starts a program and returns it, with a stream for each descriptor that is a pipe. Read all of them, or
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

--- A child process. Put it into a `<close>` variable: the end of the block closes its `stdin`, sends SIGTERM,
--- and after the grace SIGKILL, waits until it has ended, also in a cancelled task, and closes its other
--- streams. Such a wait is not cut. What the child writes meanwhile, and no task is reading, is read for it
--- and dropped, so that it need not wait; up to 1 MiB of it is kept for a task that comes to read. With
--- `process_group` all of that goes to the whole group, which has the rest of the grace when its leader has
--- ended. One that was collected unclosed is closed with a warning; the end of `run` kills what is left.
---
--- A child that we may not signal (it has become another user's) is left behind after the grace.
--- @class cohort.Process
--- @field pid integer
--- @field status integer?  exit status; nil until it has ended, and when a signal ended it
--- @field signal string?  name of the signal that ended it, else nil
--- @field stdin cohort.Stream?  nil when it is no pipe
--- @field stdout cohort.Stream?
--- @field stderr cohort.Stream?
local child = {}

--- `child:wait() -> status, signal`
---
--- Waits until the process has ended. Returns its exit status, or nil and the name of the signal that ended
--- it; again, the same. Its output may still be unread. Any number of tasks may wait. A cancellation
--- raises `Cancelled` and does nothing to the process. Raises `SystemError` with `code` "ECHILD" when its
--- status was lost: this program ignores SIGCHLD, or waits for all children elsewhere.
--- @async
--- @return integer? status
--- @return string? signal
function child:wait() end

--- `child:kill([signal]) -> sent`
---
--- Sends a signal by its full name, "SIGTERM" when none is given; with `process_group` to the whole group.
--- Returns false when it has ended, and nobody else is meant by its number. Returns at once. Raises
--- `SystemError` ("EPERM").
--- @param signal? string
--- @return boolean sent
function child:kill(signal) end

--- `child:close()`
---
--- Closes the streams and begins to end the process: SIGTERM, and SIGKILL after the grace; `wait` tells when
--- that is done. Returns at once, never raises, may be called again.
function child:close() end

-- }}

return process
