--- Runs the steps of a build, each as soon as those that it needs are done, several at once.
---
---     cohort examples/programs/build.lua FILE [LIMIT]
---
--- FILE is a Lua file that returns a list of steps: each a command as a list, with a `name` and, optionally,
--- the names of steps above it that it `needs`, and a directory, `cwd`. At most LIMIT (4) run at once. The
--- first that fails ends the others, with everything they have started; the exit status is then 1.
---
---     return {
---       { name = "main", "cc", "-c", "main.c" },
---       { name = "util", "cc", "-c", "util.c" },
---       { name = "app", needs = { "main", "util" }, "cc", "-o", "app", "main.o", "util.o" },
---     }
local cohort = require "cohort"
local process = require "cohort.process"
local stdio = require "cohort.stdio"

--- Shows progress: on a terminal a bar below everything else; elsewhere a line for each step that is done.
local function show(events, total)
  local columns, width = stdio.is_terminal "stdout" and (stdio.size() or 80), 20
  local done, running = 0, {}
  local erase = columns and "\r\27[K" or ""
  local _ <close> = cohort.defer(cohort.move_on_after, 1, stdio.stdout.write, stdio.stdout, erase)
  for event in events do
    if event.output then
      done, running[event.name] = done + 1, nil
      local title = columns and "" or ("%d/%d %s\n"):format(done, total, event.name)
      stdio.stdout:write(erase, title, event.output)
    else
      running[event.name] = true
    end
    if columns then
      local names = {}
      for name in pairs(running) do names[#names + 1] = name end
      table.sort(names)
      local filled = width * done // total
      local bar = ("[%s%s] %d/%d %s"):format(("#"):rep(filled), ("-"):rep(width - filled), done, total,
        table.concat(names, " "))
      stdio.stdout:write(erase, bar:sub(1, columns - 1))
    end
  end
end

local function run(step, slots, tell)
  local _ <close> = slots:hold()
  tell { name = step.name }
  local result = process.run {
    cwd = step.cwd, stderr = "stdout", process_group = true, grace = 2, table.unpack(step),
  }
  tell { name = step.name, output = result.stdout }
end

local function build(steps, limit)
  local slots, tasks = cohort.limiter(limit), {}
  local tell, events = cohort.channel(math.huge)
  cohort.group(function(g)
    g:spawn(show, events, #steps)
    cohort.group(function(work)
      for _, step in ipairs(steps) do
        local needs = {}
        for i, name in ipairs(step.needs or {}) do
          needs[i] = tasks[name] or error(step.name .. " needs " .. name .. ", which is not above it", 0)
        end
        local task = work:spawn(function()
          for _, need in ipairs(needs) do need:wait() end  -- when one fails, this task is cancelled
          run(step, slots, tell)
        end)
        task.name, tasks[step.name] = step.name, task
      end
    end)
    tell:close()
  end)
end

local function main(file, limit)
  limit = math.tointeger(limit or 4)
  if not (file and limit) then
    io.stderr:write "usage: build.lua FILE [LIMIT]\n"
    return os.exit(2)
  end
  local steps = assert(loadfile(file))()
  return cohort.try(function()
    build(steps, limit)
    return true
  end,
  cohort.except({ cohort.ProcessError, cohort.SystemError }, function(eg)
    for err, details in eg:leaves() do
      local how = err.status and "failed with status " .. err.status
        or err.signal and "was ended by " .. err.signal or err.message
      io.stderr:write(("%s: %s\n%s"):format(details.task, how, err.stdout or ""))
    end
    return false
  end))
end

if not cohort.main(main, ...) then os.exit(1) end
