--- Crawls a web site: a page, and all pages of that site that can be reached from it, each once.
---
---     cohort examples/programs/crawl.lua URL [LIMIT [SECONDS]]
---
--- At most LIMIT pages (8) are fetched at once, and each may take SECONDS (10). A page that fails is reported
--- and affects nothing else; the exit status is then 1. It knows plain HTTP, and links in HTML.
local cohort = require "cohort"
local net = require "cohort.net"

local page_max = 4 << 20  -- bytes

local HttpError = cohort.error_type "HttpError"

-- What may go wrong with a page. Any other error is a bug in this program, and ends it.
local page_errors = { HttpError, cohort.SystemError, cohort.Broken, cohort.TooLong, cohort.Timeout }

--- Splits "http://host:port/path" into a site and a path on it.
local function parse(url)
  local name, path = url:match "^http://([^/?#]+)([^#]*)"
  if not name then return nil end
  if path:sub(1, 1) ~= "/" then path = "/" .. path end
  local host, port = name:match "^(.*):(%d+)$"
  return { name = name, host = host or name, port = math.tointeger(port) or 80 }, path
end

--- The path that a link on the page at `base` leads to; nil when that is on another site.
local function resolve(site, base, link)
  link = link:gsub("#.*", "")
  if link:find "^%a[%w+.-]*:" then
    local other, path = parse(link)
    if not other or other.name ~= site.name then return nil end
    link = path
  elseif link:find "^//" then
    return nil
  elseif link:find "^%?" then
    link = base:match "^[^?]*" .. link
  elseif link:sub(1, 1) ~= "/" then
    link = base:match "^[^?]*/" .. link
  end
  local path, query = link:match "^([^?]*)(.*)$"
  local parts = {}
  for part in path:gmatch "[^/]+" do
    if part == ".." then parts[#parts] = nil
    elseif part ~= "." then parts[#parts + 1] = part end
  end
  local slash = path:find "/%.?%.?$" and #parts > 0 and "/" or ""
  return "/" .. table.concat(parts, "/") .. slash .. query
end

--- Fetches a page. Returns its headers, and its text.
local function fetch(site, path)
  local stream <close> = net.connect(site.host, site.port, { buffer_max = page_max })
  stream:write("GET ", path, " HTTP/1.0\r\nHost: ", site.name, "\r\n\r\n")
  local status, reason = (stream:read() or ""):match "^HTTP/1%.%d (%d%d%d) ?([^\r]*)"
  if not status then error(HttpError "no answer in HTTP") end
  if tonumber(status) >= 400 then error(HttpError(status .. " " .. reason)) end
  local headers = {}
  for line in stream:lines() do
    local name, value = line:match "^([^:]+):%s*(.-)%s*$"
    if not name then break end
    headers[name:lower()] = value
  end
  return headers, stream:read "a"
end

--- The paths that a page links or redirects to.
local function links_of(site, path)
  local headers, text = fetch(site, path)
  local links = { headers.location and resolve(site, path, headers.location) }
  if (headers["content-type"] or ""):find "^text/html" then
    for link in text:gmatch "[hH][rR][eE][fF]%s*=%s*[\"']([^\"']*)" do
      links[#links + 1] = resolve(site, path, link)
    end
  end
  return links
end

--- Returns how many pages there were, and how many failed.
local function crawl(site, first, limit, seconds)
  local seen, count, failed = {}, 0, 0
  cohort.group({ limit = limit }, function(g)
    local function visit(path)
      if seen[path] then return end
      seen[path], count = true, count + 1
      -- A task of the group may spawn into it at any time, and never waits for that.
      g:spawn(function()
        cohort.try(function()
          local links = cohort.fail_after(seconds, links_of, site, path)
          print(path)
          for _, link in ipairs(links) do visit(link) end
        end,
        cohort.except(page_errors, function(eg)
          failed = failed + 1
          print(("%s: %s"):format(path, eg:sole().message))
        end))
      end)
    end
    visit(first)
  end)
  return count, failed
end

local function main(url, limit, seconds)
  local site, path = parse(url or "")
  limit, seconds = math.tointeger(limit or 8), tonumber(seconds or 10)
  if not (site and limit and seconds) then
    io.stderr:write "usage: crawl.lua http://HOST[:PORT][/PATH] [LIMIT [SECONDS]]\n"
    return os.exit(2)
  end
  io.stdout:setvbuf "line"
  local count, failed = crawl(site, path, limit, seconds)
  print(("%d pages, %d failed"):format(count, failed))
  return failed == 0
end

if not cohort.main(main, ...) then os.exit(1) end
