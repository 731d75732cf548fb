---@meta cohort.fs
-- page 75: Files
--- What LuaLS knows of cohort.fs: see cohort.lua.

-- {{ Whole files

--- Files and directories: `require "cohort.fs"`, or `cohort.fs`.
---
--- What the operating system refuses raises `SystemError` with `code`, `errno`, `operation`, `path` and, of
--- two paths, `to`. FIFOs and sockets are refused ("ENOTSUP"): nothing here waits for somebody else.
---
--- A cancellation ends each wait. What a thread has begun cannot be taken back: an operation that only looks
--- is left behind, and what it opened is closed; one that changes something is waited for, and when it could
--- still be done it returns as if nothing had been, and `Cancelled` comes at the next wait. So `Cancelled`
--- out of these functions means that nothing was changed, but for what is said of `write_file`, `copy` and
--- `remove`.
--- @class cohort.fs
local fs = {}

--- @class cohort.WriteOptions
--- @field atomic? boolean  write beside it, bring that to the disk, then put it in its place; default false
--- @field sync? boolean  return when it is on the disk (fsync); default false
--- @field exclusive? boolean  raise ("EEXIST") when it is there already; default false
--- @field permissions? string  of a new file, less the umask: "644" or "rw-r--r--"; default "666"

--- @class cohort.AppendOptions
--- @field sync? boolean  return when it is on the disk (fsync); default false
--- @field permissions? string  of a new file, less the umask; default "666"

--- @class cohort.CopyOptions
--- @field atomic? boolean  write beside it, bring that to the disk, then put it in its place; default false
--- @field sync? boolean  return when it is on the disk (fsync); default false
--- @field exclusive? boolean  raise ("EEXIST") when it is there already; default false

--- `fs.read_file(path) -> data`
---
--- Returns all that is in a file. A cancellation leaves the reading behind and raises `Cancelled`. Raises
--- `SystemError`; devices are refused ("ENOTSUP"), as some have no end.
--- @async
--- @param path string
--- @return string data
function fs.read_file(path) end

--- `fs.write_file(path, data [, options])`
---
--- Makes a file with `data` in it, or replaces what is in one. With `atomic` there is always the old file or
--- the new one under that name, whatever fails: it is written to a temporary file in the same directory,
--- which is brought to the disk and renamed; permissions stay, and a symbolic link stays one. A process that
--- is killed meanwhile leaves that file there, ".cohort-" with 16 digits behind it. Without `atomic`, a
--- failure may leave a part in a file that was there; one that was not is removed.
---
--- A cancellation stops it between two pieces of a MiB, as a failure would. Raises `SystemError`, such as
--- "ENOSPC".
--- @async
--- @param path string
--- @param data string|number
--- @param options? cohort.WriteOptions
function fs.write_file(path, data, options) end

--- `fs.append_file(path, data [, options])`
---
--- Adds `data` at the end of a file, which is made when it is not there. A cancellation does not stop it once
--- a thread has begun. Raises `SystemError`; a part that had been added stays.
--- @async
--- @param path string
--- @param data string|number
--- @param options? cohort.AppendOptions
function fs.append_file(path, data, options) end

--- `fs.copy(from, to [, options])`
---
--- Copies a file, with its permissions when `to` is new. The bytes do not pass through this process where the
--- system can do better: blocks are shared (reflink), or copied by the kernel. `options` as of `write_file`;
--- a failure and a cancellation do what they do there. Raises `SystemError`: "EINVAL" for a file onto itself.
--- @async
--- @param from string
--- @param to string
--- @param options? cohort.CopyOptions
function fs.copy(from, to, options) end

-- }}

