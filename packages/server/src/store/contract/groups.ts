import assert from 'node:assert/strict';
import { test } from 'node:test';
import { membershipsOf, type StoreFixture, toGroup, toUser } from './fixture.ts';

/** Groups, their members, and who are the peers of whom. */
export function groupsContract({ store, tenantWith, send, makeGroup }: StoreFixture): void {
  test('groups can be made, found, changed and deleted', async () => {
    const tenant = await tenantWith('alice', 'bob', 'carol');
    await makeGroup(tenant, 'team', ['alice', 'bob']);
    await assert.rejects(makeGroup(tenant, 'team', []), { code: 'ECONFLICT', field: 'id' });
    await assert.rejects(makeGroup(tenant, 'other', ['nobody']), { code: 'ENOENT', field: 'members' });
    assert.equal(await store.findConversation(tenant, 'other'), undefined);
    assert.equal((await store.updateGroup(tenant, 'team', { name: 'New' })).name, 'New');
    assert.deepEqual(
      (await store.listGroups(tenant, { limit: 9 }, 'bob')).map(({ id }) => id),
      ['team'],
    );
    assert.deepEqual(await store.listGroups(tenant, { limit: 9 }, 'carol'), []);
    const { members, isDone } = await store.deleteGroup(tenant, 'team', 2);
    assert.deepEqual([members, isDone], [['alice', 'bob'], true]);
    await assert.rejects(store.updateGroup(tenant, 'team', {}), { code: 'ENOENT' });
    assert.deepEqual(await store.listGroups(tenant, { limit: 9 }), []);
    await makeGroup(tenant, 'team', ['carol']);
    assert.equal((await store.findConversation(tenant, 'team'))?.lastSeq, 0);
  });

  test('peers are those of single chats and of groups that are not too large, each once', async () => {
    const tenant = await tenantWith('alice', 'bob', 'carol', 'dave', 'erin');
    await makeGroup(tenant, 'team', ['alice', 'bob', 'carol']);
    await makeGroup(tenant, 'crowd', ['alice', 'bob', 'carol', 'dave']);
    for (const peer of ['bob', 'erin', 'alice']) await send(tenant, 'alice', toUser(peer), 'hi');
    const peersOf = async (userId: string, limit = 9) =>
      (await store.listPeers({ tenant, userId, maxMembers: 3, limit })).toSorted();
    assert.deepEqual(await peersOf('alice'), ['bob', 'carol', 'erin']);
    assert.deepEqual(await peersOf('dave'), []);
    assert.equal((await peersOf('alice', 2)).length, 2);
    await store.removeMember({ tenant, conversationId: 'team', userId: 'alice' });
    assert.deepEqual(await peersOf('alice'), ['bob', 'erin']);
    assert.deepEqual(await store.listPeers({ tenant: 'nowhere', userId: 'x', maxMembers: 9, limit: 9 }), []);
  });

  test('members come and go, and each is counted once', async () => {
    const tenant = await tenantWith('alice', 'bob', 'carol');
    await makeGroup(tenant, 'team', ['alice']);
    const members = ['alice', 'bob'].map((userId) => ({ userId, role: 'member' as const }));
    const team = { tenant, conversationId: 'team', maxMembers: 2, at: 5 };
    assert.deepEqual(await store.addMembers({ ...team, members }), ['bob']);
    assert.deepEqual(await store.addMembers({ ...team, members }), []);
    const nobody = [{ userId: 'nobody', role: 'member' as const }];
    await assert.rejects(store.addMembers({ ...team, members: nobody }), {
      code: 'ENOENT',
      field: 'userId',
    });
    const carol = [...members, { userId: 'carol', role: 'member' as const }];
    await assert.rejects(store.addMembers({ ...team, members: carol }), {
      code: 'ETOOLONG',
      field: 'members',
      limit: 2,
    });
    assert.equal((await store.findConversation(tenant, 'team'))?.memberCount, 2);
    assert.equal(
      (await store.setMemberRole({ tenant, conversationId: 'team', userId: 'bob', role: 'admin' })).role,
      'admin',
    );
    assert.deepEqual(
      (await store.listMembers(tenant, 'team', { limit: 9 })).map(({ userId }) => userId),
      ['alice', 'bob'],
    );
    assert.deepEqual(await membershipsOf(store, tenant, 'bob'), ['team']);
    await store.removeMember({ tenant, conversationId: 'team', userId: 'bob' });
    await assert.rejects(store.removeMember({ tenant, conversationId: 'team', userId: 'bob' }), {
      code: 'ENOENT',
      field: 'userId',
    });
    assert.equal(await store.findMember(tenant, 'team', 'bob'), undefined);
    await assert.rejects(send(tenant, 'bob', toGroup('team'), 'hi'), { code: 'EPERM' });
  });

  test('memberships are read page by page, each conversation once', async () => {
    const tenant = await tenantWith('alice', 'bob');
    const ids = ['a', 'b', 'c', 'd', 'e'];
    for (const id of ids) await makeGroup(tenant, id, ['alice', 'bob']);
    await store.deleteGroup(tenant, 'b', 1);
    await send(tenant, 'alice', toUser('bob'), 'single chats are not among them');
    assert.deepEqual(await membershipsOf(store, tenant, 'bob'), ['a', 'c', 'd', 'e']);
    assert.deepEqual(await store.listMemberships({ tenant, userId: 'nobody', limit: 9 }), {
      conversationIds: [],
    });
  });

  test('who would be added is found out before anybody is, and refused as an addition is', async () => {
    const tenant = await tenantWith('alice', 'bob', 'carol', 'dave');
    await makeGroup(tenant, 'team', ['alice', 'bob']);
    const named = (...userIds: string[]) => userIds.map((userId) => ({ userId, role: 'member' as const }));
    const team = { tenant, conversationId: 'team' };
    const joining = await store.listJoining({ ...team, members: named('dave', 'bob', 'carol', 'dave') });
    assert.deepEqual(joining.toSorted(), ['carol', 'dave']);
    assert.equal((await store.findConversation(tenant, 'team'))?.memberCount, 2);
    const nobody = store.listJoining({ ...team, members: named('carol', 'nobody') });
    await assert.rejects(nobody, { code: 'ENOENT', field: 'userId' });
    const by = { userId: 'bob', isManager: false };
    await assert.rejects(store.listJoining({ ...team, members: named('carol'), by }), { code: 'EPERM' });
    const none = store.listJoining({ ...team, conversationId: 'none', members: named('carol') });
    await assert.rejects(none, { code: 'ENOENT' });
  });

  test('a member named twice is one', async () => {
    const tenant = await tenantWith('alice', 'bob');
    const [alice, bob] = ['alice', 'bob'].map((userId) => ({ userId, role: 'member' as const }));
    assert.ok(alice && bob);
    const group = { tenant, id: 'team', name: '', members: [alice, alice], createdAt: 1 };
    assert.equal((await store.createGroup(group)).memberCount, 1);
    const addition = { tenant, conversationId: 'team', members: [bob, bob], maxMembers: 2, at: 5 };
    assert.deepEqual(await store.addMembers(addition), ['bob']);
    assert.equal((await store.findConversation(tenant, 'team'))?.memberCount, 2);
  });
}
