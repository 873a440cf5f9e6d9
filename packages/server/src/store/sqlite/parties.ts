import { singlePeer } from '../../core/conversations.ts';
import type { Parties, Party } from '../../core/model.ts';
import type { Statements } from './database.ts';
import type { ConversationRef } from './message-row.ts';

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

/** What the two sides of messages are called, each user looked up once. A deleted user keeps its name and uid. */
export class PartyTable {
  readonly #sql: Statements;
  readonly #users = new Map<string, Party>();

  constructor(sql: Statements) {
    this.#sql = sql;
  }

  /** @param tenant its key */
  of(tenant: number, { id, name, uid }: ConversationRef, senderId: string): Parties {
    return {
      sender: this.#user(tenant, senderId),
      target: uid === null ? this.#user(tenant, singlePeer(id, senderId)) : nobody(name || id, uid),
    };
  }

  /** Forgets what may not be so any more: after users changed. */
  reset(): void {
    this.#users.clear();
  }

  #user(tenant: number, id: string): Party {
    const key = `${tenant}/${id}`;
    const known = this.#users.get(key);
    if (known) return known;
    const row = this.#sql
      .get('SELECT username AS name, uid, nickname, avatar FROM user WHERE tenant = ? AND id = ?')
      .get(tenant, id) as Party | undefined;
    const party = row ? { ...row } : nobody(id);
    if (this.#users.size >= MAX_CACHED) this.#users.clear();
    this.#users.set(key, party);
    return party;
  }
}

/** What is no user. */
function nobody(name: string, uid = 0): Party {
  return { name, uid, nickname: name, avatar: '' };
}
