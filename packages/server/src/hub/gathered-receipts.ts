import type { SeqRange } from '../core/model.ts';
import { appendRanges } from '../core/ranges.ts';
import type { ConversationReport, ReceiptSubject } from '../core/receipts.ts';
import type { ConversationCoverage } from './coverage.ts';

interface Share {
  readonly ranges: readonly SeqRange[];
  readonly revisions: readonly SeqRange[];
}

/** Users who got one fan-out after the other, each of them the same. */
interface Cohort {
  readonly userIds: readonly string[];
  readonly ranges: SeqRange[];
  readonly revisions: SeqRange[];
}

interface Gathering {
  readonly tenant: string;
  readonly conversationId: string;
  /** By sequence: the same message reaches many users. */
  readonly messages: Map<number, ReceiptSubject>;
  readonly users: Map<string, Share>;
  /** Whoever came last; not among `users` yet. */
  cohort: Cohort | undefined;
}

/**
 * What users got, until it is stored. A message is kept once a conversation, and a user's share of a conversation is
 * ranges of sequences: it grows with the gaps and not with the messages. As long as the same users get everything, nothing
 * is done for each, and those who got the same have one share together.
 */
export class GatheredReceipts {
  #gatherings = new Map<string, Gathering>();
  readonly #keepsMessages: boolean;

  /** @param keepsMessages whether the senders are to be told, for which the messages are needed */
  constructor(keepsMessages: boolean) {
    this.#keepsMessages = keepsMessages;
  }

  /** In conversations. */
  get size(): number {
    return this.#gatherings.size;
  }

  add(userIds: readonly string[], coverage: ConversationCoverage): void {
    const gathering = this.#gathering(coverage);
    if (this.#keepsMessages) {
      for (const message of coverage.messages) gathering.messages.set(message.seq, message);
    }
    if (!gathering.cohort || !isSame(gathering.cohort.userIds, userIds)) {
      dissolve(gathering);
      gathering.cohort = { userIds, ranges: [], revisions: [] };
    }
    appendRanges(gathering.cohort.ranges, coverage.ranges);
    appendRanges(gathering.cohort.revisions, coverage.revisions);
  }

  /** Everything gathered so far; begins anew. */
  take(): ConversationReport[] {
    const taken = this.#gatherings;
    this.#gatherings = new Map();
    return [...taken.values()].map((gathering) => {
      dissolve(gathering);
      const { tenant, conversationId, messages, users } = gathering;
      return {
        tenant,
        conversationId,
        kind: 'delivered',
        messages: [...messages.values()],
        users: Array.from(users, ([userId, { ranges, revisions }]) => ({ userId, ranges, revisions })),
      };
    });
  }

  #gathering({ tenant, conversationId }: ConversationCoverage): Gathering {
    const key = `${tenant}/${conversationId}`;
    const known = this.#gatherings.get(key);
    if (known) return known;
    const fresh = { tenant, conversationId, messages: new Map(), users: new Map(), cohort: undefined };
    this.#gatherings.set(key, fresh);
    return fresh;
  }
}

/** Gives each user of the cohort its share. Shares are shared, and so never changed. */
function dissolve(gathering: Gathering): void {
  const { cohort, users } = gathering;
  if (!cohort) return;
  gathering.cohort = undefined;
  // Who had the same before has the same now: there are as many shares as there are histories.
  const sums = new Map<Share | undefined, Share>([
    [undefined, cohort],
    [cohort, cohort],
  ]);
  for (const userId of cohort.userIds) {
    const known = users.get(userId);
    const share = sums.get(known) ?? sum(known as Share, cohort);
    sums.set(known, share);
    users.set(userId, share);
  }
}

function sum(one: Share, other: Share): Share {
  const [ranges, revisions] = [[...one.ranges], [...one.revisions]];
  appendRanges(ranges, other.ranges);
  appendRanges(revisions, other.revisions);
  return { ranges, revisions };
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((userId, index) => userId === other[index]);
}
