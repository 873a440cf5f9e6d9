import { type BulkItem, bulk, runEach } from './bulk.ts';
import type { Op } from './statement.ts';

const INSERT = bulk(
  {
    conversation: 'INTEGER',
    seq: 'INTEGER',
    number: 'INTEGER',
    id: 'TEXT',
    tenant: 'INTEGER',
    client_id: 'TEXT',
    sender: 'TEXT',
    type: 'TEXT',
    text: 'TEXT',
    extra: 'TEXT',
    fields: 'TEXT',
    created_at: 'INTEGER',
    source: 'TEXT',
    device: 'TEXT',
    ref_kind: 'TEXT',
    ref_id: 'TEXT',
    ref_reason: 'TEXT',
    guest: 'TEXT',
    original: 'BYTES',
  },
  `INSERT INTO message (conversation, seq, number, id, tenant, client_id, sender, type, text, extra, fields, created_at,
     changed_at, source, device, ref_kind, ref_id, ref_reason, guest, original)
   VALUES (:conversation, :seq, :number, :id, :tenant, :client_id, :sender, :type, :text, :extra, :fields, :created_at,
     :created_at, :source, :device, :ref_kind, :ref_id, :ref_reason, :guest, :original)`,
);

/** New messages of a transaction, written together: whatever looks at messages writes them first. */
export class MessageInserts {
  #items: BulkItem[] = [];

  /** @param item the values of `INSERT`, in their order */
  add(item: BulkItem): void {
    this.#items.push(item);
  }

  *flush(): Op<void> {
    if (this.#items.length === 0) return;
    const items = this.#items;
    this.#items = [];
    yield* runEach(INSERT, items);
  }

  reset(): void {
    this.#items = [];
  }
}
