import type { Message, SeqRange } from '../../core/model.ts';
import type { OpenRanges, PendingPage, PendingQuery, TimeCursor } from '../../core/ports/store.ts';
import { gaps, intersect } from '../../core/ranges.ts';
import type { Statements } from './database.ts';
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
import type { Tenants } from './tenants.ts';
import type { UserTable } from './users.ts';

/** A conversation with something for a user. */
export interface BehindRow extends ConversationRef {
  pk: number;
  tenant: number;
  last_seq: number;
}

const CONVERSATIONS_OF = `SELECT c.pk, c.tenant, c.id, c.kind, c.name, c.uid, ${SIGHT_COLUMNS}
   FROM member v JOIN conversation c ON c.pk = v.conversation WHERE v.tenant = ? AND v.user = ?`;

/** Rows read ahead of a conversation that was found to have the oldest message. */
const READ_AHEAD = 50;

/**
 * What a user was not delivered, the oldest message of all its conversations first. Numbers ascend with the sequence in
 * each conversation, so that the conversations' own orders are merged and nothing is sorted.
 */
export class OldestFirst {
  readonly #sql: Statements;
  readonly #tenants: Tenants;
  readonly #users: UserTable;

  constructor(sql: Statements, tenants: Tenants, users: UserTable) {
    this.#sql = sql;
    this.#tenants = tenants;
    this.#users = users;
  }

  /** What the pages have to go through. */
  begin({ tenant, userId }: PendingQuery): OpenRanges {
    const rows = this.#sql
      .get(`${CONVERSATIONS_OF} AND v.delivered < c.last_seq`)
      .all(this.#tenants.find(tenant) ?? -1, userId) as unknown as (BehindRow & SightRow)[];
    const positions = new PositionTable(this.#sql);
    const open = rows.map((row): [string, SeqRange[]] => {
      const found = positions.find(row.pk, userId);
      return [row.id, found ? intersect(gaps(found.delivered, row.last_seq), sightOf(row)) : []];
    });
    return new Map(open);
  }

  page({ tenant, userId, limit }: PendingQuery, { number: after, open }: TimeCursor): PendingPage {
    const lanes = this.#lanes(tenant, userId, after, open);
    const parties = new PartyTable(this.#sql);
    const messages: Message[] = [];
    for (let lane = oldest(lanes); lane; lane = oldest(lanes)) {
      const number = messages.at(-1)?.number;
      if (messages.length >= limit && number !== undefined) {
        return { messages, changedIds: [], revisions: [], next: { number, open } };
      }
      const { conversation } = lane;
      const row = lane.take();
      messages.push(
        toMessage(tenant, conversation, row, parties.of(conversation.tenant, conversation, row.sender)),
      );
    }
    return { messages, changedIds: [], revisions: [] };
  }

  #lanes(tenant: string, userId: string, after: number, open: OpenRanges): Lane[] {
    const key = this.#tenants.find(tenant) ?? -1;
    const viewer = { userId, person: this.#users.personOf(key, userId) };
    const select = this.#sql.get(`${CONVERSATIONS_OF} AND c.id = ?`);
    return [...open].flatMap(([id, ranges]) => {
      const row = select.get(key, userId, id) as BehindRow | undefined;
      return row ? [new Lane(this.#sql, row, viewer, ranges, after)] : [];
    });
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
  readonly #sql: Statements;
  readonly #viewer: Viewer;
  readonly #open: readonly SeqRange[];
  #rows: MessageRow[];
  #after: number;

  constructor(
    sql: Statements,
    conversation: BehindRow,
    viewer: Viewer,
    open: readonly SeqRange[],
    after: number,
  ) {
    this.conversation = conversation;
    this.#sql = sql;
    this.#viewer = viewer;
    this.#open = open;
    this.#after = this.#seqOf(after);
    this.#rows = this.#read(1);
  }

  /** Of the next message; infinite where there is none. */
  get number(): number {
    return this.#rows[0]?.number ?? Number.POSITIVE_INFINITY;
  }

  /** Takes the next message, which must be there. */
  take(): MessageRow {
    const row = this.#rows.shift() as MessageRow;
    this.#after = row.seq;
    if (this.#rows.length === 0) this.#rows = this.#read(READ_AHEAD);
    return row;
  }

  #read(limit: number): MessageRow[] {
    const select = this.#sql.get(
      `SELECT ${MESSAGE_COLUMNS} FROM ${MESSAGE_TABLE} WHERE m.conversation = ? AND m.seq BETWEEN ? AND ?
         AND m.sender <> ? AND ${NOT_HIDDEN} ORDER BY m.seq LIMIT ?`,
    );
    for (const { from, to } of this.#open) {
      if (to <= this.#after) continue;
      const start = Math.max(from, this.#after + 1);
      const { person, userId } = this.#viewer;
      const rows = select.all(this.conversation.pk, start, to, person, userId, limit);
      if (rows.length > 0) return rows as unknown as MessageRow[];
    }
    return [];
  }

  /** The last sequence with a number up to this one, found by halving. */
  #seqOf(number: number): number {
    if (number === 0) return 0;
    // Of what was removed, the next one below stands for it.
    const select = this.#sql.get(
      'SELECT number FROM message WHERE conversation = ? AND seq <= ? ORDER BY seq DESC LIMIT 1',
    );
    let [low, high] = [0, this.conversation.last_seq];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      const row = select.get(this.conversation.pk, middle) as { number: number } | undefined;
      if ((row?.number ?? 0) <= number) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
