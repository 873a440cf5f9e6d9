import type { CoreEvent, MessageChanged, OnDemandType, ReceiptIssued } from '../core/events.ts';
import type { SessionInfo } from './api.ts';

type Named = { readonly [Event in CoreEvent as Event['type']]: Event };

/** What listeners are told, by name. Changes and receipts of messages have a name for each kind. */
export interface ListenedEvents extends Omit<Named, 'message.changed' | 'message.status' | 'receipt'> {
  readonly 'message.edited': MessageChanged;
  readonly 'message.recalled': MessageChanged;
  readonly 'message.deleted': MessageChanged;
  readonly 'receipt.delivered': ReceiptIssued;
  readonly 'receipt.read': ReceiptIssued;
  readonly 'session.connected': SessionInfo;
  readonly 'session.disconnected': SessionInfo;
  readonly 'session.subscribed': { readonly session: SessionInfo; readonly destination: string };
}

/** Events that may be changed or kept from the sessions, as nothing but what they see depends on them. */
export const INTERCEPTED_EVENTS = [
  'message.created',
  'message.edited',
  'message.recalled',
  'message.deleted',
  'message.hidden',
  'message.pinned',
  'message.unpinned',
  'receipt.delivered',
  'receipt.read',
  'conversation.changed',
  'user.status',
  'user.login',
  'user.logout',
  'notification',
  'settings.changed',
  'permission.changed',
  'service.noted',
  'service.typing',
  'typing',
  'broadcast',
] as const satisfies readonly (keyof ListenedEvents)[];

export const LISTENED_EVENTS = [
  ...INTERCEPTED_EVENTS,
  'member.added',
  'member.changed',
  'member.removed',
  'group.dissolved',
  'user.deleted',
  'attendance.joined',
  'attendance.left',
  'room.closed',
  'service.changed',
  'session.connected',
  'session.disconnected',
  'session.subscribed',
] as const satisfies readonly (keyof ListenedEvents)[];
export type ListenedName = (typeof LISTENED_EVENTS)[number];

/** The names under which plug-ins hear of events that are made on demand. */
export const ON_DEMAND_NAMES: { readonly [Type in OnDemandType]: readonly ListenedName[] } = {
  'message.status': [],
  receipt: ['receipt.delivered', 'receipt.read'],
};

/** The name by which plug-ins know an event. */
export function eventName(event: CoreEvent): string {
  if (event.type === 'message.changed') return `message.${event.change}`;
  return event.type === 'receipt' ? `receipt.${event.status}` : event.type;
}
