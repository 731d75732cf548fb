/*
** Names that are not there: see names.h. Some come from other libraries: a table
** tells what they are called here. Others are told the nearest name there is, and
** when none is near, all of them, if they are few.
**
** Code that takes values of all kinds asks them what they are by looking for a
** field: those keys read as nil, and so does every key that begins with "_", as
** names of metamethods do.
*/
#include "lua/names.h"

#include <lauxlib.h>

#include <ctype.h>
#include <stdio.h>
#include <stdint.h>
#include <string.h>

#include "lua/arg.h"
#include "lua/funcname.h"

#define NAMES_MAX 12  /* more are not told */

/* What code looks for to see what it has got. */
static const char *const probes[] = {
  "class", "close", "code", "fileno", "getfd", "is_a", "message", "pollfd"};

#define CALL "()"  /* the name of a call of the thing itself: it looks like no other */

/* What others call it: trio, asyncio, Go, LuaSocket, Lua's io. A noun is a function, too: it has options. */
static const struct foreign { const char *noun, *name, *mend; } foreign[] = {
  {"cohort", "spawn", "a group spawns: cohort.group(function(g) g:spawn(f, ...) end)"},
  {"cohort", "start_soon", "a group spawns: cohort.group(function(g) g:spawn(f, ...) end)"},
  {"cohort", "create_task", "a group spawns: cohort.group(function(g) g:spawn(f, ...) end)"},
  {"cohort", "go", "a group spawns: cohort.group(function(g) g:spawn(f, ...) end)"},
  {"cohort", "nursery", "write cohort.group(function(g) ... end)"},
  {"cohort", "async", "any function can wait: call it, or g:spawn(f, ...) in a group"},
  {"cohort", "await", "any function can wait: call it, and it returns when it has"},
  {"cohort", "http", "net.connect gives a stream to speak it over"},
  {"cohort", "open_nursery", "write cohort.group(function(g) ... end)"},
  {"cohort", "TaskGroup", "write cohort.group(function(g) ... end)"},
  {"cohort", "timeout", "write cohort.fail_after(seconds, f, ...), or move_on_after"},
  {"cohort", "wait_for", "write cohort.fail_after(seconds, f, ...)"},
  {"cohort", "all", "write cohort.gather{f, g}"},
  {"cohort", "queue", "write local send, receive = cohort.channel(capacity)"},
  {"cohort", "Queue", "write local send, receive = cohort.channel(capacity)"},
  {"cohort", "chan", "write local send, receive = cohort.channel(capacity)"},
  {"cohort", "mutex", "write cohort.lock()"},
  {"cohort", "pcall", "write cohort.attempt(f, ...)"},
  {"cohort", "yield", "write cohort.checkpoint()"},
  {"cohort", "promise", "write cohort.value(), or g:spawn(f) in a group, and task:join()"},
  {"cohort", "future", "write cohort.value(), or g:spawn(f) in a group, and task:join()"},
  {"cohort", "every", "write for n in cohort.ticker(seconds) do"},
  {"cohort", "interval", "write for n in cohort.ticker(seconds) do"},
  {"cohort", "trace", "write cohort.testing.task_tree() for all tasks, or task:traceback()"},
  {"cohort", "throw", "write error(value)"},
  {"cohort", "raise", "write error(value)"},
  {"cohort", "catch", "write cohort.try(f, cohort.except(matcher, handler))"},
  {"cohort", "set_timeout", "write cohort.sleep(seconds) in a task, and then what shall be done"},
  {"cohort", "call_later", "write cohort.sleep(seconds) in a task, and then what shall be done"},
  {"cohort", "timer", "write cohort.sleep(seconds), or for n in cohort.ticker(seconds) do"},
  {"cohort", "time", "write cohort.now(), or os.time() for what a clock on the wall shows"},
  {"cohort", "to_thread", "write cohort.process.run{...}: what blocks is a program of its own"},
  {"cohort", "run_in_executor", "write cohort.process.run{...}: what blocks is a program of its own"},
  {"cohort", "defer", "write g:defer(f, ...), or local x <close> ="},
  {"cohort", "wait_group", "write cohort.group(function(g) ... end)"},
  {"cohort", "exit", "return from main, or write os.exit(code)"},
  {"cohort", "dns", "write cohort.net.resolve(host)"},
  {"cohort", "tcp", "write cohort.net.connect(host, port), or cohort.net.listen(host, port)"},
  {"cohort", "socket", "write cohort.net.connect(host, port), or cohort.net.listen(host, port)"},
  {"cohort.net", "unix", "write net.connect_unix(path), or net.listen_unix(path)"},
  {"cohort.net", "dial", "write net.connect(host, port)"},
  {"cohort.net", "tcp", "write net.connect(host, port), or net.listen(host, port)"},
  {"cohort.net", "bind", "write net.listen(host, port)"},
  {"cohort.net", "open_connection", "write net.connect(host, port)"},
  {"cohort.net", "create_connection", "write net.connect(host, port)"},
  {"cohort.net", "create_server", "write net.serve(net.listen(host, port), handler)"},
  {"cohort.net", "start_server", "write net.serve(net.listen(host, port), handler)"},
  {"cohort.net", "getaddrinfo", "write net.resolve(host)"},
  {"cohort.process", "popen", "write process.run{program, ...}, or process.open for its streams"},
  {"cohort.process", "spawn", "write process.open{program, ...}, or process.run for its output"},
  {"cohort.process", "exec", "write process.run{program, ...}"},
  {"cohort.fs", "read", "write fs.read_file(path)"},
  {"cohort.fs", "write", "write fs.write_file(path, data)"},
  {"cohort.fs", "glob", "write for path in fs.walk(folder) do, and match the path"},
  {"cohort.fs", "dir", "write fs.scandir(path)"},
  {"cohort.fs", "readdir", "write fs.scandir(path)"},
  {"cohort.fs", "listdir", "write fs.scandir(path)"},
  {"cohort.fs", "unlink", "write fs.remove(path)"},
  {"cohort.fs", "rmdir", "write fs.remove(path)"},
  {"cohort.fs", "rm", "write fs.remove(path)"},
  {"cohort.fs", "rmtree", "write fs.remove(path, {recursive = true})"},
  {"cohort.fs", "move", "write fs.rename(from, to)"},
  {"cohort.fs", "mv", "write fs.rename(from, to)"},
  {"cohort.fs", "cp", "write fs.copy(from, to)"},
  {"cohort.fs", "mkdirs", "write fs.mkdir(path, {parents = true})"},
  {"cohort.fs", "makedirs", "write fs.mkdir(path, {parents = true})"},
  {"cohort.fs", "is_dir", "write fs.stat(path).type == \"directory\""},
  {"cohort.fs", "is_file", "write fs.stat(path).type == \"file\""},
  {"cohort.fs", "size", "write fs.stat(path).size"},
  {"cohort.fs", "attributes", "write fs.stat(path)"},
  {"cohort.fs", "lines", "write local file <close> = fs.open(path), and for line in file:lines() do"},
  {"cohort.stdio", "read", "write stdio.stdin:read(...)"},
  {"cohort.stdio", "lines", "write stdio.stdin:lines()"},
  {"cohort.stdio", "write", "write stdio.stdout:write(...)"},
  {"cohort.stdio", "print", "write stdio.stdout:write(text, \"\\n\")"},
  {"cohort.stdio", "isatty", "write stdio.is_terminal(\"stdout\")"},
  {"cohort.testing", "virtual_clock", "write testing.clock{autojump = true}"},
  {"group", "start_soon", "write group:spawn(f, ...)"},
  {"group", "create_task", "write group:spawn(f, ...)"},
  {"group", "go", "write group:spawn(f, ...)"},
  {"group", "wait", "a group waits where its block ends"},
  {"group", "join", "a group waits where its block ends"},
  {"group", "cancel_scope", "write group.scope"},
  {"group", "cancelled", "write group.scope.cancel_called"},
  {"group", "deadline", "write group.scope.deadline"},
  {"scope", "cancelled", "write scope.cancel_called, or cohort.cancelled()"},
  {"task", "kill", "write task:cancel()"},
  {"task", "await", "write task:join()"},
  {"task", "get", "write task:join(), or task:result() once it is done"},
  {"task", "exception", "write task:error()"},
  {"task", "done", "write task:status() == \"done\""},
  {"task", "cancelled", "write task:status() == \"cancelled\""},
  {"event", "clear", "once set it stays set: take a new event, a condition or a cohort.value"},
  {"event", "signal", "write event:set()"},
  {"event", "notify", "write event:set()"},
  {"event", "fire", "write event:set()"},
  {"lock", "lock", "write lock:acquire(), or local _ <close> = lock:hold()"},
  {"lock", "unlock", "write lock:release()"},
  {"semaphore", "wait", "write semaphore:acquire(), or local _ <close> = semaphore:hold()"},
  {"semaphore", "post", "write semaphore:release()"},
  {"semaphore", "signal", "write semaphore:release()"},
  {"condition", "signal", "write condition:notify()"},
  {"condition", "broadcast", "write condition:notify_all()"},
  {"sender", "send", "it is called, send(value)"},
  {"sender", "put", "it is called, send(value)"},
  {"sender", "push", "it is called, send(value)"},
  {"sender", "try_send", "write send:offer(value)"},
  {"sender", "send_nowait", "write send:offer(value)"},
  {"sender", "put_nowait", "write send:offer(value)"},
  {"sender", "receive", "the other end does: local send, receive = cohort.channel()"},
  {"sender", "get", "the other end does: local send, receive = cohort.channel()"},
  {"receiver", "receive", "it is called, receive()"},
  {"receiver", "recv", "it is called, receive()"},
  {"receiver", "get", "it is called, receive()"},
  {"receiver", "pop", "it is called, receive()"},
  {"receiver", "next", "it is called, receive()"},
  {"receiver", "try_receive", "write receive:poll()"},
  {"receiver", "receive_nowait", "write receive:poll()"},
  {"receiver", "get_nowait", "write receive:poll()"},
  {"receiver", "send", "the other end does: local send, receive = cohort.channel()"},
  {"broadcast", "publish", "write broadcast:send(value)"},
  {"broadcast", "emit", "write broadcast:send(value)"},
  {"subscription", "receive", "it is called: local value = subscription()"},
  {"subscription", "next", "it is called: local value = subscription()"},
  {"stream", "send", "write stream:write(data)"},
  {"stream", "sendall", "write stream:write(data)"},
  {"stream", "receive", "write stream:read_some(), or stream:read(\"l\") for a line"},
  {"stream", "recv", "write stream:read_some()"},
  {"stream", "readline", "write stream:read(\"l\")"},
  {"stream", "readlines", "write for line in stream:lines() do"},
  {"stream", "writeline", "write stream:write(line, \"\\n\")"},
  {"stream", "flush", "nothing is kept back: what write was given is with the system when it returns"},
  {"stream", "drain", "write waits by itself until there is room"},
  {"stream", "read_all", "write stream:read(\"a\")"},
  {"stream", "seek", "a stream has no position; a file has: cohort.fs.open(path)"},
  {"stream", "sync", "nothing is kept back; a file of cohort.fs has sync, which waits for the disk"},
  {"stream", "end", "write stream:shutdown(), or stream:close()"},
  {"stream", CALL, "write for line in stream:lines() do, or stream:write(data)"},
  {"file", CALL, "write for line in file:lines() do"},
  {"process", CALL, "write child:wait(), or for line in child.stdout:lines() do"},
  {"event", CALL, "write event:wait(), or event:set()"},
  {"value", CALL, "write value:get(), or for v in value:changes() do"},
  {"broadcast", CALL, "write broadcast:send(v), or for v in broadcast:subscribe() do"},
  {"stream", "settimeout", "write cohort.fail_after(seconds, f, ...) around what may take long"},
  {"stream", "getpeername", "write stream.peer_address"},
  {"stream", "getsockname", "write stream.local_address"},
  {"listener", "settimeout", "write cohort.fail_after(seconds, f, ...) around what may take long"},
  {"listener", "getsockname", "write listener.local_address"},
  {"socket", "read", "write socket:receive()"},
  {"socket", "write", "write socket:send(datagram, to)"},
  {"socket", "lines", "write for datagram, from in socket do"},
  {"socket", "sendto", "write socket:send(datagram, to)"},
  {"socket", "recvfrom", "write socket:receive()"},
  {"socket", "receivefrom", "write socket:receive()"},
  {"listener", "port", "write listener.local_address.port"},
  {"file", "readline", "write file:read(\"l\")"},
  {"file", "readlines", "write for line in file:lines() do"},
  {"file", "read_all", "write file:read(\"a\")"},
  {"file", "flush", "nothing is kept back; file:sync() waits until it is on the disk"},
  {"file", "setvbuf", "nothing is kept back"},
  {"process", "read", "write child.stdout:read(...)"},
  {"process", "lines", "write child.stdout:lines()"},
  {"process", "write", "write child.stdin:write(data)"},
  {"process", "communicate", "write process.run{program, ..., stdin = text}"},
  {"process", "terminate", "write child:kill()"},
  {"process", "returncode", "write child.status"},
  {"process", "poll", "write child.status, which is nil while it runs"},
  {"watcher", "next", "it is called: for kind, name in watcher do"},
  {"watcher", "wait", "it is called: for kind, name in watcher do"},
  {"listener", "next", "it is called: for value in listener do, or local value = listener()"},
  {"listener", "wait", "it is called: for value in listener do, or local value = listener()"},
  {"gather", "limit", "write cohort.map({limit = n}, list, f)"},
  {"group", "timeout", "write cohort.fail_after(seconds, cohort.group, f), or move_on_after"},
  {"connect", "timeout", "write cohort.fail_after(seconds, net.connect, host, port)"},
  {"connect", "tls", "write process.open{\"openssl\", \"s_client\", \"-quiet\", \"-connect\", \"host:443\"}"},
  {"connect", "ssl", "write process.open{\"openssl\", \"s_client\", \"-quiet\", \"-connect\", \"host:443\"}"},
  {"connect_unix", "timeout", "write cohort.fail_after(seconds, net.connect_unix, path)"},
  {"serve", "timeout", "put a limit into the handler: cohort.fail_after(seconds, f, ...)"},
  {"map", "timeout", "put a limit around it: cohort.fail_after(seconds, cohort.map, list, f)"},
  {"gather", "timeout", "put a limit around it: cohort.fail_after(seconds, cohort.gather, list)"},
  {"retry", "timeout", "put cohort.fail_after(seconds, f, ...) inside, for each attempt, or around all"},
  {"retry", "tries", "write attempts = n"},
  {"retry", "retries", "write attempts = n"},
  {"retry", "backoff", "write factor = 2"},
  {"write_file", "append", "write fs.append_file(path, data)"},
  {"run", "args", "write process.run{\"ls\", \"-l\"}: the arguments follow the program"},
  {"mkdir", "recursive", "write parents = true"},
  {"mkdir", "mode", "write permissions = \"755\""},
  {"run", "shell", "write process.run{\"sh\", \"-c\", script}"},
  {"run", "input", "write stdin = text"},
  {"run", "timeout", "put a limit around it: cohort.fail_after(seconds, f, ...)"},
  {"context", "set", "write context:with(value, f, ...)"},
};


