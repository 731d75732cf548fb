--- Reads the bytes of an input one after the other; behind the end all are 0.
local bytes = {}
bytes.__index = bytes

--- @param text string
function bytes.of(text) return setmetatable({ text = text, at = 0 }, bytes) end

--- The next byte.
function bytes:next()
  self.at = self.at + 1
  return self.text:byte(self.at) or 0
end

--- A number from 1 to `n`, of one byte.
function bytes:pick(n) return self:next() % n + 1 end

--- One of a list.
function bytes:one_of(list) return list[self:pick(#list)] end

--- Is there none left?
function bytes:is_over() return self.at >= #self.text end

--- Takes the next `n` bytes, fewer at the end.
function bytes:take(n)
  self.at = self.at + n
  return self.text:sub(self.at - n + 1, self.at)
end

--- Takes what is left.
function bytes:rest()
  local from = self.at
  self.at = math.max(from, #self.text)
  return self.text:sub(from + 1)
end

return bytes
