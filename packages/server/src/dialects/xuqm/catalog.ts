import type { Catalog } from '../common/catalog.ts';
import { isUserQueue } from '../common/destinations.ts';
import type { Target } from '../common/stomp/target.ts';
import { COMMANDS } from './commands.ts';

export const XUQM = 'xuqm';

export const QUEUES: ReadonlyMap<string, Target> = new Map<string, Target>([
  ['/queue/messages', { kind: 'inbox' }],
  ['/queue/typing', { kind: 'events', name: 'typing' }],
  ['/queue/receipts', { kind: 'user', name: 'receipts' }],
  ['/queue/errors', { kind: 'replies', name: 'errors' }],
  ['/queue/conversations', { kind: 'replies', name: 'conversations' }],
]);
export const GROUP_PREFIX = '/topic/group/';

export const XUQM_CATALOG: Catalog = {
  dialect: XUQM,
  takes: (destination) => COMMANDS.has(destination),
  tells: (destination) => destination.startsWith(GROUP_PREFIX) || isUserQueue(destination, QUEUES),
};
