--- Programs for signals, for the size of the terminal, and for descriptors of others. No signal and no change
--- is lost, and a descriptor that nobody waits for any more is not watched.
local cohort = require "cohort"
local core = require "cohort.core"
local fd = require "cohort.fd"
local transports = require "spec.support.transports"

local descriptors = transports.descriptors

-- A descriptor of an owner who closes it where its block ends.
local function owned(number)
  return setmetatable({}, { __close = function() descriptors.close(number) end })
end

local function listening(c, guard)
  local signals <close> = cohort.signals "SIGUSR1"
  local _ <close> = guard()
  local sent, name = false, nil
  local ok, err = pcall(cohort.group, function(g)
    g:spawn(function()
      cohort.sleep(1)
      os.execute "kill -USR1 $PPID"
      sent = true
    end)
    name = c.act("signals()", signals)
  end)
  if sent and not name then name = select(2, cohort.shield(cohort.move_on_after, 1, signals)) end
  c.law(not sent or name == "SIGUSR1", "a signal was lost")
  if not ok then error(err, 0) end
end

-- A terminal whose size is what we say.
local function with_size(size)
  local own = core.stdio.size
  core.stdio.size = function() return size.columns, 25 end
  return setmetatable({}, { __close = function() core.stdio.size = own end })
end

local function resizing(c, guard)
  local size = { columns = 80 }
  local _ <close> = with_size(size)
  local sizes <close> = cohort.stdio.size_changes()
  local _ <close> = guard()
  local columns
  local ok, err = pcall(cohort.group, function(g)
    g:spawn(function()
      cohort.sleep(1)
      size.columns = 100
      os.execute "kill -WINCH $PPID"
    end)
    columns = c.act("sizes()", sizes)
  end)
  if size.columns == 100 and not columns then
    columns = select(2, cohort.shield(cohort.move_on_after, 1, sizes))
  end
  c.law(size.columns == (columns or 80), "a change of the size was lost")
  if not ok then error(err, 0) end
end

local function waiting_to_read(c, guard)
  local reading, writing = descriptors.pipe()
  local _ <close> = owned(reading)
  local stream <close> = transports.adopt(writing)
  local _ <close> = guard()
  local ok, err = pcall(cohort.group, function(g)
    g:spawn(function()
      cohort.sleep(1)
      stream:write "x"
    end)
    c.act("fd.wait_readable", fd.wait_readable, reading)
  end)
  cohort.shield(function()
    stream:write "y"
    fd.wait_readable(reading)
  end)
  if not ok then error(err, 0) end
end

local function waiting_to_write(c, guard)
  local reading, writing = descriptors.pipe()
  local _ <close>, other = owned(writing), descriptors.duplicate(writing)
  local from <close> = transports.adopt(reading)
  local full <close> = transports.adopt(other)
  local _ <close> = guard()
  local ok, err = pcall(cohort.group, function(g)
    g:spawn(full.write, full, ("x"):rep(1 << 20))
    g:spawn(function()
      cohort.sleep(1)
      from:read_exactly(1 << 20)
    end)
    cohort.checkpoint()
    c.act("fd.wait_writable", fd.wait_writable, writing)
  end)
  full:close()
  from:close()
  cohort.shield(fd.wait_writable, writing)
  if not ok then error(err, 0) end
end

return function(c)
  c.add("listening for signals", function(guard) listening(c, guard) end)
  c.add("a terminal of another size", function(guard) resizing(c, guard) end)
  c.add("waiting until one can read", function(guard) waiting_to_read(c, guard) end)
  c.add("waiting until one can write", function(guard) waiting_to_write(c, guard) end)
end
