import type { SeqRange } from '../../core/model.ts';
import type { Acknowledged, Acknowledgement, UnreadMessage, UnreadQuery } from '../../core/ports/store.ts';
import type { ConversationTable } from './conversations.ts';
import { upTo } from './positions.ts';
import { ReachTable } from './reach.ts';
import type { Op } from './statement.ts';
import type { Tenants } from './tenants.ts';
import type { WriteCaches } from './write-caches.ts';

export interface AcknowledgementDeps {
  readonly tenants: Tenants;
  readonly conversations: ConversationTable;
  readonly caches: WriteCaches;
}

/** SQL of what users acknowledge, and what they have not read. */
export class AcknowledgementTable {
  readonly #deps: AcknowledgementDeps;
  readonly #reach = new ReachTable();

  constructor(deps: AcknowledgementDeps) {
    this.#deps = deps;
  }

  *acknowledge({ tenant, conversationId, kind, entries, maxMembers }: Acknowledgement): Op<Acknowledged> {
    const { tenants, caches } = this.#deps;
    const { positions } = caches;
    const conversation = yield* caches.conversations.find(yield* tenants.ensure(tenant), conversationId);
    if (!conversation) return { fresh: entries.map(() => []) };
    const { pk, last_seq, member_count } = conversation;
    if (maxMembers !== undefined && member_count > maxMembers) {
      yield* positions.coverAll(pk, kind, entries, last_seq);
      if (kind === 'read') for (const { userId } of entries) yield* this.#passUnreadable(pk, userId);
      return { fresh: [] };
    }
    const fresh: SeqRange[][] = [];
    for (const { userId, ranges, revisions } of entries) {
      if (revisions) yield* positions.coverRevisions(pk, userId, revisions);
      fresh.push(yield* positions.acknowledge(pk, userId, kind, upTo(last_seq, ranges)));
      if (kind === 'read') yield* this.#passUnreadable(pk, userId);
    }
    return { fresh };
  }

  /** A gap that nobody can read is none: it must not stay among the ranges for ever. */
  *#passUnreadable(conversation: number, userId: string): Op<void> {
    const { positions } = this.#deps.caches;
    const read = (yield* positions.find(conversation, userId))?.read;
    if (!read || read.above.length === 0) return;
    yield* this.#deps.caches.inserts.flush();
    const to = yield* this.#reach.readTo(conversation, userId, read);
    if (to > read.mark) yield* positions.cover(conversation, userId, 'read', [{ from: read.mark + 1, to }]);
  }

  *listUnread(query: UnreadQuery): Op<UnreadMessage[]> {
    const conversation = yield* this.#deps.conversations.rowOf(query.tenant, query.conversationId);
    return conversation ? yield* this.#reach.listUnread(conversation.pk, query) : [];
  }
}
