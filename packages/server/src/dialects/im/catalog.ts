import type { Catalog } from '../common/catalog.ts';
import { isUserQueue } from '../common/destinations.ts';
import type { Target } from '../common/stomp/target.ts';
import { isImDestination } from './commands.ts';

export const IM = 'im';

export const QUEUES: ReadonlyMap<string, Target> = new Map<string, Target>([
  ['/queue/private-messages', { kind: 'inbox' }],
  ['/queue/message-status', { kind: 'events', name: 'status' }],
  ['/queue/user-status', { kind: 'user', name: 'presence' }],
  ['/queue/typing', { kind: 'events', name: 'typing' }],
  ['/queue/events', { kind: 'events', name: 'events' }],
  ['/queue/errors', { kind: 'replies', name: 'errors' }],
  ['/queue/conversations', { kind: 'replies', name: 'conversations' }],
  ['/queue/heartbeat', { kind: 'replies', name: 'heartbeat' }],
  ['/queue/auth', { kind: 'replies', name: 'auth' }],
]);
export const NOTIFICATIONS = '/topic/system/notifications';
export const CONVERSATION_PREFIX = '/topic/conversation/';

export const IM_CATALOG: Catalog = {
  dialect: IM,
  takes: isImDestination,
  tells: (destination) =>
    destination === NOTIFICATIONS ||
    destination.startsWith(CONVERSATION_PREFIX) ||
    isUserQueue(destination, QUEUES),
};
