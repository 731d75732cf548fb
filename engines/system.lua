--- The system engine: every call of the system and of libuv fails, one after the other.
---
---     lua5.4 engines/system.lua short|long [FIRST]
---
--- The calls are those that core.so imports, as `nm` tells: each is either made to fail by
--- engines/faults/calls.c, or stands below with the reason why it cannot. The programs are those of the
--- memory engine for what talks to the system. For each call that a program makes it runs again, with the
--- first one failing, then the second, with each errno that calls.c has for it; and all of that again where
--- nothing is to be had without waiting, so that files go through the pool. What is raised must be a
--- SystemError with that code, or nothing; nothing may stay open, and cohort must work afterwards. A call
--- that was never failed is a failure of the engine. The long form runs under ASan and UBSan. Ends with
--- "tried N, injected M": runs of programs, and calls that failed.
local driver = require "engines.faults.driver"

--- What cannot fail, or not in a way that the caller is told, by the reason.
local infallible = {
  ["works on memory that it is given"] = [[
    __ctype_b_loc __ctype_tolower_loc __errno_location ceil floor memchr memcpy memmem memmove memset
    qsort snprintf strchr strcmp strcpy strcspn strerrordesc_np strerrorname_np strlen strncmp strnlen strpbrk
    strrchr strspn strstr strtol strtoul sigaddset sigdelset sigemptyset sigismember uv_err_name_r
    uv_ip4_addr uv_ip6_addr uv_ip6_name uv_strerror_r
    uv_translate_sys_error vsnprintf]],
  ["reads a field or a variable"] = [[
    __environ dirfd environ fileno getenv getpid uv_backend_fd uv_backend_timeout uv_hrtime
    uv_is_closing uv_now uv_update_time uv_walk]],
  ["gives back; whether that works changes nothing for whoever does it"] = [[
    close closedir fclose free posix_spawn_file_actions_destroy posix_spawnattr_destroy waitpid uv_close
    uv_freeaddrinfo uv_sem_destroy uv_signal_stop uv_poll_stop uv_timer_stop]],
  ["memory: of engines/memory.lua"] = "calloc malloc realloc strdup strndup",
  ["fails for arguments that we do not give it"] = [[
    posix_spawn_file_actions_init posix_spawnattr_init posix_spawnattr_setflags
    posix_spawnattr_setpgroup posix_spawnattr_setsigdefault posix_spawnattr_setsigmask pthread_sigmask
    sigaction uv_fs_event_init uv_idle_init uv_prepare_init uv_prepare_start uv_prepare_stop
    uv_poll_start uv_queue_work uv_timer_init uv_timer_start]],
  ["says that nothing was there, which is what most calls find"] = "sigtimedwait uv_cancel",
  ["libuv itself ends the process when it fails"] = [[
    uv_async_send uv_run uv_sem_post uv_sem_wait uv_stop uv_thread_join]],
  ["takes back what was made for a caller who is told of a failure already"] = "remove",
  ["fails when something is open still, which is an assertion of ours"] = "uv_loop_close",
  ["ends the process, or speaks to whoever sees it end"] = "abort fprintf raise stderr",
}

local pages = { cohort = true, bytestream = true, net = true, signals = true, fs = true, fd = true,
  testing = true, process = true, stdio = true }

local wholes = { ["whole/pipes"] = true, ["whole/watching"] = true }

local usage = "usage: system.lua short|long [FIRST]"
assert(arg[1] == "long" or arg[1] == "short", usage)
local long = arg[1] == "long"
driver.first = math.tointeger(arg[2] or 1)

--- The functions that the core imports, of Lua's none: {name, ...}.
local function imports()
  local list = {}
  local pipe = assert(io.popen("nm -D --undefined-only " .. driver.core))
  for line in pipe:lines() do
    local name = line:match " U ([%w_]+)"
    if name and not name:find "^luaL?_" and not name:find "^luaopen_" then table.insert(list, name) end
  end
  pipe:close()
  return list
end

local function reasons()
  local known = {}
  for reason, names in pairs(infallible) do
    for name in names:gmatch "%S+" do known[name] = reason end
  end
  return known
end

local all, faults = driver.programs()
local names = {}
for _, name in ipairs(all) do
  if pages[name:match "^[^/]+"] or wholes[name] then table.insert(names, name) end
end

local folder = driver.build(long)
local options = { ways = { "calls", "slow" }, names = names, density = long and 0 or 40 }
local result = driver.run(folder, options)

local missed = driver.judge_calls(imports(), result.calls, reasons())
table.move(missed, 1, #missed, #faults + 1, faults)
if long then
  local list = {}
  for name, count in pairs(result.calls) do table.insert(list, ("%9d  %s"):format(count, name)) end
  table.sort(list)
  print(table.concat(list, "\n"))
end
driver.finish(result, faults)
