---@meta cohort.fd
-- page 76: Descriptors of others
--- What LuaLS knows of cohort.fd: see cohort.lua.

-- {{ Descriptors of others

--- Waiting for descriptors of other libraries: `require "cohort.fd"`, or `cohort.fd`.
---
--- A descriptor is a number, a file of Lua's `io`, or an object with a method or a field `pollfd`, `getfd` or
--- `fileno`. It stays its owner's: nothing is read or written, it stays blocking or non-blocking as it was.
--- It must stay open until the wait has ended. Any number of tasks may wait for one; all of them see it
--- become ready.
---
--- Files on disk are always ready, as the system defines it. Raises `SystemError` with a field `descriptor`
--- for one that is not open, and `Busy` for those of cohort's own streams.
--- @class cohort.fd
local fd = {}

--- `fd.wait_readable(descriptor)`
---
--- Waits until a read would not block: there is something to read, or the end, or an error. A cancellation
--- raises `Cancelled`, and the descriptor is no longer watched. (As trio's `wait_readable`, but for any
--- number of tasks.)
--- @async
--- @param descriptor integer|table|userdata
function fd.wait_readable(descriptor) end

--- `fd.wait_writable(descriptor)`
---
--- Waits until a write would not block: there is room, or an error. A cancellation raises `Cancelled`, and
--- the descriptor is no longer watched.
--- @async
--- @param descriptor integer|table|userdata
function fd.wait_writable(descriptor) end

-- }}

return fd
