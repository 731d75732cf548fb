--- A checkout asks three services at once, each in a process of its own: is the address good, is the item
--- there, can it be paid? One refusal ends the order: what is still under way is cancelled in the middle
--- of its request, its connection is closed, and the other side notices.
local cohort = require "cohort"

local OutOfStock = cohort.error_type "OutOfStock"

--- Starts a service that replies after so many seconds (see checkout/service.lua).
local function start_service(reply, seconds)
  local program = arg[0]:gsub("%.lua$", "/service.lua")
  local output = io.popen(("lua5.4 '%s' '%s' %g"):format(program, reply, seconds))
  return { output = output, port = output:read("n", "l") }
end

local function request(service, line)
  local stream <close> = cohort.net.connect("127.0.0.1", service.port)
  stream:write(line, "\n")
  return stream:read("l")
end

local function check_address(service)
  assert(request(service, "address 12 Hill Road") == "good")
end

local function reserve(service)
  local reply = request(service, "reserve one lamp")
  if reply == "reserved" then return end
  print("inventory failed: " .. reply)
  error(OutOfStock(reply))
end

local function pay(service)
  cohort.try(function()
    request(service, "charge 20")
  end,
  cohort.except(cohort.Cancelled, function() print("payment cancelled") end))
end

cohort.main(function()
  local address = start_service("good", 0.005)
  local inventory = start_service("out of stock", 0.02)
  local payment = start_service("paid", 0.1)

  cohort.try(function()
    cohort.group(function(g)
      g:spawn(check_address, address)
      g:spawn(reserve, inventory)
      g:spawn(pay, payment)
    end)
    print("order accepted")
  end,
  cohort.except(OutOfStock, function() print("order rejected") end))

  assert(payment.output:read("l") == "hung up")
  for _, service in ipairs { address, inventory, payment } do service.output:close() end
end)
