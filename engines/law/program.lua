--- Random programs: a tree of statements made from the grammar, and its text.
---
--- A block is a list of statements; a statement is a list of texts and blocks, in the order in which they
--- stand in the program. No loop is without an end, and there is a limit around all that waits, so every
--- program ends.
local generator = require "engines.model.generator"
local grammar = require "engines.law.grammar"

local program = {}

local TASKS, STATEMENTS_MAX, DEPTH_MAX, LENGTH_MAX = 6, 15, 6, 5

-- Each form as often as its weight says.
local lots = {}
for _, form in ipairs(grammar) do
  for _ = 1, form.weight do table.insert(lots, form.template) end
end

local function one_of(x, list) return list[x.random(#list)] end

-- {{ What stands behind `$` in a form

local matchers = { "p.A", "p.B", "{ p.A, cohort.Timeout }", "'^e%d*[02468]#'", "cohort.Error",
  "cohort.Closed", "function(err) return cohort.is(err, p.B) end" }
local options = { "{}", "{}", "{}", "{ limit = 1 }", "{ limit = 2 }", "{ on_error = 'collect' }" }
local some = { "0", "0.5", "1", "1", "2", "3", "5" }
local seconds = { "math.huge", table.unpack(some) }

local fill = {}

function fill.some(x) return one_of(x, some) end
function fill.seconds(x) return one_of(x, seconds) end
function fill.few(x) return tostring(x.random(3)) end
function fill.sort(x) return tostring(x.random(5)) end
function fill.matcher(x) return one_of(x, matchers) end
function fill.options(x) return one_of(x, options) end

function fill.new(x)
  x.last = x.last + 1
  return tostring(x.last)
end

-- One of a list, the newest more often than others.
local function newest_of(x, list) return list[math.max(x.random(#list), x.random(#list))] end

function fill.group(x) return newest_of(x, x.groups) end
function fill.scope(x) return newest_of(x, x.scopes) end
function fill.task(x) return newest_of(x, x.tasks) end
function fill.inner(x) return x.groups[1 + x.random(#x.groups - 1)] end

local function add_name(list, name)
  table.insert(list, name)
  return name
end

function fill.G(x) return add_name(x.groups, "g" .. x.last) end
function fill.S(x) return add_name(x.scopes, "s" .. x.last) end

-- }}

-- {{ Making one

-- Calls f(); what names it adds are in sight only meanwhile.
local function with_sight(x, f)
  local groups, scopes, tasks = #x.groups, #x.scopes, #x.tasks
  local value = f()
  for list, n in pairs { [x.groups] = groups, [x.scopes] = scopes, [x.tasks] = tasks } do
    for i = #list, n + 1, -1 do list[i] = nil end
  end
  return value
end

local make_block

local function make_statement(x, template)
  local id = fill.new(x)
  local statement = { ("p(%s) "):format(id) }
  with_sight(x, function()
    for text, word in template:gmatch "([^$]*)%$?(%a*)" do
      table.insert(statement, text)
      if word == "block" then
        table.insert(statement, with_sight(x, function() return make_block(x) end))
      elseif word == "id" then
        table.insert(statement, id)
      elseif word == "T" then
        table.insert(statement, "t" .. id)
      elseif word ~= "" then
        table.insert(statement, fill[word](x))
      end
    end
  end)
  if template:find("$T", 1, true) then table.insert(x.tasks, "t" .. id) end
  return statement
end

local function is_possible(x, template)
  return (#x.tasks > 0 or not template:find("$task", 1, true))
    and (#x.scopes > 0 or not template:find("$scope", 1, true))
    and (#x.groups > 1 or not template:find("$inner", 1, true))
end

function make_block(x)
  local block = {}
  x.depth = x.depth + 1
  for _ = 1, x.depth <= DEPTH_MAX and x.random(LENGTH_MAX) or 0 do
    local template = one_of(x, lots)
    if x.last < x.most and is_possible(x, template) then table.insert(block, make_statement(x, template)) end
  end
  x.depth = x.depth - 1
  return block
end

--- The program of a seed: some tasks in a group. Half of the programs pick at random who runs next.
function program.generate(seed)
  local x = { random = generator(seed), last = 0, depth = 0, groups = { "g" }, scopes = {}, tasks = {} }
  local shuffle = x.random(2) == 1 and seed or nil
  local main = {}
  for i = 1, TASKS do
    x.most = x.last + STATEMENTS_MAX
    main[i] = make_statement(x, grammar.task)
  end
  local first = ("return ledger.program(%s, %s, function(p, g)\n  "):format(shuffle, one_of(x, options))
  return { first, main, "\nend)\n" }
end

-- }}

-- {{ Its text

local add_statement

local function add_block(texts, block, indent)
  for i, statement in ipairs(block) do
    if i > 1 then table.insert(texts, "\n" .. indent) end
    add_statement(texts, statement, indent)
  end
end

function add_statement(texts, statement, indent)
  local inner
  for _, part in ipairs(statement) do
    if type(part) == "string" then
      part = part:gsub("\n", "\n" .. indent)
      inner = part:match "\n( *)$"
      table.insert(texts, part)
    else
      add_block(texts, part, inner)
    end
  end
end

local head = [[
local cohort = require "cohort"
local testing = require "cohort.testing"
local ledger = require "engines.law.ledger"

]]

--- The text of a program, which `lua5.4` runs.
function program.text(p)
  local texts = {}
  add_statement(texts, p, "")
  return head .. table.concat(texts):gsub("\n *\n", "\n")
end

-- }}

return program
