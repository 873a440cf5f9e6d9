import type { Message, SeqRange } from '../../core/model.ts';
import type { OpenLane, PendingPage, PendingQuery, TimeCursor } from '../../core/ports/store.ts';
import { gaps, intersect } from '../../core/ranges.ts';
import { bulk, getEach } from './bulk.ts';
import {
  type ConversationRef,
  MESSAGE_COLUMNS,
  MESSAGE_TABLE,
  type MessageRow,
  NOT_HIDDEN,
} from './message-row.ts';
import { PartyTable } from './parties.ts';
import { parseRanges } from './range-json.ts';
import { ENDED, SIGHT_COLUMNS, type SightRow, sightOf } from './sight.ts';
import { all, type Op } from './statement.ts';
import type { Tenants } from './tenants.ts';
import type { UserTable } from './users.ts';

/** A conversation with something for a user. */
export interface BehindRow extends ConversationRef {
  pk: number;
  tenant: number;
  last_seq: number;
}

interface OpenRow extends BehindRow, SightRow {
  delivered: number;
  delivered_above: string;
}

const CONVERSATION = 'c.pk, c.tenant, c.id, c.kind, c.name, c.uid, c.last_seq';
const OPEN = `SELECT v.delivered, v.delivered_above, ${SIGHT_COLUMNS}, ${CONVERSATION}
  FROM member v JOIN conversation c ON c.pk = v.conversation WHERE v.tenant = ? AND v.user_id = ? AND v.delivered < c.last_seq
    AND c.kind <> '${ENDED}'`;
const FIND_EACH = bulk(
  { tenant: 'INTEGER', user_id: 'TEXT', id: 'TEXT' },
  `SELECT ${CONVERSATION} FROM conversation c JOIN member v ON v.conversation = c.pk AND v.user_id = :user_id
     WHERE c.tenant = :tenant AND c.id = :id LIMIT 1`,
);
const NEXT_EACH = bulk(
  { pk: 'INTEGER', first: 'INTEGER', final: 'INTEGER', person: 'TEXT', user_id: 'TEXT' },
  `SELECT m.seq, m.number FROM message m WHERE m.conversation = :pk AND m.seq BETWEEN :first AND :final AND m.sender <> :person
     AND NOT EXISTS (SELECT 1 FROM hidden h WHERE h.conversation = m.conversation AND h.user_id = :user_id AND h.seq = m.seq)
   ORDER BY m.seq LIMIT 1`,
);

/** Who reads, and the person that its own messages bear. */
interface Viewer {
  /** The tenant's key. */
  readonly tenant: number;
  readonly userId: string;
  readonly person: string;
}

/** Ranges of a conversation that may hold something for a user. */
interface Candidate {
  readonly row: BehindRow;
  readonly ranges: readonly SeqRange[];
}

/**
 * What a user was not delivered, the oldest message of all its conversations first. Numbers ascend with the sequence in
 * each conversation, so that the conversations' own orders are merged and nothing is sorted. A page looks at no more
 * conversations than it has messages: whoever asks for it knows the next number of each (`pending-in-time.ts`).
 */
export class OldestFirst {
  readonly #tenants: Tenants;
  readonly #users: UserTable;

  constructor(tenants: Tenants, users: UserTable) {
    this.#tenants = tenants;
    this.#users = users;
  }

  /** What the pages have to go through, the oldest first. */
  *begin(query: PendingQuery): Op<OpenLane[]> {
    const viewer = yield* this.#viewer(query);
    const rows = yield* all<OpenRow>(OPEN, viewer.tenant, viewer.userId);
    const candidates = rows.map((row) => {
      const position = { mark: row.delivered, above: parseRanges(row.delivered_above) };
      return { row, ranges: intersect(gaps(position, row.last_seq), sightOf(row)) };
    });
    return (yield* lanesOf(candidates, viewer)).sort((a, b) => a.number - b.number);
  }

  /** A page out of these lanes; what is left of them comes back with it. */
  *page(
    query: PendingQuery,
    { lanes: open, before = Number.POSITIVE_INFINITY }: TimeCursor,
  ): Op<PendingPage> {
    const viewer = yield* this.#viewer(query);
    const lanes = yield* this.#lanes(viewer, open, query.limit);
    const parties = new PartyTable();
    const messages: Message[] = [];
    for (let lane = oldest(lanes); lane && lane.number < before; lane = oldest(lanes)) {
      if (messages.length >= query.limit) break;
      const row = yield* lane.take();
      if (row) messages.push(yield* parties.toMessage(query.tenant, lane.conversation, row));
    }
    const left = lanes.flatMap((lane) => lane.left() ?? []).sort((a, b) => a.number - b.number);
    const next = left.length > 0 ? { next: { lanes: left } } : {};
    return { messages, changedIds: [], revisions: [], ...next };
  }