size_t coh_name_distance(const char *a, const char *b) {
  size_t row[32], i, j, n = strlen(b);
  if (n >= 32) return 99;
  for (j = 0; j <= n; j++) row[j] = j;
  for (i = 1; a[i - 1] != '\0'; i++) {
    size_t corner = row[0];
    row[0] = i;
    for (j = 1; j <= n; j++) {
      size_t change = corner + (a[i - 1] != b[j - 1]);
      corner = row[j];
      if (row[j] + 1 < change) change = row[j] + 1;
      if (row[j - 1] + 1 < change) change = row[j - 1] + 1;
      row[j] = change;
    }
  }
  return row[n];
}


/* Is the key at 2 a name that somebody wrote to use it, and not to see whether it is there? */
static bool is_meant(lua_State *L) {
  const char *name;
  size_t i;
  if (lua_type(L, 2) != LUA_TSTRING) return false;
  name = lua_tostring(L, 2);
  if (!isalpha((unsigned char)*name) || strlen(name) != lua_rawlen(L, 2)) return false;
  for (i = 0; i < sizeof probes / sizeof *probes; i++)
    if (strcmp(name, probes[i]) == 0) return false;
  return true;
}


const char *coh_name_mend(const char *noun, const char *given) {
  size_t i;
  for (i = 0; i < sizeof foreign / sizeof *foreign; i++)
    if (strcmp(foreign[i].noun, noun) == 0 && strcmp(foreign[i].name, given) == 0) return foreign[i].mend;
  return NULL;
}


