local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local member, actual, keep = ARGV[1], ARGV[2], ARGV[3]
local booked = 0
for i = 1, #KEYS, 3 do
  local sum, leases, settled = KEYS[i], KEYS[i + 1], KEYS[i + 2]
  local known = redis.call('ZSCORE', settled, member)
  if not known or tonumber(known) <= now then
    local held = redis.call('HGET', sum, '@' .. member)
    if held then
      redis.call('HINCRBY', sum, 'reserved', -held)
      redis.call('HDEL', sum, '@' .. member)
      redis.call('ZREM', leases, member)
    end
    redis.call('HINCRBY', sum, 'spent', actual)
    redis.call('ZREMRANGEBYSCORE', settled, '-inf', now)
    redis.call('ZADD', settled, now + keep, member)
    booked = booked + 1
  end
end
return booked
