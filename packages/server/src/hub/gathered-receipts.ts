import type { Message, SeqRange } from '../core/model.ts';
import { appendRanges } from '../core/ranges.ts';
import type { ConversationReport } from '../core/receipts.ts';
import type { ConversationCoverage } from './coverage.ts';

interface UserReport {
  readonly userId: string;
  readonly ranges: SeqRange[];
  readonly revisions: SeqRange[];
}

interface Gathering {
  readonly tenant: string;
  readonly conversationId: string;
  /** By sequence: the same message reaches many users. */
  readonly messages: Map<number, Message>;
  readonly users: Map<string, UserReport>;
}

/**
 * What users got, until it is stored. A message is kept once a conversation, and a user's share of a conversation is
 * ranges of sequences: it grows with the gaps and not with the messages.
 */
export class GatheredReceipts {
  #gatherings = new Map<string, Gathering>();
  readonly #keepsMessages: boolean;

  /** @param keepsMessages whether the senders are to be told, for which the messages are needed */
  constructor(keepsMessages: boolean) {
    this.#keepsMessages = keepsMessages;
  }

  get isEmpty(): boolean {
    return this.#gatherings.size === 0;
  }

  add(userIds: readonly string[], coverage: ConversationCoverage): void {
    const { messages, users } = this.#gathering(coverage);
    if (this.#keepsMessages) for (const message of coverage.messages) messages.set(message.seq, message);
    for (const userId of userIds) {
      const known = users.get(userId);
      if (known) merge(known, coverage);
      else users.set(userId, merge({ userId, ranges: [], revisions: [] }, coverage));
    }
  }

  /** Everything gathered so far; begins anew. */
  take(): ConversationReport[] {
    const taken = this.#gatherings;
    this.#gatherings = new Map();
    return [...taken.values()].map(({ tenant, conversationId, messages, users }) => ({
      tenant,
      conversationId,
      kind: 'delivered',
      messages: [...messages.values()],
      users: [...users.values()],
    }));
  }

  #gathering({ tenant, conversationId }: ConversationCoverage): Gathering {
    const key = `${tenant}/${conversationId}`;
    const known = this.#gatherings.get(key);
    if (known) return known;
    const fresh = { tenant, conversationId, messages: new Map(), users: new Map() };
    this.#gatherings.set(key, fresh);
    return fresh;
  }
}

function merge(report: UserReport, { ranges, revisions }: ConversationCoverage): UserReport {
  appendRanges(report.ranges, ranges);
  appendRanges(report.revisions, revisions);
  return report;
}
