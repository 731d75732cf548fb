--- Makes a program that fails as small as it gets while it still fails: as long as one of them helps, leaves
--- a statement out, or puts what is in its blocks in its place. What misses a name then fails otherwise.

local function is_statement(part) return type(part) == "table" and type(part[1]) == "string" end

-- Calls visit(block, i) for each statement of a tree, until one returns true.
local function each_statement(tree, visit)
  for i = #tree, 1, -1 do
    local part = tree[i]
    if is_statement(part) and visit(tree, i) then return true end
    if type(part) == "table" and each_statement(part, visit) then return true end
  end
  return false
end

-- The statements in the blocks of one.
local function inner_of(statement)
  local inner = {}
  for _, part in ipairs(statement) do
    if type(part) == "table" then table.move(part, 1, #part, #inner + 1, inner) end
  end
  return inner
end

-- Puts statements in the place of number `i`.
local function replace(block, i, statements)
  table.remove(block, i)
  table.move(block, i, #block, i + #statements)
  table.move(statements, 1, #statements, i, block)
end

--- @param tree table  of engines/law/program.lua; it is changed
--- @param fails fun(): boolean  does it still?
return function(tree, fails)
  local function try(block, i)
    local before = table.move(block, 1, #block, 1, {})
    for _, statements in ipairs { {}, inner_of(block[i]) } do
      replace(block, i, statements)
      if fails() then return true end
      for place = #block, 1, -1 do block[place] = nil end
      table.move(before, 1, #before, 1, block)
    end
    return false
  end
  while each_statement(tree, try) do end
end
