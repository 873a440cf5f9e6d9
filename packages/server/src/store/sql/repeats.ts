import { type BulkItem, bulk, getEach } from './bulk.ts';
import type { ConversationRow } from './conversation-row.ts';
import { MESSAGE_COLUMNS, MESSAGE_TABLE, type MessageRow } from './message-row.ts';
import { get, type Op } from './statement.ts';

/** What a client's message id is unique for. */
export interface SentKey {
  /** The tenant's key. */
  readonly tenant: number;
  readonly clientId: string;
  /** Of the sender. */
  readonly person: string;
}

/** An earlier message with the same key, and its conversation. */
export interface RepeatRow extends MessageRow {
  cid: string;
  cname: string;
  cuid: number | null;
  kind: ConversationRow['kind'];
  member_count: number;
}

const SELECT = `SELECT ${MESSAGE_COLUMNS}, c.id AS cid, c.kind, c.name AS cname, c.uid AS cuid, c.member_count FROM ${MESSAGE_TABLE}
  JOIN conversation c ON c.pk = m.conversation`;
const FIND = `${SELECT} WHERE m.tenant = ? AND m.client_id = ? AND m.sender = ?`;
/** Most are of new messages: the few others are read one by one. */
const IS_USED = bulk(
  { tenant: 'INTEGER', client_id: 'TEXT', person: 'TEXT' },
  `SELECT 1 AS used FROM message WHERE message.tenant = :tenant AND message.client_id = :client_id
     AND message.sender = :person`,
);

/** SQL that finds the message which a client id was used for already. */
export class RepeatTable {
  /** Whether a key is used, for those that were looked for. */
  readonly #known = new Map<string, boolean>();

  /** Looks for many at once. */
  *prefetch(keys: readonly SentKey[]): Op<void> {
    const rows = yield* getEach(IS_USED, keys.map(itemOf));
    for (const [index, row] of rows.entries())
      this.#known.set(textOf(keys[index] as SentKey), row !== undefined);
  }

  /** Whether a message has the key: one of the database, or one of this transaction that was told of (`used`). */
  *isUsed(key: SentKey): Op<boolean> {
    const known = this.#known.get(textOf(key));
    if (known !== undefined) return known;
    const [row] = yield* getEach(IS_USED, [itemOf(key)]);
    return row !== undefined;
  }

  /** The message that has the key, once it is written. */
  *find({ tenant, clientId, person }: SentKey): Op<RepeatRow | undefined> {
    return yield* get<RepeatRow>(FIND, tenant, clientId, person);
  }

  /** To be called once a message takes the key. */
  used(key: SentKey): void {
    this.#known.set(textOf(key), true);
  }

  /** What was looked up holds for one transaction. */
  reset(): void {
    this.#known.clear();
  }
}

function itemOf({ tenant, clientId, person }: SentKey): BulkItem {
  return [tenant, clientId, person];
}

function textOf({ tenant, clientId, person }: SentKey): string {
  return `${tenant}/${person}/${clientId}`;
}
