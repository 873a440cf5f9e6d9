import type { Catalog } from '../common/catalog.ts';
import { isUserQueue } from '../common/destinations.ts';
import type { Target } from '../common/stomp/target.ts';
import { COMMANDS } from './commands.ts';
import { MIMI } from './name.ts';

export const QUEUES: ReadonlyMap<string, Target> = new Map<string, Target>([
  ['/queue/status', { kind: 'replies', name: 'status' }],
  ['/queue/send/status', { kind: 'replies', name: 'send' }],
  ['/queue/recive/status', { kind: 'replies', name: 'recive' }],
  ['/queue/rcv/status', { kind: 'replies', name: 'notice' }],
]);
/** Messages to a user, and notices, by its name or uid. */
export const PERSONAL = /^\/user\/(.*)\/(recive|notice)$/s;

export const MIMI_CATALOG: Catalog = {
  dialect: MIMI,
  takes: (destination) => COMMANDS.has(destination),
  tells: (destination) => PERSONAL.test(destination) || isUserQueue(destination, QUEUES),
};
