-- Reads at random over a store of any size, and checks each answer.
--
-- Arguments: METHOD URL MARKER TOKENS [LEASE]. In URL each "#" is a random digit. TOKENS is a file with a token a
-- line: each request takes one of them by chance.

local method, target, marker, lease
local threads = {}
local tokens = {}

function setup(thread)
  table.insert(threads, thread)
  thread:set("seed", #threads)
end

function init(args)
  method, target, marker, lease = args[1], args[2], args[3], args[5]
  bad, first = 0, ""
  for line in io.lines(args[4]) do tokens[#tokens + 1] = line end
  math.randomseed(seed * 7919)
end

function request()
  local path = target:gsub("#", function() return tostring(math.random(0, 9)) end)
  local headers = { ["X-Vault-Token"] = tokens[math.random(#tokens)], ["X-Strongroom-Lease"] = lease }
  return wrk.format(method, path, headers)
end

function response(status, headers, text)
  if status ~= 200 or not text:find(marker, 1, true) then
    bad = bad + 1
    if first == "" then first = status .. " " .. text:sub(1, 120) end
  end
end

function done(summary, latency, requests)
  local bad, first = 0, ""
  for _, thread in ipairs(threads) do
    bad = bad + thread:get("bad")
    if first == "" then first = thread:get("first") end
  end
  local errors = summary.errors
  local lost = errors.connect + errors.read + errors.write + errors.timeout
  io.write(string.format("RESULT %d %d %d %d %d %d %d\n", summary.requests, summary.duration, bad, lost,
    latency:percentile(50), latency:percentile(99), latency:percentile(99.9)))
  if first ~= "" then io.write("FIRST " .. first:gsub("%s+", " ") .. "\n") end
end
