-- Binary-mode CloudEvents for wrk, each with an id of its own, or batches of them.
--   wrk -s publish.lua URL -- PREFIX TYPE SIZE_BYTES BATCH_EVENTS

local head, middle, tail = "", "", ""
local prefix, batch_events, events = "", 1, 0

local function single(path, kind, payload)
  head = table.concat({
    "POST " .. path .. " HTTP/1.1", "host: 127.0.0.1", "content-type: application/json",
    "content-length: " .. #payload, "ce-specversion: 1.0", "ce-type: " .. kind,
    "ce-source: /bench", "ce-subject: item", "ce-time: 2026-01-31T12:00:00Z", "ce-id: " .. prefix,
  }, "\r\n")
  tail = "\r\n\r\n" .. payload
end

local function batched(path, kind, payload)
  head = "POST " .. path .. " HTTP/1.1\r\nhost: 127.0.0.1\r\n"
    .. "content-type: application/cloudevents-batch+json\r\ncontent-length: "
  middle = '{"specversion":"1.0","type":"' .. kind .. '","source":"/bench","subject":"item",'
    .. '"time":"2026-01-31T12:00:00Z","id":"' .. prefix
  tail = '","datacontenttype":"application/json","data":' .. payload .. "}"
end

function init(args)
  prefix, batch_events = args[1], tonumber(args[4])
  local payload = '{"payload": "' .. string.rep("x", tonumber(args[3]) - 15) .. '"}'
  if batch_events == 1 then
    single(wrk.path, args[2], payload)
  else
    batched(wrk.path, args[2], payload)
  end
end

function request()
  if batch_events == 1 then
    events = events + 1
    return head .. events .. tail
  end
  local entries = {}
  for entry = 1, batch_events do
    events = events + 1
    entries[entry] = middle .. events .. tail
  end
  local body = "[" .. table.concat(entries, ",") .. "]"
  return head .. #body .. "\r\n\r\n" .. body
end

function done(summary, latency)
  local errors = summary.errors
  print(string.format(
    'figures {"seconds": %.6f, "requests": %d, "refused": %d, "broken": %d, "ack_p50_ms": %.3f, "ack_p99_ms": %.3f}',
    summary.duration / 1e6, summary.requests, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
