"""What changes an owner's hash of stored motions: each at once, whoever else changes it meanwhile."""

# The hash lives as long as the motion that lives longest.
_LIVE = """
if redis.call('TTL', KEYS[1]) < tonumber(life) then redis.call('EXPIRE', KEYS[1], life) end
"""

KEEP = f"""
local name, record, job, bytes, now, most, most_bytes, life = unpack(ARGV)
local all, count, total, replaced = redis.call('HGETALL', KEYS[1]), 0, 0, false
for i = 1, #all, 2 do
    local found = cjson.decode(all[i + 1])
    if found.expires_at <= tonumber(now) then
        redis.call('HDEL', KEYS[1], all[i])
    elseif all[i] == name then
        if found.job ~= job then return {{'exists', false}} end
        replaced = all[i + 1]
    else
        count, total = count + 1, total + found.bytes
    end
end
if count + 1 > tonumber(most) then return {{'count', false}} end
if total + tonumber(bytes) > tonumber(most_bytes) then return {{'bytes', false}} end
redis.call('HSET', KEYS[1], name, record)
{_LIVE}
return {{'kept', replaced}}
"""
"""KEYS: the hash. ARGV: name, record, its job, its bytes, now, most motions, most bytes, seconds to live.

Returns why it was not kept, or 'kept' and the record that it replaces. What has expired is forgotten.
"""

RENEW = f"""
local name, before, record, life = unpack(ARGV)
if redis.call('HGET', KEYS[1], name) ~= before then return 0 end
redis.call('HSET', KEYS[1], name, record)
{_LIVE}
return 1
"""
"""KEYS: the hash. ARGV: name, the record as it was, as it is to be, seconds to live."""

TAKE = """
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
return redis.call('HDEL', KEYS[1], ARGV[1])
"""
"""KEYS: the hash. ARGV: name, the record as it was."""
