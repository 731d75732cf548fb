--- Picking errors by matcher.
---
--- A matcher says which errors are meant. `match.check` checks it once, up front; afterwards matching raises
--- nothing of its own and runs no metamethod of the error: fields are read raw, metatables compared by
--- identity.
local core = require "cohort.core"
local misuse = require "cohort.misuse"

local match = {}

--- What `except`, `is`, `split` and `subgroup` take: an error type (with its descendants; `Error` stands for
--- every error but Cancelled); a Lua pattern, tried on a string error or on `err.message`; a predicate; a
--- class of another library; a list of matchers, any of them; a table of fields, all of which must be
--- rawequal.
--- @alias cohort.Matcher cohort.ErrorType|string|(fun(err: any): boolean)|table

--- @class cohort.ErrorType
--- @overload fun(message_or_fields: string|table): cohort.Error

--- @class cohort.Error
--- @field message any
--- @field where string       "file:line" of the call that made it, "" if unknown
--- @field traceback string?  filled in when the error left a task, `try`, `attempt` or `unwrap`
--- @field cause any
--- @field context any        what was being handled when it was raised

--- @class cohort.ErrorGroup
--- @field message string
--- @field errors any[]        the failures, in the order they happened
--- @field leaves fun(self): fun(): any, {task: string?, traceback: string?}
--- @field sole fun(self): any
--- @field derive fun(self, errors: any[]): cohort.ErrorGroup

local LIST_DEPTH_MAX = 100

local find, sub, byte = string.find, string.sub, string.byte

-- Where the set that begins at `at` ends, or nil. As in lstrlib, a "]" that comes first is a member.
local function after_set(pattern, at)
  at = at + 1
  if sub(pattern, at, at) == "^" then at = at + 1 end
  repeat
    local char = sub(pattern, at, at)
    if char == "" then return nil end
    at = at + (char == "%" and 2 or 1)
  until sub(pattern, at, at) == "]" or at > #pattern
  return at <= #pattern and at + 1 or nil
end

-- What is wrong with the escape at `at`; or nil and where it ends.
local function read_escape(pattern, at, closed)
  local char = sub(pattern, at + 1, at + 1)
  if char == "" then return "ends with '%'" end
  if char == "b" then
    if #pattern < at + 3 then return "lacks the two characters of '%b'" end
    return nil, at + 4
  elseif char == "f" then
    if sub(pattern, at + 2, at + 2) ~= "[" then return "lacks '[' after '%f'" end
    local after = after_set(pattern, at + 2)
    if not after then return "lacks a ']'" end
    return nil, after
  elseif find(char, "%d") and not closed[byte(char) - 48] then
    return "refers to a capture that is not there"
  end
  return nil, at + 2
end

local CAPTURES_MAX = 32

