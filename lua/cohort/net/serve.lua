--- Serving: a task for each connection, and how it all ends.
---
--- The tasks are in one group, which is cancelled together with the caller of `serve`. With `grace` each of
--- them runs behind a shield of its own, which gets a deadline when serving ends. When one of them fails, the
--- shields are lowered: a failure cancels the rest at once.
local core = require "cohort.core"
local misuse = require "cohort.misuse"
local object = require "cohort.object"
local option = require "cohort.option"
local try = require "cohort.try"

local attempt, expects = try.attempt, option.expects
local note, raise = core.note, core.raise

local PAUSE = 0.1     -- seconds until accepting is tried again after descriptors or memory ran out

local known = option.known {
  limit = expects.limit, on_error = expects.callable, grace = expects.seconds,
}

-- Codes of an `accept` that will work again once others have released resources.
local passing = { EMFILE = true, ENFILE = true, ENOBUFS = true, ENOMEM = true }

--- @class cohort.Serving   private
--- @field handler fun(stream: cohort.Stream)
--- @field on_error fun(err: any, stream: cohort.Stream?)?
--- @field grace number?      seconds
--- @field where string       where `serve` was called, "file:line"
--- @field shields table<cohort.Scope, true>  of the running handlers, with `grace`
--- @field stop_at number?    when they are cancelled; set once serving has ended
--- @field failed boolean?    one of them has failed, without `on_error`

local function handle(serving, stream)
  if not serving.on_error then
    serving.handler(stream)
    return
  end
  local ok, err = attempt(serving.handler, stream)
  if not ok then try.tell(serving.on_error, err, stream) end
end

---------------------------------------------------------------------------
-- Grace

local function lower_shields(serving)
  serving.failed = true
  for shield in next, serving.shields do shield.shield = false end
end

local function handle_shielded(serving, stream)
  local options = { name = "grace", shield = not serving.failed, deadline = serving.stop_at }
  core.scope(options, function(shield)
    serving.shields[shield] = true
    local ok, err = xpcall(handle, note, serving, stream)
    serving.shields[shield] = nil
    if not ok then raise(err) end
  end)
end

-- The task of a connection when there are no options: it leaves the handler as much of its coroutine's stack
-- as possible, so that a short handler does not make the stack grow, which costs 640 bytes.
local function run_plain(handler, stream)
  local _ <close> = stream
  handler(stream)
end

-- The task of a connection with options. Its failure lowers the shields before the group learns of it.
local function run(serving, stream)
  local _ <close> = stream
  if not serving.grace then return handle(serving, stream) end
  local ok, err = xpcall(handle_shielded, note, serving, stream)
  if ok then return end
  if not core.is_cancelled(err) then lower_shields(serving) end
  raise(err)
end

-- No more connections come: handlers get their grace.
local function give_grace(serving)
  if not serving.grace then return end
  serving.stop_at = core.now() + serving.grace
  for shield in next, serving.shields do shield.deadline = serving.stop_at end
end

---------------------------------------------------------------------------
-- Accepting

-- The next connection, or nil when the listener is closed.
local function accept(listener, serving)
  local told, on_error = false, serving.on_error
  while true do
    local ok, result = attempt(core.accept, listener, serving.where)
    if ok then return result end
    if core.error_is(result, core.Closed) then return nil end
    if not (core.error_is(result, core.SystemError) and passing[result.code]) then error(result, 0) end
    if not told then
      told = true
      if on_error then
        try.tell(on_error, result)
      else
        warn("cohort: serve goes on when it can: ", tostring(result))
      end
    end
    core.sleep(PAUSE)
  end
end

-- Hands a stream to a task of its own; if that fails, closes it.
local function spawn_handler(g, serving, stream)
  local ok, task
  if serving.grace or serving.on_error then
    ok, task = pcall(g.spawn, g, run, serving, stream)
  else
    ok, task = pcall(g.spawn, g, run_plain, serving.handler, stream)
  end
  if not ok then
    stream:close()
    error(task, 0)
  end
  core.name_after(task, stream)
end

local Accepting = { __name = "cohort.accepting" }

-- Closing resets connections that nobody has accepted. A task of this program that was connecting, and was
-- cancelled with us, must see first whether it was connected; otherwise it would get an error instead of a
-- cancellation.
local function close_last(listener)
  pcall(core.shield, core.checkpoint)  -- where it cannot wait, closes at once
  listener:close()
end

-- If the group cancelled itself, it has failed: then the listener stays its owner's.
function Accepting:__close(err)
  if err == nil then
    give_grace(self.serving)
  elseif not core.is_cancelled(err) then
    lower_shields(self.serving)
  elseif not self.group.scope.cancel_called then
    close_last(self.listener)
    give_grace(self.serving)
  end
end

local function accept_all(g, listener, serving)
  local _ <close> = setmetatable({ group = g, listener = listener, serving = serving }, Accepting)
  local stream = accept(listener, serving)
  while stream do
    spawn_handler(g, serving, stream)
    stream = accept(listener, serving)
  end
end

--- Accepts connections and calls `handler(stream)` for each, in a task of its own.
---
--- Each stream is closed when its handler has ended, in whatever way. Returns when the listener is closed and
--- all handlers have ended. When cancelled, the listener is closed and the handlers are cancelled. With
--- `grace` they first have that many seconds to end, also after the listener was closed. An error in a
--- handler goes to `on_error(err, stream)`, with the stream still open, and ends only that connection;
--- without `on_error` it cancels the rest and is raised in an `ErrorGroup`. When descriptors or memory run
--- out, `on_error(err)` is called, or Lua's `warn`, and accepting goes on when it can. With `limit`, at most
--- that many connections are handled at once.
---
---     net.serve(listener, {limit = 1000, grace = 5}, function(stream)
---       for line in stream:lines() do stream:write(line, "\n") end
---     end)
---
--- @async
--- @param listener cohort.Listener
--- @param options {limit: integer?, grace: number?, on_error: fun(err: any, stream: cohort.Stream?)?}
--- @param handler async fun(stream: cohort.Stream)
--- @overload fun(listener: cohort.Listener, handler: async fun(stream: cohort.Stream))
local function serve(listener, options, handler)
  if handler == nil then options, handler = nil, options end
  if object.class_of(listener) ~= "cohort.Listener" then
    misuse("serve expects a listener first, got %s: write net.serve(net.listen(host, port), "
      .. "handler)", type(listener))
  end
  if core.is_callable(options) then
    misuse "serve takes options before the handler: write net.serve(listener, {limit = 3}, handler)"
  end
  local read = option.read("serve", options, known)
  if not core.is_callable(handler) then
    misuse("serve expects a function as handler, got %s: write net.serve(listener, handler)",
      type(handler))
  end
  object.check_task "serve"
  local serving = {
    handler = handler, on_error = read.on_error, grace = read.grace, shields = {}, where = core.where(),
  }
  core.group({ name = "serve", limit = read.limit }, accept_all, listener, serving)
end

return serve
