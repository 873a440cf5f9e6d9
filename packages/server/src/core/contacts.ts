import { profileOf } from './guests.ts';
import type { Limits } from './limits.ts';
import type { Person, Principal } from './model.ts';
import type { ConversationStore } from './ports/conversation-store.ts';
import type { UserStore } from './ports/user-store.ts';

/** Most contacts that a user is told. */
const MAX_CONTACTS = 1000;

export interface ContactsDeps {
  readonly store: Pick<UserStore, 'listUsersByIds'> & Pick<ConversationStore, 'listPeers'>;
  readonly limits: Limits;
}

/** Whom a user knows: those it shares a single chat, or a group that is not too large, with. */
export class Contacts {
  readonly #deps: ContactsDeps;

  constructor(deps: ContactsDeps) {
    this.#deps = deps;
  }

  /** By id, at most 1000. */
  async of({ tenant, userId }: Principal): Promise<Person[]> {
    const { store, limits } = this.#deps;
    const maxMembers = limits.maxReceiptMembers;
    const peers = await store.listPeers({ tenant, userId, maxMembers, limit: MAX_CONTACTS });
    const users = await store.listUsersByIds(tenant, peers);
    return users.map((user) => ({ id: user.id, profile: profileOf(user) }));
  }
}