-- {{ Open files

--- @class cohort.OpenOptions
--- @field exclusive? boolean  raise ("EEXIST") when it is there already; default false
--- @field permissions? string  of a new file, less the umask: "644" or "rw-r--r--"; default "666"

--- `fs.open(path [, mode [, options]]) -> file`
---
--- Opens a file; `mode` as of `io.open`. A cancellation raises `Cancelled`, and what was opened is closed.
--- Raises `SystemError`.
--- @async
--- @param path string
--- @param mode? string  "r" (default), "w", "a", "r+", "w+" or "a+"
--- @param options? cohort.OpenOptions
--- @return cohort.File
function fs.open(path, mode, options) end

--- @class cohort.TempOptions
--- @field dir? string  where it is made; default the environment's TMPDIR, or "/tmp". Its path is absolute
--- @field prefix? string  how its name begins; default "cohort-"

--- `fs.temp_file([options]) -> file`
---
--- A new file with a name nobody else has, open for reading and writing ("w+"), which only its user may read.
--- It is removed when it is closed, unless another is at its path by then. Cancellation and errors as of
--- `open`.
--- @async
--- @param options? cohort.TempOptions
--- @return cohort.File
function fs.temp_file(options) end

--- An open file. It belongs to whoever has it, who closes it: with `close` or a `<close>` variable. One that
--- is collected closes itself and warns; the end of `run` closes all.
---
--- One task at a time: when another is in the middle of an operation, it raises `Busy`. What waits raises
--- `Closed` after `close`. Nothing is buffered for writing. `stream:write` takes open files too.
--- @class cohort.File
--- @field path string
local file = {}

--- `file:read(...) -> data...`
---
--- Reads as `io` does: a line without its end ("l", the default), with it ("L"), a numeral ("n"), all that is
--- left ("a"), or a number of bytes, fewer only at the end. Several formats give several results, up to the
--- first that is nil. Gives nil at the end of the file, and "a" an empty string.
---
--- A cancellation raises `Cancelled`; what a format before it has read is used up. Raises `SystemError`.
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
--- Writes strings, and numbers as `tostring` has them, in order, where the file is, or at its end when it was
--- opened to append. Returns when the system has all of it. A cancellation does not stop it once a thread has
--- begun. Raises `SystemError`, such as "ENOSPC"; what was written before stays.
--- @async
--- @param ... string|number
--- @return cohort.File self
function file:write(...) end

--- `file:copy_to(other [, count]) -> count`
---
--- Sends what comes from here to the end of the file, or `count` bytes, through a stream; moves there, and
--- returns how many bytes it was. `other` is left open. No strings are made; into sockets and pipes the
--- system moves the bytes itself, and what it has to bring from a disk first is waited for in a thread.
---
--- The end is where it is when it is come to: of a file that others cut or add to meanwhile it sends less or
--- more. It is the user of the file and the writer of the stream meanwhile, and closing either ends it with
--- `Closed`. A cancellation raises `Cancelled` and loses no byte: what `other` has not taken is still to
--- come in the file, and both can be used on. The same holds when it fails. Raises `SystemError`, and
--- `Broken` when nobody receives any more.
--- @async
--- @param other cohort.Stream
--- @param count? integer  bytes; default all
--- @return integer count
function file:copy_to(other, count) end

--- `file:seek([whence [, offset]]) -> position`
---
--- Moves to `offset` bytes from the beginning ("set"), from here ("cur", the default) or from the end
--- ("end"), and returns how far that is from the beginning. A cancellation raises `Cancelled` and moves
--- nothing. Raises `SystemError` ("EINVAL") before the beginning.
--- @async
--- @param whence? string  "set", "cur" or "end"
--- @param offset? integer  bytes; default 0
--- @return integer position
function file:seek(whence, offset) end

--- `file:sync()`
---
--- Returns when what was written is on the disk (fsync). A cancellation does not stop it once a thread has
--- begun. Raises `SystemError`.
--- @async
function file:sync() end

--- `file:stat() -> stat`
---
--- What the system tells about it, as `fs.stat` does. A cancellation raises `Cancelled`. Raises
--- `SystemError`.
--- @async
--- @return cohort.Stat
function file:stat() end

--- `file:close()`
---
--- Closes it; a task in the middle of an operation gets `Closed`. Returns at once, never raises, may be
--- called again. Whether what was written reaches the disk is told by `sync` only.
function file:close() end

-- }}

-- {{ What there is

--- What the system tells about a file.
--- @class cohort.Stat
--- @field type "file"|"directory"|"link"|"fifo"|"socket"|"character"|"block"|"unknown"
--- @field size integer  bytes
--- @field permissions string  "rw-r--r--"
--- @field links integer  names it has
--- @field uid integer  of its owner
--- @field gid integer  of its group
--- @field inode integer
--- @field device integer
--- @field mtime number  when it was written, in seconds since 1970
--- @field atime number  when it was read
--- @field ctime number  when anything about it was changed
--- @field btime number?  when it was made, where that is kept

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
--- The same, but of a symbolic link itself. A cancellation raises `Cancelled`. Raises `SystemError`.
--- @async
--- @param path string
--- @return cohort.Stat
function fs.lstat(path) end

--- `fs.exists(path) -> boolean`
---
--- Is there anything under this name? A cancellation raises `Cancelled`. Raises `SystemError` when that
--- cannot be told ("EACCES").
--- @async
--- @param path string
--- @return boolean
function fs.exists(path) end

--- `fs.readlink(path) -> target`
---
--- What a symbolic link says. A cancellation raises `Cancelled`. Raises `SystemError`.
--- @async
--- @param path string
--- @return string target
function fs.readlink(path) end

--- `fs.realpath(path) -> path`
---
--- The same file's absolute path, without symbolic links, "." and "..". A cancellation raises `Cancelled`.
--- Raises `SystemError`.
--- @async
--- @param path string
--- @return string path
function fs.realpath(path) end

--- `for name, type in fs.scandir(path) do`
---
--- Reads a directory and returns an iterator over it, in the order of names: each name and its type, as
--- `fs.stat` names types. The listing is as it was then; the steps do not wait, and nothing stays open. A
--- cancellation raises `Cancelled`. Raises `SystemError`.
--- @async
--- @param path string
--- @return fun(): string?, string?
function fs.scandir(path) end

--- @class cohort.WalkOptions
--- @field descend? fun(path: string): boolean  false leaves out what is in a directory
--- @field on_error? fun(err: any)  told of a directory that cannot be read; else that is raised

--- `for path, type in fs.walk(path [, options]) do`
---
--- An iterator over all that is below a directory: each path and its type, a directory before what is in it,
--- in the order of names. What vanishes meanwhile is passed over. Symbolic links are not followed,
--- nor is one that takes the place of a directory meanwhile.
---
--- Each step may wait and is a checkpoint; between steps nothing is open. A step that is cut loses nothing.
--- Tasks may share a walk: they take their steps in turn. A step raises `SystemError` when a directory cannot
--- be read. It goes on where paths are longer than the system takes them; other functions that are given one
--- of those raise "ENAMETOOLONG", and so does this one for a `path` that is that long itself.
--- @param path string
--- @param options? cohort.WalkOptions
--- @return async fun(): string?, string?
function fs.walk(path, options) end

-- }}

