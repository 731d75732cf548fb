---@meta cohort.fs
-- page 75: Files
--- What LuaLS knows of cohort.fs: see cohort.lua.

-- {{ Whole files

--- Files and directories: `require "cohort.fs"`, or `cohort.fs`.
---
--- What the operating system refuses raises `SystemError` with `code`, `errno`, `operation`, `path` and,
--- where there are two paths, `to`. FIFOs and sockets are refused ("ENOTSUP"): nothing here waits for
--- somebody else.
---
--- A cancellation ends each wait, but what a thread has begun cannot be taken back. An operation that only
--- reads is left behind, and what it opened is closed. One that changes something is waited for; if it was
--- completed, it returns as usual, and `Cancelled` comes at the next wait. So `Cancelled` out of these
--- functions means that nothing was changed, except as described for `write_file`, `copy` and `remove`.
--- @class cohort.fs
local fs = {}

--- @class cohort.WriteOptions
--- @field atomic? boolean  write a file beside it, flush that to disk, then rename it; default false
--- @field sync? boolean  return when it is on disk (fsync); default false
--- @field exclusive? boolean  raise ("EEXIST") when it exists already; default false
--- @field permissions? string  of a new file, minus the umask: "644" or "rw-r--r--"; default "666"

--- @class cohort.AppendOptions
--- @field sync? boolean  return when it is on disk (fsync); default false
--- @field permissions? string  of a new file, minus the umask; default "666"

--- @class cohort.CopyOptions
--- @field atomic? boolean  write a file beside it, flush that to disk, then rename it; default false
--- @field sync? boolean  return when it is on disk (fsync); default false
--- @field exclusive? boolean  raise ("EEXIST") when it exists already; default false

--- `fs.read_file(path) -> data`
---
--- Returns the contents of a file. A cancellation leaves the operation behind and raises `Cancelled`. Raises
--- `SystemError`; devices are refused ("ENOTSUP"), as some have no end.
--- @async
--- @param path string
--- @return string data
function fs.read_file(path) end

--- `fs.write_file(path, data [, options])`
---
--- Creates a file that contains `data`, or replaces the contents of one. With `atomic` the name always has
--- the old file or the new one, whatever fails: the data goes to a temporary file in the same directory,
--- which is flushed to disk and renamed; permissions stay, and a symbolic link stays one. A process that is
--- killed meanwhile leaves that file behind, named ".cohort-" and 16 digits. Without `atomic`, a failure may
--- leave a file that existed with part of the data; a new file is removed.
---
--- A cancellation stops it between two pieces of a MiB, with the effects of a failure. Raises `SystemError`,
--- such as "ENOSPC".
--- @async
--- @param path string
--- @param data string|number
--- @param options? cohort.WriteOptions
function fs.write_file(path, data, options) end

--- `fs.append_file(path, data [, options])`
---
--- Appends `data` to a file, which is created if it does not exist. A cancellation does not stop it once a
--- thread has begun. Raises `SystemError`; a part that was added by then stays.
--- @async
--- @param path string
--- @param data string|number
--- @param options? cohort.AppendOptions
function fs.append_file(path, data, options) end

--- `fs.copy(from, to [, options])`
---
--- Copies a file, with its permissions when `to` is new. Where the system can do better, the bytes do not
--- pass through this process: blocks are shared (reflink), or copied by the kernel. `options`, failures and
--- cancellations are as for `write_file`. Raises `SystemError`: "EINVAL" for copying a file onto itself.
--- @async
--- @param from string
--- @param to string
--- @param options? cohort.CopyOptions
function fs.copy(from, to, options) end

-- }}

