import type { Message, SeqRange } from '../../core/model.ts';
import type {
  ConversationCursor,
  KnownRevisions,
  PendingPage,
  PendingQuery,
} from '../../core/ports/store.ts';
import { gaps, includes, intersect, type Position, toRanges } from '../../core/ranges.ts';
import { requireOwnConversation } from '../../core/rules/conversations.ts';
import { MESSAGE_COLUMNS, MESSAGE_TABLE, type MessageRow, NOT_HIDDEN } from './message-row.ts';
import { type BehindRow, OldestFirst } from './oldest-first.ts';
import { PartyTable } from './parties.ts';
import type { Positions } from './positions.ts';
import { parseRanges } from './range-json.ts';
import { goneOf } from './retention.ts';
import { ENDED, SIGHT_COLUMNS, type SightRow, sightOf } from './sight.ts';
import { all, get, type Op } from './statement.ts';
import type { Tenants } from './tenants.ts';
import type { UserTable } from './users.ts';

interface RevisedRow extends BehindRow, SightRow {
  revision: number;
  delivered: number;
  delivered_above: string;
  /** The mark of the revisions that the member knows, and what it knows above. */
  known: number;
  known_above: string;
  /** Whether some of its messages were removed. */
  has_gone: number;
}

type OwnPositions = Pick<Positions, 'delivered' | 'revisions'>;

interface OwnQuery extends PendingQuery {
  /** Of the user: what it sent is not missed. */
  readonly person: string;
}

interface PageDraft {
  read(conversation: RevisedRow, row: MessageRow): Op<Message>;
  readonly messages: Message[];
  readonly changedIds: string[];
  readonly revisions: KnownRevisions[];
  readonly gone: KnownRevisions[];
}

const HAS_GONE = 'EXISTS (SELECT 1 FROM gone g WHERE g.conversation = c.pk)';
const BEHIND = `SELECT c.pk, c.tenant, c.id, c.kind, c.name, c.uid, c.revision, ${SIGHT_COLUMNS},
    v.delivered, v.delivered_above, v.revision AS known, v.revision_above AS known_above, CASE WHEN ${HAS_GONE} THEN 1 ELSE 0 END AS has_gone
  FROM member v JOIN conversation c ON c.pk = v.conversation WHERE v.tenant = ? AND v.user_id = ? AND c.kind <> '${ENDED}'`;
/** What keeps a member behind. In the order of time undelivered messages are told by lanes, and only what was removed is looked for here. */
const IS_BEHIND = {
  conversation: '(v.delivered < c.last_seq OR v.revision < c.revision)',
  time: `(v.revision < c.revision OR (v.delivered < c.last_seq AND ${HAS_GONE}))`,
};
const REVISED = `SELECT ${MESSAGE_COLUMNS} FROM ${MESSAGE_TABLE} WHERE m.conversation = ? AND m.revision > ? AND m.revision <= ?
  AND m.revision > 0 AND ${NOT_HIDDEN} ORDER BY m.revision LIMIT ?`;
const UNDELIVERED = `SELECT ${MESSAGE_COLUMNS} FROM ${MESSAGE_TABLE} WHERE m.conversation = ? AND m.seq BETWEEN ? AND ?
  AND (? OR m.sender <> ?) AND ${NOT_HIDDEN} ORDER BY m.seq LIMIT ?`;
/** Conversations, and changed messages, that are read at once: a page mostly needs few. */
const BEHIND_AT_ONCE = 100;
const REVISED_AT_ONCE = 200;

/** Reads what a user missed, page by page. Runs in the reading thread. */
export class PendingReader {
  readonly #tenants: Tenants;
  readonly #users: UserTable;
  readonly #oldestFirst: OldestFirst;

  constructor(tenants: Tenants, users: UserTable) {
    this.#tenants = tenants;
    this.#users = users;
    this.#oldestFirst = new OldestFirst(tenants, users);
  }

