local parts = {}
for part in string.gmatch(ARGV[1], '[^-]+') do
  table.insert(parts, part)
end
redis.call('HSET', KEYS[1], table.concat(parts, '-'), ARGV[2])
redis.call('EXPIRE', KEYS[1], tonumber(ARGV[3]))
return 'OK'
