import { batchesOf } from './batches.ts';
import type { EventSink } from './events.ts';
import type { Limits } from './limits.ts';
import { canBecome, statusOfState } from './message-status.ts';
import type { Message, Principal, SeqRange } from './model.ts';
import { isShown } from './on-demand.ts';
import type { Clock } from './ports/clock.ts';
import type { ConversationStore } from './ports/conversation-store.ts';
import type {
  AcknowledgementEntry,
  KnownRevisions,
  PositionKind,
  PositionStore,
  UnreadMessage,
} from './ports/position-store.ts';
import { includes } from './ranges.ts';
import { userTopic } from './topics.ts';

/** They share a commit, and leave room for what others wait for. */
const MAX_REPORTS_AT_ONCE = 100;
/** Messages that are marked as read in one step, so that their senders are told of so many at a time. */
const READ_BATCH = 200;

/** What a receipt says of a message, and whether one is due: no content, as many wait for the store. */
export type ReceiptSubject = UnreadMessage & Pick<Message, 'tenant' | 'conversationId'>;

/** What users got, or read, in one conversation. */
export interface ConversationReport {
  readonly tenant: string;
  readonly conversationId: string;
  readonly kind: PositionKind;
  /** The messages whose senders are to be told. */
  readonly messages: readonly UnreadMessage[];
  readonly users: readonly AcknowledgementEntry[];
}

/** That one user got, or read, one message. */
export function reportOf(message: ReceiptSubject, userId: string, kind: PositionKind): ConversationReport {
  const { tenant, conversationId, seq } = message;
  const users = [{ userId, ranges: [{ from: seq, to: seq }] }];
  return { tenant, conversationId, kind, messages: [message], users };
}

/** Who got, or read, what. */
interface Reached extends Pick<ConversationReport, 'tenant' | 'conversationId' | 'kind'> {
  readonly userId: string;
}

export interface ReceiptsDeps {
  readonly store: Pick<ConversationStore, 'findConversation'> &
    Pick<PositionStore, 'acknowledge' | 'listUnread'>;
  readonly sink: EventSink;
  readonly clock: Clock;
  readonly limits: Limits;
}

/** Keeps who got and read what, and tells the senders. */
export class Receipts {
  readonly #deps: ReceiptsDeps;

  constructor(deps: ReceiptsDeps) {
    this.#deps = deps;
  }

  /**
   * Stores what users got or read in one conversation. Each sender is told once a message and user, unless the
   * conversation has more members than `maxReceiptMembers`.
   */
  async report({ tenant, conversationId, kind, messages, users }: ConversationReport): Promise<void> {
    const { store, limits } = this.#deps;
    const { fresh } = await store.acknowledge({
      tenant,
      conversationId,
      kind,
      entries: users,
      maxMembers: limits.maxReceiptMembers,
    });
    for (const [index, { userId }] of users.entries()) {
      this.#tell({ tenant, conversationId, kind, userId }, messages, fresh[index] ?? []);
    }
  }

  /** Whether somebody shows receipts to the sender of one of these messages. */
  isAwaited({ tenant, messages }: Pick<ConversationReport, 'tenant' | 'messages'>): boolean {
    return messages.some(({ senderId }) =>
      isShown(this.#deps.sink, [userTopic(tenant, senderId)], 'receipt'),
    );
  }

  /** Marks all messages of a member's conversation up to a sequence as read, and tells each sender of each message once. */
  async readUpTo({ tenant, userId }: Principal, conversationId: string, upTo: number): Promise<void> {
    const read = (to: number, messages: readonly UnreadMessage[]) => {
      const users = [{ userId, ranges: [{ from: 1, to }] }];
      return this.report({ tenant, conversationId, kind: 'read', messages, users });
    };
    if (!(await this.#isTold(tenant, conversationId))) return read(upTo, []);
    for (let after = 0; ; ) {
      const query = { tenant, conversationId, userId, after, upTo, limit: READ_BATCH };
      const messages = await this.#deps.store.listUnread(query);
      const last = messages.length < READ_BATCH ? undefined : messages.at(-1);
      await read(last?.seq ?? upTo, messages);
      if (!last) return;
      after = last.seq;
    }
  }

  /** Stores which revisions a user knows without having been told of them. */
  async knows({ tenant, userId }: Principal, known: readonly KnownRevisions[]): Promise<void> {
    const store = ({ conversationId, ranges: revisions }: KnownRevisions) => {
      const users = [{ userId, ranges: [], revisions }];
      return this.report({ tenant, conversationId, kind: 'delivered', messages: [], users });
    };
    for (const batch of batchesOf(known, MAX_REPORTS_AT_ONCE)) await Promise.all(batch.map(store));
  }

  /** What was removed can't be delivered any more: whoever was told so is not told again. */
  async passOver({ tenant, userId }: Principal, removed: readonly KnownRevisions[]): Promise<void> {
    for (const { conversationId, ranges } of removed) {
      const users = [{ userId, ranges }];
      await this.report({ tenant, conversationId, kind: 'delivered', messages: [], users });
    }
  }

  /** Tells a sender that one who is no member, a guest, got its message. Nothing is stored of it. */
  tellReceived(userId: string, message: ReceiptSubject): void {
    const { tenant, conversationId, seq } = message;
    this.#tell({ tenant, conversationId, kind: 'delivered', userId }, [message], [{ from: seq, to: seq }]);
  }

  /** Whether a conversation is small enough for its senders to be told. */
  async #isTold(tenant: string, conversationId: string): Promise<boolean> {
    const { store, limits } = this.#deps;
    const found = await store.findConversation(tenant, conversationId);
    return found !== undefined && found.memberCount <= limits.maxReceiptMembers;
  }

  #tell(
    { tenant, conversationId, kind, userId }: Reached,
    messages: readonly UnreadMessage[],
    fresh: readonly SeqRange[],
  ): void {
    if (fresh.length === 0) return;
    const { sink, clock } = this.#deps;
    const at = clock.now();
    for (const { id, clientId, senderId, seq, state } of messages) {
      if (!canBecome(statusOfState(state), kind) || senderId === userId || !includes(fresh, seq)) continue;
      const topics = [userTopic(tenant, senderId)];
      if (!isShown(sink, topics, 'receipt')) continue;
      sink.publish(topics, {
        type: 'receipt',
        status: kind,
        tenant,
        conversationId,
        userId,
        senderId,
        messageId: id,
        clientId,
        at,
      });
    }
  }
}
