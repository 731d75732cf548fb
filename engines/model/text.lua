--- Programs as text that reads like the Lua code they stand for, and lines of traces.
local text = {}

--- What stands for each kind of step; `$name` is a field of it. The last line of two comes after the body.
local templates = {
  sleep = "cohort.sleep($seconds)",
  checkpoint = "cohort.checkpoint()",
  forever = "cohort.sleep_forever()",
  fail = 'error "e$id"',
  look = "look(cohort.cancelled(), cohort.current_deadline())",
  look_scope = "look(s$scope)",
  look_group = "look(#g$group)",
  look_task = "look(t$task:status())",
  set = "event$event:set()",
  wait = "event$event:wait()",
  acquire = "lock$lock:acquire()",
  try_acquire = "lock$lock:try_acquire()",
  release = "lock$lock:release()",
  with_lock = { "lock$lock:with(function()", "end)" },
  send = "send$channel($id)",
  offer = "send$channel:offer($id)",
  receive = "receive$channel()",
  poll = "receive$channel:poll()",
  close_sender = "send$channel:close()",
  close_receiver = "receive$channel:close()",
  scope = { "cohort.scope({timeout = $seconds, shield = $shield}, function(s$id)", "end)" },
  move_on = { "cohort.move_on_after($seconds, function()  -- s$id", "end)" },
  fail_after = { "cohort.fail_after($seconds, function()  -- s$id", "end)" },
  scope_block = { "do local s$id <close> = cohort.open_scope({timeout = $seconds})", "end" },
  shield = { "cohort.shield(function()  -- s$id", "end)" },
  cancel_scope = "s$scope:cancel()",
  set_deadline = "s$scope.deadline = cohort.now() + $seconds",
  set_shield = "s$scope.shield = $shield",
  catch = { "pcall(function()", "end)" },
  attempt = { "cohort.attempt(function()", "end)" },
  finally = { "cohort.try(function()", "end))" },
  group = { "cohort.group({limit = $limit, on_error = $on_error}, function(g$id)  -- s$id", "end)" },
  group_block = {
    "do local g$id <close> = cohort.open_group({limit = $limit, on_error = $on_error})  -- s$id", "end",
  },
  spawn = { "t$id = g$group:spawn(function()", "end)" },
  daemon = { "t$id = g$group:spawn_daemon(function()", "end)" },
  start = { "t$id = g$group:start(function(started)", "end)" },
  started = "started()",
  defer = { "g$group:defer(function()", "end)" },
  cancel_group = "g$group:cancel()",
  cancel_task = "t$task:cancel()",
  wait_task = "t$task:wait()",
  join = "t$task:join()",
  result = "t$task:result()",
}

local function fill_in(template, step)
  return (template:gsub("%$([%a_]+)", function(field) return tostring(step[field]) end))
end

local add_block

local function add_step(lines, step, indent)
  local template = templates[step.op]
  local first = fill_in(step.body and template[1] or template, step)
  table.insert(lines, ("%-70s  -- %d"):format(indent .. first, step.id))
  if not step.body then return end
  add_block(lines, step.body, indent .. "  ")
  if step.last then
    table.insert(lines, indent .. "end, cohort.finally(function()")
    add_block(lines, step.last, indent .. "  ")
  end
  table.insert(lines, indent .. template[2])
end

function add_block(lines, block, indent)
  for _, step in ipairs(block) do add_step(lines, step, indent) end
end

--- A program; the number of each step stands at the right.
function text.program(p)
  local lines = {}
  for i, capacity in ipairs(p.channel) do
    lines[i] = ("send%d, receive%d = cohort.channel(%d)"):format(i, i, capacity)
  end
  add_block(lines, p.main, "")
  return table.concat(lines, "\n")
end

--- A line of a trace.
function text.line(line)
  return ("at %g %s, step %d: %s %s"):format(line.time, line.task, line.step, line.kind, line.outcome)
end

return text
