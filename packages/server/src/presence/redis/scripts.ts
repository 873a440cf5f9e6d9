import { script } from '../../redis/session.ts';

/**
 * What is done in one step each. `KEYS[1]` is what tells whether the contents are those that the node knows: the hash with their
 * *epoch*, the server's start that they are of, and when all nodes have entered again what was lost. Names of other keys begin with the epoch.
 */
const NOW = `local t = redis.call('TIME') local now = t[1] * 1000 + math.floor(t[2] / 1000)`;
const GUARD = `if redis.call('HGET', KEYS[1], 'id') ~= ARGV[1] then return redis.error_reply('EMPTIED the register lost its contents') end`;

/** ARGV: prefix, incarnation, lease, known epoch, run id, new epoch, settling. */
export const RENEW = script(`${NOW}
local id = redis.call('HGET', KEYS[1], 'id')
local made = 0
if not id or redis.call('HGET', KEYS[1], 'run') ~= ARGV[5] then
  id = ARGV[6]
  made = 1
  redis.call('HSET', KEYS[1], 'id', id, 'run', ARGV[5], 'settled', 0)
end
local settled = tonumber(redis.call('HGET', KEYS[1], 'settled'))
if id ~= ARGV[4] and ARGV[4] ~= '' then
  settled = math.max(settled, now + ARGV[7])
  redis.call('HSET', KEYS[1], 'settled', settled)
end
local nodes = ARGV[1] .. id .. ':nodes'
local ends = redis.call('ZSCORE', nodes, ARGV[2])
local status = 'kept'
if id ~= ARGV[4] then status = 'emptied' elseif not ends or tonumber(ends) <= now then status = 'expired' end
redis.call('ZADD', nodes, now + ARGV[3], ARGV[2])
return { status, id, math.max(0, settled - now), made, redis.call('ZRANGEBYSCORE', nodes, '-inf', now, 'LIMIT', 0, 16) }`);

/** KEYS: epoch, nodes. ARGV: epoch, incarnation, ms. */
export const RESIGN = script(`${GUARD} ${NOW}
return redis.call('ZADD', KEYS[2], 'XX', now + ARGV[3], ARGV[2])`);

/** KEYS: epoch, nodes, then the sets of the dead node. ARGV: epoch, dead. */
export const FORGET = script(`${GUARD} ${NOW}
local ends = redis.call('ZSCORE', KEYS[2], ARGV[2])
if not ends or tonumber(ends) > now then return 0 end
for i = 3, #KEYS do if redis.call('EXISTS', KEYS[i]) == 1 then return 0 end end
return redis.call('ZREM', KEYS[2], ARGV[2])`);

/** KEYS: epoch, users of the node, then a set of nodes for each user. ARGV: epoch, incarnation, users. */
export const ENTER_USERS = script(`${GUARD}
local changes = {}
for i = 3, #KEYS do
  local added = redis.call('SADD', KEYS[i], ARGV[2])
  redis.call('SADD', KEYS[2], ARGV[i])
  changes[i - 2] = { added, redis.call('SCARD', KEYS[i]) }
end
return changes`);

/** As ENTER_USERS. */
export const LEAVE_USERS = script(`${GUARD}
local changes = {}
for i = 3, #KEYS do
  local removed = redis.call('SREM', KEYS[i], ARGV[2])
  redis.call('SREM', KEYS[2], ARGV[i])
  changes[i - 2] = { removed, redis.call('SCARD', KEYS[i]) }
end
return changes`);

/** KEYS: epoch, nodes, then a set of nodes for each user. ARGV: epoch. */
export const ONLINE_USERS = script(`${GUARD} ${NOW}
local ends = {}
local found = {}
for i = 3, #KEYS do
  found[i - 2] = 0
  for _, node in ipairs(redis.call('SMEMBERS', KEYS[i])) do
    if ends[node] == nil then ends[node] = tonumber(redis.call('ZSCORE', KEYS[2], node) or 0) end
    if ends[node] > now then found[i - 2] = 1 end
  end
end
return found`);

/**
 * What was swept stays in the dead node's set until it was said to be done, so that it comes again where the one who sweeps dies.
 *
 * KEYS: epoch, nodes, users of the dead node, who sweeps it. ARGV: epoch, prefix of users, dead, incarnation, claim in ms, batch, done.
 */
export const SWEEP_USERS = script(`${GUARD} ${NOW}
local ends = redis.call('ZSCORE', KEYS[2], ARGV[3])
if ends and tonumber(ends) > now then return {} end
local sweeper = redis.call('GET', KEYS[4])
if sweeper and sweeper ~= ARGV[4] then return {} end
for i = 7, #ARGV do redis.call('SREM', KEYS[3], ARGV[i]) end
local batch = redis.call('SRANDMEMBER', KEYS[3], ARGV[6])
if #batch == 0 then redis.call('DEL', KEYS[4]) return {} end
redis.call('SET', KEYS[4], ARGV[4], 'PX', ARGV[5])
local gone = {}
for _, user in ipairs(batch) do
  redis.call('SREM', ARGV[2] .. user, ARGV[3])
  if redis.call('EXISTS', ARGV[2] .. user) == 0 then gone[#gone + 1] = user end
end
return { batch, gone }`);
