--- Draws a workload as SVG: a row for each system, a mark for each column at its median, a line from the
--- least to the greatest round, on a logarithmic axis. It has its own light background, so it reads on
--- dark pages too.
local plot = {}

local WIDTH, LEFT, RIGHT, TOP, ROW, BOTTOM = 860, 200, 30, 78, 30, 46

local colours = { "#0b6e99", "#c2570c", "#5b3fa0", "#2f7d32" }

local function escape(text)
  return (text:gsub("[&<>]", { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;" }))
end

--- 1234567 -> "1.2M"
local function short(value)
  for _, unit in ipairs { { 1e9, "G" }, { 1e6, "M" }, { 1e3, "k" } } do
    if value >= unit[1] then return ("%.4g%s"):format(value / unit[1], unit[2]) end
  end
  return ("%.4g"):format(value)
end

local function bounds(rows)
  local least, greatest = math.huge, 0
  for _, row in ipairs(rows) do
    for _, point in pairs(row.points) do
      least, greatest = math.min(least, point.min), math.max(greatest, point.max)
    end
  end
  return least / 1.25, greatest * 1.25
end

--- The values 1, 2 and 5 times a power of ten between two bounds; only the powers when those would crowd.
local function ticks(least, greatest)
  local steps = greatest / least < 300 and { 1, 2, 5 } or { 1 }
  local list = {}
  for power = math.floor(math.log(least, 10)), math.ceil(math.log(greatest, 10)) do
    for _, step in ipairs(steps) do
      local value = step * 10.0 ^ power
      if value >= least and value <= greatest then list[#list + 1] = value end
    end
  end
  return list
end

local Canvas = {}
Canvas.__index = Canvas

function Canvas:add(format, ...)
  self[#self + 1] = format:format(...)
end

function Canvas:text(x, y, text, attributes)
  self:add('<text x="%.1f" y="%.1f" %s>%s</text>', x, y, attributes or "", escape(text))
end

local FONTS = "system-ui, -apple-system, Segoe UI, Helvetica, Arial, sans-serif"

local function draw_frame(canvas, title, unit, height)
  canvas:add('<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" '
    .. 'font-family="%s" font-size="13" fill="#24292f">', WIDTH, height, WIDTH, height, FONTS)
  canvas:add('<rect x="0.5" y="0.5" width="%d" height="%d" rx="6" fill="#ffffff" stroke="#d0d7de"/>',
    WIDTH - 1, height - 1)
  canvas:text(20, 28, title, 'font-size="16" font-weight="600"')
  canvas:text(WIDTH - RIGHT, 28, unit, 'text-anchor="end" fill="#57606a"')
end

local function draw_legend(canvas, columns)
  local x = LEFT
  for i, column in ipairs(columns) do
    canvas:add('<circle cx="%.1f" cy="52" r="5" fill="%s"/>', x + 5, colours[i])
    canvas:text(x + 16, 56.5, column.title)
    x = x + 44 + 7 * utf8.len(column.title)
  end
end

local function draw_axis(canvas, least, greatest, place, bottom)
  for _, value in ipairs(ticks(least, greatest)) do
    local x = place(value)
    canvas:add('<line x1="%.1f" y1="%d" x2="%.1f" y2="%d" stroke="#d8dee4"/>', x, TOP - 6, x, bottom)
    canvas:text(x, bottom + 20, short(value), 'text-anchor="middle" fill="#57606a"')
  end
end

local function draw_band(canvas, top)
  canvas:add('<rect x="8" y="%.1f" width="%d" height="%d" rx="4" fill="#fff3c4"/>', top, WIDTH - 16, ROW)
end

local function draw_point(canvas, point, y, radius, colour, place)
  canvas:add('<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="%s" stroke-width="2" opacity="0.55"/>',
    place(point.min), y, place(point.max), y, colour)
  canvas:add('<circle cx="%.1f" cy="%.1f" r="%d" fill="%s"/>', place(point.median), y, radius, colour)
end

local function draw_row(canvas, row, columns, top, place)
  local middle = top + ROW / 2
  canvas:text(LEFT - 14, middle + 4.5, row.name,
    row.ours and 'text-anchor="end" font-weight="700"' or 'text-anchor="end"')
  local spread = #columns > 1 and (ROW - 12) / (#columns - 1) or 0
  for i in ipairs(columns) do
    local y = middle + (i - (#columns + 1) / 2) * spread
    if row.points[i] then draw_point(canvas, row.points[i], y, row.ours and 5 or 4, colours[i], place) end
  end
end

--- `rows` is a list of {name =, ours = boolean, points = {[i] = {median =, min =, max =}}}, i as in
--- `columns`; `unit` stands above the axis. @return string svg
function plot.draw(title, unit, columns, rows)
  local canvas = setmetatable({}, Canvas)
  local least, greatest = bounds(rows)
  local width = WIDTH - LEFT - RIGHT
  local function place(value)
    return LEFT + width * math.log(value / least) / math.log(greatest / least)
  end
  local bottom = TOP + #rows * ROW
  draw_frame(canvas, title, unit, bottom + BOTTOM)
  draw_legend(canvas, columns)
  for i, row in ipairs(rows) do
    if row.ours then draw_band(canvas, TOP + (i - 1) * ROW) end
  end
  draw_axis(canvas, least, greatest, place, bottom)
  for i, row in ipairs(rows) do draw_row(canvas, row, columns, TOP + (i - 1) * ROW, place) end
  canvas:add("</svg>")
  return table.concat(canvas, "\n") .. "\n"
end

return plot
