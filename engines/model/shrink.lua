--- Makes a program that shows a fault as small as it can while it still shows it.
---
--- Tries, as long as one of them helps: to leave a step out; to put what is in a step's block in its place;
--- to set its limit or its seconds to something plainer. Steps that lose their target do nothing, so every
--- cut is a program.
local function copy(value)
  if type(value) ~= "table" then return value end
  local other = {}
  for key, v in pairs(value) do other[key] = copy(v) end
  return other
end

--- Calls visit(block, i) for every step, inner ones after outer ones.
local function each_step(block, visit)
  for i = 1, #block do
    visit(block, i)
    if block[i].body then each_step(block[i].body, visit) end
    if block[i].last then each_step(block[i].last, visit) end
  end
end

local function count(p)
  local n = 0
  each_step(p.main, function() n = n + 1 end)
  return n
end

--- A copy of the program whose step number `n` in order is changed by change(block, i); nil when that does
--- nothing.
local function changed(p, n, change)
  local other = copy(p)
  local place, at = 0, nil
  each_step(other.main, function(block, i)
    place = place + 1
    if place == n then at = { block, i } end
  end)
  return change(at[1], at[2]) and other or nil
end

local function leave_out(block, i)
  return table.remove(block, i)
end

local function unwrap(block, i)
  local step = table.remove(block, i)
  if not step.body then return false end
  table.move(block, i, #block, i + #step.body)
  table.move(step.body, 1, #step.body, i, block)
  return true
end

local function drop_limit(block, i)
  local step = block[i]
  if step.op == "set_shield" then return false end
  local had = step.limit or step.on_error or step.shield
  step.limit, step.on_error, step.shield = nil, nil, nil
  return had
end

local function drop_last(block, i)
  local had = block[i].last
  block[i].last = had and {} or nil
  return had and #had > 0
end

local changes = { leave_out, unwrap, drop_limit, drop_last }

--- One smaller program that shows it, or nil.
local function smaller(p, shows)
  for _, change in ipairs(changes) do
    for n = count(p), 1, -1 do
      local other = changed(p, n, change)
      if other and shows(other) then return other end
    end
  end
end

--- The smallest program found for which shows(program) is true, as it is for `p`.
local function shrink(p, shows)
  local next = p
  while next do
    p, next = next, smaller(next, shows)
  end
  return p
end

return shrink
