import type { Conversation, ConversationKind, HistoryAccess } from '../../core/model.ts';
import type { NewGroup } from '../../core/ports/store.ts';
import {
  CONVERSATION_COLUMNS,
  type ConversationRow,
  SHOWN_COLUMNS,
  toConversation,
} from './conversation-row.ts';
import type { MemberTable } from './members.ts';
import { hourOf, type Numbers } from './numbers.ts';
import { ENDED } from './sight.ts';
import { get, type Op, run } from './statement.ts';
import type { Tenants } from './tenants.ts';

const FIND = {
  read: `SELECT ${SHOWN_COLUMNS} FROM conversation WHERE tenant = ? AND id = ?`,
  write: `SELECT ${CONVERSATION_COLUMNS} FROM conversation WHERE tenant = ? AND id = ? FOR UPDATE`,
};

export interface ConversationTableDeps {
  readonly tenants: Tenants;
  readonly members: MemberTable;
  readonly numbers: Numbers;
}

/** SQL of conversations, whatever their kind. Runs inside the worker thread, writes inside its transaction. */
export class ConversationTable {
  readonly #tenants: Tenants;
  readonly #members: MemberTable;
  readonly #numbers: Numbers;
  readonly #find: string;

  /** @param use a write locks the conversations that it looks up, so that what it finds holds until its end */
  constructor({ tenants, members, numbers }: ConversationTableDeps, use: 'read' | 'write') {
    this.#find = FIND[use];
    this.#tenants = tenants;
    this.#members = members;
    this.#numbers = numbers;
  }

  /** Makes a conversation of users that exist. */
  *create(
    tenant: number,
    kind: ConversationKind,
    conversation: Pick<NewGroup, 'id' | 'name' | 'picture' | 'history' | 'members' | 'createdAt'>,
  ): Op<ConversationRow> {
    const { id, name, picture, history = HISTORY[kind], members, createdAt } = conversation;
    const [one, other] = kind === 'single' ? members.map(({ userId }) => userId) : [];
    // The others begin with a message, whose number it is then.
    const activity = kind === 'group' || kind === 'room' ? yield* this.#numbers.next(0) : 0;
    yield* run(
      `INSERT INTO conversation (tenant, id, kind, name, avatar, history, member_count, created_at, uid, activity, activity_hour, user_a, user_b)
           VALUES (?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?, ?)`,
      tenant,
      id,
      kind,
      name,
      picture?.address ?? '',
      history,
      createdAt,
      kind === 'single' ? null : yield* this.#nextUid(tenant),
      activity,
      hourOf(activity),
      one ?? null,
      other ?? null,
    );
    const row = (yield* this.row(tenant, id)) as ConversationRow;
    const added = yield* this.#members.add(row, members, createdAt);
    return { ...row, member_count: added.length };
  }

  *find(tenant: string, id: string): Op<Conversation | undefined> {
    const row = yield* this.rowOf(tenant, id);
    return row && toConversation(tenant, row);
  }

  /** As `row`, of a tenant by its id, of which nothing need be stored. */
  *rowOf(tenant: string, id: string): Op<ConversationRow | undefined> {
    const key = yield* this.#tenants.find(tenant);
    return key === undefined ? undefined : yield* this.row(key, id);
  }

  *row(tenant: number, id: string): Op<ConversationRow | undefined> {
    return yield* get<ConversationRow>(this.#find, tenant, id);
  }

  /** The id of the conversation with this uid. */
  *idOf(tenant: number, uid: number): Op<string | undefined> {
    const row = yield* get<{ id: string }>(
      'SELECT id FROM conversation WHERE tenant = ? AND uid = ?',
      tenant,
      uid,
    );
    return row?.id;
  }

  /** Below zero, so that none is a user's, and never given again. */
  *#nextUid(tenant: number): Op<number> {
    const row = (yield* get<{ uid: number }>(
      'UPDATE tenant SET last_group_uid = last_group_uid - 1 WHERE pk = ? RETURNING last_group_uid AS uid',
      tenant,
    )) as { uid: number };
    return row.uid;
  }

  /**
   * The id is free again afterwards; the messages stay under a name that no id can have. The memberships show nothing any
   * more, and are to be removed.
   */
  *end(pk: number): Op<void> {
    yield* run(
      `UPDATE conversation SET id = id || '#' || pk, kind = '${ENDED}', member_count = 0 WHERE pk = ?`,
      pk,
    );
  }

  *rename(pk: number, name: string): Op<void> {
    yield* run('UPDATE conversation SET name = ? WHERE pk = ?', name, pk);
  }

  /** What members see of before they came, from now on. */
  *setHistory(pk: number, history: HistoryAccess): Op<void> {
    yield* run('UPDATE conversation SET history = ? WHERE pk = ?', history, pk);
  }

  /** Keeps others from writing in a conversation until the transaction ends. To be done before anything of it is locked. */
  *lock(pk: number): Op<void> {
    yield* get('SELECT pk FROM conversation WHERE pk = ? FOR UPDATE', pk);
  }
}

/** What members see of before they came where nobody laid it down. */
const HISTORY: Readonly<Record<ConversationKind, HistoryAccess>> = {
  single: 'all',
  group: 'all',
  room: 'since_join',
  service: 'all',
};
