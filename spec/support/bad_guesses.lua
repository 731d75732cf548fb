--- Calls that somebody writes who has guessed how: each with what the answer must contain, by a name for the
--- spec. `call(cohort, x)` is run inside a task, with the objects of tools/samples.lua.
local guesses = {}

local function guess(name, fragment, call)
  guesses[#guesses + 1] = { name = name, fragment = fragment, call = call }
end

guess("an error with fields behind its message", "got both: write E {message =",
  function(cohort) cohort.error_type "E" ("no route", { code = 1 }) end)

guess("map with its limit in the list", "got a key 'limit': options come before it, as in map({limit = 2},",
  function(cohort) cohort.map({ 1, 2, limit = 4 }, print) end)
guess("map without its list", "got a key 'limit': options come before it",
  function(cohort) cohort.map({ limit = 4 }, print) end)
guess("map with options last", "options first: write map({limit = 2}, list, f)",
  function(cohort) cohort.map({ 1, 2 }, print, { limit = 2 }) end)
guess("gather without its list", "write gather{f, g}", function(cohort) cohort.gather(print, print) end)
guess("gather with options last", "options come first, as in gather({settle = true}, {f, g})",
  function(cohort) cohort.gather({ print }, { settle = true }) end)
for _, name in ipairs { "race", "any", "as_completed" } do
  guess(name .. " with options", name .. " takes no options",
    function(cohort) cohort[name]({ limit = 2 }, { print }) end)
  guess(name .. " with options last", name .. " takes no options",
    function(cohort) cohort[name]({ print }, { limit = 2 }) end)
  guess(name .. " with options in its list", name .. " takes no options",
    function(cohort) cohort[name] { print, limit = 2 } end)
end

for _, name in ipairs { "run", "open" } do
  guess("process." .. name .. " with options apart", "as in process." .. name .. '{"ls", "-l", cwd = "/"}',
    function(cohort) cohort.process[name]({ "pwd" }, { cwd = "/" }) end)
  guess("process." .. name .. " with a file of cohort.fs", "a file of cohort.fs: take one of io.open",
    function(cohort, x) cohort.process[name] { "cat", stdin = x.file } end)
end
guess("process.open with the stream of another as input", "copy it, with stream:copy_to(child.stdin)",
  function(cohort, x) cohort.process.open { "cat", stdin = x.stream } end)
guess("process.open with a stream for output", "copy it, with child.stdout:copy_to(stream)",
  function(cohort, x) cohort.process.open { "cat", stdout = x.stream } end)
guess("serve with options last", "write net.serve(listener, {limit = 3}, handler)",
  function(cohort, x) cohort.net.serve(x.listener, print, { limit = 3 }) end)

guess("except with a second type", "several types go into a list, except({A, B}, handler)",
  function(cohort) cohort.except(cohort.Timeout, cohort.Broken, print) end)
guess("except with a type as handler", "several types go into a list, except({A, B}, handler)",
  function(cohort) cohort.except(cohort.Timeout, cohort.Broken) end)
guess("except with a third argument", "got three arguments: several types go into a list",
  function(cohort) cohort.except(cohort.Timeout, print, print) end)

-- Time limits behind what waits.
local function limit(name, call_text, call)
  local text = ("takes no time limit: write cohort.move_on_after(0.5, %s), or fail_after"):format(call_text)
  guess("a limit of " .. name, text, call)
end

for name, methods in pairs {
  event = { "wait" }, task = { "wait", "join" }, child = { "wait" }, barrier = { "wait" },
  lock = { "acquire", "hold" }, semaphore = { "acquire", "hold" }, limiter = { "acquire", "hold" },
  listener = { "accept" }, socket = { "receive" },
} do
  for _, method in ipairs(methods) do
    limit(name .. ":" .. method, ("%s.%s, %s"):format(name, method, name), load(
      ("local cohort, x = ...; x.%s:%s(0.5)"):format(name, method), "@spec/support/bad_guesses.lua"))
  end
end
local ones = { semaphore = "permits: call it once for each", limiter = "places: a task has one at most" }
for name, several in pairs(ones) do
  for _, method in ipairs { "acquire", "hold", "try_acquire", "release" } do
    local text = (method == "acquire" or method == "hold")
      and ("move_on_after(2, %s.%s, %s), or fail_after; nor a number of "):format(name, method, name)
      or method .. " takes no number of "
    guess(("a number for %s:%s"):format(name, method), text .. several, load(
      ("local cohort, x = ...; x.%s:%s(2)"):format(name, method), "@spec/support/bad_guesses.lua"))
  end
end
for _, name in ipairs { "lock", "semaphore", "limiter" } do
  guess(name .. ":acquire that shall not wait", ("acquire waits: write %s:try_acquire()"):format(name),
    function(_, x) x[name]:acquire(false) end)
  limit(name .. ":acquire as an option", ("%s.acquire, %s"):format(name, name),
    function(_, x) x[name]:acquire { timeout = 0.5 } end)
end
limit("event:wait as an option", "event.wait, event", function(_, x) x.event:wait { timeout = 0.5 } end)
limit("condition:wait", "condition.wait, condition", function(_, x)
  local _ <close> = x.condition:hold()
  x.condition:wait(0.5)
end)
limit("receive", "receive", function(_, x) x.receiver(0.5) end)
limit("a listener that is called", "listener", function(_, x) x.listener(0.5) end)
limit("a listener for signals", "listener", function(_, x) x.signals(0.5) end)
limit("a watcher", "watcher", function(_, x) x.watcher(0.5) end)
limit("a socket that is called", "socket", function(_, x) x.socket(0.5) end)
limit("a subscription", "subscription", function(_, x) x.subscription(0.5) end)
limit("changes", "changes", function(_, x) x.changes(0.5) end)

-- Calls of what is not called.
for name, mend in pairs {
  stream = "for line in stream:lines() do", file = "for line in file:lines() do", event = "event:wait()",
  child = "for line in child.stdout:lines() do", value = "for v in value:changes() do",
  broadcast = "for v in broadcast:subscribe() do",
} do
  guess("a loop over a " .. name, mend, function(_, x)
    for _ in x[name] do print(name) end
  end)
end
for name, mend in pairs {
  lock = "lock:acquire()", semaphore = "semaphore:acquire()", limiter = "limiter:acquire()",
} do
  guess("a call of a " .. name, " is not called: write " .. mend, function(_, x) x[name]() end)
end

-- What select waits for in another way.
guess("select with a stream", "first: write cohort.race{function() return stream:read(0) end, ...}, or spawn",
  function(cohort, x) cohort.select { { x.stream, print } } end)
for _, name in ipairs { "child", "signals", "subscription", "value", "listener", "watcher" } do
  guess("select with a " .. name, " first: spawn a task that waits for it, and write {task, f}",
    function(cohort, x) cohort.select { { x[name], print } } end)
end

local first = " takes its options first, got them behind the function: write "
guess("group with options last", "group" .. first .. "group({limit = ...}, f)",
  function(cohort) cohort.group(function() end, { limit = 3 }) end)
guess("group with options last, behind an argument", "write group({on_error = ...}, f)",
  function(cohort) cohort.group(function(_, a) return a end, 1, { on_error = "collect" }) end)
guess("retry with options last", "retry" .. first .. "retry({attempts = ...}, f)",
  function(cohort) cohort.retry(function() end, { attempts = 10 }) end)
guess("scope with options last", "scope" .. first .. "scope({timeout = ...}, f)",
  function(cohort) cohort.scope(function() end, { timeout = 5 }) end)
guess("run with options last", "run" .. first .. "run({clock = ...}, f)",
  function(cohort) cohort.run(function() end, { clock = cohort.testing.clock() }) end)

-- What a loop would hand what came last.
local handed = " is handed by a loop what came last: write for "
guess("a loop over a stream's read", "read" .. handed .. "line in s:lines() do", function(_, x)
  for line in x.stream.read, x.stream do print(line) end
end)
guess("a loop over a file's read", "read" .. handed .. "line in s:lines() do", function(_, x)
  for line in x.file.read, x.file do print(line) end
end)
guess("a loop over a file's read from a number on", "read" .. handed .. "line in s:lines() do", function(_, x)
  x.file:write "four"
  x.file:seek "set"
  for _ in x.file.read, x.file, 2 do x.file:seek "set" end
end)
guess("a loop over read_some", "read_some" .. handed .. "chunk in s:chunks() do", function(_, x)
  for data in x.stream.read_some, x.stream do print(data) end
end)
guess("a loop over read_exactly", "data in function() return s:read_exactly(...) end do", function(_, x)
  for data in x.stream.read_exactly, x.stream do print(data) end
end)

return guesses
