-- The rock: one C module and the Lua files, built by luarocks itself. The lists between the
-- "begin" and "end" lines are written by `make rockspec`.
rockspec_format = "3.0"
package = "cohort"
version = "scm-1"
source = {
  url = "git+https://github.com/cohort-lua/cohort.git",
}
description = {
  summary = "Structured concurrency for Lua: task groups, cancellation, error groups, I/O",
  detailed = [[
Tasks live in groups, a group ends when all its tasks have ended, the first failure cancels the rest, and
every error comes out with its traceback. A C core on libuv, for scripts and for C hosts.]],
  homepage = "https://github.com/cohort-lua/cohort",
  license = "MIT",
  labels = { "concurrency", "async", "coroutine", "libuv", "networking" },
}
supported_platforms = { "unix" }
dependencies = {
  "lua >= 5.4, < 5.6",
}
external_dependencies = {
  LIBUV = { header = "uv.h", library = "uv" },
}
build = {
  type = "builtin",
  modules = {
    -- modules: begin
    ["cohort.broadcast"] = "lua/cohort/broadcast.lua",
    ["cohort.cli"] = "lua/cohort/cli.lua",
    ["cohort.combinators"] = "lua/cohort/combinators.lua",
    ["cohort.coroutine"] = "lua/cohort/coroutine.lua",
    ["cohort"] = "lua/cohort/init.lua",
    ["cohort.match"] = "lua/cohort/match.lua",
    ["cohort.meta.broadcast"] = "lua/cohort/meta/broadcast.lua",
    ["cohort.meta.channel"] = "lua/cohort/meta/channel.lua",
    ["cohort.meta.cohort"] = "lua/cohort/meta/cohort.lua",
    ["cohort.meta.combinators"] = "lua/cohort/meta/combinators.lua",
    ["cohort.meta.context"] = "lua/cohort/meta/context.lua",
    ["cohort.meta.coroutine"] = "lua/cohort/meta/coroutine.lua",
    ["cohort.meta.errors"] = "lua/cohort/meta/errors.lua",
    ["cohort.meta.net"] = "lua/cohort/meta/net.lua",
    ["cohort.meta.retry"] = "lua/cohort/meta/retry.lua",
    ["cohort.meta.scopes"] = "lua/cohort/meta/scopes.lua",
    ["cohort.meta.stream"] = "lua/cohort/meta/stream.lua",
    ["cohort.meta.sync"] = "lua/cohort/meta/sync.lua",
    ["cohort.meta.testing"] = "lua/cohort/meta/testing.lua",
    ["cohort.net"] = "lua/cohort/net.lua",
    ["cohort.object"] = "lua/cohort/object.lua",
    ["cohort.retry"] = "lua/cohort/retry.lua",
    ["cohort.stream"] = "lua/cohort/stream.lua",
    ["cohort.testing"] = "lua/cohort/testing.lua",
    ["cohort.try"] = "lua/cohort/try.lua",
    ["cohort.value"] = "lua/cohort/value.lua",
    -- modules: end
    ["cohort.core"] = {
      sources = {
        -- sources: begin
        "csrc/glue/abandon.c",
        "csrc/glue/arg.c",
        "csrc/glue/cancelled.c",
        "csrc/glue/clocks.c",
        "csrc/glue/coclose.c",
        "csrc/glue/context.c",
        "csrc/glue/coroutine.c",
        "csrc/glue/costep.c",
        "csrc/glue/errgroup.c",
        "csrc/glue/errleaves.c",
        "csrc/glue/error.c",
        "csrc/glue/errrender.c",
        "csrc/glue/errsplit.c",
        "csrc/glue/errtext.c",
        "csrc/glue/fiber.c",
        "csrc/glue/groupend.c",
        "csrc/glue/groups.c",
        "csrc/glue/note.c",
        "csrc/glue/object.c",
        "csrc/glue/reason.c",
        "csrc/glue/relay.c",
        "csrc/glue/scopeobject.c",
        "csrc/glue/scopes.c",
        "csrc/glue/spawn.c",
        "csrc/glue/state.c",
        "csrc/glue/stubborn.c",
        "csrc/glue/syserr.c",
        "csrc/glue/tasks.c",
        "csrc/glue/unwind.c",
        "csrc/glue/wait.c",
        "csrc/io/addr.c",
        "csrc/io/box.c",
        "csrc/io/handle.c",
        "csrc/io/io.c",
        "csrc/io/listener.c",
        "csrc/io/op.c",
        "csrc/io/poll.c",
        "csrc/io/pool.c",
        "csrc/io/resolve.c",
        "csrc/io/stream.c",
        "csrc/io/streambuf.c",
        "csrc/io/streamread.c",
        "csrc/io/streamwrite.c",
        "csrc/io/tcp.c",
        "csrc/kernel/clock.c",
        "csrc/kernel/core.c",
        "csrc/kernel/group.c",
        "csrc/kernel/loop.c",
        "csrc/kernel/mem.c",
        "csrc/kernel/run.c",
        "csrc/kernel/scope.c",
        "csrc/kernel/task.c",
        "csrc/kernel/timer.c",
        "csrc/kernel/wait.c",
        "csrc/open/core.c",
        "csrc/open/embed.c",
        "csrc/open/host.c",
        "csrc/open/interrupt.c",
        "csrc/open/report.c",
        "csrc/open/run.c",
        "csrc/sync/barrier.c",
        "csrc/sync/channel.c",
        "csrc/sync/condition.c",
        "csrc/sync/ends.c",
        "csrc/sync/event.c",
        "csrc/sync/hold.c",
        "csrc/sync/limiter.c",
        "csrc/sync/lock.c",
        "csrc/sync/object.c",
        "csrc/sync/select.c",
        "csrc/sync/semaphore.c",
        "csrc/sync/sync.c",
        "csrc/sync/tie.c",
        -- sources: end
      },
      defines = { "_GNU_SOURCE" },
      incdirs = { "csrc", "$(LIBUV_INCDIR)" },
      libdirs = { "$(LIBUV_LIBDIR)" },
      libraries = { "uv", "m" },
    },
  },
  install = {
    bin = {
      -- bin: begin
      ["cohort"] = "bin/cohort",
      -- bin: end
    },
  },
}
test = {
  type = "command",
  command = "make test",
}
