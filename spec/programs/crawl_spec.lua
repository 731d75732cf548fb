-- examples/programs/crawl.lua, over an nginx of this spec's own.
local cohort = require "cohort"
local fs = require "cohort.fs"
local net = require "cohort.net"
local programs = require "spec.support.programs"

local nginx = "/usr/sbin/nginx"

local configuration = [[
  daemon off;
  master_process off;
  pid DIR/pid;
  error_log DIR/error.log;
  events {}
  http {
    types { text/html html; text/css css; }
    access_log DIR/access.log;
    client_body_temp_path DIR/t1; proxy_temp_path DIR/t2; fastcgi_temp_path DIR/t3;
    uwsgi_temp_path DIR/t4; scgi_temp_path DIR/t5;
    limit_conn_zone $server_port zone=all:1m;
    server {
      listen 127.0.0.1:PORT;
      root DIR/www;
      location = /moved { return 301 /target.html; }
      location = /silent { return 444; }
      location = /broken { return 500; }
      location /slow/ { limit_rate 1; }
      location /few/ { limit_conn all 3; limit_rate 20k; sendfile_max_chunk 2k; }
    }
  }
]]

-- Calls body(url, dir) with a server of the pages: path = text.
local function with_site(pages, body)
  if not io.open(nginx) then return pending "there is no nginx" end
  programs.within(function()
    local dir <close> = fs.temp_dir()
    local www = dir.path .. "/www"
    for path, text in pairs(pages) do
      fs.mkdir((www .. path):match "^(.*)/", { parents = true })
      fs.write_file(www .. path, text)
    end
    local port = programs.free_port()
    local values = { DIR = dir.path, PORT = port }
    fs.write_file(dir.path .. "/conf", (configuration:gsub("%f[%u]%u+%f[%U]", values)))
    local server <close> = programs.start {
      "env", "-u", "LD_PRELOAD", nginx, "-p", dir.path, "-c", dir.path .. "/conf",
    }
    cohort.retry({ attempts = 1000, delay = 0.01 }, net.connect, "127.0.0.1", port):close()
    body(("http://127.0.0.1:%d"):format(port), dir.path)
    server:signal "TERM"
    assert.equal(0, (server:wait()))
  end)
end

-- What the program printed, line by line in order, without its last line; that; its exit status.
local function crawl(...)
  local program <close> = programs.example("crawl", ...)
  local code, out, err = program:wait()
  assert.equal("", err)
  local lines = {}
  for line in out:gmatch "[^\n]+" do lines[#lines + 1] = line end
  local last = table.remove(lines)
  table.sort(lines)
  return lines, last, code
end

local function links(...)
  local list = {}
  for _, path in ipairs { ... } do list[#list + 1] = ('<a href="%s">x</a>\n'):format(path) end
  return table.concat(list)
end

describe("the crawler", function()
  it("visits each page of the site once, whatever leads to it", function()
    with_site({
      ["/index.html"] = links("a.html", "/a.html#part", "./sub/", "?q=1", "a.html", "http://127.0.0.1:1/no"),
      ["/a.html"] = links("index.html", "sub/../a.html", "mailto:x@example.org", "//example.org/"),
      ["/sub/index.html"] = links("../a.html", "b.html", "/style.css", "/moved"),
      ["/sub/b.html"] = links("", "b.html"),
      ["/style.css"] = links "/never.html",
      ["/target.html"] = links "/",
    }, function(url, dir)
      local lines, last, code = crawl(url)
      assert.same({ "/", "/?q=1", "/a.html", "/index.html", "/index.html?q=1", "/moved", "/style.css",
        "/sub/", "/sub/b.html", "/target.html" }, lines)
      assert.same({ "10 pages, 0 failed", 0 }, { last, code })
      local asked = {}
      for line in io.lines(dir .. "/access.log") do
        local path = line:match '"GET (%S+) HTTP'
        if path then asked[path] = (asked[path] or 0) + 1 end
      end
      for _, path in ipairs(lines) do
        assert.equal(1, asked[path])
        asked[path] = nil
      end
      assert.same({}, asked)
    end)
  end)

  it("tells what is wrong with a page, goes on, and exits with 1", function()
    with_site({
      ["/index.html"] = links("none.html", "slow/page.html", "silent", "broken", "large.html", "fine.html"),
      ["/slow/page.html"] = ("x"):rep(1000),
      ["/large.html"] = ("x"):rep(5 << 20),
      ["/fine.html"] = "fine",
    }, function(url)
      local lines, last, code = crawl(url .. "/", 8, 1)
      assert.same({ "/", "/broken: 500 Internal Server Error", "/fine.html",
        (lines[4]:match "^/large.html: read: more than 4194304 bytes.*"), "/none.html: 404 Not Found",
        "/silent: no answer in HTTP", "/slow/page.html: timed out after 1s" }, lines)
      assert.same({ "7 pages, 5 failed", 1 }, { last, code })
    end)
  end)

  it("keeps to its limit", function()
    local pages, names = {}, {}
    for i = 1, 12 do
      names[i] = ("/few/%d.html"):format(i)
      pages[names[i]] = ("x"):rep(3000)  -- in two parts, with 100 ms between
    end
    pages["/index.html"] = links(table.unpack(names))
    with_site(pages, function(url)
      -- The server refuses a fourth at once.
      local _, last, code = crawl(url, 3)
      assert.same({ "13 pages, 0 failed", 0 }, { last, code })
      _, last, code = crawl(url, 20)
      assert.is_true(tonumber(last:match "(%d+) failed") > 0)
      assert.equal(1, code)
    end)
  end)

  it("of a site that is not there fails", function()
    programs.within(function()
      local lines, last, code = crawl(("http://127.0.0.1:%d/"):format(programs.free_port()))
      assert.matches("^/: connect .*refused", lines[1])
      assert.same({ "1 pages, 1 failed", 1 }, { last, code })
    end)
  end)

  it("says how it is used", function()
    programs.within(function()
      for _, words in ipairs { {}, { "example.org" }, { "http://x/", "many" } } do
        local program <close> = programs.example("crawl", table.unpack(words))
        local code, out, err = program:wait()
        assert.same({ 2, "" }, { code, out })
        assert.matches("^usage: crawl.lua http://HOST", err)
      end
    end)
  end)
end)
