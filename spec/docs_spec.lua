--- The programs in README.md and in the documents: each ```lua block is a complete program, and what it
--- prints, errors included, is the ```text block that follows it, if one does. A program may name its file in
--- its first line. The host in docs/embedding.md is compiled, and runs one of them.
local timeout = "timeout 60 "

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

  for _, path in ipairs { "README.md", "docs/guide.md", "docs/embedding.md" } do
    for i, block in ipairs(blocks_of(path, "lua")) do
      local name = block.text:match("^%-%- ([%w_]+%.lua)\n") or ("program_%d.lua"):format(i)
      local expected = block.next and block.next.language == "text" and block.next.text

      it(("show programs that do what is said: %s, %s"):format(path, name), function()
        write(folder .. "/" .. name, block.text)
        local output, status = run(folder, "lua5.4 " .. name)
        if expected then
          assert.equal(expected, output)
        else
          assert.equal(0, status, output)
        end
      end)
    end
  end

  it("show a host that compiles and runs a script", function()
    local core = assert(package.searchpath("cohort.core", package.cpath))
    local program = blocks_of("docs/guide.md", "lua")[1]
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
