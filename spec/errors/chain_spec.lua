-- What an error came from, in the text of it: causes, and what was being handled when it was raised.
local cohort = require "cohort"
local tasks = require "spec.support.tasks"

local raised = tasks.raised
local try, except = cohort.try, cohort.except

local NotFound = cohort.error_type "NotFound"
local Late = cohort.error_type "Late"

-- The text of what a run of `f` raises, without the lines of tracebacks.
local function text_of(f, ...)
  local lines = {}
  for line in (tostring(raised(cohort.run, f, ...)) .. "\n"):gmatch "(.-)\n" do
    if not line:find(": in ", 1, true) and not line:find("in a group of", 1, true) then
      lines[#lines + 1] = line:gsub("spec/errors/chain_spec%.lua:%d+: ", "")
    end
  end
  return table.concat(lines, "\n")
end

local function lines_of(...) return table.concat({ ... }, "\n") end

local function first() error(NotFound "first") end

-- Two tasks fail.
local function two()
  cohort.group({ name = "two" }, function(g)
    g:spawn(function() error(NotFound "a") end).name = "A"
    g:spawn(function() error(NotFound "b") end).name = "B"
  end)
end

-- A handler that expects one error, and gets two.
local function expect_one() try(two, except(NotFound, function(eg) return eg:sole().message end)) end

local two_lines = {
  "while handling: group 'two' failed (2 errors)",
  "├─ task 'A': NotFound: a",
  "╰─ task 'B': NotFound: b",
}

describe("an error that leaves a run", function()
  it("says in the handling of what it was raised", function()
    assert.equal("Late: second\nwhile handling: NotFound: first", text_of(function()
      try(first, except(NotFound, function() error(Late "second") end))
    end))
  end)

  it("says what it was caused by, once when that is what was being handled", function()
    assert.equal("Late: second\ncaused by: NotFound: first", text_of(function()
      try(first, except(NotFound, function(eg) error(Late { message = "second", cause = eg:sole() }) end))
    end))
    local expected = lines_of("Late: second", "caused by: NotFound: other", table.unpack(two_lines))
    assert.equal(expected, text_of(function()
      try(two, except(NotFound, function() error(Late { message = "second", cause = NotFound "other" }) end))
    end))
  end)

  it("says each link of the chain, and ends where that leads back", function()
    local expected = lines_of("Late: c", "while handling: Late: b", "while handling: NotFound: first")
    assert.equal(expected, text_of(function()
      try(function()
        try(first, except(NotFound, function() error(Late "b") end))
      end, except(Late, function() error(Late "c") end))
    end))
    assert.equal("NotFound: first", text_of(try, first, except(NotFound, function(eg) error(eg:sole()) end)))
    local a, b = Late "a", Late "b"
    a.cause, b.cause = b, a
    assert.equal("Late: a\ncaused by: Late: b", text_of(error, a))
    a.cause = a
    assert.equal("Late: a", text_of(error, a))
  end)

  it("stays one line before, and where it is joined to a string", function()
    local err = raised(try, first, except(NotFound, function() error(Late "second") end))
    assert.matches("^[^\n]*Late: second$", tostring(err))
    pcall(cohort.run, error, err)
    assert.matches("\nwhile handling: ", tostring(err))
    assert.matches("^[^\n]*Late: second!$", err .. "!")
  end)

  it("does not take a cancellation for an error", function()
    local text = text_of(function()
      cohort.group(function(g)
        g:spawn(function()
          try(cohort.sleep_forever, except(cohort.Cancelled, function() error(Late "cleaning") end))
        end)
        cohort.checkpoint()
        g:cancel()
      end)
    end)
    assert.matches("Late: cleaning$", text)
  end)
end)

describe("a string that a handler raised", function()
  local nil_value = "attempt to index a nil value"

  it("leaves a run with the tree of what was being handled", function()
    assert.equal(lines_of(nil_value, table.unpack(two_lines)), text_of(expect_one))
  end)

  it("is as it was raised where it is caught", function()
    cohort.run(function()
      local err = raised(expect_one)
      assert.matches("attempt to index a nil value$", err)
      assert.equal("x", raised(try, two, except(NotFound, function() error("x", 0) end)))
    end)
  end)

  it("shows that below its traceback in the tree of its group, and in the details of leaves", function()
    local eg = raised(cohort.run, cohort.group, { name = "outer" }, function(g)
      g:spawn(expect_one).name = "S"
    end)
    local own = "S': [^\n]* nil value\n     .-\n     while handling: group 'two' failed %(2 errors%)\n"
    assert.matches(own, tostring(eg))
    for _, details in eg:leaves() do
      own = "errors/chain_spec.lua:%d+: in function.-\nwhile handling: group 'two' failed"
      assert.matches(own, details.traceback)
    end
  end)

  it("keeps it beside other errors: the rest, that of finally, and those of other attempts", function()
    local function check(text)
      assert.matches("while handling: group 'two' failed %(2 errors%)", text)
    end
    local function index(eg) return eg:sole().message end
    check(text_of(function()
      try(function()
        try(two, except(NotFound, index), cohort.finally(function() error "too" end))
      end, except("no such", index))
    end))
    check(text_of(cohort.retry, { attempts = 2, delay = 0 }, expect_one))
    check(text_of(cohort.unwrap, cohort.group, function(g) g:spawn(expect_one) end))
    check(text_of(cohort.group, function(g) g:defer(expect_one) end))
    check(text_of(function()
      for _ in cohort.stream(function() expect_one() end) do cohort.checkpoint() end
    end))
  end)

  it("keeps it when more is raised and caught before it leaves", function()
    assert.equal(lines_of(nil_value, table.unpack(two_lines)), text_of(function()
      try(two, except(NotFound, function(eg) return eg:sole().message end), cohort.finally(function()
        cohort.attempt(error, "inner")
      end))
    end))
  end)

  it("keeps it when it is handled itself, and another is raised", function()
    local text = text_of(function()
      try(expect_one, except("nil value", function() error("again", 0) end))
    end)
    assert.matches("^again\nwhile handling: %(1 error%)\n╰─ attempt to index a nil value\n", text)
    assert.matches("     while handling: group 'two' failed %(2 errors%)\n     ├─ task 'A'", text)
  end)

  it("that is the very error it handled says nothing more", function()
    local again = except("x", function(eg) error(eg:sole(), 0) end)
    assert.equal("x", text_of(try, function() error("x", 0) end, again))
  end)
end)

describe("a message with a NUL byte in it", function()
  local whole = NotFound { message = "fi\0rst", traceback = "in a\0place\nin another" }

  local function fail()
    try(function() error(whole) end, except(NotFound, function() error("sec\0ond", 0) end))
  end

  local lines = { "while handling: NotFound: fi\0rst", "  in a\0place", "  in another" }
  local alone = lines_of("sec\0ond", table.unpack(lines))

  it("is whole below the string that its handler raised, also through a stream", function()
    assert.equal(alone, text_of(fail))
    assert.equal(alone, text_of(function()
      for _ in cohort.stream(fail) do error "nothing was emitted" end
    end))
  end)

  it("is whole in the tree of a group, of what a task, the body and a deferred function raised", function()
    local text = text_of(cohort.group, { name = "G", on_error = "collect" }, function(g)
      g:spawn(fail).name = "T"
      g:defer(fail)
      cohort.checkpoint()
      fail()
    end)
    local shown = { "group 'G' failed (3 errors)" }
    for i, name in ipairs { "T", "cohort.group", "cohort.group" } do
      shown[#shown + 1] = (i < 3 and "├─" or "╰─") .. (" task '%s': sec\0ond"):format(name)
      for _, line in ipairs(lines) do shown[#shown + 1] = (i < 3 and "│  " or "   ") .. "  " .. line end
    end
    assert.equal(lines_of(table.unpack(shown)), text)
  end)

  it("is whole in what is told of a leaf", function()
    local err = raised(tasks.virtual, cohort.group, function(g) g:spawn(fail) end)
    for _, details in err:leaves() do
      assert.equal(lines_of(table.unpack(lines)), (details.handling:gsub("spec/%S+:%d+: ", "")))
    end
  end)
end)

describe("the tree of a group", function()
  it("shows below each error, and below itself, what it came from", function()
    local text = text_of(cohort.group, { name = "outer" }, function(g)
      g:spawn(function()
        try(two, except(NotFound, function()
          error(cohort.error_group("mine", { Late { message = "x", cause = "c" } }))
        end))
      end).name = "T"
    end)
    assert.equal(lines_of(
      "group 'outer' failed (1 error)",
      "╰─ task 'T': mine (1 error)",
      "   ╰─ task 'T': Late: x",
      "        caused by: c",
      "   while handling: group 'two' failed (2 errors)",
      "   ├─ task 'A': NotFound: a",
      "   ╰─ task 'B': NotFound: b"), text)
  end)

  it("is bounded in what it shows of groups in the past of groups", function()
    local err = cohort.error_group("0", { "x" })
    for i = 1, 20 do
      local errors = { Late { message = "m", cause = err }, Late { message = "n", cause = err } }
      err = cohort.error_group(tostring(i), errors)
    end
    local text = tostring(err)
    assert.is_true(#text < 100000)
    assert.matches("^20 %(2 errors%)\n├─", text)
  end)
end)
