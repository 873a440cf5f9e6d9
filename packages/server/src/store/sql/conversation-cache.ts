import { bulk, getEach, runEach } from './bulk.ts';
import { CONVERSATION_COLUMNS, type ConversationRow } from './conversation-row.ts';
import type { ConversationTable } from './conversations.ts';
import { hourOf } from './numbers.ts';
import type { Op } from './statement.ts';

/** Where a conversation is looked up. */
export interface ConversationAddress {
  /** The tenant's key. */
  readonly tenant: number;
  readonly id: string;
}

const MAX_CACHED = 50_000;

const FIND = bulk(
  { tenant: 'INTEGER', id: 'TEXT' },
  `SELECT ${CONVERSATION_COLUMNS} FROM conversation WHERE tenant = :tenant AND id = :id FOR UPDATE`,
);
const RAISE = bulk(
  { last_seq: 'INTEGER', revision: 'INTEGER', activity: 'INTEGER', pk: 'INTEGER' },
  'UPDATE conversation SET last_seq = :last_seq, revision = :revision, activity = :activity WHERE conversation.pk = :pk',
);

/** Apart from `RAISE`, as it has to be written in an index. */
const MOVE = bulk(
  { activity_hour: 'INTEGER', pk: 'INTEGER' },
  'UPDATE conversation SET activity_hour = :activity_hour WHERE conversation.pk = :pk',
);

/**
 * The conversations that a transaction writes in, each looked up (and locked) once; counters that moved are written back once,
 * by `flush`. May be kept over transactions by who is the only writer.
 */
export class ConversationCache {
  readonly #conversations: ConversationTable;
  readonly #rows = new Map<string, ConversationRow>();
  readonly #moved = new Set<ConversationRow>();

  constructor(conversations: ConversationTable) {
    this.#conversations = conversations;
  }

  *find(tenant: number, id: string): Op<ConversationRow | undefined> {
    const cached = this.peek({ tenant, id });
    if (cached) return cached;
    const row = yield* this.#conversations.row(tenant, id);
    return row && this.remember(row);
  }

  /** What is known without a look into the database. */
  peek({ tenant, id }: ConversationAddress): ConversationRow | undefined {
    return this.#rows.get(`${tenant}/${id}`);
  }

  remember(row: ConversationRow): ConversationRow {
    const cached = { ...row };
    this.#rows.set(`${row.tenant}/${row.id}`, cached);
    return cached;
  }

  /** Looks up many at once. */
  *prefetch(addresses: readonly ConversationAddress[]): Op<void> {
    const missing = new Map<string, ConversationAddress>();
    for (const address of addresses) {
      if (!this.peek(address)) missing.set(`${address.tenant}/${address.id}`, address);
    }
    // Whoever locks several does it in the same order, so that no two wait for each other.
    const ordered = [...missing.values()].sort((a, b) => a.tenant - b.tenant || (a.id < b.id ? -1 : 1));
    const rows = yield* getEach<ConversationRow>(
      FIND,
      ordered.map(({ tenant, id }) => [tenant, id]),
    );
    for (const row of rows) if (row) this.remember(row);
  }

  /** To be called for a row whose counters were changed. */
  moved(row: ConversationRow): void {
    this.#moved.add(row);
  }

  /** Writes back the counters that moved. */
  *flush(): Op<void> {
    const moved = [...this.#moved];
    this.#moved.clear();
    yield* runEach(
      RAISE,
      moved.map(({ last_seq, revision, activity, pk }) => [last_seq, revision, activity, pk]),
    );
    const inOtherHour = moved.filter(({ activity, activity_hour }) => activity_hour !== hourOf(activity));
    for (const row of inOtherHour) row.activity_hour = hourOf(row.activity);
    yield* runEach(
      MOVE,
      inOtherHour.map(({ activity_hour, pk }) => [activity_hour, pk]),
    );
    if (this.#rows.size > MAX_CACHED) this.#rows.clear();
  }

  reset(): void {
    this.#moved.clear();
    this.#rows.clear();
  }
}
