import type { ConversationKind, Pin } from '../../core/model.ts';
import type { NewPin, PinChange, PinQuery } from '../../core/ports/store.ts';
import { requireConversation } from '../../core/rules/conversations.ts';
import type { ConversationRow } from './conversation-row.ts';
import type { ConversationTable } from './conversations.ts';
import type { ServiceTable } from './desk-sessions.ts';
import { MESSAGE_COLUMNS, MESSAGE_TABLE, type MessageRow, NOT_HIDDEN, toMessage } from './message-row.ts';
import { PartyTable } from './parties.ts';
import type { PositionTable } from './positions.ts';
import { inSight, unseenBy } from './sight.ts';
import { all, type Op, run } from './statement.ts';
import type { Tenants } from './tenants.ts';

const EVERYONE = '';

/** Most pins of one answer; older ones are left out. */
const MAX_PINS = 500;
/** Most hidden messages of one answer. */
const MAX_HIDDEN = 500;

interface PinRow extends MessageRow {
  cid: string;
  cname: string;
  cuid: number | null;
  kind: ConversationKind;
  pin_user: string;
  pinned_by: string;
  pinned_at: number;
}

export interface MarkTableDeps {
  readonly tenants: Tenants;
  readonly conversations: ConversationTable;
  readonly positions: PositionTable;
  readonly services: ServiceTable;
}

/** SQL of what users do to messages without changing them: hiding and pinning. */
export class MarkTable {
  readonly #deps: MarkTableDeps;

  constructor(deps: MarkTableDeps) {
    this.#deps = deps;
  }

  *hide(tenant: string, conversationId: string, seq: number, userId: string): Op<boolean> {
    const { pk } = yield* this.#require(tenant, conversationId);
    const changes = yield* run(
      'INSERT INTO hidden (conversation, user_id, seq) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
      pk,
      userId,
      seq,
    );
    // What nobody will be shown must not count as missed or unread for ever.
    yield* this.#deps.positions.cover(pk, userId, 'read', [{ from: seq, to: seq }]);
    return changes === 1;
  }

  *listHidden(tenant: string, conversationId: string, userId: string): Op<string[]> {
    const rows = yield* all(
      `SELECT m.id FROM conversation c JOIN hidden h ON h.conversation = c.pk
           JOIN message m ON m.conversation = h.conversation AND m.seq = h.seq
           WHERE c.tenant = ? AND c.id = ? AND h.user_id = ? ORDER BY h.seq DESC LIMIT ?`,
      (yield* this.#deps.tenants.find(tenant)) ?? null,
      conversationId,
      userId,
      MAX_HIDDEN,
    );
    return (rows as { id: string }[]).map(({ id }) => id);
  }

  *pin({ tenant, conversationId, seq, userId, scope, at }: NewPin): Op<PinChange> {
    const { pk } = yield* this.#requireOpen(tenant, conversationId);
    const changes = yield* run(
      'INSERT INTO pin (conversation, seq, user_id, pinned_by, pinned_at) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
      pk,
      seq,
      scope === 'everyone' ? EVERYONE : userId,
      userId,
      at,
    );
    return yield* this.#changed(changes, pk, seq);
  }

  *unpin({ tenant, conversationId, seq, userId, scope }: NewPin): Op<PinChange> {
    const { pk } = yield* this.#requireOpen(tenant, conversationId);
    const changes = yield* run(
      'DELETE FROM pin WHERE conversation = ? AND seq = ? AND user_id = ?',
      pk,
      seq,
      scope === 'everyone' ? EVERYONE : userId,
    );
    return yield* this.#changed(changes, pk, seq);
  }

  *#changed(changes: number, conversation: number, seq: number): Op<PinChange> {
    if (changes === 0) return { isNew: false, unseenBy: [] };
    return { isNew: true, unseenBy: yield* unseenBy(conversation, seq) };
  }

  *listPins({ tenant, userId, conversationId }: PinQuery): Op<Pin[]> {
    const key = yield* this.#deps.tenants.find(tenant);
    if (key === undefined) return [];
    const inOne =
      conversationId === undefined
        ? { condition: '', values: [] }
        : { condition: 'AND c.id = ?', values: [conversationId] };
    const rows = yield* all<PinRow>(
      `SELECT ${MESSAGE_COLUMNS}, c.id AS cid, c.kind, c.name AS cname, c.uid AS cuid, p.user_id AS pin_user, p.pinned_by, p.pinned_at
           FROM member v JOIN pin p ON p.conversation = v.conversation JOIN conversation c ON c.pk = v.conversation,
             ${MESSAGE_TABLE}
           WHERE v.tenant = ? AND v.user_id = ? AND p.user_id IN (?, ?) ${inOne.condition}
             AND m.state NOT IN ('recalled', 'deleted') AND m.conversation = p.conversation AND m.seq = p.seq
             AND ${inSight('m')} AND ${NOT_HIDDEN}
           ORDER BY p.pinned_at DESC, p.seq DESC, p.conversation DESC, p.user_id LIMIT ?`,
      key,
      userId,
      EVERYONE,
      userId,
      ...inOne.values,
      userId,
      MAX_PINS,
    );
    const parties = new PartyTable();
    const pins: Pin[] = [];
    for (const row of rows) {
      const conversation = { id: row.cid, kind: row.kind, name: row.cname, uid: row.cuid };
      pins.push({
        message: toMessage(tenant, conversation, row, yield* parties.of(key, conversation, row.sender)),
        scope: row.pin_user === EVERYONE ? 'everyone' : 'self',
        pinnedBy: row.pinned_by,
        pinnedAt: row.pinned_at,
      });
    }
    return pins;
  }

  /** ECONFLICT in a closed service session. */
  *#requireOpen(tenant: string, conversationId: string): Op<ConversationRow> {
    const row = yield* this.#require(tenant, conversationId);
    if (row.kind === 'service') yield* this.#deps.services.requireNotClosed(row.pk);
    return row;
  }

  *#require(tenant: string, conversationId: string): Op<ConversationRow> {
    const row = yield* this.#deps.conversations.rowOf(tenant, conversationId);
    requireConversation(row, conversationId);
    return row;
  }
}
