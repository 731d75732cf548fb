-- An order: three services are asked at once over TCP. One of them fails, so the others are cut off in the
-- middle, their connections are closed, and the errors are matched by type.
local cohort = require "cohort"
local net = require "cohort.net"

local OutOfStock = cohort.error_type "OutOfStock"

-- Starts a service in `g` that answers every line with `answer(line)`; returns its port.
local function start_service(g, answer)
  local listener = net.listen("127.0.0.1", 0)
  g:spawn_daemon(net.serve, listener, function(stream)
    for line in stream:lines() do stream:write(answer(line), "\n") end
  end)
  return listener.local_address.port
end

-- Sends a request and returns the answer. However this ends, the connection is closed.
local function ask(port, request)
  local stream <close> = net.connect("127.0.0.1", port)
  stream:write(request, "\n")
  local answer = stream:read()
  if answer:find "^no " then error(OutOfStock(answer)) end
  return answer
end

local function order(address, stock, payment)
  local started = cohort.now()
  local home, pay
  cohort.try(function()
    cohort.group(function(g)
      home = g:spawn(ask, address, "customer 7")
      g:spawn(ask, stock, "three blue teapots")
      pay = g:spawn(ask, payment, "30 coins")
    end)  -- here all three have ended, whatever happened
    print "order accepted"
  end,
  cohort.except(OutOfStock, function(eg) print("order rejected: " .. eg:sole().message) end),
  cohort.except(cohort.SystemError, function(eg) print("no connection: " .. eg.errors[1].code) end))
  print("address: " .. home:result())
  print("payment: " .. pay:status())
  print("it took less than a second: " .. tostring(cohort.now() - started < 1))
end

cohort.main(function()
  cohort.group(function(g)
    order(start_service(g, function() return "12 Harbour Lane" end),
      start_service(g, function(what) cohort.sleep(0.05) return "no " .. what end),
      start_service(g, function() cohort.sleep(60) return "paid" end))
  end)  -- the services are daemons: they end with the group
end)
