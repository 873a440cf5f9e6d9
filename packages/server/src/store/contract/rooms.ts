import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MessageTarget } from '../../core/ports/store.ts';
import { membershipsOf, newMessage, type StoreFixture, toGroup, toUser } from './fixture.ts';

/** Rooms, who is in them, and guests. */
export function roomsContract({ store, tenantWith, send, makeGroup, pendingTexts }: StoreFixture): void {
  const newRoom = (tenant: string, id: string) => ({
    tenant,
    id,
    name: `Room ${id}`,
    description: 'of tests',
    isOpen: true,
    owner: null,
    createdAt: 1,
  });

  const PROFILE = { name: '张三', number: 'XS1', nickname: '老三', avatar: '/h.jpg' };

  test('rooms can be made, found, listed, changed and deleted, and are no groups', async () => {
    const tenant = await tenantWith('alice');
    const guest = { id: 'guest:g', profile: PROFILE };
    const made = await store.createRoom({ ...newRoom(tenant, 'b'), owner: guest });
    assert.deepEqual(made, await store.findRoom(tenant, 'b'));
    const { kind, description, isOpen, owner, memberCount } = made;
    assert.deepEqual([kind, description, isOpen, owner, memberCount], ['room', 'of tests', true, guest, 0]);
    await assert.rejects(store.createRoom(newRoom(tenant, 'b')), { code: 'ECONFLICT', field: 'id' });
    const nobodys = { ...newRoom(tenant, 'c'), owner: { ...guest, id: 'nobody' } };
    await assert.rejects(store.createRoom(nobodys), { code: 'ENOENT', field: 'ownerId' });
    await store.createRoom(newRoom(tenant, 'a'));
    const ids = async (page: { after?: string; limit: number }) =>
      (await store.listRooms(tenant, page)).map(({ id }) => id);
    assert.deepEqual(
      [await ids({ limit: 9 }), await ids({ limit: 1 }), await ids({ after: 'a', limit: 9 })],
      [['a', 'b'], ['a'], ['b']],
    );
    assert.deepEqual(await store.listGroups(tenant, { limit: 9 }), []);
    await assert.rejects(store.deleteGroup(tenant, 'a', 2), { code: 'ENOENT' });

    const changed = await store.updateRoom(tenant, 'b', { name: 'New', isOpen: false, ownerId: 'alice' });
    assert.deepEqual([changed.name, changed.description, changed.isOpen], ['New', 'of tests', false]);
    assert.deepEqual([changed.owner?.id, changed.owner?.profile.nickname], ['alice', 'ALICE']);
    assert.equal((await store.updateRoom(tenant, 'b', { ownerId: null })).owner, null);
    await assert.rejects(store.updateRoom(tenant, 'b', { ownerId: 'x' }), {
      code: 'ENOENT',
      field: 'ownerId',
    });
    await assert.rejects(store.updateRoom(tenant, 'nowhere', {}), { code: 'ENOENT' });
    assert.deepEqual((await store.deleteRoom(tenant, 'b')).members, []);
    assert.equal(await store.findRoom(tenant, 'b'), undefined);
    await assert.rejects(store.deleteRoom(tenant, 'b'), { code: 'ENOENT' });
    assert.equal((await store.createRoom(newRoom(tenant, 'b'))).owner, null);
  });

  test('a group can be seen as a room: closed, and its owner owns it', async () => {
    const tenant = await tenantWith('alice', 'bob');
    await makeGroup(tenant, 'team', ['alice', 'bob']);
    const room = await store.findRoom(tenant, 'team');
    assert.deepEqual([room?.kind, room?.isOpen, room?.owner?.id], ['group', false, 'alice']);
    const { message } = await store.appendMessage(newMessage(tenant, 'alice', toUser('bob'), 'hi'));
    assert.equal(await store.findRoom(tenant, message.conversationId), undefined);
  });

  test('users come into rooms and leave them; each sees what is sent while it is in', async () => {
    const tenant = await tenantWith('alice', 'bob');
    await store.createRoom({ ...newRoom(tenant, 'r'), owner: { id: 'alice', profile: PROFILE } });
    const enter = (userId: string, roomId = 'r') => store.enterRoom({ tenant, roomId, userId, at: 7 });
    await enter('alice');
    await send(tenant, 'alice', toGroup('r'), 'before');
    await enter('bob');
    await enter('bob');
    await send(tenant, 'alice', toGroup('r'), 'after');
    assert.deepEqual(await pendingTexts({ tenant, userId: 'bob' }), ['after']);
    const members = await store.listMembers(tenant, 'r', { limit: 9 });
    assert.deepEqual(
      members.map(({ userId, role }) => [userId, role]),
      [
        ['alice', 'owner'],
        ['bob', 'member'],
      ],
    );
    assert.deepEqual(await membershipsOf(store, tenant, 'bob'), ['r']);
    await store.leaveRoom(tenant, 'r', 'bob');
    await store.leaveRoom(tenant, 'r', 'bob');
    await store.leaveRoom(tenant, 'nowhere', 'bob');
    assert.equal((await store.findRoom(tenant, 'r'))?.memberCount, 1);
    await assert.rejects(send(tenant, 'bob', toGroup('r'), 'no'), { code: 'EPERM' });
    await assert.rejects(enter('nobody'), { code: 'ENOENT' });
    await assert.rejects(enter('bob', 'nowhere'), { code: 'ENOENT' });
    await makeGroup(tenant, 'team', ['alice']);
    await assert.rejects(enter('bob', 'team'), { code: 'ENOENT' });
    await store.leaveRoom(tenant, 'team', 'alice');
    assert.equal((await store.findConversation(tenant, 'team'))?.memberCount, 1);
    await enter('bob');
    while (await store.emptyRooms(100));
    await Promise.all([enter('alice'), enter('bob')]);
    assert.equal(await store.emptyRooms(1), true, 'there may be more');
    assert.equal((await store.findRoom(tenant, 'r'))?.memberCount, 1);
    assert.equal(await store.emptyRooms(2), false);
    assert.equal((await store.findRoom(tenant, 'r'))?.memberCount, 0);
    assert.equal((await store.findConversation(tenant, 'team'))?.memberCount, 1);
    await enter('alice');
    assert.deepEqual((await store.deleteRoom(tenant, 'r')).members, ['alice']);
  });

  test('a guest writes in open rooms only, and is shown as it was then', async () => {
    const tenant = await tenantWith('alice');
    await store.createRoom(newRoom(tenant, 'open'));
    await store.createRoom({ ...newRoom(tenant, 'closed'), isOpen: false });
    await makeGroup(tenant, 'team', ['alice']);
    const write = (target: MessageTarget, text: string) =>
      store.appendMessage({ ...newMessage(tenant, 'guest:g', target, text), guest: PROFILE });
    const { message } = await write(toGroup('open'), 'hello');
    assert.deepEqual([message.senderId, message.guest, message.seq], ['guest:g', PROFILE, 1]);
    const page = { tenant, conversationId: 'open', viewerId: 'alice', seesAll: true, limit: 9 };
    assert.deepEqual(await store.listMessages(page), [message]);
    for (const target of [toGroup('closed'), toGroup('team'), toUser('alice')]) {
      await assert.rejects(write(target, 'no'), { code: 'EPERM' });
    }
  });

  test('old messages of guests are removed, a batch at a time, and what is pending tells which are gone', async () => {
    const tenant = await tenantWith('alice', 'bob');
    await store.createRoom({ ...newRoom(tenant, 'r'), history: 'all' });
    await store.enterRoom({ tenant, roomId: 'r', userId: 'alice', at: 1 });
    const say = (createdAt: number, senderId = 'guest:g') =>
      store.appendMessage({
        ...newMessage(tenant, senderId, toGroup('r'), `at ${createdAt}`),
        ...(senderId === 'guest:g' ? { guest: PROFILE } : {}),
        createdAt,
      });
    await store.enterRoom({ tenant, roomId: 'r', userId: 'bob', at: 1 });
    for (const at of [1, 2]) await say(at);
    await say(2, 'bob');
    for (const at of [2, 3, 4]) await say(at);
    const purge = (limit: number) => store.purgeGuestMessages({ before: 4, at: 9, limit });
    assert.deepEqual([await purge(3), await purge(3), await purge(3)], [3, 1, 0]);
    const query = { tenant, userId: 'alice', limit: 9 };
    const gone = [
      {
        conversationId: 'r',
        ranges: [
          { from: 1, to: 2 },
          { from: 4, to: 5 },
        ],
      },
    ];
    for (const order of ['conversation', 'time'] as const) {
      const page = await store.listPending({ ...query, ...(order === 'time' ? { order } : {}) });
      assert.deepEqual(page.gone, gone, order);
    }
    const since = { ...query, conversationId: 'r' };
    const later = await store.listPending({ ...since, sinceSeq: 4 });
    assert.deepEqual(later.gone, [{ conversationId: 'r', ranges: [{ from: 5, to: 5 }] }]);
    assert.equal((await store.listPending({ ...since, sinceSeq: 5 })).gone, undefined);
    assert.deepEqual(await pendingTexts({ tenant, userId: 'alice' }), ['at 2', 'at 4']);
    assert.deepEqual(await pendingTexts({ tenant, userId: 'alice', order: 'time' }), ['at 2', 'at 4']);
    const ranges = [{ from: 1, to: 5 }];
    const entries = [{ userId: 'alice', ranges }];
    await store.acknowledge({ tenant, conversationId: 'r', kind: 'delivered', entries });
    assert.equal((await store.listPending(query)).gone, undefined);
    const { seq } = (await say(5)).message;
    assert.equal(seq, 7, 'sequences go on');
  });

  test('what guests said is one range of what is gone, whatever was removed first', async () => {
    const tenant = await tenantWith('alice');
    await store.createRoom({ ...newRoom(tenant, 'r'), history: 'all' });
    await store.enterRoom({ tenant, roomId: 'r', userId: 'alice', at: 1 });
    for (const createdAt of [2, 1]) {
      const message = newMessage(tenant, 'guest:g', toGroup('r'), `at ${createdAt}`);
      await store.appendMessage({ ...message, guest: PROFILE, createdAt });
    }
    for (const before of [2, 3]) await store.purgeGuestMessages({ before, at: 9, limit: 9 });
    const { gone } = await store.listPending({ tenant, userId: 'alice', limit: 9 });
    assert.deepEqual(gone, [{ conversationId: 'r', ranges: [{ from: 1, to: 2 }] }]);
  });

  test('rooms that guests made and left empty are found, a page at a time', async () => {
    const tenant = await tenantWith('alice');
    const owner = { id: 'guest:g', profile: PROFILE };
    for (const id of ['e1', 'e2', 'said', 'used']) await store.createRoom({ ...newRoom(tenant, id), owner });
    await store.createRoom({ ...newRoom(tenant, 'young'), owner, createdAt: 100 });
    await store.createRoom({ ...newRoom(tenant, 'owned'), owner: { ...owner, id: 'alice' } });
    await store.appendMessage({ ...newMessage(tenant, 'guest:g', toGroup('said'), 'x'), guest: PROFILE });
    await store.enterRoom({ tenant, roomId: 'used', userId: 'alice', at: 1 });
    const found: string[] = [];
    let after = 0;
    for (let limit = 1; after !== -1; ) {
      const page = await store.listEmptyGuestRooms({ createdBefore: 50, after, limit });
      found.push(...page.filter((room) => room.tenant === tenant).map(({ id }) => id));
      after = page.at(-1)?.place ?? -1;
    }
    assert.deepEqual(found, ['e1', 'e2']);
  });
}
