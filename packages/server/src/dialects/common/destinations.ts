import { DomainError } from '../../core/errors.ts';
import type { Principal } from '../../core/model.ts';
import type { Target } from './stomp/target.ts';

const USER_PREFIX = '/user';

/**
 * The target of a user destination: `/user/queue/x`, or `/user/{own id}/queue/x`. EPERM for another user's; undefined
 * for what is none of the queues.
 */
export function parseUserQueue(
  destination: string,
  queues: ReadonlyMap<string, Target>,
  { userId }: Principal,
): Target | undefined {
  if (!destination.startsWith(`${USER_PREFIX}/`)) return undefined;
  const queue = destination.slice(USER_PREFIX.length);
  const own = queues.get(queue);
  if (own) return own;
  const [, user = '', ...rest] = queue.split('/');
  const named = queues.get(`/${rest.join('/')}`);
  if (named && user !== userId)
    throw new DomainError('EPERM', "another user's queue", { field: 'destination' });
  return named;
}

/** Whether a destination is one of the queues of some user, in either form of `parseUserQueue`. */
export function isUserQueue(destination: string, queues: ReadonlyMap<string, Target>): boolean {
  if (!destination.startsWith(`${USER_PREFIX}/`)) return false;
  const queue = destination.slice(USER_PREFIX.length);
  return queues.has(queue) || queues.has(queue.slice(queue.indexOf('/', 1)));
}

export function noDestination(destination: string): DomainError {
  return new DomainError('ENOENT', `no destination ${destination}`, { field: 'destination' });
}

/** The refusal of a SEND to anything but a command. @param commands where all commands are */
export function refuseSend(destination: string, commands = '/app'): DomainError {
  if (/^\/(topic|queue|user)(\/|$)/.test(destination)) {
    return new DomainError('EPERM', `clients send to ${commands} only`, { field: 'destination' });
  }
  return noDestination(destination);
}
