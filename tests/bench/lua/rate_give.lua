local burst, rate, per, cost = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local interval = per * 1000 / rate
local full = math.max(tonumber(redis.call('GET', KEYS[1])) or now, now)
local after = full - interval * cost
if after <= now then
  redis.call('DEL', KEYS[1])
  return burst
end
redis.call('SET', KEYS[1], string.format('%.3f', after), 'PXAT', math.ceil(after / 1000))
return math.floor(burst - (after - now) / interval)
