--- Five fetches at once, collected in the order of the list, whichever of them ends first. One failure would
--- cancel the others.
local cohort = require "cohort"

local function fetch(url, i)
  cohort.sleep(0.010 - 0.001 * i)  -- stands for a request; later ones are faster
  return "content of " .. url
end

cohort.main(function()
  local urls = {}
  for i = 1, 5 do urls[i] = ("https://example.org/page/%d"):format(i) end

  local tasks = {}
  cohort.group(function(g)
    for i, url in ipairs(urls) do tasks[i] = g:spawn(fetch, url, i) end
  end)

  print(("Processed %d URLs in parallel"):format(#tasks))
  for i, task in ipairs(tasks) do assert(task:result() == "content of " .. urls[i]) end
  print("All results collected")
end)
