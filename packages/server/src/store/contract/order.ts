import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NotificationType } from '../../core/model.ts';
import { newMessage, newUser, recall, type StoreFixture, toGroup, toUser } from './fixture.ts';

/** The order of what comes back, also where nobody asks for one: it is the same on every database. */
export function orderContract({ store, tenantWith, send, makeGroup }: StoreFixture): void {
  test('settings come in the order of their names, however they were set', async () => {
    const tenant = await tenantWith('alice');
    const patch = { maxMessageLength: 5, fileUploadLimit: 7 };
    const act = { tenant, id: `${tenant}-act`, actorId: 'alice', reason: '', at: 1 };
    await store.changeChatSettings({ ...act, patch, defaults: patch });
    const names = Object.keys(await store.findChatSettings(tenant));
    assert.deepEqual(names, ['fileUploadLimit', 'maxMessageLength']);
  });

  test('of several owners of a group the one who came first owns it as a room, or the first by id', async () => {
    const tenant = await tenantWith('alice', 'bob', 'carol');
    const team = { tenant, conversationId: 'team' };
    const owners = (...userIds: string[]) => userIds.map((userId) => ({ userId, role: 'owner' as const }));
    await makeGroup(tenant, 'team', ['carol']);
    await store.addMembers({ ...team, members: owners('bob', 'alice'), maxMembers: 9, at: 2 });
    assert.equal((await store.findRoom(tenant, 'team'))?.owner?.id, 'carol');
    await store.removeMember({ ...team, userId: 'carol' });
    assert.equal((await store.findRoom(tenant, 'team'))?.owner?.id, 'alice');
  });

  test('of pins of one moment the one in the newer conversation comes first, and those for all before', async () => {
    const tenant = await tenantWith('alice', 'bob');
    for (const id of ['z', 'a']) {
      await makeGroup(tenant, id, ['alice']);
      await send(tenant, 'alice', toGroup(id), id);
    }
    const pins = [
      ['a', 'self'],
      ['z', 'everyone'],
      ['a', 'everyone'],
      ['z', 'self'],
    ] as const;
    for (const [conversationId, scope] of pins) {
      await store.pinMessage({ tenant, conversationId, seq: 1, userId: 'alice', scope, at: 5 });
    }
    const found = await store.listPins({ tenant, userId: 'alice' });
    assert.deepEqual(
      found.map(({ message, scope }) => [message.conversationId, scope]),
      [
        ['a', 'everyone'],
        ['a', 'self'],
        ['z', 'everyone'],
        ['z', 'self'],
      ],
    );
  });

  test('recipients of a notification that is due come by id', async () => {
    const tenant = await tenantWith('bob', 'alice', 'Carol');
    const type: NotificationType = 'alert';
    const body = { title: 't', content: 'c' };
    const times = { at: 1, expiresAt: null, createdAt: 1 };
    const notification = { tenant, id: `${tenant}-due`, type, body, ...times, createdBy: 'x' };
    const recipients = ['bob', 'Carol', 'alice'];
    await store.createNotification({ notification, recipients, isPublished: false });
    const due = await store.takeDueNotifications(9, 100);
    const taken = due.find((one) => one.notification.id === notification.id);
    assert.deepEqual(taken?.recipients, ['Carol', 'alice', 'bob']);
  });

  test('tenants in which somebody waits come in the order in which they were made', async () => {
    const tenants = ['waiting-z', 'waiting-a'];
    for (const tenant of tenants) await store.createUser(newUser(tenant, 'alice'));
    for (const tenant of tenants.toReversed()) {
      const target = { kind: 'desk', newId: 'matter', skill: '' } as const;
      await store.appendMessage(newMessage(tenant, 'alice', target, 'help'));
    }
    const waiting = (await store.listWaitingTenants()).filter((id) => tenants.includes(id));
    assert.deepEqual(waiting, tenants);
  });

  test('members whose membership ends, or who may not see a message, come by id', async () => {
    const tenant = await tenantWith('alice', 'bob', 'carol', 'dan');
    await makeGroup(tenant, 'z', ['dan']);
    await store.updateGroup(tenant, 'z', { history: 'since_join' });
    const before = await send(tenant, 'dan', toGroup('z'), 'before they came');
    const members = ['carol', 'alice', 'bob'].map((userId) => ({ userId, role: 'member' as const }));
    await store.addMembers({ tenant, conversationId: 'z', members, maxMembers: 9, at: 2 });
    assert.deepEqual((await store.changeMessage(recall(before))).unseenBy, ['alice', 'bob', 'carol']);
    const { members: ended } = await store.deleteGroup(tenant, 'z', 3);
    assert.deepEqual(ended, ['alice', 'bob', 'carol', 'dan']);
  });

  test('what guests said at one moment is removed in its order', async () => {
    const tenant = await tenantWith();
    const room = { tenant, id: 'room', name: '', description: '', isOpen: true, owner: null, createdAt: 1 };
    await store.createRoom(room);
    const guest = { name: 'G', number: '', nickname: '', avatar: '' };
    for (const text of ['first', 'second', 'third']) {
      const said = newMessage(tenant, 'guest:1', toGroup('room'), text);
      await store.appendMessage({ ...said, guest, createdAt: 1 });
    }
    const change = { tenant, conversationId: 'room', actorId: 'guest:1', reason: '', at: 1 };
    const content = { type: 'text', text: 'FIRST', extra: null } as const;
    await store.changeMessage({ ...change, seq: 1, state: 'edited', content });
    assert.equal(await store.purgeGuestMessages({ before: 2, at: 3, limit: 2 }), 2);
    const query = { tenant, conversationId: 'room', viewerId: 'x', seesAll: true, limit: 9 };
    assert.deepEqual(
      (await store.listMessages(query)).map(({ content: { text } }) => text),
      ['third'],
    );
  });

  test('nobody learns how far others are in a single chat that is not its own', async () => {
    const tenant = await tenantWith('alice', 'bob', 'carol');
    const { conversationId } = await send(tenant, 'alice', toUser('bob'), 'hi');
    assert.equal((await store.findPeerReach(tenant, conversationId, 'bob'))?.deliveredSeq, 1);
    assert.equal(await store.findPeerReach(tenant, conversationId, 'carol'), undefined);
  });
}
