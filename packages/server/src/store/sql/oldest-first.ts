import type { Message } from '../../core/model.ts';
import type { OpenLanes, PendingPage, PendingQuery, TimeCursor } from '../../core/ports/store.ts';
import { gaps, intersect } from '../../core/ranges.ts';
import { bulk, getEach } from './bulk.ts';
import {
  type ConversationRef,
  MESSAGE_COLUMNS,
  MESSAGE_TABLE,
  type MessageRow,
  NOT_HIDDEN,
} from './message-row.ts';
import { type OpenLane, packLanes, unpackLanes } from './open-lanes.ts';
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

interface OpenRow extends SightRow {
  pk: number;
  delivered: number;
  delivered_above: string;
}

interface LaneRow {
  conversation: number;
  from_seq: number;
  to_seq: number;
  /** Of the first message that the user was not delivered, where that is one range. */
  number: number | null;
  is_plain: number;
}

const CONVERSATION = 'c.pk, c.tenant, c.id, c.kind, c.name, c.uid, c.last_seq';
/** Members of one range only, as nearly all are: one statement finds the first message of each. */
const IS_PLAIN = `v.delivered_above = '[]' AND v.stays = '[]'`;
const BEFORE_PLAIN = `greatest(v.delivered, CASE c.history WHEN 'all' THEN 0 ELSE v.joined_seq END)`;
/** Takes the viewer's person and id, the tenant, and the id once more. */
const LANES = `SELECT c.pk AS conversation, ${BEFORE_PLAIN} + 1 AS from_seq, c.last_seq AS to_seq, CASE WHEN ${IS_PLAIN} THEN 1 ELSE 0 END AS is_plain,
    CASE WHEN ${IS_PLAIN} THEN (SELECT m.number FROM message m
      WHERE m.conversation = c.pk AND m.seq > ${BEFORE_PLAIN} AND m.sender <> ? AND ${NOT_HIDDEN} ORDER BY m.seq LIMIT 1) END AS number
  FROM member v JOIN conversation c ON c.pk = v.conversation
  WHERE v.tenant = ? AND v.user_id = ? AND v.delivered < c.last_seq AND c.kind <> '${ENDED}'`;
const OPEN_EACH = bulk(
  { pk: 'INTEGER', user_id: 'TEXT' },
  `SELECT c.pk, v.delivered, v.delivered_above, ${SIGHT_COLUMNS} FROM member v JOIN conversation c ON c.pk = v.conversation
     WHERE v.conversation = :pk AND v.user_id = :user_id`,
);
const OF_OTHERS = `SELECT ${MESSAGE_COLUMNS} FROM ${MESSAGE_TABLE} WHERE m.conversation = ? AND m.seq BETWEEN ? AND ?
  AND m.sender <> ? AND ${NOT_HIDDEN} ORDER BY m.seq LIMIT ?`;
const FIND_EACH = bulk(
  { user_id: 'TEXT', pk: 'INTEGER' },
  `SELECT ${CONVERSATION} FROM conversation c JOIN member v ON v.conversation = c.pk AND v.user_id = :user_id
     WHERE c.pk = :pk AND c.kind <> '${ENDED}' LIMIT 1`,
);
const NEXT_EACH = bulk(
  { pk: 'INTEGER', first: 'INTEGER', final: 'INTEGER', person: 'TEXT', user_id: 'TEXT' },
  `SELECT m.seq, m.number FROM message m WHERE m.conversation = :pk AND m.seq BETWEEN :first AND :final AND m.sender <> :person
     AND NOT EXISTS (SELECT 1 FROM hidden h WHERE h.conversation = m.conversation AND h.user_id = :user_id AND h.seq = m.seq)
   ORDER BY m.seq LIMIT 1`,
);

/** Messages that a lane reads first. */
const FIRST_READ = 4;

/** Who reads, and the person that its own messages bear. */
interface Viewer {
  /** The tenant's key. */
  readonly tenant: number;
  readonly userId: string;
  readonly person: string;
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
  *begin(query: PendingQuery): Op<OpenLanes> {
    const viewer = yield* this.#viewer(query);
    const { tenant, userId, person } = viewer;
    const rows = yield* all<LaneRow>(LANES, person, userId, tenant, userId);
    const plain = rows.flatMap(({ conversation, from_seq: from, to_seq: to, number }) =>
      number === null ? [] : [{ number, conversation, from, to }],
    );
    const others = rows.filter((row) => row.is_plain === 0).map(({ conversation }) => conversation);
    return packLanes([...plain, ...(yield* lanesOf(others, viewer))]);
  }