int coh_name_refuse_call(lua_State *L) {
  const char *noun = lua_tostring(L, lua_upvalueindex(1));
  return coh_misuse(L, "%s %s is not called: %s", strchr("aeiou", *noun) != NULL ? "an" : "a", noun,
                    coh_name_mend(noun, CALL));
}


void coh_name_guard_call(lua_State *L, const char *noun) {
  if (coh_name_mend(noun, CALL) == NULL) return;
  if (lua_getfield(L, -1, "__call") == LUA_TNIL) {
    lua_pushstring(L, noun);
    lua_pushcclosure(L, coh_name_refuse_call, 1);
    lua_setfield(L, -3, "__call");
  }
  lua_pop(L, 1);
}


/* The names that a thing has, in order, as far as there is room. */
struct known {
  const char *given;
  const char *nearest;           /* NULL: none yet */
  size_t least;                  /* its distance */
  size_t count;                  /* of all, those without a place in 'names' too */
  const char *names[NAMES_MAX];  /* borrows */
};


static void add(struct known *k, const char *name) {
  size_t d = coh_name_distance(k->given, name), i = k->count < NAMES_MAX ? k->count : NAMES_MAX - 1;
  if (k->nearest == NULL || d < k->least || (d == k->least && strcmp(name, k->nearest) < 0)) {
    k->nearest = name;
    k->least = d;
  }
  for (; i > 0 && strcmp(name, k->names[i - 1]) < 0; i--) k->names[i] = k->names[i - 1];
  k->names[i] = name;
  k->count++;
}


