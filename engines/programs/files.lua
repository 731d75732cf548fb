--- Programs for each call that works on files. One that was cancelled has changed nothing, but for what
--- docs/reference says of it; one that looks gives what is there.
local cohort = require "cohort"
local fs = require "cohort.fs"

local MIB = 1 << 20

local function write(path, text)
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
  return path
end

-- What is in a file; nil when there is none.
local function read(path)
  local file = io.open(path, "rb")
  if not file then return nil end
  local text = file:read "a"
  file:close()
  return text or "a directory"
end

-- How something looks, for messages.
local function short(state)
  if type(state) ~= "string" or #state < 40 then return tostring(state) end
  return ("%d bytes"):format(#state)
end

-- Calls f(...), which makes `will` of what `look` gives; nothing is changed when it raised.
local function change(c, head, look, will, f, ...)
  local was = look()
  local ok, err = pcall(c.act, head, f, ...)
  local is, expected = look(), was
  if ok then expected = will end
  c.law(is == expected, "%s that was %s made %s of %s", head, ok and "done" or "cut", short(is), short(was))
  if not ok then error(err, 0) end
end

-- Calls f(...), which gives `expected`.
local function look(c, head, expected, f, ...)
  local value = c.act(head, f, ...)
  c.law(value == expected, "%s gave %s", head, short(value))
end

local programs = {}

programs["files as a whole"] = function(c, path)
  local a, b = path "a", path "b"
  local text = ("x"):rep(3 * MIB)
  local function in_a() return read(a) end
  local function in_b() return read(b) end
  os.remove(a)
  change(c, "fs.write_file", in_a, text, fs.write_file, a, text)
  look(c, "fs.read_file", text, fs.read_file, a)
  change(c, "fs.write_file", in_a, "new", fs.write_file, a, "new", { atomic = true })
  change(c, "fs.append_file", in_a, "newer", fs.append_file, a, "er")
  write(a, text)
  os.remove(b)
  change(c, "fs.copy", in_b, text, fs.copy, a, b)
  write(b, "old")
  change(c, "fs.copy", in_b, text, fs.copy, a, b, { atomic = true, sync = true })
end

programs["opening files"] = function(c, path)
  local a = write(path "a", "old")
  local function in_a() return read(a) end
  local _ <close> = c.act("fs.open", fs.open, a)
  change(c, "fs.open", in_a, "", function()
    local _ <close> = fs.open(a, "w")
  end)
  os.remove(a)
  change(c, "fs.open", in_a, "", function()
    local _ <close> = fs.open(a, "a", { exclusive = true })
  end)
end

-- Moves in a file as far as what was read or written, and nowhere when it was cut.
local function move(c, head, file, by, f, ...)
  local was = cohort.shield(file.seek, file)
  local values = table.pack(pcall(c.act, head, f, ...))
  local is = cohort.shield(file.seek, file)
  c.law(is == (values[1] and was + by or was), "%s moved from %d to %d", head, was, is)
  if not values[1] then error(values[2], 0) end
  return values[2]
end

programs["open files"] = function(c, path)
  local file <close> = cohort.shield(fs.open, write(path "a", "first\n12 third\nfourth\n"), "r+")
  c.law(move(c, "file:read", file, 6, file.read, file) == "first", "another line")
  c.law(move(c, "file:read", file, 2, file.read, file, "n") == 12, "another number")
  c.law(move(c, "file:lines", file, 7, file:lines "L") == " third\n", "another line")
  move(c, "file:seek", file, 3, file.seek, file, "cur", 3)
  c.law(c.act("file:stat", file.stat, file).size == 22, "another size")
  move(c, "file:write", file, MIB, file.write, file, ("y"):rep(MIB))
  c.act("file:sync", file.sync, file)
end

local function count(path)
  local n = 0
  for _ in cohort.shield(fs.scandir, path) do n = n + 1 end
  return n
end

programs["temporary files"] = function(c, path)
  local inside = path "inside"
  cohort.shield(fs.mkdir, inside, { parents = true })
  local ok, err = pcall(function()
    local _ <close> = c.act("fs.temp_file", fs.temp_file, { dir = inside })
    local dir <close> = c.act("fs.temp_dir", fs.temp_dir, { dir = inside })
    for i = 1, 3 do write(("%s/%d"):format(dir.path, i), "x") end
    c.act("tempdir:remove", dir.remove, dir)
    c.law(not read(dir.path), "a directory is there still")
  end)
  c.law(count(inside) == 0, "%d temporary names are left", count(inside))
  if not ok then error(err, 0) end
end

programs["looking at files"] = function(c, path)
  local a, link, dir = write(path "a", "text"), path "link", path "dir"
  os.remove(link)
  cohort.shield(fs.symlink, a, link)
  cohort.shield(fs.mkdir, dir, { parents = true })
  write(dir .. "/one", "x")
  c.law(c.act("fs.stat", fs.stat, link).type == "file", "another type")
  c.law(c.act("fs.lstat", fs.lstat, link).type == "link", "another type")
  look(c, "fs.exists", true, fs.exists, a)
  look(c, "fs.readlink", a, fs.readlink, link)
  look(c, "fs.realpath", cohort.shield(fs.realpath, a), fs.realpath, link)
  look(c, "fs.scandir", "one", function() return fs.scandir(dir)() end)
  local step, found = fs.walk(dir), nil
  repeat
    local last = found
    found = c.act("fs.walk", step)
    c.law(found or last == dir .. "/one", "the walk has missed a file")
  until not found
end

programs["changing what there is"] = function(c, path)
  local a, b, dir = write(path "a", "text"), path "b", path "new"
  local function in_a() return read(a) end
  local function in_b() return read(b) end
  local function in_dir() return read(dir) end
  os.remove(b)
  os.remove(dir)
  change(c, "fs.mkdir", in_dir, "a directory", fs.mkdir, dir)
  change(c, "fs.remove", in_dir, nil, fs.remove, dir)
  change(c, "fs.link", in_b, "text", fs.link, a, b)
  os.remove(b)
  change(c, "fs.symlink", in_b, "text", fs.symlink, a, b)
  os.remove(b)
  change(c, "fs.rename", in_b, "text", fs.rename, a, b)
  c.law(not in_a(), "the old name is there still")
  local function permissions() return cohort.shield(fs.stat, b).permissions end
  local function mtime() return cohort.shield(fs.stat, b).mtime end
  cohort.shield(fs.chmod, b, "644")
  change(c, "fs.chmod", permissions, "rw-------", fs.chmod, b, "600")
  change(c, "fs.utime", mtime, 1000, fs.utime, b, 1000)
end

programs["removing a tree"] = function(c, path)
  local dir = path "tree"
  cohort.shield(fs.mkdir, dir .. "/below", { parents = true })
  for i = 1, 3 do write(("%s/below/%d"):format(dir, i), "x") end
  c.act("fs.remove", fs.remove, dir, { recursive = true })
  c.law(not read(dir), "it is there still")
end

-- A name that comes while somebody watches is told of, then or later.
programs["watching"] = function(c, path)
  local dir = path "watched"
  cohort.shield(fs.mkdir, dir, { parents = true })
  os.remove(dir .. "/one")
  local watcher <close> = fs.watch(dir)
  local came, kind, name = false, nil, nil
  local ok, err = pcall(cohort.group, function(g)
    g:spawn(function()
      cohort.sleep(1)
      write(dir .. "/one", "x")
      came = true
    end)
    kind, name = c.act("watcher()", watcher)
  end)
  if came and not kind then kind, name = select(2, cohort.shield(cohort.move_on_after, 1, watcher)) end
  c.law(not came or kind == "rename" and name == "one", "it told of %s %s", kind, name)
  if not ok then error(err, 0) end
end

return function(c)
  local function path(name) return c.scratch .. "/" .. name end
  c.add_each(programs, function(run, guard)
    local _ <close> = guard()
    run(c, path)
  end)
end
