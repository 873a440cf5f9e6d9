import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newUser, type StoreFixture, toUser } from './fixture.ts';

/** Users, and how they are found. */
export function usersContract({ store, tenantWith, send, makeGroup }: StoreFixture): void {
  test('users get the next uid, and an id, uid or username is given once', async () => {
    const tenant = await tenantWith('alice', 'bob');
    assert.equal((await store.findUser(tenant, 'bob'))?.uid, 2);
    await assert.rejects(store.createUser(newUser(tenant, 'alice')), { code: 'ECONFLICT', field: 'id' });
    await assert.rejects(store.createUser({ ...newUser(tenant, 'carol'), username: 'bob' }), {
      code: 'ECONFLICT',
      field: 'username',
    });
    await assert.rejects(store.createUser({ ...newUser(tenant, 'carol'), uid: 1 }), {
      code: 'ECONFLICT',
      field: 'uid',
    });
    assert.equal((await store.createUser({ ...newUser(tenant, 'carol'), uid: 10 })).uid, 10);
    assert.equal((await store.createUser(newUser(tenant, 'dave'))).uid, 11);
  });

  test('usernames that look alike stand beside each other only where one was made by a token', async () => {
    const tenant = await tenantWith('alice', 'bob');
    const named = (id: string, username: string) => ({ ...newUser(tenant, id), username });
    await assert.rejects(store.createUser(named('x', 'Ａlice')), { code: 'ECONFLICT', field: 'username' });
    await assert.rejects(store.updateUser(tenant, 'bob', { username: 'ALICE' }), { code: 'ECONFLICT' });
    assert.equal((await store.updateUser(tenant, 'alice', { username: 'Alice' })).username, 'Alice');
    await store.createUser({ ...named('t', 'alice'), mayLookAlike: true, passwordHash: null });
    await assert.rejects(store.createUser({ ...named('u', 'alice'), mayLookAlike: true }), {
      code: 'ECONFLICT',
      field: 'username',
    });
  });

  test('credentials are found by exactly the name, else by the only name that looks the same', async () => {
    const tenant = await tenantWith('alice');
    const found = async (username: string) => (await store.findCredentials(tenant, username))?.user.id;
    await store.createUser({ ...newUser(tenant, 'Alice'), mayLookAlike: true, passwordHash: null });
    assert.deepEqual(
      [await found('alice'), await found('ALICE '), await found('ａｌｉｃｅ')],
      Array(3).fill('alice'),
    );
    assert.equal(await found('Alice'), 'alice', 'who has no password can not be meant');
    await store.updateUser(tenant, 'Alice', { passwordHash: 'hash of Alice' });
    assert.deepEqual(
      [await found('alice'), await found('Alice'), await found('ALICE')],
      ['alice', 'Alice', undefined],
    );
  });

  test('the newest places where a user logged in from are remembered until it is deleted', async () => {
    const tenant = await tenantWith('alice', 'bob');
    const note = (userId: string, network: string, at: number) =>
      store.noteLogin({ tenant, userId, network, at });
    const knows = (network: string, userId = 'alice') => store.hasLoggedIn(tenant, userId, network);
    for (let i = 1; i <= 16; i++) await note('alice', `10.0.0.${i}`, i);
    await note('alice', '10.0.0.1', 17);
    await note('alice', '10.0.0.17', 18);
    await note('nobody', '10.0.0.1', 1);
    assert.deepEqual(
      [await knows('10.0.0.1'), await knows('10.0.0.2'), await knows('10.0.0.17')],
      [true, false, true],
    );
    assert.deepEqual([await knows('10.0.0.1', 'bob'), await knows('10.0.0.1', 'nobody')], [false, false]);
    await store.deleteUser(tenant, 'alice', 2);
    assert.equal(await knows('10.0.0.1'), false);
  });

  test('users are listed by id, page by page, and found by their credentials', async () => {
    const tenant = await tenantWith('c', 'a', 'b');
    const first = await store.listUsers(tenant, { limit: 2 });
    assert.deepEqual(
      first.map(({ id }) => id),
      ['a', 'b'],
    );
    const rest = await store.listUsers(tenant, { limit: 2, after: 'b' });
    assert.deepEqual(
      rest.map(({ id }) => id),
      ['c'],
    );
    assert.equal((await store.findCredentials(tenant, 'a'))?.passwordHash, 'hash of a');
    assert.equal(await store.findCredentials(tenant, 'nobody'), undefined);
  });

  test('a user can be changed and deleted; a deleted one leaves its groups and is remembered', async () => {
    const tenant = await tenantWith('alice', 'bob');
    await makeGroup(tenant, 'team', ['alice', 'bob']);
    assert.equal((await store.updateUser(tenant, 'bob', { nickname: 'Bobby' })).nickname, 'Bobby');
    await assert.rejects(store.updateUser(tenant, 'bob', { username: 'alice' }), { code: 'ECONFLICT' });
    await assert.rejects(store.updateUser(tenant, 'nobody', {}), { code: 'ENOENT' });
    const { groups, isDone } = await store.deleteUser(tenant, 'bob', 2);
    assert.deepEqual([groups, isDone], [[{ conversationId: 'team', changed: [] }], true]);
    assert.equal(await store.findUser(tenant, 'bob'), undefined);
    assert.deepEqual(await store.findAccount(tenant, 'bob'), { generation: 1, tokensAfter: 2 });
    assert.equal((await store.findAccount(tenant, 'alice'))?.tokensAfter, null);
    assert.equal(await store.findAccount(tenant, 'nobody'), undefined);
    assert.equal((await store.findConversation(tenant, 'team'))?.memberCount, 1);
    await assert.rejects(store.deleteUser(tenant, 'bob', 2), { code: 'ENOENT' });
    await assert.rejects(send(tenant, 'alice', toUser('bob'), 'hi'), { code: 'ENOENT', field: 'target' });
    const user = await store.createUser(newUser(tenant, 'bob'));
    assert.deepEqual(await store.findAccount(tenant, 'bob'), { user, generation: 2, tokensAfter: 2 });
  });

  test('a change is written only if what was looked at before it is still so', async () => {
    const tenant = await tenantWith('alice');
    const passwordHash = 'hash of alice';
    const own = { generation: 1, passwordHash };
    await store.updateUser(tenant, 'alice', { passwordHash: 'second', given: own });
    const wrong = { code: 'EPERM', field: 'oldPassword' };
    await assert.rejects(store.updateUser(tenant, 'alice', { passwordHash: 'third', given: own }), wrong);
    const none = { passwordHash: null };
    await assert.rejects(store.updateUser(tenant, 'alice', { passwordHash: 'third', given: none }), wrong);
    assert.equal((await store.findCredentials(tenant, 'alice'))?.passwordHash, 'second');
    await store.deleteUser(tenant, 'alice', 2);
    await store.createUser(newUser(tenant, 'alice'));
    const former = { nickname: 'of the former', given: { generation: 1 } };
    await assert.rejects(store.updateUser(tenant, 'alice', former), { code: 'EAUTH' });
    assert.equal((await store.findUser(tenant, 'alice'))?.nickname, newUser(tenant, 'alice').nickname);
  });

  test('users are found by many ids at once', async () => {
    const tenant = await tenantWith('c', 'a', 'b');
    await store.deleteUser(tenant, 'b', 2);
    const found = await store.listUsersByIds(tenant, ['c', 'b', 'a', 'x', 'c']);
    assert.deepEqual(
      found.map(({ id }) => id),
      ['a', 'c'],
    );
    assert.deepEqual(await store.listUsersByIds('nowhere', ['a']), []);
  });
}