-- {{ Open files

--- @class cohort.OpenOptions
--- @field exclusive? boolean  raise ("EEXIST") when it exists already; default false
--- @field permissions? string  of a new file, minus the umask: "644" or "rw-r--r--"; default "666"

--- `fs.open(path [, mode [, options]]) -> file`
---
--- Opens a file; `mode` is as for `io.open`. A cancellation raises `Cancelled`, and what was opened is
--- closed. Raises `SystemError`.
--- @async
--- @param path string
--- @param mode? string  "r" (default), "w", "a", "r+", "w+" or "a+"
--- @param options? cohort.OpenOptions
--- @return cohort.File
function fs.open(path, mode, options) end

--- @class cohort.TempOptions
--- @field dir? string  where to make it; default the environment's TMPDIR, or "/tmp". Its path is absolute
--- @field prefix? string  how its name begins; default "cohort-"

--- `fs.temp_file([options]) -> file`
---
--- Makes a new file with a unique name, open for reading and writing ("w+"), which only its user may read. It
--- is removed when it is closed, unless something else is at its path by then. Cancellation and errors are as
--- for `open`.
--- @async
--- @param options? cohort.TempOptions
--- @return cohort.File
function fs.temp_file(options) end

--- An open file. It belongs to whoever holds it, who must close it, with `close` or a `<close>` variable. One
--- that is collected unclosed closes itself and warns; the end of `run` closes all.
---
--- One task at a time may use it: while another is in the middle of an operation, calls raise `Busy`. What
--- waits raises `Closed` after `close`. Writes are not buffered. `stream:write` takes open files too.
--- @class cohort.File
--- @field path string
local file = {}

--- `file:read(...) -> data...`
---
--- Reads as `io` does: a line without its end ("l", the default), with it ("L"), a number ("n"), all that is
--- left ("a"), or that many bytes, fewer only at the end. Several formats give several results, up to the
--- first that is nil. At the end of the file it gives nil, and for "a" an empty string.
---
--- A cancellation raises `Cancelled`; what the formats before it have read is consumed. Raises `SystemError`.
--- @async
--- @param ... integer|"l"|"L"|"a"|"n"
--- @return string|number|nil ...
function file:read(...) end

--- `for line in file:lines(...) do`
---
--- Iterates over what `file:read(...)` returns, to the end of the file, which is not closed then. Each step
--- waits and is a checkpoint.
--- @param ... integer|"l"|"L"|"a"|"n"
--- @return async fun(): string|number|nil
function file:lines(...) end

--- `file:write(...) -> file`
---
--- Writes strings, and numbers as by `tostring`, in order, at the file's position, or at its end if it was
--- opened to append. Returns when the system has all of it. A cancellation does not stop it once a thread has
--- begun. Raises `SystemError`, such as "ENOSPC"; what was written before stays.
--- @async
--- @param ... string|number
--- @return cohort.File self
function file:write(...) end

--- `file:copy_to(other [, count]) -> count`
---
--- Sends what lies between the file's position and its end, or `count` bytes of it, through a stream; moves
--- the position, and returns the number of bytes. `other` is left open. No strings are made; into sockets and
--- pipes the system moves the bytes itself, and what must first be read from a disk is waited for in a
--- thread.
---
--- The end is where it is when the copy gets there: if others truncate or extend the file meanwhile, it sends
--- less or more. Meanwhile the task is the user of the file and the writer of the stream; closing either ends
--- the copy with `Closed`. A cancellation raises `Cancelled` and loses no byte: what `other` has not taken
--- remains to be read from the file, and both remain usable. The same holds when it fails. Raises
--- `SystemError`, and `Broken` when the other side of the stream is gone.
--- @async
--- @param other cohort.Stream
--- @param count? integer  bytes; default all
--- @return integer count
function file:copy_to(other, count) end

--- `file:seek([whence [, offset]]) -> position`
---
--- Moves the position to `offset` bytes from the beginning ("set"), from the current position ("cur", the
--- default) or from the end ("end"), and returns it, counted from the beginning. A cancellation raises
--- `Cancelled` and moves nothing. Raises `SystemError` ("EINVAL") for a position before the beginning.
--- @async
--- @param whence? string  "set", "cur" or "end"
--- @param offset? integer  bytes; default 0
--- @return integer position
function file:seek(whence, offset) end

--- `file:sync()`
---
--- Returns when what was written is on disk (fsync). A cancellation does not stop it once a thread has begun.
--- Raises `SystemError`.
--- @async
function file:sync() end

--- `file:stat() -> stat`
---
--- What the system tells about the file, as `fs.stat` does. A cancellation raises `Cancelled`. Raises
--- `SystemError`.
--- @async
--- @return cohort.Stat
function file:stat() end

--- `file:close()`
---
--- Closes it; a task in the middle of an operation gets `Closed`. Returns at once and never raises; may be
--- called again. Only `sync` tells whether what was written has reached the disk.
function file:close() end

-- }}

