"""What changes jobs inside of Redis: Lua scripts, so that each change happens whole, or not at all."""

# Leaves those jobs in an owner's active set that are still there: a record may have been evicted.
_FORGET_GONE = """
local function forget_gone(active, prefix)
  for _, id in ipairs(redis.call('SMEMBERS', active)) do
    if redis.call('EXISTS', prefix .. id) == 0 then redis.call('SREM', active, id) end
  end
  return redis.call('SCARD', active)
end
"""

# KEYS: the owner's active set. ARGV: most jobs in it, what a job's key begins with. Returns whether there is room.
HAS_FEW = (
    _FORGET_GONE
    + """
local most = tonumber(ARGV[1])
if redis.call('SCARD', KEYS[1]) < most or forget_gone(KEYS[1], ARGV[2]) < most then return 1 end
return 0
"""
)

# KEYS: job, active set, the owner's index, the owner's active set, and the idempotency key where there is one. ARGV:
# id, fingerprint, that key's life in seconds, now, when the oldest job was created that may still be there or '' for no
# entry in the index, most jobs in the owner's active set or 0, what a job's key begins with, field, value ...
# Returns nothing where the owner has as many.
CREATE = (
    _FORGET_GONE
    + """
if KEYS[5] then
  local known = redis.call('HMGET', KEYS[5], 'job', 'fingerprint')
  if known[1] then return known end
end
local most = tonumber(ARGV[6])
if most > 0 and redis.call('SCARD', KEYS[4]) >= most and forget_gone(KEYS[4], ARGV[7]) >= most then return {} end
if KEYS[5] then
  redis.call('HSET', KEYS[5], 'job', ARGV[1], 'fingerprint', ARGV[2])
  redis.call('EXPIRE', KEYS[5], ARGV[3])
end
redis.call('HSET', KEYS[1], unpack(ARGV, 8))
redis.call('ZADD', KEYS[2], ARGV[4], ARGV[1])
redis.call('SADD', KEYS[4], ARGV[1])
if ARGV[5] ~= '' then
  redis.call('ZADD', KEYS[3], ARGV[4], ARGV[1])
  redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', ARGV[5])
  redis.call('EXPIRE', KEYS[3], math.ceil(ARGV[4] - ARGV[5]))
end
return {ARGV[1], ARGV[2]}
"""
)

# KEYS: job, active set, calls back that are due, unfinished batches. ARGV: id, allowed statuses (',a,b,'), attempt or
# '', seconds to live or '' (unless the job says its own), '1' where a job that is to be cancelled stays as it is or '',
# now, the event that somebody may want to be called for or '', what a batch's key begins with, what a key of an owner's
# begins with, field, value ...
# Returns nil when the job is unknown, else {applied, status, attempt, cancel flag, kind, time of creation}.
TRANSITION = """
local known = {'status', 'attempt', 'cancel', 'kind', 'created_at', 'ttl', 'callback', 'batch', 'owner'}
local job = redis.call('HMGET', KEYS[1], unpack(known))
if not job[1] then return nil end
local allowed = string.find(ARGV[2], ',' .. job[1] .. ',', 1, true) and (ARGV[3] == '' or ARGV[3] == job[2])
if not allowed or (ARGV[5] ~= '' and job[3]) then return {0, unpack(job, 1, 5)} end
redis.call('HSET', KEYS[1], unpack(ARGV, 10))
if job[7] and ARGV[7] ~= '' and string.find(job[7], ',' .. ARGV[7] .. ',', 1, true) then
  redis.call('ZADD', KEYS[3], ARGV[6], ARGV[1] .. ':' .. ARGV[7])
end
if ARGV[4] ~= '' then
  redis.call('EXPIRE', KEYS[1], job[6] or ARGV[4])
  redis.call('ZREM', KEYS[2], ARGV[1])
  if job[9] then redis.call('SREM', ARGV[9] .. job[9] .. ':active', ARGV[1]) end
end
local status, batch = redis.call('HGET', KEYS[1], 'status'), job[8] and ARGV[8] .. job[8]
if batch and status ~= job[1] and redis.call('EXISTS', batch) == 1 then
  redis.call('HINCRBY', batch, job[1], -1)
  redis.call('HINCRBY', batch, status, 1)
  local left = redis.call('HMGET', batch, 'queued', 'running')
  if ARGV[4] ~= '' then redis.call('SREM', batch .. ':under_way', ARGV[1]) end
  if tonumber(left[1] or 0) + tonumber(left[2] or 0) == 0 then
    redis.call('HSET', batch, 'finished_at', ARGV[6])
    redis.call('ZREM', KEYS[4], job[8])
    for _, part in ipairs({'', ':jobs', ':held'}) do redis.call('EXPIRE', batch .. part, job[6] or ARGV[4]) end
  end
end
redis.call('PUBLISH', KEYS[1] .. ':events', '')
local now = redis.call('HMGET', KEYS[1], 'status', 'attempt', 'cancel', 'kind', 'created_at')
return {1, unpack(now)}
"""
