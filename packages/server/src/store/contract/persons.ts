import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newMessage, newUser, type StoreFixture, toGroup, toUser } from './fixture.ts';

/** A user who gets the id of one who was deleted: somebody else. */
export function personsContract(fixture: StoreFixture): void {
  const { store, tenantWith, send, makeGroup, pending, pendingTexts } = fixture;

  /** Bob is deleted, and somebody else gets the id. */
  async function replaceBob(tenant: string, uid?: number): Promise<void> {
    await store.deleteUser(tenant, 'bob', 5);
    await store.createUser({ ...newUser(tenant, 'bob'), nickname: 'NEW', ...(uid ? { uid } : {}) });
  }

  const history = (tenant: string, conversationId: string, viewerId: string) =>
    store.listMessages({ tenant, conversationId, viewerId, limit: 9 });

  test('the new holder of an id has a single chat of its own with everybody', async () => {
    const tenant = await tenantWith('alice', 'bob');
    const old = await send(tenant, 'bob', toUser('alice'), 'from the former');
    await send(tenant, 'alice', toUser('bob'), 'to the former');
    await store.deleteUser(tenant, 'bob', 5);
    await assert.rejects(send(tenant, 'alice', toUser('bob'), 'meanwhile'), { code: 'ENOENT' });
    await store.createUser(newUser(tenant, 'bob'));
    const fresh = await send(tenant, 'alice', toUser('bob'), 'to the new one');
    assert.deepEqual([fresh.seq, fresh.senderId, fresh.targetId], [1, 'alice', 'bob']);
    assert.notEqual(fresh.conversationId, old.conversationId);
    const answer = await send(tenant, 'bob', toUser('alice'), 'from the new one');
    assert.deepEqual([answer.seq, answer.senderId, answer.targetId], [2, 'bob', 'alice']);
    assert.deepEqual(await pendingTexts({ tenant, userId: 'bob' }), ['to the new one']);
    assert.deepEqual(await pendingTexts({ tenant, userId: 'bob', order: 'time' }), ['to the new one']);
    assert.equal(await store.findMember(tenant, old.conversationId, 'bob'), undefined);
    const known = await store.listPending({
      tenant,
      userId: 'bob',
      conversationId: fresh.conversationId,
      sinceSeq: 0,
      limit: 9,
    });
    assert.equal(known.messages.length, 2);
  });

  test('the others keep what they had with the former holder of an id, and see that it was another', async () => {
    const tenant = await tenantWith('alice', 'bob');
    const old = await send(tenant, 'bob', toUser('alice'), 'from the former');
    const own = await send(tenant, 'alice', toUser('bob'), 'to the former');
    await replaceBob(tenant);
    const seen = await history(tenant, old.conversationId, 'alice');
    assert.deepEqual(
      seen.map(({ senderId, targetId, content, parties }) => [
        senderId,
        targetId,
        content.text,
        parties.sender.name,
      ]),
      [
        ['bob~1', 'alice', 'from the former', 'bob'],
        ['alice', 'bob~1', 'to the former', 'alice'],
      ],
    );
    assert.deepEqual([seen[0]?.parties.sender.uid, seen[0]?.parties.sender.nickname], [2, '']);
    for (const target of [toUser('bob~1'), { kind: 'uid', uid: 2 } as const]) {
      await assert.rejects(send(tenant, 'alice', target, 'still there?'), {
        code: 'ENOENT',
        field: 'target',
      });
    }
    await assert.rejects(store.createUser({ ...newUser(tenant, 'carol'), uid: 2 }), { code: 'ECONFLICT' });
    const quote = { kind: 'quote', ref: own.id, reason: '' } as const;
    const message = newMessage(tenant, 'alice', toUser('bob'), 'look');
    const { message: quoting } = await store.appendMessage({ ...message, reference: quote });
    assert.equal(quoting.reference?.senderId, 'alice');
  });

  test('what the former holder of an id said in a group is not the new one to change or to repeat', async () => {
    const tenant = await tenantWith('alice', 'bob');
    await makeGroup(tenant, 'team', ['alice', 'bob']);
    const said = newMessage(tenant, 'bob', toGroup('team'), 'mine');
    const { message: old } = await store.appendMessage(said);
    await replaceBob(tenant);
    const members = [{ userId: 'bob', role: 'member' as const }];
    await store.addMembers({ tenant, conversationId: 'team', members, maxMembers: 9, at: 6 });
    const look = { tenant, ref: said.clientId, viewerId: 'bob', prefer: 'own' as const };
    assert.equal((await store.findMessage(look))?.message.senderId, 'bob~1');
    const again = { ...newMessage(tenant, 'bob', toGroup('team'), 'other'), clientId: said.clientId };
    const { message: fresh, duplicate } = await store.appendMessage(again);
    assert.deepEqual([fresh.seq, fresh.senderId, duplicate], [2, 'bob', false]);
    assert.equal((await store.appendMessage(again)).duplicate, true);
    assert.equal((await store.findMessage(look))?.message.id, fresh.id);
    assert.deepEqual(
      (await history(tenant, old.conversationId, 'alice')).map(({ senderId }) => senderId),
      ['bob~1', 'bob'],
    );
    assert.deepEqual(await pending({ tenant, userId: 'bob' }), []);
    assert.equal((await store.findMember(tenant, 'team', 'bob'))?.readSeq, 2);
  });

  test('an id can be given again and again, each time to somebody else', async () => {
    const tenant = await tenantWith('alice', 'bob');
    const chats = [await send(tenant, 'bob', toUser('alice'), 'one')];
    for (const text of ['two', 'three']) {
      await replaceBob(tenant);
      chats.push(await send(tenant, 'bob', toUser('alice'), text));
    }
    assert.equal(new Set(chats.map(({ conversationId }) => conversationId)).size, 3);
    const senders = chats.map(
      async ({ conversationId }) => (await history(tenant, conversationId, 'alice'))[0],
    );
    assert.deepEqual(
      (await Promise.all(senders)).map((message) => message?.senderId),
      ['bob~1', 'bob~2', 'bob'],
    );
    const named = await send(tenant, 'alice', toUser('bob~3'), 'by the key of its person');
    assert.deepEqual([named.targetId, named.conversationId], ['bob', chats[2]?.conversationId]);
    await assert.rejects(send(tenant, 'alice', toUser('bob~2'), 'gone'), { code: 'ENOENT' });
  });

  test('who gets the uid of the former too leaves it another one', async () => {
    const tenant = await tenantWith('alice', 'bob');
    const old = await send(tenant, 'bob', toUser('alice'), 'hi');
    await replaceBob(tenant, 2);
    assert.equal((await store.findUser(tenant, 'bob'))?.uid, 2);
    const [seen] = await history(tenant, old.conversationId, 'alice');
    assert.equal(seen?.parties.sender.uid, 3);
    assert.equal((await store.createUser(newUser(tenant, 'carol'))).uid, 4);
  });

  test('hidden messages, pins and the ownership of a room stay with the former holder of an id', async () => {
    const tenant = await tenantWith('alice', 'bob');
    await makeGroup(tenant, 'team', ['alice', 'bob']);
    for (const text of ['one', 'two']) await send(tenant, 'alice', toGroup('team'), text);
    await store.hideMessage(tenant, 'team', 1, 'bob');
    const pin = { tenant, conversationId: 'team', seq: 2, userId: 'bob', at: 1 };
    await store.pinMessage({ ...pin, scope: 'self' });
    await store.pinMessage({ ...pin, scope: 'everyone' });
    const owner = { id: 'bob', profile: { name: '', number: '', nickname: '', avatar: '' } };
    const room = { tenant, id: '1001', name: 'r', description: '', isOpen: true, owner, createdAt: 1 };
    await store.createRoom(room);
    await replaceBob(tenant);
    const members = [{ userId: 'bob', role: 'member' as const }];
    await store.addMembers({ tenant, conversationId: 'team', members, maxMembers: 9, at: 6 });
    assert.equal((await history(tenant, 'team', 'bob')).length, 2);
    assert.deepEqual(await store.listHidden(tenant, 'team', 'bob'), []);
    assert.deepEqual(
      (await store.listPins({ tenant, userId: 'bob' })).map(({ scope, pinnedBy }) => [scope, pinnedBy]),
      [['everyone', 'bob~1']],
    );
    await store.enterRoom({ tenant, roomId: '1001', userId: 'bob', at: 7 });
    assert.equal((await store.findMember(tenant, '1001', 'bob'))?.role, 'member');
    assert.equal((await store.findRoom(tenant, '1001'))?.owner, null);
  });

  test('service sessions and files stay with the former holder of an id', async () => {
    const tenant = await tenantWith('alice', 'bob');
    const opening = newMessage(tenant, 'bob', { kind: 'desk', newId: `${tenant}-s`, skill: '' }, 'help');
    await store.appendMessage(opening);
    await store.reserveFile({ tenant, id: `${tenant}-f`, ownerId: 'bob', createdAt: 1 });
    await store.removeFromDesk({ tenant, userId: 'bob' }, 4);
    await replaceBob(tenant);
    await store.dropFiles([`${tenant}-f`]);
    assert.deepEqual(await store.listServices({ tenant, customerId: 'bob', limit: 9 }), []);
    const kept = await store.findService(tenant, `${tenant}-s`);
    assert.deepEqual([kept?.customerId, kept?.closedBy], ['bob~1', 'bob~1']);
    const late = { tenant, ownerId: 'bob', ownerGeneration: 1, createdAt: 6 };
    await assert.rejects(store.reserveFile({ ...late, id: `${tenant}-g` }), { code: 'EAUTH' });
  });

  test('a command that was taken from the former holder of an id is refused', async () => {
    const tenant = await tenantWith('alice', 'bob');
    const late = { ...newMessage(tenant, 'bob', toUser('alice'), 'late'), senderGeneration: 1 };
    await replaceBob(tenant);
    await assert.rejects(store.appendMessage(late), { code: 'EAUTH' });
    await store.appendMessage({ ...late, senderGeneration: 2 });
  });
}
