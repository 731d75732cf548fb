--- Wrong values for the parameters and options of cohort.net: see bad_input.lua, which has all others.
local nan, huge = 0 / 0, math.huge

--- Adds them to the kinds of parameters and of options.
--- @param says fun(fragment: string, ...): table
--- @param all_but fun(...: string): ...
return function(kinds, options, says, all_but)
  kinds["host: string"] = {
    says("a host as a string", nil, true, 1, {}, print), says("an empty string", ""),
    says("NUL", "a\0b"),
    right = "127.0.0.1",
  }
  kinds["net.reverse, host"] = {
    says("an address as a string", nil, true, 1, {}, print), says("an empty string", ""), says("NUL", "a\0b"),
    says("a numeric address", "localhost", "127.0.0.1:80", "127.0.0.256"),
    right = "127.0.0.1",
  }
  kinds["port: integer"] = {
    says("a port as a whole number", all_but "number"), says("a whole number", "80", 1.5, nan, huge),
    says("0 to 65535", -1, 65536, 2 ^ 40),
    right = 0,
  }
  kinds["listener: cohort.Listener"] = {
    says("net.serve(net.listen(host, port), handler)", all_but()),
    variable = "listener",
  }

  kinds["datagram: string"] = { says("a datagram as a string", nil, true, 1, {}, print), right = "x" }
  kinds["to: cohort.Address"] = {
    says("an address", true, 1, "127.0.0.1", print),
    says("a numeric host and a port", {}, { host = "127.0.0.1" }, { host = "a.example", port = 1 },
      { host = "127.0.0.1", port = 0 }, { host = "127.0.0.1", port = 65536 }, { host = "::1", port = nan },
      { host = "127.0.0.1\0", port = 1 }, { host = 1, port = 1 }),
    right = { host = "127.0.0.1", port = 9 },
  }
  kinds["group: string"] = {
    says("a group as a numeric address", nil, true, 1, {}, print, "", "all.example", "239.1.2.3\0"),
    right = "239.1.2.3",
  }
  kinds["interface: string"] = { says("the name of an interface", true, 1, {}, print), right = "lo" }

  local text = says("a string with something in it", 1, true, {}, "", "a\0b")
  options["host: string"] = { text, right = "127.0.0.1" }
  options["port: integer"] = {
    says("a port of 0 to 65535", "1", true, {}, nan, -1, 1.5, 65536, huge), right = 0,
  }
  options["peer: cohort.Address"] = {
    says("an address as {", 1, true, "127.0.0.1", {}, { host = "a" }, { host = "", port = 1 },
      { host = "a", port = 0 }, { host = "a", port = 1.5 }, { host = "a\0", port = 5 }),
    right = { host = "127.0.0.1", port = 9 },
  }
  options["ttl: integer"] = { says("1 to 255", "1", true, {}, nan, 0, -1, 1.5, 256, huge), right = 64 }
  options["multicast_ttl: integer"] = { says("0 to 255", "1", true, {}, nan, -1, 1.5, 256, huge), right = 0 }
  options["multicast_interface: string"] = { text, right = "lo" }

  local seconds = says("more than 0 and up to 32767 seconds", "1", {}, nan, 0, -1, huge, 32768)
  options["grace: number"] = { says("zero or more seconds", "1", true, {}, nan, -1, -huge), right = 1 }
  options["keepalive: boolean|number"] = { seconds, right = 30 }
  options["keepalive_interval: number"] = { seconds, right = 0.5 }
  options["keepalive_count: integer"] = {
    says("a whole number of 1 or more, and up to 127", "8", true, {}, nan, 0, -1, huge, 1.5, 128),
    right = 127,
  }
end
