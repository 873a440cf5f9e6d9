import { randomUUID } from 'node:crypto';
import { parseRedisUrl } from '../config/redis-url.ts';
import { type PostgresAddress, parseStore } from '../config/store-url.ts';
import type { Attendance } from '../core/attendance.ts';
import type { Principal } from '../core/model.ts';
import type { AttendanceRegister } from '../core/ports/attendance.ts';
import type { SessionPlaces } from '../hub/sessions.ts';
import { MemoryAttendance } from '../presence/memory/attendance.ts';
import { PostgresLink } from '../presence/postgres/link.ts';
import { PostgresRegister } from '../presence/postgres/register.ts';
import { RedisRegister } from '../presence/redis/register.ts';
import { roomOf, SharedAttendance } from '../presence/shared/attendance.ts';
import { NodeLease } from '../presence/shared/node-lease.ts';
import { SharedPlaces } from '../presence/shared/places.ts';
import {
  LEASE_TIMES,
  type Register,
  RegisterUnavailable,
  type TakenPlace,
} from '../presence/shared/register.ts';
import { RedisLink } from '../redis/link.ts';
import type { Ground } from './ground.ts';

/** What the nodes of a cluster share, and this node's lease of it. */
export interface ClusterParts {
  readonly register: Register;
  readonly lease: NodeLease;
  /** Of people in rooms, and of sessions among those of their users. */
  readonly places: SharedPlaces;
  /** Told of what failed; the log learns of what the operator does not know yet. */
  onError(error: unknown): void;
}

/**
 * Undefined where this node has nobody to share with.
 *
 * @param leftRoom told who was in a room through a node that died
 */
export async function composeCluster(
  ground: Ground,
  leftRoom: Attendance['lost'],
): Promise<ClusterParts | undefined> {
  const { config, clock, timers, log, node, teardown } = ground;
  // Another one for each start: what a killed process had is not this one's.
  const incarnation = `${node}/${randomUUID()}`;
  const register = await openRegister(ground, incarnation, () => lease.doubt());
  if (!register) return undefined;
  const onError = (err: unknown): void => {
    if (!(err instanceof RegisterUnavailable))
      log.warn({ err }, 'what nodes share could not be kept; trying again');
  };
  const lease = new NodeLease({ register, clock, timers, renewal: LEASE_TIMES.renewal, onError });
  teardown.defer('lease of this node', () => lease.close(config.presenceGrace));
  const freed = async ({ set, member }: TakenPlace): Promise<void> => {
    const room = roomOf(set);
    if (room) await leftRoom(room.tenant, room.roomId, member);
  };
  const places = new SharedPlaces({ register, lease, freed, onError });
  await lease.start();
  return { register, lease, places, onError };
}

const UNTIL_BACK = 'who is online is unknown, and limits are those of this server alone, until it is back';

/** In Redis, or else in the PostgreSQL that the nodes share anyway; undefined where there is neither. */
async function openRegister(
  ground: Ground,
  incarnation: string,
  onUp: () => void,
): Promise<Register | undefined> {
  const { config } = ground;
  if (config.redisUrl !== undefined) {
    const link = await openRedis(ground, config.redisUrl);
    link.onUp(onUp);
    return new RedisRegister({ link, prefix: `${config.cluster}:`, incarnation });
  }
  const store = parseStore(config.store);
  if (store.kind === 'sqlite') return undefined;
  return new PostgresRegister({ link: openPostgres(ground, store.address), incarnation });
}

function openPostgres({ node, log, teardown }: Ground, address: PostgresAddress): PostgresLink {
  const link = new PostgresLink({
    address,
    name: `haina/${node} who is where`,
    lost(reason) {
      if (reason === undefined) log.warn('PostgreSQL can be asked again who is where');
      else log.error({ reason }, `PostgreSQL can not be asked who is where: ${UNTIL_BACK}`);
    },
  });
  teardown.defer('connection for who is where', () => link.close());
  return link;
}

async function openRedis({ config, log, metrics, node, teardown, startSignal }: Ground, url: string) {
  const link = await RedisLink.open({
    address: parseRedisUrl(url),
    name: `haina.${node}`,
    prefix: `${config.cluster}:`,
    startTimeout: config.startTimeout,
    waiting: (reason) => log.warn({ reason }, 'Redis can not be used yet; it is tried again'),
    warn: (text) => log.warn(`Redis ${text}`),
    lost(reason) {
      if (reason === undefined) log.warn('Redis is back');
      else log.error({ reason }, `Redis is lost: ${UNTIL_BACK}`);
    },
    ...(startSignal && { signal: startSignal }),
  });
  teardown.defer('Redis', () => link.close());
  metrics.watchRedis(link);
  return link;
}

/** Who is in which room, over all nodes where there are others. */
export function attendanceOf(cluster: ClusterParts | undefined): AttendanceRegister {
  return cluster ? new SharedAttendance(cluster.places) : new MemoryAttendance();
}

/** The sessions of users over all nodes. */
export function sessionPlacesOf({ places }: ClusterParts): SessionPlaces {
  const placeOf = ({ tenant, userId }: Principal, holder: string) => ({
    set: `sessions/${tenant}/${userId}`,
    member: holder,
    holder,
  });
  return {
    take: async (user, sessionId, max) => (await places.take(placeOf(user, sessionId), max)) !== 'full',
    leave: (user, sessionId) => void places.leave(placeOf(user, sessionId)),
  };
}
