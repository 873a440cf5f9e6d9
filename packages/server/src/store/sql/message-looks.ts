import type { MemberRole } from '../../core/model.ts';
import type { MessageLook, MessageView } from '../../core/ports/store.ts';
import type { ConversationRow } from './conversation-row.ts';
import { MESSAGE_COLUMNS, MESSAGE_TABLE, type MessageRow, toMessage } from './message-row.ts';
import { PartyTable } from './parties.ts';
import { ENDED, inSight } from './sight.ts';
import { get, type Op, type Parameter } from './statement.ts';
import type { Tenants } from './tenants.ts';

/** Messages with the same client id that are compared. Where more have it, only the viewer's conversations are looked into. */
export const MAX_ALIKE = 200;
/** Conversations of a viewer that are looked into, those that began last. */
export const MAX_CONVERSATIONS = 1000;
/**
 * An index finds client ids up to this length in a conversation. What more than a few senders choose is a counter or a word;
 * longer ids are random, and bear no second index.
 */
const IS_SHORT = 'length(a.client_id) < 16';

interface ViewRow extends MessageRow {
  cid: string;
  cname: string;
  cuid: number | null;
  kind: ConversationRow['kind'];
  viewer_role: MemberRole | null;
  in_sight: 0 | 1;
  is_hidden: 0 | 1;
}

/** A look-up, and what stands for its names in the database. */
interface Look {
  readonly tenant: number;
  readonly ref: string;
  readonly viewerId: string;
  /** The viewer's. */
  readonly person: string;
  readonly prefer: MessageLook['prefer'];
  readonly within: string | null;
}

/** Whether the member `v` is one and may see the message. */
const IN_SIGHT = `(v.user_id IS NOT NULL AND ${inSight('m')})`;
const COLUMNS = `SELECT ${MESSAGE_COLUMNS}, c.id AS cid, c.kind, c.name AS cname, c.uid AS cuid, v.role AS viewer_role,
    ${IN_SIGHT} AS in_sight,
    EXISTS (SELECT 1 FROM hidden h WHERE h.conversation = m.conversation AND h.user_id = v.user_id AND h.seq = m.seq)
      AS is_hidden`;
const TABLES = `${MESSAGE_TABLE} JOIN conversation c ON c.pk = m.conversation
  LEFT JOIN member v ON v.conversation = m.conversation AND v.user_id = ? AND c.kind <> '${ENDED}'`;
const SELECT = `${COLUMNS} FROM ${TABLES}`;
const IS_WITHIN = '(CAST(? AS TEXT) IS NULL OR c.id = ?)';

/** The newest message of others with a client id in each of some conversations, and of these the newest that is in sight. */
const newestIn = (conversations: string) => `${COLUMNS}
  FROM (${conversations}) own, ${TABLES}
  WHERE m.conversation = own.conversation AND m.seq = (SELECT a.seq FROM message a INDEXED BY message_short_client
    WHERE a.conversation = own.conversation AND a.client_id = ? AND ${IS_SHORT} AND a.sender <> ? ORDER BY a.seq DESC LIMIT 1)
  ORDER BY in_sight DESC, m.created_at DESC LIMIT 1`;
const NEWEST_OF_VIEWER = newestIn(
  'SELECT conversation FROM member WHERE tenant = ? AND user_id = ? ORDER BY conversation DESC LIMIT ?',
);
const NEWEST_WITHIN = newestIn('SELECT pk AS conversation FROM conversation WHERE tenant = ? AND id = ?');

/**
 * SQL that finds one message by any of its ids. A client's id is unique for its sender only: what it costs to find one that many senders
 * chose is bounded, so that not all of them have a say in it.
 */
export class MessageLooks {
  readonly #tenants: Tenants;

  constructor(tenants: Tenants) {
    this.#tenants = tenants;
  }

  /** @param parties of this read: older ones may not be so any more */
  *find(
    { tenant, ref, viewerId, prefer, conversationId }: MessageLook,
    parties = new PartyTable(),
  ): Op<MessageView | undefined> {
    const key = yield* this.#tenants.find(tenant);
    if (key === undefined) return undefined;
    const { person } = yield* parties.identity(key, viewerId);
    const look = { tenant: key, ref, viewerId, person, prefer, within: conversationId ?? null };
    const row = yield* this.#row(look);
    if (!row) return undefined;
    const conversation = { id: row.cid, kind: row.kind, name: row.cname, uid: row.cuid };
    return {
      message: toMessage(tenant, conversation, row, yield* parties.of(key, conversation, row.sender)),
      viewerRole: row.viewer_role ?? undefined,
      isInSight: row.in_sight === 1,
      isHidden: row.is_hidden === 1,
    };
  }

  *#row(look: Look): Op<ViewRow | undefined> {
    const { tenant, ref, person, prefer } = look;
    const byId = yield* this.#where(look, 'm.id = ? AND m.tenant = ?', ref, tenant);
    if (byId) return byId;
    // One's own is found by itself, however many others have chosen the same id.
    const isOwn = 'm.tenant = ? AND m.client_id = ? AND m.sender = ?';
    const own = prefer === 'own' ? yield* this.#where(look, isOwn, tenant, ref, person) : undefined;
    if (own) return own;
    if (yield* this.#areFew(look)) return yield* this.#amongAll(look);
    const found = yield* this.#amongViewers(look);
    // Whoever prefers its own has none.
    return found || prefer === 'own' ? found : yield* this.#where(look, isOwn, tenant, ref, person);
  }

  *#where(
    { viewerId, within }: Look,
    condition: string,
    ...values: readonly Parameter[]
  ): Op<ViewRow | undefined> {
    return yield* get<ViewRow>(
      `${SELECT} WHERE ${condition} AND ${IS_WITHIN}`,
      viewerId,
      ...values,
      within,
      within,
    );
  }

  /** Whether so few messages have the client id that all of them can be compared. */
  *#areFew({ tenant, ref }: Look): Op<boolean> {
    const row = yield* get<{ n: number }>(
      'SELECT count(*) AS n FROM (SELECT 1 FROM message WHERE tenant = ? AND client_id = ? LIMIT ?) alike',
      tenant,
      ref,
      MAX_ALIKE + 1,
    );
    return (row?.n ?? 0) <= MAX_ALIKE;
  }

  *#amongAll({ tenant, ref, viewerId, person, prefer, within }: Look): Op<ViewRow | undefined> {
    const preferred = prefer === 'own' ? 'm.sender = ?' : `m.sender <> ? AND ${IN_SIGHT}`;
    return yield* get<ViewRow>(
      `${SELECT} WHERE m.tenant = ? AND m.client_id = ? AND ${IS_WITHIN}
             ORDER BY (${preferred}) DESC, in_sight DESC, m.created_at DESC LIMIT 1`,
      viewerId,
      tenant,
      ref,
      within,
      within,
      person,
    );
  }

  /** What others said in the conversation that is asked for, or in those of the viewer. */
  *#amongViewers({ tenant, ref, viewerId, person, within }: Look): Op<ViewRow | undefined> {
    if (within !== null) return yield* get<ViewRow>(NEWEST_WITHIN, tenant, within, viewerId, ref, person);
    return yield* get<ViewRow>(NEWEST_OF_VIEWER, tenant, viewerId, MAX_CONVERSATIONS, viewerId, ref, person);
  }
}
