--- A task may spawn into its own group, as long as the group lives. So a tree of unknown size is walked
--- without counting what is left to do: the group ends when the last page has no more links.
local cohort = require "cohort"

--- The links of a page: two each, on `depth` levels of pages.
local function fetch_links(url, depth)
  cohort.sleep(0.002)
  if depth == 1 then return {} end
  return { url .. "/child_0", url .. "/child_1" }
end

local function crawl(g, url, depth, visited)
  local links = fetch_links(url, depth)
  table.insert(visited, url)
  for _, link in ipairs(links) do g:spawn(crawl, g, link, depth - 1, visited) end
end

cohort.main(function()
  local visited = {}
  cohort.group(function(g)
    g:spawn(crawl, g, "root", 2, visited)
  end)
  print(("Crawled %d pages"):format(#visited))
  print(table.concat(visited, " "))
end)
