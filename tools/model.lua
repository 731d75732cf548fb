--- Checks that every rule of docs/model.md is proved by a spec that ran.
---
---     lua5.4 tools/model.lua docs/model.md SPECS KERNEL
---
--- SPECS and KERNEL are the files that `make specs` and `make kernel` wrote. A rule begins with its number in
--- bold at the start of a line, and extends to the next rule or heading. Below its text are its proofs, one a
--- line:
---
---     **1.4** Nested groups nest in the error: two layers stay two layers.
---     - spec: `spec/group_spec.lua` "group nests the error of a group inside it"
---     - spec: `spec/kernel/group_test.c` "a_failed_inner_group_fails_the_outer_one"
---
--- A Lua spec is named in full: the names of the blocks around it and its own, separated by blanks. It must
--- have run, passed, and asserted something, and so must every spec of that name in that file. A C test is
--- named by a function that the file's main runs and that contains a CHECK, itself or in a function of the
--- file that it calls; its program must have passed. A rule that is not built yet says so in place of a
--- proof, which only part 4 may:
---
---     - later: the reason

local model_path, specs_path, kernel_path = table.unpack(arg)
assert(kernel_path, "usage: model.lua MODEL SPECS KERNEL")

local rules_in_part = { 20, 14, 8, 8, 8 }
local may_be_later = { ["4"] = true }

local faults = 0

local function fault(number, text, ...)
  faults = faults + 1
  print(("%s:%d: "):format(model_path, number) .. text:format(...))
end

local function open(path, made_by)
  local file = io.open(path)
  if file then return file end
  print(("%s is missing: %s"):format(path, made_by))
  os.exit(false, true)
end

--- Returns file -> full name -> what ran under that name: a list of {status, assertions}.
local function read_specs()
  local specs = {}
  for line in open(specs_path, "run `make specs` first"):lines() do
    local status, assertions, file, name = line:match("^(%w+)\t(%d+)\t([^\t]+)\t(.*)$")
    specs[file] = specs[file] or {}
    specs[file][name] = specs[file][name] or {}
    table.insert(specs[file][name], { status = status, assertions = tonumber(assertions) })
  end
  return specs
end

local function read_kernel()
  local passed = {}
  for file in open(kernel_path, "run `make kernel` first"):lines() do passed[file] = true end
  return passed
end

local specs, kernel_passed = read_specs(), read_kernel()

--- Why the Lua spec proves nothing, or nil.
local function spec_fault(file, name)
  local runs = specs[file] and specs[file][name]
  if not runs then return "no such spec ran" end
  for _, run in ipairs(runs) do
    if run.status == "pending" then return "was skipped" end
    if run.status ~= "success" then return "did not pass" end
    if run.assertions == 0 then return "asserts nothing" end
  end
end

--- The functions of a C file: name -> body.
local function c_functions(text)
  local bodies = {}
  for name, body in text:gmatch("\n%l[^\n;=]-([%w_]+)%b() (%b{})") do bodies[name] = body end
  return bodies
end

--- Does the function contain a CHECK, or call one of its file that does?
local function checks(bodies, name, visited)
  local body = bodies[name]
  if not body or visited[name] then return false end
  visited[name] = true
  if body:find("CHECK") then return true end
  for called in body:gmatch("([%w_]+)%(") do
    if checks(bodies, called, visited) then return true end
  end
  return false
end

--- Why the C test function proves nothing, or nil.
local function kernel_fault(path, name)
  local file = io.open(path)
  if not file then return "no such file" end
  local bodies = c_functions("\n" .. file:read("a"))
  file:close()
  if not bodies[name] then return "no such function" end
  if not (bodies.main or ""):find("%f[%w_]" .. name .. "%f[^%w_]") then return "main does not run it" end
  if not checks(bodies, name, {}) then return "checks nothing" end
  if not kernel_passed[path] then return "its program did not pass" end
end

local function check_proof(number, file, name)
  local why = (file:find("%.c$") and kernel_fault or spec_fault)(file, name)
  if why then fault(number, "%s, \"%s\": %s", file, name, why) end
end

local seen = {}
local rule  -- the current one: {number =, part =, line =, proofs =}

local function end_rule()
  if rule and rule.proofs == 0 then fault(rule.line, "rule %s names no spec", rule.number) end
  rule = nil
end

local function begin_rule(number, line)
  end_rule()
  if seen[number] then fault(line, "rule %s stands here a second time", number) end
  seen[number] = true
  rule = { number = number, part = number:match("^%d+"), line = line, proofs = 0 }
end

local function check_line(line, number)
  local bold = line:match("^%*%*(%d+%.%d+)%*%*%s")
  if bold then begin_rule(bold, number) end
  if line:find("^#") then return end_rule() end
  if not rule then return end
  local file, name = line:match('spec:%s*`([^`]+)`%s*"(.+)"%s*$')
  if file then
    check_proof(number, file, name)
  elseif line:find("spec:%s*`") then
    fault(number, 'a proof is written: - spec: `file` "name"')
  elseif line:find("^%s*%- later: %S") then
    if not may_be_later[rule.part] then fault(number, "rule %s may not be later", rule.number) end
  else
    return
  end
  rule.proofs = rule.proofs + 1
end

local number = 0
for line in open(model_path, "it holds the rules"):lines() do
  number = number + 1
  check_line(line, number)
end
end_rule()

for part, count in ipairs(rules_in_part) do
  for i = 1, count do
    local name = ("%d.%d"):format(part, i)
    if not seen[name] then fault(number, "rule %s is missing", name) end
  end
end

os.exit(faults == 0, true)
