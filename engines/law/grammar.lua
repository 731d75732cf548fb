--- The statements of random programs, each with how often it comes. What `$` stands before is filled in:
---
---     $block      further statements, where it stands
---     $id         the number of the statement; $new, a number that nothing has yet
---     $G, $S, $T  a name for a group, a scope, a task that this statement makes: the first two for its
---                 blocks, the last for what follows it
---     $group, $scope, $task  the name of one that is in sight; $inner, of a group that is not the outermost
---     $seconds, $some (less than for ever), $few (1 to 3), $sort (1 to 5), $matcher, $options
---
--- `p` is the ledger (engines/law/ledger.lua), which keeps account of what must not be lost.
local grammar = { task = "local $T = p:spawn('spawn', $group, function()\n  $block\nend)" }

local function add(weight, template) table.insert(grammar, { weight = weight, template = template }) end

-- A template with `by` where `$word` stands.
local function replaced(template, word, by) return (template:gsub("%$" .. word, (by:gsub("%%", "%%%%")))) end

-- {{ Waiting, looking

add(9, "p:sleep($some)")
add(5, "cohort.checkpoint()")
add(1, "cohort.sleep_until(cohort.now() + $some - 1)")
add(1, "cohort.sleep_forever()")
add(1, "testing.wait_all_blocked()")
add(3, "p:collect($few)")
add(1, "cohort.ticker(0.5)()")
add(1, "p:look($task)")
add(1, "do return end")
add(2, "p:finalizer()")

-- }}

-- {{ Errors

add(4, "p:fail($sort)")
add(1, "string.gsub('a', '.', function() p:fail($sort) end)")
add(1, "table.sort({ 1, 2 }, function() p:fail($sort) end)")
add(4, "p:caught(pcall(function()\n  $block\nend))")
add(2, "p:caught(xpcall(function()\n  $block\nend, p.handler))")
add(4, "p:caught(cohort.attempt(function()\n  $block\nend))")
add(2, "p:again(pcall(function()\n  $block\nend))")
add(2, "cohort.unwrap(function()\n  $block\nend)")
add(1, "cohort.try(function()\n  $block\nend, cohort.except($matcher, error))")
add(3, "cohort.try(function()\n  $block\nend, cohort.finally(function()\n  $block\nend))")

add(4, [[
cohort.try(function()
  $block
end, cohort.except($matcher, function(eg)
  p:took(eg)
  $block
end))]])

add(2, [[
cohort.try(function()
  $block
end, cohort.except($matcher, function(eg)
  p:took(eg)
  $block
  p:put_back(eg)
end), cohort.except($matcher, function(eg)
  p:took(eg)
end))]])

add(1, [[
cohort.try(function()
  $block
end, cohort.success(function()
  $block
end), cohort.except(cohort.Cancelled, function()
  $block
end), cohort.finally(function()
  $block
end))]])

-- }}

-- {{ Clean-up

add(4, "local _ <close> = p:guard($id)")
add(2, "local _ <close> = p:guard($id, 'waits')")
add(2, "local _ <close> = p:guard($id, 'waits shielded')")
add(2, "local _ <close> = p:guard($id, 'fails')")
add(2, "local _ <close> = p:guard($id, 'deferred')")
add(3, "p:defer($group, function()\n  $block\nend)")

-- }}

-- {{ Scopes

add(5, "p:move_on($seconds, function()\n  $block\nend)")
add(4, "p:fail_after($seconds, function()\n  $block\nend)")
add(1, "p:shield($some, function()\n  $block\nend)")
add(4, "p:scope({ timeout = $seconds }, function($S)\n  $block\nend)")
add(3, "p:scope({ timeout = $some, shield = true }, function($S)\n  $block\nend)")
add(4, "$scope:cancel 'by $id'")
add(2, "p:set_deadline($scope, $some)")

add(3, [[
do
  local _ <close> = p:timing()
  local $S <close> = cohort.open_scope { timeout = $seconds }
  $block
end]])

-- }}

