local holder = redis.call('GET', KEYS[1])
if holder then
  return {0, -1}
end
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local last = redis.call('GET', KEYS[2])
local delay = tonumber(ARGV[3])
if last and now - tonumber(last) < delay then
  return {0, delay - (now - tonumber(last))}
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', tonumber(ARGV[2]))
return {1, 0}
