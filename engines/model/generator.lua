--- Numbers from a seed, the same everywhere: random(n) of `random = generator(seed)` is one from 1 to n.

--- @param seed integer
--- @return fun(n: integer): integer
return function(seed)
  local state = seed * 2654435769 + 1
  return function(n)
    state = state * 6364136223846793005 + 1442695040888963407
    return (state >> 33) % n + 1
  end
end
