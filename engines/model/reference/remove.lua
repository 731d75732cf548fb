--- remove(list, item): takes it out of the list, if it is there.
return function(list, item)
  for i, other in ipairs(list) do
    if other == item then return table.remove(list, i) end
  end
end
