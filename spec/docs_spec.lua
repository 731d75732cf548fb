--- The programs in the documents, found in every .md file there is: each ```lua block is a complete program,
--- and what it prints, errors included, is the ```text block that follows it; without one it prints nothing.
--- A program may name its file in its first line. There is no ```lua block that does not run. The host in
--- docs/embedding.md is compiled, and runs one of them.
local links = require "tools.links"

local timeout = "timeout 60 "
local guide = "docs/guide/"

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
        local output, status = run(folder, "lua5.4 " .. name)
        assert.equal(expected, output)
        -- What ends with an error prints it; nothing else fails.
        assert.is_true(status == 0 or expected:find "^lua5.4: " ~= nil, "exit status " .. status)
      end)
    end
  end

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
