import type { EventSink } from './events.ts';
import type { Limits } from './limits.ts';
import { canBecome, statusOfState } from './message-status.ts';
import type { Message, SeqRange } from './model.ts';
import type { Clock } from './ports/clock.ts';
import type { AcknowledgementEntry, PositionKind, Store } from './ports/store.ts';
import { includes, toRanges } from './ranges.ts';
import { userTopic } from './topics.ts';

/** Messages of one conversation that one user got, or read. */
export interface ReceiptReport {
  readonly userId: string;
  readonly messages: readonly Message[];
  /** Revisions that the user was shown with them. */
  readonly revisions?: SeqRange;
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
   * Stores what users got or read in one conversation: all messages of the reports must be of the same. Each sender is
   * told once a message and user, unless the conversation has more members than `maxReceiptMembers`.
   */
  async report(kind: PositionKind, reports: readonly ReceiptReport[]): Promise<void> {
    const first = reports.flatMap(({ messages }) => messages.slice(0, 1))[0];
    if (first) await this.reportIn(first.tenant, first.conversationId, kind, reports);
  }

  /** As `report`, for a conversation given by name, so that reports may hold revisions only. */
  async reportIn(
    tenant: string,
    conversationId: string,
    kind: PositionKind,
    reports: readonly ReceiptReport[],
  ): Promise<void> {
    const { store, limits } = this.#deps;
    const entries = toEntries(reports);
    const { fresh, memberCount } = await store.acknowledge({ tenant, conversationId, kind, entries });
    if (memberCount > limits.maxReceiptMembers) return;
    for (const [index, report] of reports.entries()) this.#tell(kind, report, fresh[index] ?? []);
  }

  #tell(kind: PositionKind, { userId, messages }: ReceiptReport, fresh: readonly SeqRange[]): void {
    const at = this.#deps.clock.now();
    const told = new Set<number>();
    for (const { tenant, conversationId, id, clientId, senderId, seq, state } of messages) {
      if (
        !canBecome(statusOfState(state), kind) ||
        senderId === userId ||
        told.has(seq) ||
        !includes(fresh, seq)
      )
        continue;
      told.add(seq);
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

/** Users who got the same share one object for it: a message to a thousand is one when it is copied to the store. */
function toEntries(reports: readonly ReceiptReport[]): AcknowledgementEntry[] {
  const shared = new Map<string, readonly SeqRange[]>();
  return reports.map(({ userId, messages, revisions }) => {
    const seqs = messages.map(({ seq }) => seq);
    const key = seqs.join();
    const ranges = shared.get(key) ?? toRanges(seqs);
    shared.set(key, ranges);
    return { userId, ranges, ...(revisions === undefined ? {} : { revisions }) };
  });
}
