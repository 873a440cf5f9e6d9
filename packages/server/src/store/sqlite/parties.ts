import { singlePeer } from '../../core/conversations.ts';
import type { Parties, Party } from '../../core/model.ts';
import type { Statements } from './database.ts';
import type { ConversationRef } from './message-row.ts';

const MAX_CACHED = 50_000;

/** The two sides of a message as they travel between threads, where names of fields would cost more than their values. */
export type PackedParties = readonly [sender: string, senderUid: number, target: string, targetUid: number];

export function packParties({ sender, target }: Parties): PackedParties {
  return [sender.name, sender.uid, target.name, target.uid];
}

export function unpackParties([sender, senderUid, target, targetUid]: PackedParties): Parties {
  return { sender: { name: sender, uid: senderUid }, target: { name: target, uid: targetUid } };
}

/** What the two sides of messages are called, each user looked up once. A deleted user keeps its name and uid. */
export class PartyTable {
  readonly #sql: Statements;
  readonly #users = new Map<string, Party>();

  constructor(sql: Statements) {
    this.#sql = sql;
  }

  /** @param tenant its key */
  of(tenant: number, { id, kind, name }: ConversationRef, senderId: string): Parties {
    const isSingle = kind === 'single';
    return {
      sender: this.#user(tenant, senderId),
      target: isSingle ? this.#user(tenant, singlePeer(id, senderId)) : { name: name || id, uid: 0 },
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
      .get('SELECT username AS name, uid FROM user WHERE tenant = ? AND id = ?')
      .get(tenant, id) as { name: string; uid: number } | undefined;
    const party = row ? { name: row.name, uid: row.uid } : { name: id, uid: 0 };
    if (this.#users.size >= MAX_CACHED) this.#users.clear();
    this.#users.set(key, party);
    return party;
  }
}
