--- Programs under faults: see engines/faults/trial.lua. Signals.
local cohort = require "cohort"
local kit = require "engines.faults.kit"

local programs = {}

-- This process, whose number is the folder that /proc/self leads to.
local kill = "kill -USR1 $PPID"

programs["cohort.signals"] = function(try)
  local ok, signals = try(cohort.signals, "SIGUSR1", "SIGUSR2")
  if ok then signals:close() end
  local first <close> = cohort.signals "SIGUSR1"
  ok, signals = try(cohort.signals, "SIGUSR1")
  if ok then signals:close() end
  return first
end

programs["cohort.Signals()"] = function(try)
  local signals <close> = cohort.signals "SIGUSR1"
  os.execute(kill)
  try(signals)
  kit.beside(function()
    try(cohort.fail_after, 5, signals)
  end, os.execute, kill)
end

programs["signals:close"] = function(try)
  local signals = cohort.signals "SIGUSR1"
  cohort.group(function(g)
    g:spawn(pcall, signals)
    cohort.checkpoint()
    try(signals.close, signals)
    signals:close()
  end)
end

programs.free = { "signals:close" }

return programs