static void collect(lua_State *L, struct known *k, int methods, const luaL_Reg *fields) {
  for (; fields != NULL && fields->name != NULL; fields++) add(k, fields->name);
  lua_pushvalue(L, methods);
  lua_pushnil(L);
  while (lua_next(L, -2)) {
    lua_pop(L, 1);
    if (lua_type(L, -1) == LUA_TSTRING && *lua_tostring(L, -1) != '_') add(k, lua_tostring(L, -1));
  }
  lua_pop(L, 1);
}


/* The nearest name of another library, or NULL, and its distance. */
static const struct foreign *find_foreign(const char *noun, const char *given, size_t *least) {
  const struct foreign *nearest = NULL;
  size_t i;
  for (i = 0; i < sizeof foreign / sizeof *foreign; i++) {
    size_t d = strcmp(foreign[i].noun, noun) == 0 ? coh_name_distance(given, foreign[i].name) : *least;
    if (d >= *least) continue;
    *least = d;
    nearest = &foreign[i];
  }
  return nearest;
}


/* What the name is called here. */
static void suggest(char *text, size_t size, const struct known *k, const char *noun) {
  size_t near = (strlen(k->given) + 2) / 3, least = near + 1, i, at;
  const struct foreign *other = find_foreign(noun, k->given, &least);
  *text = '\0';
  if (other != NULL && (least == 0 || least < k->least)) {
    snprintf(text, size, ": %s", other->mend);
  } else if (k->nearest != NULL && k->least <= near) {
    snprintf(text, size, ": did you mean '%s'?", k->nearest);
  } else if (k->count <= NAMES_MAX) {
    for (at = i = 0; i < k->count && at < size; i++)
      at += (size_t)snprintf(text + at, size - at, "%s'%s'", i == 0 ? ": it has " : ", ", k->names[i]);
  }
}


