local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local ttl = tonumber(ARGV[1])
local loads = {}
for i = 2, #ARGV, 2 do
  local id = ARGV[i]
  local max = tonumber(ARGV[i + 1])
  local slots = 'slots:' .. id
  redis.call('ZREMRANGEBYSCORE', slots, '-inf', now - ttl)
  local used = redis.call('ZCARD', slots)
  local waiting = tonumber(redis.call('GET', 'waiting:' .. id) or '0')
  table.insert(loads, id)
  table.insert(loads, used)
  table.insert(loads, waiting)
  table.insert(loads, math.floor((used + waiting) * 100 / max))
end
return loads
