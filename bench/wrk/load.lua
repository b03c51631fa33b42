-- Sends one workload and checks each answer.
--
-- Arguments are NAME=VALUE:
--   method, path, token, marker, body   what is sent; an answer counts if its status is 200 or 204 and it
--                                       contains the marker (if there is one)
--   draw, keys                          what "%d" in the path stands for: "one"; "uniform" or "zipf", a number
--                                       below keys; "fresh", each number once, from keys on
--   header, header_value                one header more
--   tokens, bodies                      a file with one in each line, of which each request takes one
--   writes, write_body, write_marker    so many of a hundred requests are a POST
--   last                                send "fresh" keys up to here, not included, and end

local threads = {}
local it = {}

function setup(thread)
  table.insert(threads, thread)
  thread:set("number", #threads - 1)
end

local function lines(file)
  local found = {}
  for line in io.lines(file) do table.insert(found, line) end
  return found
end

-- The sums of 1 / n^0.99, in which a random number is looked up.
local function zipf(keys)
  local sums, sum = {}, 0
  for n = 1, keys do
    sum = sum + 1 / n ^ 0.99
    sums[n] = sum
  end
  return function()
    local wanted, low, high = math.random() * sum, 1, keys
    while low < high do
      local middle = math.floor((low + high) / 2)
      if sums[middle] < wanted then low = middle + 1 else high = middle end
    end
    return low - 1
  end
end

function init(args)
  for _, arg in ipairs(args) do
    local name, value = arg:match("^([%a_]+)=(.*)$")
    it[name] = value
  end
  bad, first, answers, refused = 0, "", 0, 0
  next_key = tonumber(it.keys)
  math.randomseed(os.time() + number * 7919)
  if it.token ~= "" then wrk.headers["X-Vault-Token"] = it.token end
  if it.header then wrk.headers[it.header] = it.header_value end
  wrk.headers["Content-Type"] = "application/json"
  if it.body == "" then it.body = nil end
  if it.tokens then it.tokens = lines(it.tokens) end
  if it.bodies then it.bodies = lines(it.bodies) end
  it.writes = tonumber(it.writes or "0")
  it.last = tonumber(it.last or "0")
  it.needed = it.last - next_key
  local keys = tonumber(it.keys)
  if it.draw == "uniform" then
    draw = function() return math.random(0, keys - 1) end
  elseif it.draw == "zipf" then
    draw = zipf(keys)
  elseif it.draw == "fresh" then
    draw = function()
      local key = next_key
      next_key = next_key + 1
      return key
    end
  end
  -- What never changes is put together once.
  if not draw and not it.tokens and not it.bodies then ready = wrk.format(it.method, it.path, nil, it.body) end
end

function request()
  if ready then return ready end
  -- wrk asks the first thread once to see what it is like, and does not send that: no key is spent on it.
  if number == 0 and not looked_at then
    looked_at = true
    return wrk.format(it.method, it.path, nil, it.body)
  end
  -- All have been sent, and some answers are still to come: until then it asks something idle.
  if it.last > 0 and next_key >= it.last then return wrk.format("GET", "/v1/sys/health") end
  local target = it.path
  if draw then target = target:gsub("%%d", tostring(draw())) end
  if it.tokens then wrk.headers["X-Vault-Token"] = it.tokens[math.random(#it.tokens)] end
  if it.bodies then return wrk.format(it.method, target, nil, it.bodies[math.random(#it.bodies)]) end
  if it.writes > 0 and math.random(100) <= it.writes then
    return wrk.format("POST", target, nil, it.write_body)
  end
  return wrk.format(it.method, target, nil, it.body)
end

function response(status, headers, text)
  if it.last > 0 and text:find('"initialized"', 1, true) then return end
  local fits = status == 200 or status == 204
  if fits and it.marker ~= "" then
    fits = text:find(it.marker, 1, true) or it.write_marker and text:find(it.write_marker, 1, true)
  end
  if not fits then
    -- "Try again" is no wrong answer. It is counted apart; too many of them fail the round.
    if status == 503 and it.last == 0 then refused = refused + 1 else bad = bad + 1 end
    if first == "" then first = status .. " " .. text:sub(1, 160) end
  end
  answers = answers + 1
  if it.last > 0 and answers >= it.needed then
    io.write("FILLED " .. bad .. "\n")
    if first ~= "" then io.write("FIRST " .. first:gsub("%s+", " ") .. "\n") end
    io.flush()
    os.exit(0)
  end
end

function done(summary, latency, requests)
  local bad, first, used, refused = 0, "", 0, 0
  for _, thread in ipairs(threads) do
    bad = bad + thread:get("bad")
    refused = refused + thread:get("refused")
    if first == "" then first = thread:get("first") end
    used = math.max(used, thread:get("next_key"))
  end
  local errors = summary.errors
  local lost = errors.connect + errors.read + errors.write + errors.timeout
  io.write(string.format("RESULT %d %d %d %d %d %d %d\n", summary.requests, summary.duration, bad, lost,
    latency:percentile(50), latency:percentile(99), latency:percentile(99.9)))
  io.write(string.format("REFUSED %d\n", refused))
  io.write("NEXT " .. string.format("%d", used) .. "\n")
  if first ~= "" then io.write("FIRST " .. first:gsub("%s+", " ") .. "\n") end
end
