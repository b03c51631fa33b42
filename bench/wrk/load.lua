-- Sends one workload and checks each answer.
--
-- Arguments: METHOD PATH TOKEN MARKER BODY. "%d" in PATH stands for a key's number, below KEYS.
-- An answer counts if its status is 200 or 204 and it contains MARKER (if there is one).

local method, path, token, marker, body, keys
local threads = {}

function setup(thread)
  table.insert(threads, thread)
  thread:set("seed", #threads)
end

function init(args)
  method, path, token, marker, body, keys = args[1], args[2], args[3], args[4], args[5], tonumber(args[6])
  bad, first = 0, ""
  math.randomseed(seed * 7919)
  if token ~= "" then wrk.headers["X-Vault-Token"] = token end
  wrk.headers["Content-Type"] = "application/json"
  if body == "" then body = nil end
end

function request()
  local target = path
  if keys > 1 then target = path:gsub("%%d", tostring(math.random(0, keys - 1))) end
  return wrk.format(method, target, nil, body)
end

function response(status, headers, text)
  if (status ~= 200 and status ~= 204) or (marker ~= "" and not text:find(marker, 1, true)) then
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
