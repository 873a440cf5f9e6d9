import type { Message, MessageState } from '../../core/model.ts';
import type { ToldMessage, UntoldMessage } from '../../core/ports/event-store.ts';
import { MESSAGE_COLUMNS, MESSAGE_TABLE, type MessageRow, toMessage } from './message-row.ts';
import { PartyTable } from './parties.ts';
import { all, type Op, run } from './statement.ts';

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
  #isKept = false;

  /** Where nobody is to be told, nothing is noted, and what was is forgotten. */
  *keep(isKept: boolean): Op<void> {
    this.#isKept = isKept;
    if (!isKept) yield* run('DELETE FROM untold');
  }

  *add(messageId: string, revision: number, became: MessageState, actorId: string): Op<void> {
    if (!this.#isKept) return;
    yield* run(
      'INSERT INTO untold (message, revision, became, actor) VALUES (?, ?, ?, ?)',
      messageId,
      revision,
      became,
      actorId,
    );
  }

  *settle(told: readonly ToldMessage[]): Op<void> {
    const remove = 'DELETE FROM untold WHERE message = ? AND revision = ?';
    for (const { messageId, revision } of told) yield* run(remove, messageId, revision);
  }

  *list(limit: number): Op<UntoldMessage[]> {
    const rows = yield* all<UntoldRow>(
      `SELECT ${MESSAGE_COLUMNS}, u.revision AS told_revision, u.became, u.actor, t.pk AS tenant_key, t.id AS tenant_id, c.id AS cid, c.kind,
           c.name AS cname, c.uid AS cuid
         FROM ${MESSAGE_TABLE} JOIN untold u ON u.message = m.id JOIN conversation c ON c.pk = m.conversation
           JOIN tenant t ON t.pk = m.tenant ORDER BY u.message, u.revision LIMIT ?`,
      limit,
    );
    const parties = new PartyTable();
    const untold: UntoldMessage[] = [];
    for (const row of rows) {
      const conversation = { id: row.cid, kind: row.kind, name: row.cname, uid: row.cuid };
      const shown = yield* parties.of(row.tenant_key, conversation, row.sender);
      const message = toMessage(row.tenant_id, conversation, { ...row, revision: row.told_revision }, shown);
      untold.push({ message, became: row.became, actorId: row.actor });
    }
    return untold;
  }
}