  *#viewer({ tenant, userId }: PendingQuery): Op<Viewer> {
    const key = (yield* this.#tenants.find(tenant)) ?? -1;
    return { tenant: key, userId, person: yield* this.#users.personOf(key, userId) };
  }

  /** Conversations that the user has left meanwhile are none of its business any more. */
  *#lanes(viewer: Viewer, open: readonly OpenLane[], readAhead: number): Op<Lane[]> {
    const rows = yield* getEach<BehindRow>(
      FIND_EACH,
      open.map(({ conversationId }) => [viewer.tenant, viewer.userId, conversationId]),
    );
    return rows.flatMap((row, index) =>
      row ? [new Lane(row, viewer, open[index] as OpenLane, readAhead)] : [],
    );
  }
}

/** The lanes of those that hold something; each looks at its next range as long as there is nothing in the one before. */
function* lanesOf(candidates: readonly Candidate[], { person, userId }: Viewer): Op<OpenLane[]> {
  const lanes: OpenLane[] = [];
  for (let waiting = candidates.filter(isOpen); waiting.length > 0; ) {
    const found = yield* getEach<{ seq: number; number: number }>(
      NEXT_EACH,
      waiting.map(({ row, ranges: [first] }) => {
        const { from, to } = first as SeqRange;
        return [row.pk, from, to, person, userId];
      }),
    );
    const empty: Candidate[] = [];
    for (const [index, { row, ranges }] of waiting.entries()) {
      const next = found[index];
      if (next)
        lanes.push({ conversationId: row.id, number: next.number, ranges: after(ranges, next.seq - 1) });
      else empty.push({ row, ranges: ranges.slice(1) });
    }
    waiting = empty.filter(isOpen);
  }
  return lanes;
}

function isOpen({ ranges }: Candidate): boolean {
  return ranges.length > 0;
}

/** What of ascending ranges is above a sequence. */
function after(ranges: readonly SeqRange[], seq: number): SeqRange[] {
  return ranges.flatMap(({ from, to }) => (to > seq ? [{ from: Math.max(from, seq + 1), to }] : []));
}

function oldest(lanes: readonly Lane[]): Lane | undefined {
  let found: Lane | undefined;
  for (const lane of lanes) if (lane.number < (found?.number ?? Number.POSITIVE_INFINITY)) found = lane;
  return found;
}

/** One conversation's undelivered messages in sequence, read when the first of them is wanted. */
class Lane {
  readonly conversation: BehindRow;
  readonly #viewer: Viewer;
  readonly #readAhead: number;
  #ranges: readonly SeqRange[];
  #rows: MessageRow[] = [];
  /** As long as nothing was read, what the first message's was when somebody looked. */
  #number: number;

  constructor(conversation: BehindRow, viewer: Viewer, { ranges, number }: OpenLane, readAhead: number) {
    this.conversation = conversation;
    this.#viewer = viewer;
    this.#ranges = ranges;
    this.#number = number;
    this.#readAhead = readAhead;
  }

  /** Of the next message; infinite where there is none. */
  get number(): number {
    return this.#number;
  }

  /** Takes the next message; undefined where it is gone, or was not the one that was expected. */
  *take(): Op<MessageRow | undefined> {
    if (this.#rows.length === 0) this.#rows = yield* this.#read();
    const [first] = this.#rows;
    if (first === undefined || first.number > this.#number) {
      this.#number = first?.number ?? Number.POSITIVE_INFINITY;
      return undefined;
    }
    this.#rows.shift();
    this.#ranges = after(this.#ranges, first.seq);
    if (this.#rows.length === 0) this.#rows = yield* this.#read();
    this.#number = this.#rows[0]?.number ?? Number.POSITIVE_INFINITY;
    return first;
  }

  /** What was not taken; undefined where that is nothing. */
  left(): OpenLane | undefined {
    if (this.#number === Number.POSITIVE_INFINITY) return undefined;
    return { conversationId: this.conversation.id, ranges: this.#ranges, number: this.#number };
  }

  *#read(): Op<MessageRow[]> {
    const select = `SELECT ${MESSAGE_COLUMNS} FROM ${MESSAGE_TABLE} WHERE m.conversation = ? AND m.seq BETWEEN ? AND ?
         AND m.sender <> ? AND ${NOT_HIDDEN} ORDER BY m.seq LIMIT ?`;
    const { person, userId } = this.#viewer;
    for (const { from, to } of this.#ranges) {
      const rows = yield* all<MessageRow>(
        select,
        this.conversation.pk,
        from,
        to,
        person,
        userId,
        this.#readAhead,
      );
      if (rows.length > 0) return rows;
    }
    return [];
  }
}
