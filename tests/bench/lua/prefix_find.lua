local path = ARGV[1]
local ttl = tonumber(ARGV[2])
local value = redis.call('HGET', KEYS[1], path)
if value and value ~= '' then
  redis.call('EXPIRE', KEYS[1], ttl)
  return value
end
while true do
  local at = string.find(path, '-[^-]*$')
  if not at or at <= 1 then
    return nil
  end
  path = string.sub(path, 1, at - 1)
  value = redis.call('HGET', KEYS[1], path)
  if value and value ~= '' then
    redis.call('EXPIRE', KEYS[1], ttl)
    return value
  end
end