  *page(given: PendingQuery): Op<PendingPage> {
    const { tenant, userId, cursor, order } = given;
    if (cursor && !('conversationId' in cursor)) return yield* this.#oldestFirst.page(given, cursor);
    const query = {
      ...given,
      person: yield* this.#users.personOf((yield* this.#tenants.find(tenant)) ?? -1, userId),
    };
    const parties = new PartyTable();
    const page: PageDraft = {
      messages: [],
      changedIds: [],
      revisions: [],
      gone: [],
      read: (conversation, row) => parties.toMessage(tenant, conversation, row),
    };
    const lanes = order === 'time' ? (cursor?.lanes ?? (yield* this.#oldestFirst.begin(query))) : undefined;
    const stopped = yield* this.#fill(query, cursor, page);
    const { messages, changedIds, revisions, gone } = page;
    const next = lanes && (stopped || lanes.length > 0) ? { ...stopped, lanes } : stopped;
    return {
      messages,
      changedIds,
      revisions,
      ...(gone.length > 0 ? { gone } : {}),
      ...(next ? { next } : {}),
    };
  }

  /** Adds what there is by conversation; returns where to go on if there is more than fits. */
  *#fill(
    query: OwnQuery,
    cursor: ConversationCursor | undefined,
    page: PageDraft,
  ): Op<ConversationCursor | undefined> {
    for (let rows = yield* this.#first(query, cursor); rows.length > 0; ) {
      for (const conversation of rows) {
        const next = yield* this.#read(query, cursor, conversation, page);
        if (next) return next;
      }
      rows = rows.length < BEHIND_AT_ONCE ? [] : yield* this.#behind(query, (rows.at(-1)?.pk ?? 0) + 1);
    }
    return undefined;
  }

  /** The first conversations with something for the user, from the cursor's on, or the one that is asked for. ENOENT. */
  *#first(query: PendingQuery, cursor: ConversationCursor | undefined): Op<RevisedRow[]> {
    const { tenant, userId, conversationId } = query;
    const key = (yield* this.#tenants.find(tenant)) ?? -1;
    if (conversationId !== undefined) {
      const row = yield* get<RevisedRow>(`${BEHIND} AND c.id = ?`, key, userId, conversationId);
      requireOwnConversation(row !== undefined);
      return row ? [row] : [];
    }
    const at =
      cursor &&
      (yield* get<{ pk: number }>(
        'SELECT pk FROM conversation WHERE tenant = ? AND id = ?',
        key,
        cursor.conversationId,
      ));
    return yield* this.#behind(query, at?.pk ?? 0);
  }

  /** The next conversations with something for the user, by key, from this one on. */
  *#behind({ tenant, userId, order = 'conversation' }: PendingQuery, from: number): Op<RevisedRow[]> {
    return yield* all<RevisedRow>(
      `${BEHIND} AND v.conversation >= ? AND ${IS_BEHIND[order]} ORDER BY v.conversation LIMIT ?`,
      (yield* this.#tenants.find(tenant)) ?? -1,
      userId,
      from,
      BEHIND_AT_ONCE,
    );
  }

  /** Adds one conversation's share to the page; returns where to go on if there is more than fits. */
  *#read(
    query: OwnQuery,
    cursor: ConversationCursor | undefined,
    conversation: RevisedRow,
    page: PageDraft,
  ): Op<ConversationCursor | undefined> {
    const positions = positionsOf(conversation);
    const from =
      cursor?.conversationId === conversation.id
        ? cursor
        : // Who keeps a position of its own may have been away while another device of the user learned of changes.
          { revision: query.sinceSeq === undefined ? positions.revisions.mark : 0, seq: 0 };
    if (cursor?.conversationId !== conversation.id)
      yield* this.#addGone(query, conversation, positions, page);
    const changed = yield* this.#changed(query, conversation, positions, from, page);
    if (changed !== undefined) return { conversationId: conversation.id, revision: changed, seq: from.seq };
    const told =
      query.order === 'time'
        ? undefined
        : yield* this.#undelivered(query, conversation, positions, from.seq, page);
    return told === undefined
      ? undefined
      : { conversationId: conversation.id, revision: conversation.revision, seq: told };
  }

