--- Wrong values for what cohort.process and cohort.stdio take, for bad_input.lua. A command is one table with
--- many faults.
local bad_commands = {}

local nan = 0 / 0

--- Adds them to the kinds of parameters.
--- @param says fun(fragment: string, ...: any): table  what the error must say, and values that are wrong so
--- @param hostile table  one that raises whatever is done with it
function bad_commands.add(kinds, says, hostile)
  local command = {
    says("expects a command as a table", nil, true, 1, "ls -l", print, io.stdout),
    says("a program first", {}, { "" }), says("the program as a string", { 1 }, { "a\0b" }, { print }),
    says("arguments as strings", { "true", {} }, { "true", true }, { "true", "\0" }),
    says("leave out what is nil", { "true", [3] = "x" }, { "true", [0] = "x" }),
    says("did you mean 'cwd'", { "true", cwdd = "/" }), says("options by name", { "true", [true] = 1 }),
    says("the path of a directory", { "true", cwd = "" }, { "true", cwd = 1 }, { "true", cwd = "a\0" }),
    says("a table of variables", { "true", env = "A=1" }, { "true", env = print }),
    says("names of variables", { "true", env = { "A=1" } }, { "true", env = { ["A=B"] = "1" } },
      { "true", env = { [""] = "1" } }, { "true", env = { ["\0"] = "1" } }),
    says("strings without NUL bytes, or false", { "true", env = { A = true } },
      { "true", env = { A = "\0" } }),
    says("true or false", { "true", process_group = 1 }, { "true", clean_env = "yes" }),
    says("zero or more seconds", { "true", grace = -1 }, { "true", grace = nan }, { "true", grace = "1" }),
    says('"inherit", "null"', { "true", stdout = "x" }, { "true", stderr = 2 }, { "true", stdout = {} }),
    says("open file of io", { "true", stdin = 1 }, { "true", stdin = true }, { "true", stdin = hostile }),
    right = { "true" },
  }
  kinds["command: cohort.OpenCommand"] = command
  kinds["command: cohort.Command"] = {
    right = command.right,
    says("whole number of 1 or more, or math.huge", { "true", max_output = 0 }, { "true", max_output = 1.5 }),
    says("true or false", { "true", check = "no" }), table.unpack(command),
  }
  kinds["stdio.is_terminal, name"] = {
    says('"stdin", "stdout" or "stderr"', nil, true, 1, {}, print, hostile, "", "stdi", "STDIN", "stdin\0"),
    right = "stdout",
  }
  kinds["child:kill, signal"] = {
    says("the name of a signal", true, 15, {}, print, hostile),
    says("write the name in full", "TERM", "", "SIGTERMS", "a\0b"),
    right = "SIGCONT",
  }
end

return bad_commands