-- {{ What there is

--- What the system tells about a file.
--- @class cohort.Stat
--- @field type "file"|"directory"|"link"|"fifo"|"socket"|"character"|"block"|"unknown"
--- @field size integer  bytes
--- @field permissions string  "rw-r--r--"
--- @field links integer  how many names it has
--- @field uid integer  of its owner
--- @field gid integer  of its group
--- @field inode integer
--- @field device integer
--- @field mtime number  time of the last write, in seconds since 1970
--- @field atime number  time of the last read
--- @field ctime number  time of the last change, also of its attributes
--- @field btime number?  time of creation, where the file system records it

--- `fs.stat(path) -> stat`
---
--- What the system tells about a file, or about what a symbolic link leads to. A cancellation raises
--- `Cancelled`. Raises `SystemError`.
--- @async
--- @param path string
--- @return cohort.Stat
function fs.stat(path) end

--- `fs.lstat(path) -> stat`
---
--- The same, but about a symbolic link itself. A cancellation raises `Cancelled`. Raises `SystemError`.
--- @async
--- @param path string
--- @return cohort.Stat
function fs.lstat(path) end

--- `fs.exists(path) -> boolean`
---
--- Is there anything at this path? A cancellation raises `Cancelled`. Raises `SystemError` when that cannot
--- be determined ("EACCES").
--- @async
--- @param path string
--- @return boolean
function fs.exists(path) end

--- `fs.readlink(path) -> target`
---
--- Returns the target of a symbolic link. A cancellation raises `Cancelled`. Raises `SystemError`.
--- @async
--- @param path string
--- @return string target
function fs.readlink(path) end

--- `fs.realpath(path) -> path`
---
--- Returns the absolute path of the same file, without symbolic links, "." and "..". A cancellation raises
--- `Cancelled`. Raises `SystemError`.
--- @async
--- @param path string
--- @return string path
function fs.realpath(path) end

--- `for name, type in fs.scandir(path) do`
---
--- Reads a directory and returns an iterator over it, in the order of names: each name and its type, one of
--- those of `fs.stat`. The listing is as it was then; the steps do not wait, and nothing stays open. A
--- cancellation raises `Cancelled`. Raises `SystemError`.
--- @async
--- @param path string
--- @return fun(): string?, string?
function fs.scandir(path) end

--- @class cohort.WalkOptions
--- @field descend? fun(path: string): boolean  returns false to skip what is in a directory
--- @field on_error? fun(err: any)  called for a directory that cannot be read, instead of raising

--- `for path, type in fs.walk(path [, options]) do`
---
--- An iterator over everything below a directory: each path and its type, a directory before what is in it,
--- in the order of names. What vanishes meanwhile is skipped. Symbolic links are not followed, even when one
--- takes the place of a directory meanwhile.
---
--- Each step may wait and is a checkpoint; between steps nothing is open. A step that is cancelled loses
--- nothing. Tasks may share a walk: they take their steps in turn. A step raises `SystemError` when a
--- directory cannot be read. The walk goes on below paths that are longer than the system accepts; other
--- functions given one of those raise "ENAMETOOLONG", and so does this one when `path` itself is that long.
--- @param path string
--- @param options? cohort.WalkOptions
--- @return async fun(): string?, string?
function fs.walk(path, options) end

-- }}