  /**
   * Changed messages that the user already had, from an earlier page too. Returns the last revision told if there are
   * more than fit.
   */
  *#changed(
    query: OwnQuery,
    conversation: RevisedRow,
    positions: OwnPositions,
    from: Pick<ConversationCursor, 'revision' | 'seq'>,
    page: PageDraft,
  ): Op<number | undefined> {
    if (from.revision >= conversation.revision) return undefined;
    const sight = sightOf(conversation);
    const borne: number[] = [];
    let isFull = false;
    for (let rows = yield* this.#revised(query, conversation, from.revision); rows.length > 0; ) {
      for (const row of rows) {
        // Counts as if no message bore the revision: the user can't see this one.
        if (!includes(sight, row.seq)) continue;
        const isTold =
          (row.seq <= from.seq || hadBefore(query, positions, row)) && !isKnown(query, positions, row);
        isFull = isTold && page.messages.length >= query.limit;
        if (isFull) break;
        borne.push(row.revision);
        if (!isTold) continue;
        page.messages.push(yield* page.read(conversation, row));
        page.changedIds.push(row.id);
      }
      const last = rows.at(-1)?.revision ?? 0;
      rows = isFull || rows.length < REVISED_AT_ONCE ? [] : yield* this.#revised(query, conversation, last);
    }
    const upTo = isFull ? (borne.at(-1) ?? from.revision) : conversation.revision;
    const after = Math.max(from.revision, positions.revisions.mark);
    const ranges = gaps({ mark: after, above: toRanges(borne) }, upTo);
    if (ranges.length > 0) page.revisions.push({ conversationId: conversation.id, ranges });
    return isFull ? upTo : undefined;
  }

  /** The next messages by revision, those above this one, but what the user hid. */
  *#revised({ userId }: PendingQuery, { pk, revision }: RevisedRow, after: number): Op<MessageRow[]> {
    return yield* all<MessageRow>(REVISED, pk, after, revision, userId, REVISED_AT_ONCE);
  }

  /** What the user would be told if it were not removed. */
  *#addGone(
    query: PendingQuery,
    conversation: RevisedRow,
    positions: OwnPositions,
    { gone }: PageDraft,
  ): Op<void> {
    if (conversation.has_gone === 0) return;
    const open = openOf(query, conversation, positions);
    const ranges = open.length === 0 ? [] : intersect(open, yield* goneOf(conversation.pk));
    if (ranges.length > 0) gone.push({ conversationId: conversation.id, ranges });
  }

  /** Messages not yet delivered. Returns the last sequence told if there are more than fit. */
  *#undelivered(
    query: OwnQuery,
    conversation: RevisedRow,
    positions: OwnPositions,
    after: number,
    page: PageDraft,
  ): Op<number | undefined> {
    const { sinceSeq } = query;
    const open = openOf(query, conversation, positions);
    let told = after;
    for (const { from, to } of open) {
      if (to <= after) continue;
      const oneTooMany = query.limit - page.messages.length + 1;
      const rows = yield* all<MessageRow>(
        UNDELIVERED,
        conversation.pk,
        Math.max(from, after + 1),
        to,
        sinceSeq === undefined ? 0 : 1,
        query.person,
        query.userId,
        oneTooMany,
      );
      for (const row of rows) {
        if (page.messages.length >= query.limit) return told;
        page.messages.push(yield* page.read(conversation, row));
        told = row.seq;
      }
    }
    return undefined;
  }
}

function positionsOf({ delivered, delivered_above, known, known_above }: RevisedRow): OwnPositions {
  return {
    delivered: { mark: delivered, above: parseRanges(delivered_above) },
    revisions: { mark: known, above: parseRanges(known_above) },
  };
}

/** What the user may see and was not delivered, or does not say that it has, ascending. */
function openOf(
  { sinceSeq }: PendingQuery,
  conversation: RevisedRow,
  { delivered }: OwnPositions,
): SeqRange[] {
  const wanted =
    sinceSeq === undefined
      ? gaps(delivered, conversation.last_seq)
      : [{ from: sinceSeq + 1, to: conversation.last_seq }];
  return intersect(wanted, sightOf(conversation));
}

/** Who keeps a position of its own is told of changes that another device of the user knows. */
function isKnown({ sinceSeq }: PendingQuery, { revisions }: OwnPositions, { revision }: MessageRow): boolean {
  return sinceSeq === undefined && isCovered(revisions, revision);
}

/** Whether the user had a message before it began to ask. */
function hadBefore({ person, sinceSeq }: OwnQuery, { delivered }: OwnPositions, row: MessageRow): boolean {
  if (sinceSeq !== undefined) return row.seq <= sinceSeq;
  return row.sender === person || isCovered(delivered, row.seq);
}

function isCovered({ mark, above }: Position, place: number): boolean {
  return place <= mark || includes(above, place);
}
