import { singlePeer } from '../../core/conversations.ts';
import type { Message, Parties, Party } from '../../core/model.ts';
import { bulk, getEach } from './bulk.ts';
import { type ConversationRef, type MessageRow, toMessage } from './message-row.ts';
import { get, mapped, type Op } from './statement.ts';

const MAX_CACHED = 50_000;

/** The two sides of a message as they travel between threads, where names of fields would cost more than their values. */
export type PackedParties = readonly [...PackedParty, ...PackedParty];
type PackedParty = readonly [name: string, uid: number, nickname: string, avatar: string];

export function packParties({ sender, target }: Parties): PackedParties {
  return [...pack(sender), ...pack(target)];
}

export function unpackParties(packed: PackedParties): Parties {
  const [name, uid, nickname, avatar, ...target] = packed;
  return { sender: unpack([name, uid, nickname, avatar]), target: unpack(target) };
}

function pack({ name, uid, nickname, avatar }: Party): PackedParty {
  return [name, uid, nickname, avatar];
}

function unpack([name, uid, nickname, avatar]: PackedParty): Party {
  return { name, uid, nickname, avatar };
}

/** The two sides of a message: by which ids they are addressed, and what they are called. */
export interface Sides {
  readonly senderId: string;
  readonly targetId: string;
  readonly parties: Parties;
}

/** What a user's id stands for now. */
export interface Identity {
  /** The key that the user's messages and single chats are stored under. */
  readonly person: string;
  /** Absent for what is no user. */
  readonly generation?: number | undefined;
  /** Whether the user was deleted. */
  readonly deleted?: 0 | 1 | undefined;
}

/** A conversation, and the key of its tenant. */
export interface ConversationPlace extends ConversationRef {
  readonly tenant: number;
}

interface KnownPerson {
  readonly id: string;
  readonly party: Party;
}

/** The tenant's key, and the user's id. */
type PersonKey = readonly [tenant: number, id: string];
type AccountRow = Identity & Party;

const FIND_EACH = bulk(
  { tenant: 'INTEGER', id: 'TEXT' },
  `SELECT person, generation, deleted, username AS name, uid, nickname, avatar FROM account
     WHERE account.tenant = :tenant AND account.id = :id`,
);

/** Who the two sides of messages are, each person looked up once. A deleted user keeps its name and uid. */
export class PartyTable {
  readonly #persons = new Map<string, KnownPerson>();
  readonly #identities = new Map<string, Identity>();

  /** @param tenant its key */
  *of(tenant: number, { id, name, uid }: ConversationRef, sender: string): Op<Sides> {
    const from = yield* this.#person(tenant, sender);
    if (uid !== null) {
      const parties = { sender: from.party, target: nobody(name || id, uid) };
      return { senderId: from.id, targetId: id, parties };
    }
    const to = yield* this.#person(tenant, singlePeer(id, sender));
    return { senderId: from.id, targetId: to.id, parties: { sender: from.party, target: to.party } };
  }

  *toMessage(tenant: string, conversation: ConversationPlace, row: MessageRow): Op<Message> {
    return toMessage(
      tenant,
      conversation,
      row,
      yield* this.of(conversation.tenant, conversation, row.sender),
    );
  }

  toMessages(tenant: string, conversation: ConversationPlace, rows: readonly MessageRow[]): Op<Message[]> {
    return mapped(rows, (row) => this.toMessage(tenant, conversation, row));
  }

  /** Looks up many users by their ids at once, those who are not known yet. */
  *prefetch(users: readonly { readonly tenant: number; readonly id: string }[]): Op<void> {
    const missing = new Map(users.map(({ tenant, id }) => [`${tenant}/${id}`, [tenant, id] as PersonKey]));
    for (const key of missing.keys()) if (this.#identities.has(key)) missing.delete(key);
    const items = [...missing.values()];
    const rows = yield* getEach<AccountRow>(FIND_EACH, items);
    for (const [index, row] of rows.entries()) if (row) this.#remember(...(items[index] as PersonKey), row);
  }

  /** What is known of an id without a look into the database. */
  peek(tenant: number, id: string): Identity | undefined {
    return this.#identities.get(`${tenant}/${id}`);
  }

  /** Whom an id stands for: a user, or what is none and stored as it is. */
  *identity(tenant: number, id: string): Op<Identity> {
    const known = this.peek(tenant, id);
    if (known) return known;
    const [row] = yield* getEach<AccountRow>(FIND_EACH, [[tenant, id]]);
    return row
      ? this.#remember(tenant, id, row)
      : remember(this.#identities, `${tenant}/${id}`, { person: id });
  }

  /** Forgets what may not be so any more: after users changed. */
  reset(): void {
    this.#persons.clear();
    this.#identities.clear();
  }

  #remember(tenant: number, id: string, row: AccountRow): Identity {
    const { person, generation, deleted, name, uid, nickname, avatar } = row;
    remember(this.#persons, `${tenant}/${person}`, { id, party: { name, uid, nickname, avatar } });
    return remember(this.#identities, `${tenant}/${id}`, { person, generation, deleted });
  }

  *#person(tenant: number, person: string): Op<KnownPerson> {
    const key = `${tenant}/${person}`;
    const known = this.#persons.get(key);
    if (known) return known;
    const row = yield* get<Party & { id: string }>(
      'SELECT id, username AS name, uid, nickname, avatar FROM account WHERE tenant = ? AND person = ?',
      tenant,
      person,
    );
    if (!row) return remember(this.#persons, key, { id: person, party: nobody(person) });
    const { id, ...party } = row;
    return remember(this.#persons, key, { id, party });
  }
}

function remember<T>(cache: Map<string, T>, key: string, value: T): T {
  if (cache.size >= MAX_CACHED) cache.clear();
  cache.set(key, value);
  return value;
}

/** What is no user. */
function nobody(name: string, uid = 0): Party {
  return { name, uid, nickname: name, avatar: '' };
}
