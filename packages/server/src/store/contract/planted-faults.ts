import type { Store } from '../../core/ports/store.ts';
import { newMessage, newUser, toUser } from './fixture.ts';

/** Something wrong with what is stored, and what a doctor says of it on every database. */
export interface PlantedFault {
  /** Plants it into what `fillSound` has stored. */
  readonly sql: string;
  /** Found by a look at everything. */
  readonly whole: RegExp;
  /** Found by a look at the newest; undefined where only the other look finds it. */
  readonly newest: RegExp | undefined;
}

/** Stores a single chat of three messages. */
export async function fillSound(store: Store): Promise<void> {
  for (const id of ['alice', 'bob']) await store.createUser(newUser('t', id));
  for (const text of ['one', 'two', 'three']) {
    await store.appendMessage(newMessage('t', 'alice', toUser('bob'), text));
  }
}

const chat = (finding: string): RegExp => new RegExp(`^conversation single:alice:bob: ${finding}$`);
/** One that both looks tell alike. */
const alike = (sql: string, finds: RegExp): PlantedFault => ({ sql, whole: finds, newest: finds });

export const PLANTED_FAULTS: Readonly<Record<string, PlantedFault>> = {
  'a gap in a sequence': {
    sql: 'DELETE FROM message WHERE seq = 2',
    whole: chat('2 messages up to sequence 3, expected 3'),
    newest: chat('2 messages from 1 on, expected 3'),
  },
  'a message behind the end': {
    sql: 'UPDATE message SET seq = 9 WHERE seq = 3',
    whole: chat('3 messages up to sequence 9, expected 3'),
    newest: undefined,
  },
  'numbers that do not ascend': alike(
    'UPDATE message SET number = 1 WHERE seq = 3',
    chat('message 3 has no number above those before it'),
  ),
  'a wrong count of members': alike(
    'UPDATE conversation SET member_count = 7',
    chat('2 members, expected 7'),
  ),
  'positions beyond the end': {
    sql: "UPDATE member SET read = 9 WHERE user_id = 'bob'",
    whole: chat('bob has acknowledged more than there is'),
    newest: chat('1 members have acknowledged more than there is'),
  },
  'a file that counts as held and is not': alike(
    "INSERT INTO file (id, tenant, owner, created_at) VALUES ('f', 1, 'alice', 1)",
    /^file f: nothing holds it$/,
  ),
};

/** What retention leaves behind, which is no fault. */
export const REMOVED_AS_OLD =
  'DELETE FROM message WHERE seq < 3; INSERT INTO gone SELECT pk, 1, 2 FROM conversation';
