-- The system engine bites: what is planted in the handling of a failed call is found.
local driver = require "engines.faults.driver"
local planted = require "spec.support.planted"

local function complaints(folder, name)
  local result = driver.run(folder, { ways = { "calls", "slow" }, names = { name }, density = 0 })
  return table.concat(result.complaints, "\n")
end

-- Each: the file, what stands in it, what stands there instead, the program, what is told.
local bugs = {
  ["a socket that stays open when it cannot listen"] = {
    "csrc/net/listener.c", "  if (status < 0) close(fd);\n", "", "net/net.listen", "left open: 1 descriptor",
  },
  ["a folder that stays open when it cannot be brought to the disk"] = {
    "csrc/fs/target.c", "  if (fd >= 0) close(fd);\n  free(folder);",
    "  if (status == 0) close(fd);\n  free(folder);",
    "fs/fs.write_file", "fsync number %d, EIO: .*left open: 1 descriptor",
  },
  ["a file that is not brought to the disk after a signal"] = {
    "csrc/fs/target.c", "status = coh_fs_result(fsync(t->fd));",
    "status = fsync(t->fd) < 0 ? coh_fs_fault() : 0;",
    "fs/fs.write_file", "fsync number 1, EINTR: .*%(EINTR%)",
  },
  ["an error that is told as another"] = {
    "csrc/net/tcp.c", "EALREADY ? 0 : uv_translate_sys_error(errno);", "EALREADY ? 0 : UV_EIO;",
    "net/net.connect", "connect number 1, ENETUNREACH: .*%(EIO%)",
  },
  ["a read that is not made again after a signal"] = {
    "csrc/fs/fileread.c", "coh_again(pread(r->fd, r->bytes, (size_t)r->n[1], r->n[0]))",
    "pread(r->fd, r->bytes, (size_t)r->n[1], r->n[0])",
    "fs/file:read", "pread number 1, EINTR: .*%(EINTR%)",
  },
}

describe("the system engine finds", function()
  for name, bug in pairs(bugs) do
    it(name, function()
      planted.with(bug[1], bug[2], bug[3], function(folder)
        assert.matches(bug[5], complaints(folder, bug[4]))
      end)
    end)
  end

  it("a call that never failed, one that cannot and did, and one that is not called", function()
    assert.same({
      "teleport: was never made to fail, and engines/system.lua has no reason for that",
      "memcpy: was made to fail, though engines/system.lua says that it cannot",
      "old: the core does not call it",
    }, driver.judge_calls({ "socket", "teleport", "memcpy", "strlen" }, { socket = 1, memcpy = 1 },
      { memcpy = "why", strlen = "why", old = "why" }))
  end)

  it("nothing in setting the mode of a terminal, which is done again after a signal", function()
    assert.equal("", complaints(driver.build(), "stdio/stdio.raw_mode"))
  end)

  it("none of them where they are not planted", function()
    local folder = driver.build()
    for _, bug in pairs(bugs) do assert.equal("", complaints(folder, bug[4])) end
  end)
end)
