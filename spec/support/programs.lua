--- Runs a program in a process of its own, while tasks of the spec talk to it.
local cohort = require "cohort"
local net = require "cohort.net"
local process = require "cohort.process"

local programs = {}

local function read(path)
  local file <close> = assert(io.open(path))
  return file:read "a"
end

local Program = {}
Program.__index = Program

--- The next line of its output, nil at its end.
function Program:line()
  return self.child.stdout:read()
end

--- Sends it a signal, "TERM" say.
function Program:signal(name)
  assert(self.child:kill("SIG" .. name))
end

--- What it has written to its standard error so far.
function Program:errors()
  return read(self.err)
end

--- Waits for its end. Returns its exit status, or the name of the signal that ended it; what was left of its
--- output; and all of its errors.
function Program:wait()
  local out = self.child.stdout:read "a"
  local status, signal = self.child:wait()
  return status or signal, out, self:errors()
end

--- Ends it, if it has not ended yet.
function Program:__close()
  local _ <close> = self.child
  os.remove(self.err)
end

--- Starts a program, with options as of process.open. To be put into a `<close>` variable.
--- @param command table
function programs.start(command)
  local err = os.tmpname()
  local file <close> = assert(io.open(err, "w"))
  command.stdin, command.stderr = command.stdin or "null", file
  return setmetatable({ child = process.open(command), err = err }, Program)
end

--- Starts one of examples/programs.
--- @param name string
--- @param ... string|integer  arguments
function programs.example(name, ...)
  return programs.start { "cohort", ("examples/programs/%s.lua"):format(name), ... }
end

--- Starts a command of the shell on a terminal of its own; what is written to `child.stdin` is typed there.
--- @param command string
function programs.on_terminal(command)
  local preload = os.getenv "LD_PRELOAD"  -- of a sanitizer, which finds fault with `script`
  command = preload and ("export LD_PRELOAD='%s'; %s"):format(preload, command) or command
  local env = { LD_PRELOAD = false }
  return programs.start { "script", "-qec", command, "/dev/null", stdin = "pipe", env = env }
end

--- Runs `body(...)` in a run by the real clock, for no longer than a minute.
function programs.within(body, ...)
  return cohort.run(cohort.fail_after, 60, body, ...)
end

--- A port of this machine on which nobody listens.
function programs.free_port()
  local listener <close> = net.listen("127.0.0.1", 0)
  return listener.local_address.port
end

return programs
