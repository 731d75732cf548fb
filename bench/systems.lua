--- The systems that are compared, in the order of the tables, which is that in which they take turns: those
--- without which nothing else can be had, bare Lua and C, come next to cohort, since what lies between two
--- measurements blurs their ratio.
---
--- `version` is a command that prints the version, and the probe: a system whose version cannot be had is
--- not installed, and becomes a line in the table. `run` answers every workload that does not name another
--- `program`, as the start-up names `hello`, and the network `echo`. A system with `absent` cannot be
--- installed on Debian for Lua 5.4; that is why, and all there is of it.
local python = "/usr/bin/python3"  -- Debian's, which has Debian's packages

local function python_version(module)
  return ("%s -c 'import platform, %s as m; print(m.__version__, \"on Python\", platform.python_version())'")
    :format(python, module)
end

return {
  {
    id = "cohort", name = "cohort",
    version = [[lua5.4 -e 'print(require "cohort".VERSION)']],
    run = "lua5.4 bench/peers/cohort/bench.lua", hello = "lua5.4 bench/peers/cohort/hello.lua",
    echo = "lua5.4 bench/peers/cohort/echo.lua",
  },
  {
    id = "bare", name = "bare Lua coroutines",
    version = "lua5.4 -v | cut -d ' ' -f 2",
    run = "lua5.4 bench/peers/bare/bench.lua", hello = "lua5.4 bench/peers/bare/hello.lua",
  },
  {
    id = "c", name = "C on libuv",
    version = "build/bench/c_hello >/dev/null && echo libuv $(pkg-config --modversion libuv)",
    hello = "build/bench/c_hello",
    echo = "build/bench/c_echo",
  },
  {
    id = "epoll", name = "C on epoll",
    version = "test -x build/bench/c_epoll && uname -r",
    echo = "build/bench/c_epoll",
  },
  {
    id = "cqueues", name = "cqueues",
    version = [[lua5.4 -e 'require "cqueues"' && dpkg-query -W -f '${Version}\n' lua-cqueues]],
    run = "lua5.4 bench/peers/cqueues/bench.lua", hello = "lua5.4 bench/peers/cqueues/hello.lua",
    echo = "lua5.4 bench/peers/cqueues/echo.lua",
  },
  {
    id = "luv", name = "luv and a nursery by hand",
    version = [[lua5.4 -e 'print("libuv " .. require "luv".version_string())']],
    run = "lua5.4 bench/peers/luv/bench.lua", hello = "lua5.4 bench/peers/luv/hello.lua",
    echo = "lua5.4 bench/peers/luv/echo.lua",
  },
  { id = "lua_eco", name = "lua-eco", absent = "Debian does not have it" },
  { id = "copas", name = "copas", absent = "Debian has it for Lua 5.1 and 5.2 only" },
  {
    id = "asyncio", name = "asyncio",
    version = python .. " -c 'import asyncio, platform; asyncio.TaskGroup; print(platform.python_version())'",
    run = python .. " bench/peers/asyncio/bench.py", hello = python .. " bench/peers/asyncio/hello.py",
    echo = python .. " bench/peers/asyncio/echo.py",
  },
  {
    id = "uvloop", name = "asyncio on uvloop",
    version = python_version "uvloop",
    run = "env UVLOOP=1 " .. python .. " bench/peers/asyncio/bench.py",
    hello = "env UVLOOP=1 " .. python .. " bench/peers/asyncio/hello.py",
    echo = "env UVLOOP=1 " .. python .. " bench/peers/asyncio/echo.py",
  },
  {
    id = "trio", name = "trio",
    version = python_version "trio",
    run = python .. " bench/peers/trio/bench.py", hello = python .. " bench/peers/trio/hello.py",
  },
  {
    id = "anyio", name = "anyio on asyncio",
    version = python .. [[ -c 'import anyio' && dpkg-query -W -f '${Version}\n' python3-anyio]],
    run = python .. " bench/peers/anyio/bench.py", hello = python .. " bench/peers/anyio/hello.py",
  },
  {
    id = "node", name = "Node",
    version = "node --version",
    run = "node --expose-gc bench/peers/node/bench.js", hello = "node bench/peers/node/hello.js",
    echo = "node bench/peers/node/echo.js",
  },
  {
    id = "go", name = "Go, one processor",
    version = "build/bench/go_hello >/dev/null && go version | cut -d ' ' -f 3",
    run = "env GOMAXPROCS=1 build/bench/go_bench", hello = "env GOMAXPROCS=1 build/bench/go_hello",
    echo = "env GOMAXPROCS=1 build/bench/go_echo",
  },
}
