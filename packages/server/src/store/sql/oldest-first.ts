import type { Message, SeqRange } from '../../core/model.ts';
import type { OpenRanges, PendingPage, PendingQuery, TimeCursor } from '../../core/ports/store.ts';
import { gaps, intersect } from '../../core/ranges.ts';
import {
  type ConversationRef,
  MESSAGE_COLUMNS,
  MESSAGE_TABLE,
  type MessageRow,
  NOT_HIDDEN,
  toMessage,
} from './message-row.ts';
import { PartyTable } from './parties.ts';
import { PositionTable } from './positions.ts';
import { SIGHT_COLUMNS, type SightRow, sightOf } from './sight.ts';
import { all, get, type Op } from './statement.ts';
import type { Tenants } from './tenants.ts';
import type { UserTable } from './users.ts';

/** A conversation with something for a user. */
export interface BehindRow extends ConversationRef {
  pk: number;
  tenant: number;
  last_seq: number;
}

const CONVERSATIONS_OF = `SELECT c.pk, c.tenant, c.id, c.kind, c.name, c.uid, ${SIGHT_COLUMNS}
   FROM member v JOIN conversation c ON c.pk = v.conversation WHERE v.tenant = ? AND v.user_id = ?`;

/** Rows read ahead of a conversation that was found to have the oldest message. */
const READ_AHEAD = 50;

/**
 * What a user was not delivered, the oldest message of all its conversations first. Numbers ascend with the sequence in
 * each conversation, so that the conversations' own orders are merged and nothing is sorted.
 */
export class OldestFirst {
  readonly #tenants: Tenants;
  readonly #users: UserTable;

  constructor(tenants: Tenants, users: UserTable) {
    this.#tenants = tenants;
    this.#users = users;
  }

  /** What the pages have to go through. */
  *begin({ tenant, userId }: PendingQuery): Op<OpenRanges> {
    const rows = yield* all<BehindRow & SightRow>(
      `${CONVERSATIONS_OF} AND v.delivered < c.last_seq`,
      (yield* this.#tenants.find(tenant)) ?? -1,
      userId,
    );
    const positions = new PositionTable();
    const open = new Map<string, SeqRange[]>();
    for (const row of rows) {
      const found = yield* positions.find(row.pk, userId);
      open.set(row.id, found ? intersect(gaps(found.delivered, row.last_seq), sightOf(row)) : []);
    }
    return open;
  }

  *page({ tenant, userId, limit }: PendingQuery, { number: after, open }: TimeCursor): Op<PendingPage> {
    const lanes = yield* this.#lanes(tenant, userId, after, open);
    const parties = new PartyTable();
    const messages: Message[] = [];
    for (let lane = oldest(lanes); lane; lane = oldest(lanes)) {
      const number = messages.at(-1)?.number;
      if (messages.length >= limit && number !== undefined) {
        return { messages, changedIds: [], revisions: [], next: { number, open } };
      }
      const { conversation } = lane;
      const row = yield* lane.take();
      messages.push(
        toMessage(
          tenant,
          conversation,
          row,
          yield* parties.of(conversation.tenant, conversation, row.sender),
        ),
      );
    }
    return { messages, changedIds: [], revisions: [] };
  }

  *#lanes(tenant: string, userId: string, after: number, open: OpenRanges): Op<Lane[]> {
    const key = (yield* this.#tenants.find(tenant)) ?? -1;
    const viewer = { userId, person: yield* this.#users.personOf(key, userId) };
    const select = `${CONVERSATIONS_OF} AND c.id = ?`;
    const lanes: Lane[] = [];
    for (const [id, ranges] of open) {
      const row = yield* get<BehindRow>(select, key, userId, id);
      if (!row) continue;
      const lane = new Lane(row, viewer, ranges);
      yield* lane.begin(after);
      lanes.push(lane);
    }
    return lanes;
  }
}

function oldest(lanes: readonly Lane[]): Lane | undefined {
  let found: Lane | undefined;
  for (const lane of lanes) if (lane.number < (found?.number ?? Number.POSITIVE_INFINITY)) found = lane;
  return found;
}

/** Who reads, and the person that its own messages bear. */
interface Viewer {
  readonly userId: string;
  readonly person: string;
}

/** One conversation's undelivered messages in sequence. */
class Lane {
  readonly conversation: BehindRow;
  readonly #viewer: Viewer;
  readonly #open: readonly SeqRange[];
  #rows: MessageRow[] = [];
  #after = 0;

  constructor(conversation: BehindRow, viewer: Viewer, open: readonly SeqRange[]) {
    this.conversation = conversation;
    this.#viewer = viewer;
    this.#open = open;
  }

  /** Goes to the first message above this number. */
  *begin(after: number): Op<void> {
    this.#after = yield* this.#seqOf(after);
    this.#rows = yield* this.#read(1);
  }

  /** Of the next message; infinite where there is none. */
  get number(): number {
    return this.#rows[0]?.number ?? Number.POSITIVE_INFINITY;
  }

  /** Takes the next message, which must be there. */
  *take(): Op<MessageRow> {
    const row = this.#rows.shift() as MessageRow;
    this.#after = row.seq;
    if (this.#rows.length === 0) this.#rows = yield* this.#read(READ_AHEAD);
    return row;
  }

  *#read(limit: number): Op<MessageRow[]> {
    const select = `SELECT ${MESSAGE_COLUMNS} FROM ${MESSAGE_TABLE} WHERE m.conversation = ? AND m.seq BETWEEN ? AND ?
         AND m.sender <> ? AND ${NOT_HIDDEN} ORDER BY m.seq LIMIT ?`;
    for (const { from, to } of this.#open) {
      if (to <= this.#after) continue;
      const start = Math.max(from, this.#after + 1);
      const { person, userId } = this.#viewer;
      const rows = yield* all<MessageRow>(select, this.conversation.pk, start, to, person, userId, limit);
      if (rows.length > 0) return rows;
    }
    return [];
  }

  /** The last sequence with a number up to this one, found by halving. */
  *#seqOf(number: number): Op<number> {
    if (number === 0) return 0;
    // Of what was removed, the next one below stands for it.
    const select = 'SELECT number FROM message WHERE conversation = ? AND seq <= ? ORDER BY seq DESC LIMIT 1';
    let [low, high] = [0, this.conversation.last_seq];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      const row = yield* get<{ number: number }>(select, this.conversation.pk, middle);
      if ((row?.number ?? 0) <= number) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
