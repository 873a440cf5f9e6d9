import type { AdminStore } from './admin-store.ts';
import type { ConversationListStore } from './conversation-list-store.ts';
import type { ConversationStore } from './conversation-store.ts';
import type { DeskStore } from './desk-store.ts';
import type { EventStore } from './event-store.ts';
import type { FileStore } from './file-store.ts';
import type { LogStore } from './log-store.ts';
import type { MessageStore } from './message-store.ts';
import type { NotificationStore } from './notification-store.ts';
import type { PositionStore } from './position-store.ts';
import type { RemainsStore } from './remains-store.ts';
import type { RoomStore } from './room-store.ts';
import type { StoreHealth } from './store-health.ts';
import type { UserStore } from './user-store.ts';

export type * from './conversation-list-store.ts';
export type * from './conversation-store.ts';
export type * from './message-store.ts';
export type * from './page.ts';
export type * from './position-store.ts';
export type * from './user-store.ts';

/**
 * Where the truth is kept: all ports of the store as one adapter implements them. Only the composition root and the
 * adapters name it; everybody else asks for the port, or the operations of it, that it uses.
 *
 * Promises of every adapter:
 *
 * - each call is atomic, and a write's promise resolves only once it is durable (synced to disk or committed by the
 *   database);
 * - writes of one actor, and writes to one conversation, take effect and settle in the order in which they were issued, also
 *   without waiting in between, each in one step: who tells of a write right after awaiting it tells before who awaited a
 *   later one (`store/sql/operation-order.ts` says what the order of each is kept for);
 * - a read sees every write that had resolved before it was issued;
 * - a refusal is a `DomainError` and changes nothing; whatever keeps the store from working is `EINTERNAL`, and the
 *   store works again as soon as the cause is gone.
 */
export interface Store
  extends UserStore,
    ConversationStore,
    ConversationListStore,
    MessageStore,
    PositionStore,
    NotificationStore,
    AdminStore,
    FileStore,
    RoomStore,
    EventStore,
    LogStore,
    RemainsStore,
    DeskStore,
    StoreHealth {
  close(): Promise<void>;
}