-- {{ Changing what there is

--- @class cohort.MkdirOptions
--- @field parents? boolean  make missing parents, and accept that it exists already; default false
--- @field permissions? string  of the new directory, minus the umask; default "777"

--- `fs.mkdir(path [, options])`
---
--- Makes a directory. A cancellation does not stop it once a thread has begun. Raises `SystemError`:
--- "EEXIST", unless with `parents` it exists as a directory already.
--- @async
--- @param path string
--- @param options? cohort.MkdirOptions
function fs.mkdir(path, options) end

--- @class cohort.RemoveOptions
--- @field recursive? boolean  remove a directory with everything in it; default false

--- `fs.remove(path [, options])`
---
--- Removes a file or an empty directory; of a symbolic link, the link. If others remove or move entries
--- meanwhile, or replace them by symbolic links, that does no harm; a directory that they moved elsewhere
--- stays there, though its contents may be gone. A tree may be as deep as the system allows: at most ten
--- descriptors are open. A cancellation stops it between two entries. Raises `SystemError`.
--- @async
--- @param path string
--- @param options? cohort.RemoveOptions
function fs.remove(path, options) end

--- `fs.rename(from, to)`
---
--- Gives a file or a directory another name, in the same file system (else "EXDEV"); a file that has that
--- name is replaced. A cancellation does not stop it once a thread has begun. Raises `SystemError`.
--- @async
--- @param from string
--- @param to string
function fs.rename(from, to) end

--- `fs.link(from, to)`
---
--- Gives a file a second name. A cancellation does not stop it once a thread has begun. Raises `SystemError`.
--- @async
--- @param from string
--- @param to string
function fs.link(from, to) end

--- `fs.symlink(target, path)`
---
--- Makes a symbolic link at `path` that points to `target`. A cancellation does not stop it once a thread has
--- begun. Raises `SystemError`.
--- @async
--- @param target string
--- @param path string
function fs.symlink(target, path) end

--- `fs.chmod(path, permissions)`
---
--- Sets the permissions of a file, given as text: "644" or "rw-r--r--". A cancellation does not stop it once
--- a thread has begun. Raises `SystemError`.
--- @async
--- @param path string
--- @param permissions string
function fs.chmod(path, permissions) end

--- `fs.utime(path [, atime [, mtime]])`
---
--- Sets the times at which a file was last read and written. A cancellation does not stop it once a thread
--- has begun. Raises `SystemError`.
--- @async
--- @param path string
--- @param atime? number  seconds since 1970; default now
--- @param mtime? number  seconds since 1970; default `atime`
function fs.utime(path, atime, mtime) end

--- `fs.temp_dir([options]) -> tempdir`
---
--- Makes a new directory with a unique name, which only its user may enter. Write `local dir <close> =
--- fs.temp_dir()`: where the block ends it is removed, with everything in it, even when the block is
--- cancelled. When it cannot be removed, the end of the block raises that error, or an `ErrorGroup` of it and
--- the error that was on its way. One that is never closed stays, with a warning when it is collected. A
--- cancellation raises `Cancelled`. Raises `SystemError`.
--- @async
--- @param options? cohort.TempOptions
--- @return cohort.TempDir
function fs.temp_dir(options) end

--- A directory that is removed where its block ends.
--- @class cohort.TempDir
--- @field path string
local tempdir = {}

--- `tempdir:remove()`
---
--- Removes it, with everything in it, before the block ends; calling it again does nothing. A cancellation
--- stops it between two entries. Raises `SystemError`.
--- @async
function tempdir:remove() end

-- }}

-- {{ Watching

--- `fs.watch(path) -> watcher`
---
--- Watches a file, or what is directly in a directory, for changes. Returns at once. Raises outside tasks.
--- Raises `SystemError`.
--- @param path string
--- @return cohort.Watcher
function fs.watch(path) end

--- Reports changes. Called as a function it waits for the next one, so `for kind, name in watcher do` takes
--- one after the other: kind "rename" when a name appeared or vanished, "change" when contents or attributes
--- changed; `name` is the file's, without its directory. Changes that come while nobody asks are kept, up to
--- 64 KiB of them; then comes "overflow", and you must look for yourself what has changed. What the system
--- cannot keep until it is next read, more than 16,384 changes of all watchers, is lost without that.
---
--- When the path no longer leads to what is watched, because that was removed or moved or something else took
--- its place, the watcher ends: it reports a last "rename", then gives nil and is closed. A cancellation
--- raises `Cancelled` and loses no change. Raises `Closed` after `close`. It is closed as a file is.
--- @class cohort.Watcher
--- @field path string
--- @operator call: string
local watcher = {}

--- `watcher:close()`
---
--- Stops watching; a task that waits for a change gets `Closed`. Returns at once and never raises; may be
--- called again.
function watcher:close() end

-- }}

return fs