static int missing(lua_State *L, const char *noun, int methods, const luaL_Reg *fields) {
  struct known k = {.count = 0};
  char text[300];
  const char *article = strncmp(noun, "cohort", 6) == 0 ? "" : strchr("aeiou", *noun) != NULL ? "an " : "a ";
  luaL_checkstack(L, 4, NULL);
  if (!is_meant(L)) {
    lua_pushnil(L);
    return 1;
  }
  k.given = lua_tostring(L, 2);
  collect(L, &k, methods, fields);
  suggest(text, sizeof text, &k, noun);
  return coh_misuse(L, "%s%s has no '%s'%s", article, noun, k.given, text);
}


int coh_name_index(lua_State *L, const char *noun, int methods, const luaL_Reg *fields) {
  const char *key = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "";
  const luaL_Reg *f;
  for (f = fields; f != NULL && f->name != NULL; f++)
    if (strcmp(f->name, key) == 0) return f->func(L);
  return missing(L, noun, methods, fields);
}


/* __index(methods, key) of a table of methods */
static int l_missing(lua_State *L) {
  lua_settop(L, 2);
  return coh_name_index(L, lua_touserdata(L, lua_upvalueindex(1)), 1, NULL);
}


void coh_name_guard(lua_State *L, const char *noun) {
  coh_funcname_know(L, noun);
  lua_createtable(L, 0, 1);
  lua_pushlightuserdata(L, (void *)(uintptr_t)noun);
  lua_pushcclosure(L, l_missing, 1);
  lua_setfield(L, -2, "__index");
  lua_setmetatable(L, -2);
}
