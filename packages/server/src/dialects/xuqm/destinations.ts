import { DomainError } from '../../core/errors.ts';
import type { Principal } from '../../core/model.ts';

/** What a client can subscribe to. */
export type XuqmDestination =
  | { readonly kind: 'inbox' }
  | { readonly kind: 'receipts' }
  | { readonly kind: 'errors' }
  | { readonly kind: 'group'; readonly groupId: string };

const QUEUES: Readonly<Record<string, XuqmDestination>> = {
  '/queue/messages': { kind: 'inbox' },
  '/queue/receipts': { kind: 'receipts' },
  '/queue/errors': { kind: 'errors' },
};

const GROUP_PREFIX = '/topic/group/';
const USER_PREFIX = '/user';

/** Reads a SUBSCRIBE's destination. EPERM for another user's queue, ENOENT for what there is not. */
export function parseDestination(destination: string, { userId }: Principal): XuqmDestination {
  if (destination.startsWith(GROUP_PREFIX)) {
    return { kind: 'group', groupId: destination.slice(GROUP_PREFIX.length) };
  }
  if (destination.startsWith(`${USER_PREFIX}/`)) {
    const queue = destination.slice(USER_PREFIX.length);
    const known = lookUp(queue);
    if (known) return known;
    const [, user = '', ...rest] = queue.split('/');
    const named = lookUp(`/${rest.join('/')}`);
    if (named && user === userId) return named;
    if (named) throw new DomainError('EPERM', "another user's queue", { field: 'destination' });
  }
  throw new DomainError('ENOENT', `no destination ${destination}`, { field: 'destination' });
}

function lookUp(queue: string): XuqmDestination | undefined {
  return Object.hasOwn(QUEUES, queue) ? QUEUES[queue] : undefined;
}

/** The refusal of a SEND to anything but a command. */
export function refuseSend(destination: string): DomainError {
  if (/^\/(topic|queue|user)(\/|$)/.test(destination)) {
    return new DomainError('EPERM', 'clients send to /app only', { field: 'destination' });
  }
  return new DomainError('ENOENT', `no destination ${destination}`, { field: 'destination' });
}