-- {{ Changing what there is

--- @class cohort.MkdirOptions
--- @field parents? boolean  make what is missing above it, and let it be there already; default false
--- @field permissions? string  of it, less the umask; default "777"

--- `fs.mkdir(path [, options])`
---
--- Makes a directory. A cancellation does not stop it once a thread has begun. Raises `SystemError`:
--- "EEXIST", unless with `parents` it is a directory already.
--- @async
--- @param path string
--- @param options? cohort.MkdirOptions
function fs.mkdir(path, options) end

--- @class cohort.RemoveOptions
--- @field recursive? boolean  a directory with all that is in it; default false

--- `fs.remove(path [, options])`
---
--- Removes a file or an empty directory; of a symbolic link, the link. What others remove, move or replace by
--- a symbolic link meanwhile does no harm; a directory that they moved elsewhere stays there, though what was
--- in it may be gone. A tree may be as deep as the system lets it be: ten descriptors are open at most. A
--- cancellation stops it between two entries. Raises `SystemError`.
--- @async
--- @param path string
--- @param options? cohort.RemoveOptions
function fs.remove(path, options) end

--- `fs.rename(from, to)`
---
--- Gives a file or a directory another name, in the same file system ("EXDEV"); a file that has it is
--- replaced. A cancellation does not stop it once a thread has begun. Raises `SystemError`.
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
--- Makes a symbolic link at `path` that says `target`. A cancellation does not stop it once a thread has
--- begun. Raises `SystemError`.
--- @async
--- @param target string
--- @param path string
function fs.symlink(target, path) end

--- `fs.chmod(path, permissions)`
---
--- Sets permissions, as text: "644" or "rw-r--r--". A cancellation does not stop it once a thread has begun.
--- Raises `SystemError`.
--- @async
--- @param path string
--- @param permissions string
function fs.chmod(path, permissions) end

--- `fs.utime(path [, atime [, mtime]])`
---
--- Sets when a file was read and written. A cancellation does not stop it once a thread has begun. Raises
--- `SystemError`.
--- @async
--- @param path string
--- @param atime? number  seconds since 1970; default now
--- @param mtime? number  seconds since 1970; default `atime`
function fs.utime(path, atime, mtime) end

--- `fs.temp_dir([options]) -> tempdir`
---
--- A new directory with a name nobody else has, which only its user may enter. Write `local dir <close> =
--- fs.temp_dir()`: it is removed, with all that is in it, where the block ends, also when that is cancelled.
--- When it cannot be removed the end of the block raises that, with an error that was on its way as an
--- `ErrorGroup` of both. One that is forgotten stays, with a warning when it is collected. A cancellation
--- raises `Cancelled`. Raises `SystemError`.
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
--- Removes it with all that is in it before the block ends; again, it does nothing. A cancellation stops it
--- between two entries. Raises `SystemError`.
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

--- Tells of changes. Called as a function it waits for the next one, so that `for kind, name in watcher do`
--- takes one after the other: kind "rename" when a name came or went, "change" when what is in a file or its
--- attributes did; `name` is the file's, without its directory. Changes that come while nobody asks are kept,
--- up to 64 KiB of them; then comes "overflow", and what was changed must be looked for. What the system
--- cannot keep until the next look, 16,384 changes of all watchers, is lost without that. When the path leads
--- to what is watched no more, because that was removed or moved or another took its place, it ends: it tells
--- a "rename" of that at last, gives nil then, and is closed. A cancellation raises `Cancelled` and loses
--- none; raises `Closed` after `close`. Closed as a file is.
--- @class cohort.Watcher
--- @field path string
--- @operator call: string
local watcher = {}

--- `watcher:close()`
---
--- Watches no more; a task that waits for a change gets `Closed`. Returns at once, never raises, may be
--- called again.
function watcher:close() end

-- }}

return fs
