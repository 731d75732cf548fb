-- The fuzzers bite: faults in what is called are seen by the programs that read inputs, with inputs drawn at
-- random, and libFuzzer finds faults planted in copies of the source.
local child = require "spec.support.child"
local cohort = require "cohort"
local programs = require "engines.programs"
local testing = require "cohort.testing"

local calls = require "engines.fuzz.calls"
local options = require "engines.fuzz.options"
local streams = require "engines.fuzz.streams"

local INPUTS_MAX, LENGTH_MAX = 3000, 200

-- A source of inputs, the same ones each time.
local function inputs(seed)
  local state = seed
  local function draw(n)
    state = state * 6364136223846793005 + 1442695040888963407
    return (state >> 33) % n
  end
  return function()
    local bytes = {}
    for i = 1, draw(LENGTH_MAX) do bytes[i] = string.char(draw(256)) end
    return table.concat(bytes)
  end
end

-- The first fault that `one` raises for an input, or nil.
local function first_fault(one, most)
  local next_input = inputs(1)
  for _ = 1, most or INPUTS_MAX do
    local ok, err = pcall(one, next_input())
    if not ok then return tostring(err) end
  end
end

-- The same with some functions of `module` replaced.
local function fault_with(one, module, replaced)
  local kept = {}
  for name, f in pairs(replaced) do
    kept[name] = module[name]
    module[name] = f
  end
  local fault = first_fault(one)
  for name, f in pairs(kept) do module[name] = f end
  return fault
end

local function never_mind() end

