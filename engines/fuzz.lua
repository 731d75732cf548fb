--- The fuzz engine: libFuzzer makes inputs for the programs in engines/fuzz, on cohort with ASan and UBSan.
---
---     lua5.4 engines/fuzz.lua short|long [SEED]
---
--- The short form runs the inputs in engines/fuzz/corpus, the same ones each time; the long one goes on from
--- them for SECONDS of the environment, each program at once, with what earlier long runs have kept below
--- build/fuzz. An input with which something is wrong is kept there too, and printed with the command that
--- runs it again. Ends with "tried N, injected M": inputs, and those that came to an error.
local targets = { "addresses", "streams", "options", "calls", "reentry" }

local form, seed = arg[1], math.tointeger(arg[2] or 1)
assert((form == "short" or form == "long") and seed, "usage: fuzz.lua short|long [SEED]")

local function run(format, ...)
  local command = format:format(...)
  assert(os.execute(command), command)
end

local function read(path)
  local file <close> = io.open(path, "rb")
  return file and file:read "a"
end

local tree = io.popen("pwd"):read "l"
local made = tree .. "/build/fuzz"
local program = made .. "/fuzz"

run("MAKEFLAGS= make -s --no-print-directory fuzz-program")

-- The command that fuzzes one program. Its corpus is what is kept, or a folder that is empty at first.
local function command_of(name)
  local scratch = ("%s/run/%s"):format(made, name)
  local kept = form == "long" and ("%s/corpus/%s"):format(made, name) or scratch .. "/corpus"
  run("rm -rf %s && mkdir -p %s/files %s %s/found", scratch, scratch, kept, made)
  local limit = form == "long" and "-max_total_time=" .. (os.getenv "SECONDS" or 300) or "-runs=0"
  return ([[COHORT_FUZZ=%s COHORT_FUZZ_DIR=%s/files COHORT_FUZZ_RESULT=%s/result \
    ASAN_OPTIONS=detect_leaks=1 %s -seed=%d %s -len_control=0 -max_len=300 -timeout=60 -detect_leaks=0 \
    -print_final_stats=1 -artifact_prefix=%s/found/%s- %s %s/engines/fuzz/corpus/%s >%s/log 2>&1]])
    :format(name, scratch, scratch, program, seed, limit, made, name, kept, tree, name, scratch)
end

-- What is wrong with a run, from its log: what came first, and the input.
local function report(name)
  local log = read(("%s/run/%s/log"):format(made, name))
  local first = log:find "\nfound: " or log:find "\n==%d+==" or log:find "\ncohort: internal" or 1
  local input = log:match "Test unit written to (%S+)"
  print(("-- %s\n%s"):format(name, log:sub(first, first + 6000)))
  if input then print(("again: COHORT_FUZZ=%s %s %s"):format(name, program, input)) end
end

local pipes = {}
for i, name in ipairs(targets) do pipes[i] = assert(io.popen(command_of(name))) end

local tried, injected, failed = 0, 0, false
for i, name in ipairs(targets) do
  local ok = pipes[i]:close()
  local result = ok and read(("%s/run/%s/result"):format(made, name)) or ""
  local inputs, reached = result:match "^tried (%d+), injected (%d+)"
  if not inputs then
    failed = true
    report(name)
  else
    print(("%s: %s inputs, %s to an error"):format(name, inputs, reached))
    tried, injected = tried + inputs, injected + reached
  end
end
print(("tried %d, injected %d"):format(tried, injected))
os.exit(not failed, true)
