--- Does a quantity grow? Samples of several, which take no more room the more they are, and least squares
--- over them but for the first.
local slope = {}

local ROOM = 4000     -- samples; when there are more, every second one is forgotten
local WARM_UP = 0.25  -- of all samples: caches fill, the allocator takes what it needs at the most
local ERRORS = 4      -- standard errors that a slope must exceed

local Samples = {}
Samples.__index = Samples

--- A place for samples.
--- @param floors table<string, number>  the quantities, and how much growth of each in all may be noise
function slope.samples(floors)
  local self = { floors = floors, columns = { at = {} }, count = 0, every = 1, seen = 0 }
  for name in pairs(floors) do self.columns[name] = {} end
  for _, column in pairs(self.columns) do
    for i = 1, ROOM do column[i] = 0 end
  end
  return setmetatable(self, Samples)
end

--- Adds one: {at = number, quantities...}, where `at` is how much was done.
function Samples:add(values)
  self.seen = self.seen + 1
  if self.seen % self.every ~= 0 then return end
  if self.count == ROOM then
    for _, column in pairs(self.columns) do
      for i = 1, ROOM // 2 do column[i] = column[2 * i] end
    end
    self.count, self.every = ROOM // 2, self.every * 2
  end
  self.count = self.count + 1
  for name, column in pairs(self.columns) do column[self.count] = values[name] end
end

--- The line through points, by least squares.
--- @param xs number[]
--- @param ys number[]
--- @return number slope
--- @return number error  its standard error
function slope.fit(xs, ys)
  local n, x_mean, y_mean = #xs, 0, 0
  for i = 1, n do x_mean, y_mean = x_mean + xs[i] / n, y_mean + ys[i] / n end
  local sxx, sxy, rest = 0, 0, 0
  for i = 1, n do
    sxx = sxx + (xs[i] - x_mean) ^ 2
    sxy = sxy + (xs[i] - x_mean) * (ys[i] - y_mean)
  end
  local b = sxy / sxx
  for i = 1, n do rest = rest + (ys[i] - y_mean - b * (xs[i] - x_mean)) ^ 2 end
  return b, math.sqrt(rest / (n - 2) / sxx)
end

--- What grows, over the part that is looked at.
--- @return string[] grown  in words
--- @return string[] told   all quantities, in words
function Samples:look()
  local grown, told, names = {}, {}, {}
  local first = math.floor(self.count * WARM_UP) + 1
  local xs = table.move(self.columns.at, first, self.count, 1, {})
  for name in pairs(self.floors) do names[#names + 1] = name end
  table.sort(names)
  for _, name in ipairs(names) do
    local ys = table.move(self.columns[name], first, self.count, 1, {})
    local b, err = slope.fit(xs, ys)
    local by, noise = b * (xs[#xs] - xs[1]), ERRORS * err * (xs[#xs] - xs[1])
    local text = "%-12s %.0f at first, %.0f at last; by its slope %+.1f in all, noise %.1f"
    local line = text:format(name, ys[1], ys[#ys], by, noise)
    told[#told + 1] = line
    if by > noise and by > self.floors[name] then grown[#grown + 1] = line end
  end
  return grown, told
end

return slope