describe("the programs of the fuzzers find nothing wrong", function()
  it("in sequences of calls, and take every step", function()
    assert.is_nil(first_fault(calls, 1000))
    for _, step in ipairs(require("engines.fuzz.steps").list) do
      assert.is_truthy(calls.counts[step.name], step.name)
    end
  end)

  it("in sequences of calls from everywhere, and take every step", function()
    -- In a process of its own: its steps are added to those of all sequences.
    local ok, said = child.shell [[lua5.4 -e '
      local calls, steps = require "engines.fuzz.reentry", require "engines.fuzz.steps"
      local state = 1
      local function draw(n)
        state = state * 6364136223846793005 + 1442695040888963407
        return (state >> 33) % n
      end
      for _ = 1, 1500 do
        local bytes = {}
        for i = 1, draw(200) do bytes[i] = string.char(draw(256)) end
        calls.one(table.concat(bytes))
      end
      for _, step in ipairs(steps.list) do assert(calls.counts[step.name], step.name) end' 2>&1]]
    assert.is_true(ok, said)
  end)

  it("in what streams read", function() assert.is_nil(first_fault(streams, 1000)) end)

  it("in wrong arguments and options", function()
    programs.with_scratch(function(scratch)
      -- In a process of its own: files that it names lie in its folder.
      local ok, said = child.shell(([[cd %s && LUA_PATH_5_4="$OLDPWD/?.lua;$LUA_PATH_5_4" lua5.4 -e '
        TREE = os.getenv "OLDPWD"
        local one = require "engines.fuzz.options"
        for i = 1, 200 do
          one(string.char(i, i * 7 %% 256, i * 31 %% 256, i * 101 %% 256):rep(20))
        end' 2>&1]])
        :format(scratch))
      assert.is_true(ok, said)
    end)
  end)
end)

describe("sequences of calls find", function()
  local new_lock = cohort.lock

  local function lock_for_two()
    local lock = new_lock()
    return setmetatable({ with = function(_, f, ...) return f(...) end }, { __index = function(_, name)
      return function(_, ...) return lock[name](lock, ...) end
    end })
  end

  local channel = cohort.channel

  local function doubled()
    local send, receive = channel(math.huge)
    local other = { clone = function() return receive:clone() end, close = function() receive:close() end,
      poll = function() return receive:poll() end }
    return send, setmetatable(other, { __close = never_mind, __call = function()
      local item = receive()
      cohort.attempt(send.offer, send, item)
      return item
    end })
  end

  it("a lock that two have at once", function()
    assert.matches("2 at once in", fault_with(calls, cohort, { lock = lock_for_two }))
  end)

  it("an item that comes twice", function()
    assert.matches("got item %d+ twice", fault_with(calls, cohort, { channel = doubled }))
  end)

  it("time that goes back", function()
    local now, count = cohort.now, 0
    assert.matches("^it was .* and is ", fault_with(calls, cohort, { now = function()
      count = count + 1
      return now() - count
    end }))
  end)

  it("an error that is none of cohort's", function()
    assert.matches("attempt to index a nil value", fault_with(calls, cohort, { barrier = function()
      return { wait = function(self) return self.places.n end }
    end }))
  end)

  it("a value of a context that is lost", function()
    assert.matches("a context has lost its value", fault_with(calls, cohort, { context = function()
      return { get = never_mind, with = function(_, _, f, ...) return f(...) end }
    end }))
  end)
end)

describe("reading streams finds", function()
  -- Both makers of streams, with the methods of the second end changed.
  local function fault_of(changed)
    local function maker(make)
      return function(settings)
        local a, b = make(settings)
        if not settings.line_max then return a, b end  -- what is copied to
        return a, setmetatable({}, { __index = function(_, name)
          return function(_, ...)
            if changed[name] then return changed[name](b, ...) end
            return b[name](b, ...)
          end
        end })
      end
    end
    local pair, stream_pair = cohort.net.pair, testing.stream_pair
    cohort.net.pair, testing.stream_pair = maker(pair), maker(stream_pair)
    local fault = first_fault(streams)
    cohort.net.pair, testing.stream_pair = pair, stream_pair
    return fault
  end

  it("a line that keeps its end", function()
    assert.matches("expected ", fault_of { read = function(stream, ...)
      local formats = table.pack(...)
      for i = 1, formats.n do formats[i] = formats[i] == "l" and "L" or formats[i] end
      return stream:read(table.unpack(formats, 1, formats.n))
    end })
  end)

  it("bytes that a cut read has lost", function()
    assert.is_string(fault_of { read_exactly = function(stream, n)
      local first = n > 0 and stream:read_some(1)
      return first and first .. (stream:read_exactly(n - 1) or "")
    end })
  end)

  it("a limit that does not hold", function()
    assert.is_string(fault_of { read_until = function(stream, delimiter)
      return stream:read_until(delimiter, math.huge)
    end })
  end)

  it("a copy that says less than it did", function()
    assert.matches("copied otherwise than it says", fault_of { copy_to = function(stream, ...)
      return stream:copy_to(...) - 1
    end })
  end)
end)

describe("wrong options find", function()
  it("an error that is not told at the line of the call", function()
    assert.matches("cohort.retry raised string", fault_with(options, cohort, { retry = function(settings)
      return settings.attempts + 1
    end }))
  end)
end)

describe("libFuzzer finds", function()
  local flags = "-std=c11 -fPIC -D_GNU_SOURCE -Icsrc -O1 -g -fsanitize=fuzzer-no-link,address,undefined "
    .. "-fno-sanitize-recover=all $(pkg-config --cflags lua5.4 libuv)"

  local function shell(format, ...)
    local ok, said = child.shell(format:format(...) .. " 2>&1")
    return ok, said
  end

  local function must(...)
    local ok, said = shell(...)
    assert(ok, said)
  end

  local function read(path)
    local file <close> = assert(io.open(path))
    return file:read "a"
  end

  local function object_of(path) return (path:gsub("^csrc/", "build/obj/"):gsub("%.c$", ".o")) end

  -- What a fuzzer says about a cohort with one file changed. What `other` does with memory is watched, too.
  local function said_of(target, path, from, to, other)
    return programs.with_scratch(function(scratch)
      local text = read(path)
      local at, last = text:find(from, 1, true)
      assert(at, from)
      local file = assert(io.open(scratch .. "/planted.c", "w"))
      file:write(text:sub(1, at - 1), to, text:sub(last + 1))
      file:close()
      must("mkdir %s/files %s/new && clang %s -fsanitize=fuzzer -o %s/fuzz %s/planted.c %s engines/fuzz/*.c "
        .. "$(ls build/obj/*/*.o | grep -v -e %s -e %s) $(pkg-config --libs lua5.4) -luv -lm -Wl,-E", scratch,
        scratch, flags, scratch, scratch, other or "", object_of(path), object_of(other or path))
      local ok, said = shell("UBSAN_OPTIONS=print_stacktrace=1 COHORT_FUZZ=%s COHORT_FUZZ_DIR=%s/files "
        .. "%s/fuzz -seed=1 -runs=40000 -len_control=0 -max_len=300 -detect_leaks=0 "
        .. "-artifact_prefix=%s/ %s/new $PWD/engines/fuzz/corpus/%s", target, scratch, scratch, scratch,
        scratch, target)
      assert.is_false(ok)
      return said
    end)
  end

  local has_clang = child.shell "test -e $(clang -print-runtime-dir)/libclang_rt.fuzzer-$(uname -m).a"

  it("a numeral that is copied beyond its room", function()
    if not has_clang then return pending "no clang with libFuzzer" end
    -- Eight digits fit and their end does not, which UBSan says first; of more, ASan says it.
    local said = said_of("streams", "csrc/stream/number.c", "char text[LENGTH_MAX + 1];", "char text[8];")
    assert(said:find "out of bounds" or said:find "stack%-buffer%-overflow", said)
    assert.matches("in coh_numeral_push [^\n]*planted%.c", said)
  end)

  it("a delimiter that is not seen across two pieces", function()
    if not has_clang then return pending "no clang with libFuzzer" end
    assert.matches("found: ",
      said_of("streams", "csrc/stream/goal.c", "g->scanned - mark + 1 : 0", "g->scanned : 0"))
  end)

  it("memory that a stream in memory keeps", function()
    if not has_clang then return pending "no clang with libFuzzer" end
    assert.matches("internal error: .*mem.used == 0", said_of("calls", "csrc/stream/memory.c",
      "coh_streambuf_clear(coh_stream_mem(s), &end->incoming);\n", "\n"))
  end)

  it("a place of a limiter that remembers a task that is gone", function()
    if not has_clang then return pending "no clang with libFuzzer" end
    assert.matches("heap%-use%-after%-free", said_of("reentry", "csrc/sync/limiter.c",
      "coh_link_remove(&t->held.link);\n    spare(t);\n", "coh_link_remove(&t->held.link);\n",
      "csrc/kernel/wait.c"))
  end)

  it("an address whose port is turned round", function()
    if not has_clang then return pending "no clang with libFuzzer" end
    assert.matches("assertion failed", said_of("addresses", "csrc/io/addr.c", "ntohs(a->u.in.sin_port)",
      "a->u.in.sin_port"))
  end)
end)
