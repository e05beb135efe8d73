local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local member, cost, lease, limit = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local sums, held = {}, {}
for i = 1, #KEYS, 3 do
  local sum, leases = KEYS[i], KEYS[i + 1]
  for _, over in ipairs(redis.call('ZRANGEBYSCORE', leases, '-inf', now, 'LIMIT', 0, 100)) do
    redis.call('HINCRBY', sum, 'reserved', -redis.call('HGET', sum, '@' .. over))
    redis.call('HDEL', sum, '@' .. over)
    redis.call('ZREM', leases, over)
  end
  local had = redis.call('HMGET', sum, 'spent', 'reserved', '@' .. member)
  local spent, reserved = tonumber(had[1] or 0), tonumber(had[2] or 0)
  held[i] = tonumber(had[3] or 0)
  if spent + reserved - held[i] + cost > limit then return {0, spent, reserved, sum} end
  sums[i] = {spent, reserved - held[i] + cost}
end
for i = 1, #KEYS, 3 do
  redis.call('HSET', KEYS[i], 'reserved', sums[i][2], '@' .. member, cost)
  redis.call('ZADD', KEYS[i + 1], now + lease, member)
end
return {1, sums[1][1], sums[1][2]}
