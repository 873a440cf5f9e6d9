import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  decideNewUser,
  type NewUserFacts,
  requireGiven,
  requireSamePerson,
  requireUser,
  requireUsers,
} from './users.ts';

const NOBODY: NewUserFacts = {
  account: undefined,
  isUsernameTaken: false,
  uidHolder: undefined,
  lastUid: 6,
};
const ALICE = { id: 'alice', username: 'Alice' };

test('a new user gets the next uid, or the one that it asks for', () => {
  assert.deepEqual(decideNewUser(ALICE, NOBODY), { uid: 7, generation: 1 });
  assert.deepEqual(decideNewUser({ ...ALICE, uid: 3 }, NOBODY), { uid: 3, generation: 1 });
});

test('who gets the id of a deleted user is another generation, and may have its uid', () => {
  const account = { isDeleted: true, generation: 2 };
  const facts = { ...NOBODY, account, uidHolder: 'alice' };
  assert.deepEqual(decideNewUser({ ...ALICE, uid: 3 }, facts), { uid: 3, generation: 3 });
  assert.deepEqual(decideNewUser(ALICE, { ...NOBODY, account }), { uid: 7, generation: 3 });
});

test('what another has is refused: the id first, then the username, then the uid', () => {
  const wanted = { ...ALICE, uid: 3 };
  const uid = { ...NOBODY, uidHolder: 'bob' };
  const username = { ...uid, isUsernameTaken: true };
  const id = { ...username, account: { isDeleted: false, generation: 1 } };
  const refusal = (field: string, message: string) => ({ code: 'ECONFLICT', field, message });
  assert.throws(() => decideNewUser(wanted, id), refusal('id', 'the id alice is taken'));
  assert.throws(() => decideNewUser(wanted, username), refusal('username', 'the username Alice is taken'));
  assert.throws(() => decideNewUser(wanted, uid), refusal('uid', 'the uid 3 is taken'));
});

test('a user is required by the argument that names it', () => {
  requireUser({}, 'alice');
  requireUser(true, 'alice');
  assert.throws(() => requireUser(undefined, 'alice'), {
    code: 'ENOENT',
    field: 'id',
    message: 'no user alice',
  });
  assert.throws(() => requireUser(false, 'alice', 'ownerId'), { code: 'ENOENT', field: 'ownerId' });
});

test('a command is refused once the id of its user is gone, or is that of another person', () => {
  const refused = { code: 'EAUTH', message: 'the user was deleted' };
  requireSamePerson({ isDeleted: false, generation: 2 }, 2);
  assert.throws(() => requireSamePerson({ isDeleted: false, generation: 3 }, 2), refused);
  assert.throws(() => requireSamePerson({ isDeleted: true, generation: 2 }, 2), refused);
  assert.throws(() => requireSamePerson(undefined, 2), refused);
  requireSamePerson(undefined, undefined);
});

test('a change is refused where its person or its password is not the one that was looked at', () => {
  const account = { isDeleted: false, generation: 2, passwordHash: 'hash' };
  requireGiven(account, {});
  requireGiven(account, { generation: 2, passwordHash: 'hash' });
  const wrong = { code: 'EPERM', field: 'oldPassword', message: 'oldPassword is wrong' };
  assert.throws(() => requireGiven(account, { passwordHash: null }), wrong);
  assert.throws(() => requireGiven({ ...account, passwordHash: null }, { passwordHash: 'hash' }), wrong);
  assert.throws(() => requireGiven(account, { generation: 1, passwordHash: null }), { code: 'EAUTH' });
});

test('of several users the first who is missing is named', () => {
  const existing = new Set(['alice', 'bob']);
  requireUsers(existing, ['bob', 'alice'], 'members');
  requireUsers(existing, [], 'members');
  assert.throws(() => requireUsers(existing, ['alice', 'eve', 'carl'], 'members'), {
    code: 'ENOENT',
    field: 'members',
    message: 'no user eve',
  });
});
