import type { Message, MessageState } from '../../core/model.ts';
import type { ToldMessage, UntoldMessage } from '../../core/ports/event-store.ts';
import type { Statements } from './database.ts';
import { MESSAGE_COLUMNS, MESSAGE_TABLE, type MessageRow, toMessage } from './message-row.ts';
import { PartyTable } from './parties.ts';

interface UntoldRow extends MessageRow {
  told_revision: number;
  became: MessageState;
  actor: string;
  tenant_key: number;
  tenant_id: string;
  cid: string;
  cname: string;
  cuid: number | null;
  kind: Message['kind'];
}

/** What became of messages and no other system was told yet: noted in the same transaction, so that no crash comes between. */
export class UntoldTable {
  readonly #sql: Statements;
  #isKept = false;

  constructor(sql: Statements) {
    this.#sql = sql;
  }

  /** Where nobody is to be told, nothing is noted, and what was is forgotten. */
  keep(isKept: boolean): void {
    this.#isKept = isKept;
    if (!isKept) this.#sql.get('DELETE FROM untold').run();
  }

  add(messageId: string, revision: number, became: MessageState, actorId: string): void {
    if (!this.#isKept) return;
    this.#sql
      .get('INSERT INTO untold (message, revision, became, actor) VALUES (?, ?, ?, ?)')
      .run(messageId, revision, became, actorId);
  }

  settle(told: readonly ToldMessage[]): void {
    const remove = this.#sql.get('DELETE FROM untold WHERE message = ? AND revision = ?');
    for (const { messageId, revision } of told) remove.run(messageId, revision);
  }

  list(limit: number): UntoldMessage[] {
    const rows = this.#sql
      .get(
        `SELECT ${MESSAGE_COLUMNS}, u.revision AS told_revision, u.became, u.actor, t.pk AS tenant_key, t.id AS tenant_id, c.id AS cid, c.kind,
           c.name AS cname, c.uid AS cuid
         FROM ${MESSAGE_TABLE} JOIN untold u ON u.message = m.id JOIN conversation c ON c.pk = m.conversation
           JOIN tenant t ON t.pk = m.tenant ORDER BY u.message, u.revision LIMIT ?`,
      )
      .all(limit) as unknown as UntoldRow[];
    const parties = new PartyTable(this.#sql);
    return rows.map((row) => {
      const conversation = { id: row.cid, kind: row.kind, name: row.cname, uid: row.cuid };
      const shown = parties.of(row.tenant_key, conversation, row.sender);
      const message = toMessage(row.tenant_id, conversation, { ...row, revision: row.told_revision }, shown);
      return { message, became: row.became, actorId: row.actor };
    });
  }
}
