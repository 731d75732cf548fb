--- Makes a program that fails as small as it gets while it still fails: leaves statements out as long as that
--- can be done.

-- Calls visit(block, i) for each statement of a tree, what is last in it first.
local function each_statement(tree, visit)
  for i = #tree, 1, -1 do
    local part = tree[i]
    if type(part) == "table" then
      if type(part[1]) == "string" then visit(tree, i) end
      each_statement(part, visit)
    end
  end
end

--- @param tree table  of engines/law/program.lua; it is changed
--- @param fails fun(): boolean  does it still?
return function(tree, fails)
  local is_smaller = true
  while is_smaller do
    is_smaller = false
    each_statement(tree, function(block, i)
      local statement = table.remove(block, i)
      if fails() then
        is_smaller = true
      else
        table.insert(block, i, statement)
      end
    end)
  end
end