-- {{ Groups and tasks

add(7, "p:group($options, function($G)\n  $block\nend)")
add(14, grammar.task)
add(3, "local $T = p:spawn('spawn_daemon', $group, function()\n  $block\nend)")
add(1, "local $T = p:spawn('start', $group, function(started)\n  started()\n  $block\nend)")
add(2, "$inner:cancel()")
add(4, "$task:cancel()")
add(1, "p:cancel_itself()")
add(3, "p:other($task):wait()")
add(3, "p:join(p:other($task))")

add(3, [[
local $T = p:spawn('start', $group, function(started)
  p:move_on($seconds, function()
    $block
  end)
  started($id)
  $block
end)]])

add(4, [[
do
  local _ <close> = p:ending()
  local $G <close> = p:open_group($options)
  $block
end]])

-- }}

-- {{ Many at once

local both = [[
$f {
  function()
    $block
  end,
  function()
    $block
  end,
}]]

add(2, replaced(both, "f", "cohort.gather"))
add(1, replaced(both, "f", "p:settle"))
add(2, replaced(both, "f", "cohort.race"))
add(2, replaced(both, "f", "p:any"))
add(2, "cohort.map({ limit = $few }, { 1, 2, 3 }, function()\n  $block\nend)")
add(2, "p:retry({ attempts = $few, delay = $some, on = $matcher }, function()\n  $block\nend)")

add(2, [[
do
  local next_of_both <close> = cohort.as_completed {
    function()
      $block
    end,
    function()
      $block
    end,
  }
  next_of_both()
  $block
  for _ in next_of_both do
    $block
  end
end]])

-- }}

-- {{ Coroutines and streams

local produced = [[
do
  local step <close> = $produce(function(give)
    local _ <close> = p:guard($new)
    $block
    give(1)
    $block
    give(2)
    $block
  end)
  step()
  $block
  step()
end]]

add(3, replaced(produced, "produce", "p:coroutine"))
add(3, replaced(produced, "produce", "cohort.stream"))

add(2, "p:resume(function(give)\n  local _ <close> = p:guard($new)\n  $block\n  give(1)\n  $block\nend)")

-- }}

-- {{ Values handed on, many at once

for _, way in ipairs { "cohort.shield", "cohort.group", "cohort.scope", "cohort.fail_after, 1",
    "cohort.move_on_after, 1", "cohort.attempt", "cohort.unwrap", "cohort.retry",
    "p.context.with, p.context, 1", "p.spawned", "p.started", "p.emitted", "p.yielded" } do
  add(1, "p:passes(" .. way .. ")")
end

-- }}

-- {{ What tasks share

local with = [[
if p:may_have($object) then
  $object:with(function()
    local _ <close> = p:inside($object)
    $block
  end)
end]]

local hold = [[
if p:may_have($object) then
  local _ <close> = $object:hold()
  local _ <close> = p:inside($object)
  $block
end]]

for _, object in ipairs { "p.lock[1]", "p.lock[2]", "p.semaphore", "p.limiter" } do
  add(2, replaced(with, "object", object))
  add(2, replaced(hold, "object", object))
end
add(3, "p.condition:with(p.condition.wait, p.condition)")
add(3, "p.condition:with(p.condition.notify, p.condition, $few)")
add(1, "p.barrier:wait()")
add(3, "p.event[$few]:set()")
add(3, "p.event[$few]:wait()")
add(2, "p.value:set($id)")
add(1, "p.value:wait_for(function(v) return v % $few == 0 end)")
add(2, "p.context:with($id, function()\n  $block\n  p:check_context($id)\nend)")
add(1, "for _ in p.value:changes() do\n  $block\n  break\nend")
add(2, "p:publish()")

add(2, [[
do
  local sub <close> = p.broadcast:subscribe()
  $block
  p:next_of(sub)
  $block
  p:next_of(sub)
end]])

-- }}

-- {{ Channels

add(6, "p:send($few)")
add(6, "p:receive($few)")
add(2, "p:receive_some($few)")
add(2, "p:offer($few)")
add(2, "p:poll($few)")
add(1, "p.sender[$few]:close()")
add(1, "p:close_receiver($few)")
add(3, "p:select({ 'receive', $few }, { 'send', $few }, { 'event', $few }, $some)")
add(2, "p:select({ 'send', $few }, { 'send', $few }, { 'receive', $few })")
add(1, "cohort.select { { p:other($task) }, { p.event[$few] }, timeout = $seconds }")

-- }}

return grammar
