import type { Catalog } from '../common/catalog.ts';
import { isUserQueue } from '../common/destinations.ts';
import type { Target } from '../common/stomp/target.ts';
import { isDeskCommand } from './commands.ts';

export const DESK = 'desk';

export const QUEUES: ReadonlyMap<string, Target> = new Map<string, Target>([
  ['/queue/messages', { kind: 'inbox' }],
  ['/queue/errors', { kind: 'replies', name: 'errors' }],
  ['/queue/reply', { kind: 'replies', name: 'reply' }],
]);
export const AGENTS = '/topic/agents';
/** Of broadcasts, whatever their names. */
export const TOPIC_PREFIX = '/topic/';

export const DESK_CATALOG: Catalog = {
  dialect: DESK,
  takes: (destination) => destination.startsWith(TOPIC_PREFIX) || isDeskCommand(destination),
  tells: (destination) => destination.startsWith(TOPIC_PREFIX) || isUserQueue(destination, QUEUES),
};
