--- Assertions that only a library like this one needs: does a call make a checkpoint, and what is in an error
--- group?
local core = require "cohort.core"
local match = require "cohort.match"
local misuse = require "cohort.misuse"
local object = require "cohort.object"
local try = require "cohort.try"

local asserts = {}

local function check_callable(who, f)
  if core.is_callable(f) then return end
  misuse("%s expects a function, got %s: write %s(f, ...)", who, type(f), who)
end

---------------------------------------------------------------------------
-- Checkpoints

-- Returns the results of `f`, if it made checkpoints or none, as expected.
local function settle(expected, before, ...)
  local count = core.checkpoints() - before
  if expected and count == 0 then
    misuse("assert_checkpoints: it returned without a checkpoint: nothing in it waited or saw whether it was "
      .. "cancelled")
  elseif not expected and count > 0 then
    misuse("assert_no_checkpoints: it came to %d checkpoints", count)
  end
  return ...
end

--- Calls `f(...)`, which must make a checkpoint. Returns its results.
--- @async
--- @param f async fun(...): ...
--- @param ... any
--- @return any ...
function asserts.assert_checkpoints(f, ...)
  check_callable("assert_checkpoints", f)
  object.check_task "assert_checkpoints"
  return settle(true, core.checkpoints(), f(...))
end

--- Calls `f(...)`, which must make no checkpoint. Returns its results.
--- @param f fun(...): ...
--- @param ... any
--- @return any ...
function asserts.assert_no_checkpoints(f, ...)
  check_callable("assert_no_checkpoints", f)
  object.check_task "assert_no_checkpoints"
  return settle(false, core.checkpoints(), f(...))
end

---------------------------------------------------------------------------
-- Groups of errors

-- Does an entry of a shape stand for a group in the group?
local function is_shape(entry)
  return type(entry) == "table" and getmetatable(entry) == nil and rawget(entry, 1) ~= nil
end

local function check_shape(shape)
  if not is_shape(shape) then
    misuse("assert_raises_group expects a list of matchers, or lists of them for inner groups, got %s",
      type(shape) == "table" and "another table" or type(shape))
  end
  if shape.message ~= nil then match.check(shape.message, "assert_raises_group") end
  for _, entry in ipairs(shape) do
    if is_shape(entry) then check_shape(entry) else match.check(entry, "assert_raises_group", true) end
  end
end

local compare

-- Does the error match the entry of a shape?
local function fits(entry, err)
  if is_shape(entry) then return core.is_error_group(err) and compare(entry, err).same end
  return match.matches(err, entry)
end

-- Finds a partner for entry number `i`, and others for the entries that must give theirs up for it.
local function pair(table_of_fits, partners, i, tried)
  for j, fit in ipairs(table_of_fits[i]) do
    if fit and not tried[j] then
      tried[j] = true
      if not partners[j] or pair(table_of_fits, partners, partners[j], tried) then
        partners[j] = i
        return true
      end
    end
  end
  return false
end

-- Pairs entries of a shape with errors of a group, as many as possible. `partners` maps the index of an error
-- to that of its entry; `missing` has the entries without a partner.
function compare(shape, group)
  local result, errors = { partners = {}, missing = {}, errors = group.errors }, group.errors
  local table_of_fits = {}
  for i, entry in ipairs(shape) do
    table_of_fits[i] = {}
    for j, err in ipairs(errors) do table_of_fits[i][j] = fits(entry, err) end
  end
  for i, entry in ipairs(shape) do
    if not pair(table_of_fits, result.partners, i, {}) then table.insert(result.missing, entry) end
  end
  result.titled = shape.message == nil or match.matches(group, shape.message)
  result.same = #result.missing == 0 and #errors == #shape and result.titled
  return result
end

---------------------------------------------------------------------------
-- The difference, for people

local function first_line(err)
  return (core.text_of(err):match("^[^\n]*"))
end

