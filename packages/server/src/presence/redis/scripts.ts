import { script } from '../../redis/session.ts';

/**
 * What is done in one step each. `KEYS[1]` is what tells whether the contents are those that the node knows: the hash with their
 * *epoch*, the server's start that they are of, and when all nodes have entered again what was lost. Names of other keys begin with the epoch.
 */
const NOW = `local t = redis.call('TIME') local now = t[1] * 1000 + math.floor(t[2] / 1000)`;
const GUARD = `if redis.call('HGET', KEYS[1], 'id') ~= ARGV[1] then return redis.error_reply('EMPTIED the register lost its contents') end`;

/** ARGV: prefix, incarnation, lease, known epoch, run id, new epoch, settling, what the incarnations of this node begin with. */
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
local dead = redis.call('ZRANGEBYSCORE', nodes, '-inf', now, 'LIMIT', 0, 16)
local others = 0
for _, node in ipairs(redis.call('ZRANGEBYSCORE', nodes, '(' .. now, '+inf')) do
  if string.sub(node, 1, #ARGV[8]) ~= ARGV[8] then others = others + 1
  elseif node ~= ARGV[2] and ARGV[4] == '' then dead[#dead + 1] = node end
end
return { status, id, math.max(0, settled - now), made, dead, others }`);

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
const changeUsers = (command: 'SADD' | 'SREM') =>
  script(`${GUARD}
local changes = {}
for i = 3, #KEYS do
  local changed = redis.call('${command}', KEYS[i], ARGV[2])
  redis.call('${command}', KEYS[2], ARGV[i])
  changes[i - 2] = { changed, redis.call('SCARD', KEYS[i]) }
end
return changes`);

export const ENTER_USERS = changeUsers('SADD');
export const LEAVE_USERS = changeUsers('SREM');

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

/** KEYS: epoch, the set, places of the node. ARGV: epoch, incarnation, member, holder, max, place. */
export const TAKE_PLACE = script(`${GUARD}
local held = redis.call('HGET', KEYS[2], ARGV[3])
local own = ARGV[2] .. ' '
if held and string.sub(held, 1, #own) ~= own then return 'taken' end
if not held and redis.call('HLEN', KEYS[2]) >= tonumber(ARGV[5]) then return 'full' end
redis.call('HSET', KEYS[2], ARGV[3], own .. ARGV[4])
redis.call('SADD', KEYS[3], ARGV[6])
return 'entered'`);

/** As TAKE_PLACE, without max. */
export const LEAVE_PLACE = script(`${GUARD}
if redis.call('HGET', KEYS[2], ARGV[3]) ~= ARGV[2] .. ' ' .. ARGV[4] then return 0 end
redis.call('SREM', KEYS[3], ARGV[5])
return redis.call('HDEL', KEYS[2], ARGV[3])`);

/** KEYS: epoch, the set. ARGV: epoch. */
export const COUNT_PLACES = script(`${GUARD} return redis.call('HLEN', KEYS[2])`);

/** KEYS: epoch, places of the node, then the set of each place. ARGV: epoch, incarnation, then member, holder and place of each. */
export const RETAKE_PLACES = script(`${GUARD}
local own = ARGV[2] .. ' '
for i = 3, #KEYS do
  local at = 3 * (i - 2)
  local held = redis.call('HGET', KEYS[i], ARGV[at])
  if not held or string.sub(held, 1, #own) == own then
    redis.call('HSET', KEYS[i], ARGV[at], own .. ARGV[at + 1])
    redis.call('SADD', KEYS[2], ARGV[at + 2])
  end
end
return 0`);

/**
 * As SWEEP_USERS; what is told of a place is told before it is free.
 *
 * KEYS: epoch, nodes, places of the dead node, who sweeps it. ARGV: epoch, prefix of sets, dead, incarnation, claim in ms, batch,
 * what the incarnations of this node begin with, done.
 */
export const SWEEP_PLACES = script(`${GUARD} ${NOW}
local ends = redis.call('ZSCORE', KEYS[2], ARGV[3])
local isOwn = string.sub(ARGV[3], 1, #ARGV[7]) == ARGV[7]
if ends and tonumber(ends) > now and not isOwn then return {} end
local sweeper = redis.call('GET', KEYS[4])
if sweeper and sweeper ~= ARGV[4] then return {} end
local dead = ARGV[3] .. ' '
local function find(place)
  local at = string.find(place, '\\n', 1, true)
  local set, member = ARGV[2] .. string.sub(place, 1, at - 1), string.sub(place, at + 1)
  local held = redis.call('HGET', set, member)
  return set, member, held and string.sub(held, 1, #dead) == dead
end
for i = 8, #ARGV do
  local set, member, isHeld = find(ARGV[i])
  if isHeld then redis.call('HDEL', set, member) end
  redis.call('SREM', KEYS[3], ARGV[i])
end
local batch = redis.call('SRANDMEMBER', KEYS[3], ARGV[6])
if #batch == 0 then redis.call('DEL', KEYS[4]) return {} end
redis.call('SET', KEYS[4], ARGV[4], 'PX', ARGV[5])
local freed = {}
for _, place in ipairs(batch) do
  local _, _, isHeld = find(place)
  if isHeld then freed[#freed + 1] = place end
end
return { batch, freed }`);
