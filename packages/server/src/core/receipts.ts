import type { EventSink } from './events.ts';
import type { Limits } from './limits.ts';
import { canBecome, statusOfState } from './message-status.ts';
import type { Message, Principal, SeqRange } from './model.ts';
import type { Clock } from './ports/clock.ts';
import type { AcknowledgementEntry, KnownRevisions, PositionKind, Store } from './ports/store.ts';
import { includes } from './ranges.ts';
import { userTopic } from './topics.ts';

/** They share a commit, and leave room for what others wait for. */
const MAX_REPORTS_AT_ONCE = 100;

/** What users got, or read, in one conversation. */
export interface ConversationReport {
  readonly tenant: string;
  readonly conversationId: string;
  readonly kind: PositionKind;
  /** The messages whose senders are to be told. */
  readonly messages: readonly Message[];
  readonly users: readonly AcknowledgementEntry[];
}

/** That one user got, or read, one message. */
export function reportOf(message: Message, userId: string, kind: PositionKind): ConversationReport {
  const { tenant, conversationId, seq } = message;
  const users = [{ userId, ranges: [{ from: seq, to: seq }] }];
  return { tenant, conversationId, kind, messages: [message], users };
}

export interface ReceiptsDeps {
  readonly store: Store;
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
    for (const [index, { userId }] of users.entries()) this.#tell(kind, userId, messages, fresh[index] ?? []);
  }

  /** Stores which revisions a user knows without having been told of them. */
  async knows({ tenant, userId }: Principal, known: readonly KnownRevisions[]): Promise<void> {
    const store = ({ conversationId, ranges: revisions }: KnownRevisions) => {
      const users = [{ userId, ranges: [], revisions }];
      return this.report({ tenant, conversationId, kind: 'delivered', messages: [], users });
    };
    for (let from = 0; from < known.length; from += MAX_REPORTS_AT_ONCE) {
      await Promise.all(known.slice(from, from + MAX_REPORTS_AT_ONCE).map(store));
    }
  }

  /** Tells a sender that one who is no member, a guest, got its message. Nothing is stored of it. */
  tellReceived(userId: string, message: Message): void {
    this.#tell('delivered', userId, [message], [{ from: message.seq, to: message.seq }]);
  }

  #tell(kind: PositionKind, userId: string, messages: readonly Message[], fresh: readonly SeqRange[]): void {
    if (fresh.length === 0) return;
    const at = this.#deps.clock.now();
    for (const { tenant, conversationId, id, clientId, senderId, seq, state } of messages) {
      if (!canBecome(statusOfState(state), kind) || senderId === userId || !includes(fresh, seq)) continue;
      this.#deps.sink.publish([userTopic(tenant, senderId)], {
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