-- What is wrong with a Lua pattern, or nil. string.find would notice only when it gets there.
local function pattern_fault(pattern)
  local at = sub(pattern, 1, 1) == "^" and 2 or 1
  local captures, open, closed = 0, {}, {}
  while at <= #pattern do
    local char = sub(pattern, at, at)
    local fault, after = nil, at + 1
    if char == "%" then
      fault, after = read_escape(pattern, at, closed)
    elseif char == "[" then
      after = after_set(pattern, at)
      fault = not after and "lacks a ']'" or nil
    elseif char == "(" then
      captures = captures + 1
      open[#open + 1] = captures
      fault = captures > CAPTURES_MAX and "has too many captures" or nil
    elseif char == ")" then
      if #open == 0 then return "has a ')' too many" end
      closed[table.remove(open)] = true
    end
    if fault then return fault end
    at = after
  end
  return #open > 0 and "lacks a ')'" or nil
end

-- Does a table stand for a class of another library, and for nothing else?
local function is_class(matcher)
  if getmetatable(matcher) ~= nil or next(matcher) == nil then return true end
  for key in next, matcher do
    if type(key) == "string" and sub(key, 1, 2) == "__" then return true end
  end
  return false
end

-- What is wrong with a matcher, or nil. `groups`: is ErrorGroup allowed?
local function fault_of(matcher, groups, depth)
  local kind = type(matcher)
  if kind == "function" then return nil end
  if kind == "string" then
    local fault = pattern_fault(matcher)
    return fault and ("malformed pattern %q: it %s"):format(matcher, fault)
  end
  if kind ~= "table" then
    return ("expected an error type, a pattern, a predicate or a table as matcher, got %s"):format(
      core.is_error_group(matcher) and "an error group: write cohort.ErrorGroup or a predicate"
      or core.is_cancelled(matcher) and "the cancellation itself: write cohort.Cancelled" or kind)
  end
  if core.error_is(matcher, core.Error) then
    return "an error cannot be a matcher: write its type, or a table of fields that it has"
  end
  if rawequal(matcher, core.ErrorGroup) and not groups then
    return "ErrorGroup cannot be a matcher here: name the errors inside, or write cohort.Error for all"
  end
  if core.is_error_type(matcher) or is_class(matcher) or matcher[1] == nil then return nil end
  if depth == LIST_DEPTH_MAX then return "lists of matchers nested too deep: write one list" end
  for i = 1, #matcher do
    local fault = fault_of(matcher[i], groups, depth + 1)
    if fault then return fault end
  end
end

--- Raises when `matcher` is not a matcher. Never waits.
--- @param matcher any
--- @param who string       the function to name in the message
--- @param groups boolean?  is ErrorGroup allowed?
function match.check(matcher, who, groups)
  local fault = fault_of(matcher, groups, 1)
  if fault then misuse("%s: %s", who, fault) end
end

local function text_matches(err, pattern)
  local text = err
  if type(text) ~= "string" then text = core.error_field(err, "message") end
  if type(text) ~= "string" then return false end
  local ok, from = pcall(find, text, pattern)  -- "pattern too complex" is no match
  return ok and from ~= nil
end

local function fields_match(err, fields)
  for key, value in next, fields do
    if not rawequal(core.error_field(err, key), value) then return false end
  end
  return true
end

-- Does this one error match? Calls predicates, and nothing else that could raise. With `only_predicates`, all
-- other matchers give false.
local function matches(err, matcher, only_predicates)
  local kind = type(matcher)
  if kind == "function" then
    return not core.is_cancelled(err) and not not matcher(err)
  elseif kind == "table" and not core.is_error_type(matcher) then
    if not only_predicates and core.error_inherits(err, matcher) then return not core.is_cancelled(err) end
    if is_class(matcher) then return false end
    if matcher[1] ~= nil then
      for i = 1, #matcher do
        if matches(err, matcher[i], only_predicates) then return true end
      end
      return false
    end
  end
  if only_predicates then return false end
  if rawequal(matcher, core.Cancelled) then return core.is_cancelled(err) end
  if core.is_cancelled(err) then return false end
  if rawequal(matcher, core.Error) then return true end
  if kind == "string" then return text_matches(err, matcher) end
  if core.is_error_type(matcher) then return core.error_is(err, matcher) end
  return fields_match(err, matcher)
end

-- Does it contain a predicate, which must be asked about groups too?
local function has_predicate(matcher)
  if type(matcher) ~= "table" then return type(matcher) == "function" end
  if core.is_error_type(matcher) or is_class(matcher) then return false end
  for i = 1, #matcher do
    if has_predicate(matcher[i]) then return true end
  end
  return false
end

--- Does this one error match? Returns at once; waits only if a predicate does. Raises on misuse, and what a
--- predicate raises.
---
---     if cohort.is(err, {code = "ENOENT"}) then ... end
---
--- @param err any
--- @param matcher cohort.Matcher  ErrorGroup is allowed here
--- @return boolean
function match.is(err, matcher)
  match.check(matcher, "is", true)
  return err ~= nil and matches(err, matcher, false)
end

--- `match.is` for a matcher that is already checked.
--- @param err any  not nil
--- @param matcher cohort.Matcher
--- @return boolean
function match.matches(err, matcher)
  return matches(err, matcher, false)
end

--- Splits a group by a matcher that is already checked.
---
--- A predicate is tried on every node from the root down: true for a group takes it whole, false looks
--- inside. Everything else is tried on leaves only. Only `Cancelled` itself matches a Cancelled in the group.
--- @param eg cohort.ErrorGroup
--- @param matcher cohort.Matcher
--- @param marks boolean[]?  gets true (matched) or false for each leaf, depth first
--- @return cohort.ErrorGroup? matched  `eg` itself when all of it matches
--- @return cohort.ErrorGroup? rest     `eg` itself when nothing matches
function match.split(eg, matcher, marks)
  return core.split(eg, function(node)
    return matches(node, matcher, core.is_error_group(node))
  end, has_predicate(matcher), marks)
end

local function check_group(value, who)
  if not core.is_error_group(value) then
    misuse("%s expects an error group, got %s: write eg:%s(matcher)", who, type(value), who)
  end
end

--- Splits a group into two of the same shape. Inner groups that become empty vanish, groups of one stay;
--- message, cause, context and tracebacks are kept. Returns at once; raises on misuse, and what a predicate
--- raises.
---
---     local late, rest = eg:split(cohort.Timeout)
---
--- @param self cohort.ErrorGroup
--- @param matcher cohort.Matcher
--- @return cohort.ErrorGroup? matched
--- @return cohort.ErrorGroup? rest
function core.ErrorGroup.split(self, matcher)
  check_group(self, "split")
  match.check(matcher, "split", true)
  return match.split(self, matcher)
end

--- The first result of `split`: what matches, in the shape of the group, or nil.
--- @param self cohort.ErrorGroup
--- @param matcher cohort.Matcher
--- @return cohort.ErrorGroup? matched
function core.ErrorGroup.subgroup(self, matcher)
  check_group(self, "subgroup")
  match.check(matcher, "subgroup", true)
  return (match.split(self, matcher))
end

return match