local function describe(matcher)
  if type(matcher) == "string" then return ("an error like %q"):format(matcher) end
  if type(matcher) == "function" then return "an error that the predicate takes" end
  if core.is_error_type(matcher) or getmetatable(matcher) ~= nil then return tostring(matcher) end
  local fields = {}
  for key, value in pairs(matcher) do fields[#fields + 1] = ("%s = %s"):format(key, tostring(value)) end
  table.sort(fields)
  return "an error with " .. table.concat(fields, ", ")
end

local add_difference

-- Adds the lines for an inner group that was expected and is missing.
local function add_missing_group(lines, shape, indent)
  lines[#lines + 1] = indent .. "missing   a group of"
  for _, entry in ipairs(shape) do
    if is_shape(entry) then add_missing_group(lines, entry, indent .. "  ")
    else lines[#lines + 1] = indent .. "            " .. describe(entry)
    end
  end
end

-- Takes the first missing entry that is a group; nil when there is none.
local function take_shape(missing)
  for i, entry in ipairs(missing) do
    if is_shape(entry) then return table.remove(missing, i) end
  end
end

-- Adds a line for each error and each entry. A group that matches no entry is compared with one that is
-- missing.
function add_difference(lines, shape, group, indent)
  local result = compare(shape, group)
  if not result.titled then
    lines[#lines + 1] = ("%smessage   %q, expected %s"):format(indent, group.message, describe(shape.message))
  end
  for j, err in ipairs(result.errors) do
    local inner = not result.partners[j] and core.is_error_group(err) and take_shape(result.missing)
    if inner then
      lines[#lines + 1] = ("%sdiffers   %s"):format(indent, first_line(err))
      add_difference(lines, inner, err, indent .. "  ")
    else
      lines[#lines + 1] = ("%s%-9s %s"):format(indent, result.partners[j] and "as it is" or "too many",
        first_line(err))
    end
  end
  for _, entry in ipairs(result.missing) do
    if is_shape(entry) then add_missing_group(lines, entry, indent)
    else lines[#lines + 1] = indent .. "missing   " .. describe(entry)
    end
  end
end

-- Adds what is in a list and in its inner lists; `inner_of(entry)` is the list that an entry stands for, if
-- any.
local function add_leaves(leaves, list, inner_of)
  for _, entry in ipairs(list) do
    local inner = inner_of(entry)
    if inner then add_leaves(leaves, inner, inner_of) else leaves[#leaves + 1] = entry end
  end
  return leaves
end

local function list_of_shape(entry) return is_shape(entry) and entry or nil end

local function list_of_group(err) return core.is_error_group(err) and err.errors or nil end

-- The shape without its requirements for the groups' messages.
local function without_messages(shape)
  local result = {}
  for i, entry in ipairs(shape) do result[i] = is_shape(entry) and without_messages(entry) or entry end
  return result
end

-- Are exactly the expected errors there, only in other groups?
local function only_nested_otherwise(shape, group)
  local leaves = { errors = add_leaves({}, group.errors, list_of_group) }
  return compare(add_leaves({}, shape, list_of_shape), leaves).same
    and not compare(without_messages(shape), group).same
end

-- Returns the group that a call raised, if it has the shape.
local function settle_group(shape, ok, ...)
  local err = (...)
  if ok then misuse "assert_raises_group: nothing was raised" end
  if not core.is_error_group(err) then
    misuse("assert_raises_group: no group of errors was raised, but %s", core.text_of(err))
  end
  if compare(shape, err).same then return err end
  local lines = { "assert_raises_group: the group is another one:" }
  add_difference(lines, shape, err, "  ")
  if only_nested_otherwise(shape, err) then
    lines[#lines + 1] = "  The errors are those, and only their nesting differs: each group in the group is "
      .. "a list in the shape."
  end
  misuse("%s", table.concat(lines, "\n"))
end

--- Calls `f(...)`, which must raise an error group of this shape. Returns the group.
--- @async
--- @param shape table
--- @param f async fun(...): ...
--- @param ... any
--- @return cohort.ErrorGroup
function asserts.assert_raises_group(shape, f, ...)
  check_shape(shape)
  check_callable("assert_raises_group", f)
  return settle_group(shape, try.attempt(f, ...))
end

return asserts
