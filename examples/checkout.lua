--- A checkout asks three services at once, each in a process of its own: is the address good, is the item
--- available, can it be paid for? One refusal ends the order: what is still under way is cancelled in the
--- middle of its request, its connection is closed, and the other side notices.
local cohort = require "cohort"

local OutOfStock = cohort.error_type "OutOfStock"

--- Starts a service that replies after that many seconds (see checkout/service.lua).
local function start_service(reply, seconds)
  local program = arg[0]:gsub("%.lua$", "/service.lua")
  return cohort.process.open { "lua5.4", program, reply, seconds, stdin = "null" }
end

--- The first thing that a service prints.
local function port_of(service)
  return service.stdout:read("n", "l")
end

local function request(port, line)
  local stream <close> = cohort.net.connect("127.0.0.1", port)
  stream:write(line, "\n")
  return stream:read("l")
end

local function check_address(port)
  assert(request(port, "address 12 Hill Road") == "good")
end

local function reserve(port)
  local reply = request(port, "reserve one lamp")
  if reply == "reserved" then return end
  print("inventory failed: " .. reply)
  error(OutOfStock(reply))
end

local function pay(port)
  cohort.try(function()
    request(port, "charge 20")
  end,
  cohort.except(cohort.Cancelled, function() print("payment cancelled") end))
end

cohort.main(function()
  local address <close> = start_service("good", 0.005)
  local inventory <close> = start_service("out of stock", 0.02)
  local payment <close> = start_service("paid", 0.1)
  local address_port, inventory_port, payment_port = port_of(address), port_of(inventory), port_of(payment)

  cohort.try(function()
    cohort.group(function(g)
      g:spawn(check_address, address_port)
      g:spawn(reserve, inventory_port)
      g:spawn(pay, payment_port)
    end)
    print("order accepted")
  end,
  cohort.except(OutOfStock, function() print("order rejected") end))

  assert(payment.stdout:read("l") == "hung up")
end)
