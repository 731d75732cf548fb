--- The programs in the documents, found in every .md file there is: each ```lua block is a complete program,
--- and what it prints, errors included, is the ```text block that follows it; without one it prints nothing.
--- A program may name its file in its first line; one called so, `..._spec.lua`, is run by busted with the
--- command that the page gives, and what is shown is without the time it took. There is no ```lua block that
--- does not run. The host in docs/embedding.md is compiled, and runs one of them.
local links = require "tools.links"
local meta = require "tools.meta"

local timeout = "timeout 60 "
local guide = "docs/guide/"
local python = "env -u LD_PRELOAD python3 "

local function read(path)
  local file = assert(io.open(path))
  local text = file:read("a")
  file:close()
  return text
end

local function write(path, text)
  local file = assert(io.open(path, "w"))
  file:write(text)
  file:close()
end

--- The fenced blocks of a document in order: {language =, text =}, with `next` the block right below.
local function read_blocks(path)
  local blocks, block, blank = {}, nil, true
  for line in (read(path) .. "\n"):gmatch("([^\n]*)\n") do
    local language = line:match("^```(%w*)$")
    if not block and language then
      block = { language = language, lines = {} }
      local last = blocks[#blocks]
      if last and blank then last.next = block end
      blocks[#blocks + 1] = block
    elseif language then
      block.text, block, blank = table.concat(block.lines, "\n") .. "\n", nil, true
    elseif block then
      table.insert(block.lines, line)
    elseif line ~= "" then
      blank = false
    end
  end
  return blocks
end

local function blocks_of(path, language)
  local list = {}
  for _, block in ipairs(read_blocks(path)) do
    if block.language == language then list[#list + 1] = block end
  end
  return list
end

--- Runs a command in a folder. Returns what it printed to both outputs, and its exit status.
local function run(folder, command)
  local line = "cd %s && { %s%s; } >output 2>&1 </dev/null; echo $? >%s/status"
  os.execute(line:format(folder, timeout, command, folder))
  return read(folder .. "/output"), tonumber(read(folder .. "/status"))
end

--- What runs a program: Lua, or for specs busted as the page has it.
local function command_of(path, name)
  if not name:find "_spec%.lua$" then return "lua5.4 " .. name end
  local options = read(path):match("`lua5.4 /usr/bin/busted %-%-ignore%-lua ([^`]*) " .. name .. "`")
  local specs = io.popen("pwd"):read("l") .. "/tools/specs.lua"
  return ("lua5.4 %s %s %s | env -u LD_PRELOAD sed 's/ : [0-9.]* seconds$//'"):format(specs, options, name)
end

describe("the documents", function()
  local folder

  setup(function()
    folder = os.tmpname()
    os.remove(folder)
    assert(os.execute("mkdir " .. folder))
  end)

  teardown(function() os.execute("rm -r " .. folder) end)

  local programs = 0

  for _, path in ipairs(links.documents()) do
    for i, block in ipairs(blocks_of(path, "lua")) do
      local name = block.text:match("^%-%- ([%w_]+%.lua)\n") or ("program_%d.lua"):format(i)
      local expected = block.next and block.next.language == "text" and block.next.text or ""
      programs = programs + 1

      it(("show programs that do what is said: %s, %s"):format(path, name), function()
        write(folder .. "/" .. name, block.text)
        local output, status = run(folder, command_of(path, name))
        assert.equal(expected, output)
        -- What ends with an error prints it; nothing else fails.
        assert.is_true(status == 0 or expected:find "^lua5.4: " ~= nil, "exit status " .. status)
      end)
    end
  end

  -- A program in Python stands above the one in Lua that does the same.
  local function has_python()
    return os.execute(python .. "-c 'import asyncio; asyncio.TaskGroup' >/dev/null 2>&1") == true
  end

  it("show programs in Python that print what the ones in Lua print", function()
    if not has_python() then return pending "no Python of 3.11 or later" end
    local compared = 0
    for _, path in ipairs(links.documents()) do
      for _, block in ipairs(read_blocks(path)) do
        if block.language == "python" then
          compared = compared + 1
          write(folder .. "/program.py", block.text)
          local output = run(folder, python .. "program.py")
          assert.equal("lua", block.next.language)
          assert.equal(block.next.next.text, output)
        end
      end
    end
    assert.is_true(compared >= 3)
  end)

  it("show many programs, and each page of the guide shows some", function()
    assert.is_true(programs > 40)
    for _, path in ipairs(links.documents()) do
      if path:find(guide, 1, true) == 1 and not path:find "README" then
        assert.is_true(#blocks_of(path, "lua") > 0, path)
      end
    end
  end)

  it("open and close their blocks, and name their languages", function()
    local known = { lua = true, text = true, python = true, c = true, sh = true, [""] = true }
    for _, path in ipairs(links.documents()) do
      for _, block in ipairs(read_blocks(path)) do
        assert.is_true(known[block.language] or false, path .. ": " .. block.language)
        assert.is_string(block.text, path .. ": a block is not closed")
      end
    end
  end)

  it("lead to every page of the guide from its first", function()
    local index = read(guide .. "README.md")
    for _, path in ipairs(links.documents()) do
      local page = path:match("^docs/guide/(.*)$")
      if page and page ~= "README.md" then
        assert.is_truthy(index:find("](" .. page .. ")", 1, true), path)
      end
    end
  end)

  -- Names in backticks, `cohort.sleep` and `task:join()`; "*coming*" right behind says that it is not there.
  it("name what is there, and as coming what is not", function()
    local definitions = meta.read "lua/cohort/meta"
    local wrong, names, coming = {}, 0, 0
    local function check(path, owner, mark, name, is_coming)
      local exists = definitions.heads[owner .. mark .. name] or definitions.types[owner .. mark .. name]
      local is_other = name == "VERSION" or name == "NAME" or name == "h"
      names = names + 1
      if is_coming then coming = coming + 1 end
      if exists and is_coming then
        wrong[#wrong + 1] = ("%s: %s%s%s is there, and is said to be coming"):format(path, owner, mark, name)
      elseif not (exists or is_coming or is_other) then
        wrong[#wrong + 1] = ("%s: there is no %s%s%s"):format(path, owner, mark, name)
      end
    end
    for _, path in ipairs(links.documents()) do
      if path == "README.md" or path:find(guide, 1, true) == 1 then
        for span, tail in read(path):gsub("```.-\n```", ""):gmatch "`([^`\n]+)`([^`]*)" do
          local is_coming = tail:find "^, %*coming%*" ~= nil
          for name in span:gmatch "%f[%w]cohort%.([%w_]+)" do check(path, "cohort", ".", name, is_coming) end
          for owner, name in span:gmatch "%f[%w]([%w_]+):([%w_]+)" do
            local known = definitions.objects[owner]
            if known then check(path, owner, ":", name, is_coming) end
          end
        end
      end
    end
    assert.equal("", table.concat(wrong, "\n"))
    assert.is_true(names > 150)
    assert.is_true(coming < names / 2)
  end)

  it("have links whose ends are told when they lead nowhere", function()
    local texts = {
      ["a.md"] = "# One\n# One\n[x](b/c.md#a-title) [y](#one-1) [z](https://example.org/none)\n`[n](n.md)`\n"
        .. "```\n[n](none.md)\n```\n[f](b/c.md#none) [g](none.md) [h](#two)\n",
      ["b/c.md"] = "# A `title`\n[back](../a.md#one)\n",
    }
    local faults = {}
    local function fault(text, ...) faults[#faults + 1] = text:format(...) end
    links.check("a.md", texts, fault)
    links.check("b/c.md", texts, fault)
    assert.same({
      "a.md: there is no heading for b/c.md#none",
      "a.md: the link to none.md leads nowhere",
      "a.md: there is no heading for #two",
    }, faults)
  end)

  it("show a host that compiles and runs a script", function()
    local core = assert(package.searchpath("cohort.core", package.cpath))
    local program = blocks_of(guide .. "first-group.md", "lua")[1]
    local pwd = assert(io.popen("pwd")):read()
    write(folder .. "/host.c", blocks_of("docs/embedding.md", "c")[1].text)
    write(folder .. "/script.lua", program.text)
    -- A module built with sanitizers has symbols that only its preloaded runtime brings.
    local compile = "env -u LD_PRELOAD cc -std=c11 -Wall -Wextra -Werror -I%s/csrc "
      .. "$(pkg-config --cflags lua5.4) -o host host.c %s $(pkg-config --libs lua5.4) "
      .. "-Wl,--unresolved-symbols=ignore-in-shared-libs"
    assert.same({ "", 0 }, { run(folder, compile:format(pwd, core)) })
    assert.same({ program.next.text, 0 }, { run(folder, "./host script.lua") })
  end)
end)