  /** A page out of these lanes; what is left of them comes back with it. */
  *page(
    query: PendingQuery,
    { lanes: open, before = Number.POSITIVE_INFINITY }: TimeCursor,
  ): Op<PendingPage> {
    const viewer = yield* this.#viewer(query);
    const lanes = yield* this.#lanes(viewer, unpackLanes(open), query.limit);
    const parties = new PartyTable();
    const messages: Message[] = [];
    for (let lane = oldest(lanes); lane && lane.number < before; lane = oldest(lanes)) {
      if (messages.length >= query.limit) break;
      const row = yield* lane.take();
      if (row) messages.push(yield* parties.toMessage(query.tenant, lane.conversation, row));
    }
    const left = lanes.flatMap((lane) => lane.left() ?? []);
    const next = left.length > 0 ? { next: { lanes: packLanes(left) } } : {};
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
      open.map(({ conversation }) => [viewer.userId, conversation]),
    );
    return rows.flatMap((row, index) =>
      row ? [new Lane(row, viewer, open[index] as OpenLane, readAhead)] : [],
    );
  }
}

/** Each range is a lane of its own: what it holds comes before what a later one does, by number too. */
function* lanesOf(conversations: readonly number[], { userId, person }: Viewer): Op<OpenLane[]> {
  const rows = yield* getEach<OpenRow>(
    OPEN_EACH,
    conversations.map((pk) => [pk, userId]),
  );
  const ranges = rows.flatMap((row) => {
    if (row === undefined) return [];
    const position = { mark: row.delivered, above: parseRanges(row.delivered_above) };
    return intersect(gaps(position, row.last_seq), sightOf(row)).map((range) => ({ ...range, pk: row.pk }));
  });
  const found = yield* getEach<{ seq: number; number: number }>(
    NEXT_EACH,
    ranges.map(({ pk, from, to }) => [pk, from, to, person, userId]),
  );
  return ranges.flatMap(({ pk: conversation, to }, index) => {
    const next = found[index];
    return next ? [{ number: next.number, conversation, from: next.seq, to }] : [];
  });
}

function oldest(lanes: readonly Lane[]): Lane | undefined {
  let found: Lane | undefined;
  for (const lane of lanes) if (lane.number < (found?.number ?? Number.POSITIVE_INFINITY)) found = lane;
  return found;
}

/** One range's messages in sequence, read when the first of them is wanted. */
class Lane {
  readonly conversation: BehindRow;
  readonly #viewer: Viewer;
  readonly #limit: number;
  readonly #to: number;
  #from: number;
  #rows: MessageRow[] = [];
  /** A page mostly takes little of each of its lanes: more is read at once of those that it goes on with. */
  #readAhead = FIRST_READ;
  /** As long as nothing was read, what the first message's was when somebody looked. */
  #number: number;

  /** @param limit rows that are read at once at most */
  constructor(conversation: BehindRow, viewer: Viewer, { from, to, number }: OpenLane, limit: number) {
    this.conversation = conversation;
    this.#viewer = viewer;
    this.#from = from;
    this.#to = to;
    this.#number = number;
    this.#limit = limit;
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
    this.#from = first.seq + 1;
    if (this.#rows.length === 0) this.#rows = yield* this.#read();
    this.#number = this.#rows[0]?.number ?? Number.POSITIVE_INFINITY;
    return first;
  }

  /** What was not taken; undefined where that is nothing. */
  left(): OpenLane | undefined {
    if (this.#number === Number.POSITIVE_INFINITY) return undefined;
    return { conversation: this.conversation.pk, from: this.#from, to: this.#to, number: this.#number };
  }

  *#read(): Op<MessageRow[]> {
    const { person, userId } = this.#viewer;
    const count = Math.min(this.#readAhead, this.#limit);
    this.#readAhead *= 4;
    const { pk } = this.conversation;
    return yield* all<MessageRow>(OF_OTHERS, pk, this.#from, this.#to, person, userId, count);
  }
}
