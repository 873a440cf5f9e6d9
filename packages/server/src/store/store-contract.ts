import { after, describe } from 'node:test';
import type { Store } from '../core/ports/store.ts';
import { adminContract } from './contract/admin.ts';
import { changeLogContract } from './contract/change-log.ts';
import { conversationListContract } from './contract/conversation-list.ts';
import { filesContract } from './contract/files.ts';
import { storeFixture } from './contract/fixture.ts';
import { groupRightsContract } from './contract/group-rights.ts';
import { groupsContract } from './contract/groups.ts';
import { messagesContract } from './contract/messages.ts';
import { notificationsContract } from './contract/notifications.ts';
import { orderContract } from './contract/order.ts';
import { outboxContract } from './contract/outbox.ts';
import { pendingContract } from './contract/pending.ts';
import { personsContract } from './contract/persons.ts';
import { readingContract } from './contract/reading.ts';
import { referencesContract } from './contract/references.ts';
import { remainsContract } from './contract/remains.ts';
import { revisionsContract } from './contract/revisions.ts';
import { roomsContract } from './contract/rooms.ts';
import { sightContract } from './contract/sight.ts';
import { usersContract } from './contract/users.ts';

export interface StoreUnderTest {
  readonly store: Store;
  dispose(): Promise<void>;
}

const PARTS = [
  usersContract,
  personsContract,
  groupsContract,
  groupRightsContract,
  roomsContract,
  messagesContract,
  pendingContract,
  revisionsContract,
  referencesContract,
  notificationsContract,
  adminContract,
  filesContract,
  outboxContract,
  changeLogContract,
  conversationListContract,
  sightContract,
  readingContract,
  remainsContract,
  orderContract,
];

/** What every adapter of the store port promises. */
export async function storeContract(adapter: string, open: () => Promise<StoreUnderTest>): Promise<void> {
  const { store, dispose } = await open();
  describe(`store contract: ${adapter}`, () => {
    after(async () => {
      await store.close();
      await dispose();
    });
    const fixture = storeFixture(store);
    for (const part of PARTS) part(fixture);
  });
}
