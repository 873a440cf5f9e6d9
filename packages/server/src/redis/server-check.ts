import { StartError } from '../config/start-error.ts';
import { placeOf } from './faults.ts';
import { type RedisSession, type SessionOptions, script } from './session.ts';

/** Below it scripts can't ask for the time and write afterwards. */
const OLDEST_MAJOR = 6;

/** What of a server haina has to know. */
export interface ServerFacts {
  /** Another one after each start of the server: what it holds then may be older than what it held before. */
  readonly runId: string;
  /** What the operator should know, if anything. */
  readonly warning: string | undefined;
}

/** Does what everything else does later: a server that refuses it is of no use now. */
const PROBE = script(`redis.call('TIME') return redis.call('SET', KEYS[1], '1', 'PX', 1000)`);

/** Rejects with a `StartError` for a server of no use, and with an error for one that is not ready yet. */
export async function requireUsableServer(
  session: RedisSession,
  { address, prefix }: Pick<SessionOptions, 'address' | 'prefix'>,
): Promise<ServerFacts> {
  const place = placeOf(address);
  const facts = parse(`${await session.command('INFO')}`);
  const version = facts.get('redis_version') ?? '';
  if (Number.parseInt(version, 10) < OLDEST_MAJOR) {
    throw new StartError(`Redis at ${place} is ${version}; haina needs ${OLDEST_MAJOR} or newer`);
  }
  if (facts.get('redis_mode') === 'cluster') {
    throw new StartError(`Redis at ${place} is part of a Redis Cluster; haina needs a server of its own`);
  }
  if (facts.get('loading') === '1') throw new Error('it is loading its data');
  if (facts.get('role') === 'slave') throw new Error('it is a replica, which takes no writes');
  await session.run(PROBE, [`${prefix}probe`], []);
  return { runId: facts.get('run_id') ?? '', warning: warningOf(facts) };
}

function warningOf(facts: ReadonlyMap<string, string>): string | undefined {
  const policy = facts.get('maxmemory_policy') ?? 'noeviction';
  if (facts.get('maxmemory') === '0' || policy === 'noeviction') return undefined;
  return `may forget who is online when its memory is full: its maxmemory-policy is ${policy}, not noeviction`;
}

function parse(info: string): ReadonlyMap<string, string> {
  return new Map(
    info.split('\r\n').flatMap((line) => {
      const at = line.indexOf(':');
      return at < 1 ? [] : [[line.slice(0, at), line.slice(at + 1)] as const];
    }),
  );
}
