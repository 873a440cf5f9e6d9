import type { Catalog } from '../common/catalog.ts';
import { isUserQueue } from '../common/destinations.ts';
import type { Target } from '../common/stomp-dialect-handler.ts';
import { COMMANDS } from './commands.ts';
import { MIMI } from './name.ts';

export const QUEUES: ReadonlyMap<string, Target> = new Map<string, Target>([
  ['/queue/status', { kind: 'replies', name: 'status' }],
  ['/queue/send/status', { kind: 'replies', name: 'send' }],
  ['/queue/recive/status', { kind: 'replies', name: 'recive' }],
]);
/** Of a user, by its name or uid. */
export const RECIVE = /^\/user\/(.*)\/recive$/s;

export const MIMI_CATALOG: Catalog = {
  dialect: MIMI,
  takes: (destination) => COMMANDS.has(destination),
  tells: (destination) => RECIVE.test(destination) || isUserQueue(destination, QUEUES),
};
