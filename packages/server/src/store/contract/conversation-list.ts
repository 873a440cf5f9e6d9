import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tickOf } from '../../core/conversation-list.ts';
import { newMessage, newUser, recall, type StoreFixture, toGroup, toUser } from './fixture.ts';

/** A user's conversations by their activity. */
export function conversationListContract({ store, tenantWith, send, makeGroup }: StoreFixture): void {
  const list = (tenant: string, userId: string, before?: number, limit = 99) =>
    store.listConversations({ tenant, userId, limit, ...(before === undefined ? {} : { before }) });
  const idsOf = async (tenant: string, userId: string) =>
    (await list(tenant, userId)).map(({ conversation }) => conversation.id);
  const read = (tenant: string, conversationId: string, userId: string, from: number, to = from) =>
    store.acknowledge({
      tenant,
      conversationId,
      kind: 'read',
      entries: [{ userId, ranges: [{ from, to }] }],
    });

  test('conversations are listed by their newest activity, also those nobody said anything in yet', async () => {
    const tenant = await tenantWith('alice', 'bob', 'carol');
    await makeGroup(tenant, 'old', ['alice']);
    await send(tenant, 'alice', toUser('bob'), 'first');
    await send(tenant, 'carol', toUser('alice'), 'second');
    await makeGroup(tenant, 'new', ['alice', 'bob']);
    await send(tenant, 'alice', toUser('alice'), 'to myself');
    const all = ['single:alice:alice', 'new', 'single:alice:carol', 'single:alice:bob', 'old'];
    assert.deepEqual(await idsOf(tenant, 'alice'), all);
    await send(tenant, 'alice', toGroup('old'), 'wake up');
    await send(tenant, 'bob', toUser('alice'), 'third');
    assert.deepEqual(await idsOf(tenant, 'alice'), [
      'single:alice:bob',
      'old',
      'single:alice:alice',
      'new',
      'single:alice:carol',
    ]);
    assert.deepEqual(await idsOf(tenant, 'bob'), ['single:alice:bob', 'new']);
    assert.deepEqual(await list('nowhere', 'alice'), []);
  });

  test('pages follow one another without a gap, each conversation once', async () => {
    const peers = Array.from({ length: 7 }, (_, index) => `peer${index}`);
    const tenant = await tenantWith('mia', ...peers, 'zoe');
    for (const peer of [...peers, 'zoe']) await send(tenant, 'mia', toUser(peer), 'hi');
    for (const id of ['g1', 'g2', 'g3']) await makeGroup(tenant, id, ['mia']);
    await send(tenant, 'mia', toGroup('g2'), 'hi');
    const pages: string[] = [];
    for (let page = await list(tenant, 'mia', undefined, 3); page.length > 0; ) {
      pages.push(...page.map(({ conversation }) => conversation.id));
      page = await list(tenant, 'mia', page.at(-1)?.activity, 3);
    }
    assert.deepEqual(pages, await idsOf(tenant, 'mia'));
    assert.equal(new Set(pages).size, 11);
  });

  test('a conversation is shown with its target, the last message in sight, what is unread and how far both are', async () => {
    const tenant = await tenantWith('alice', 'bob');
    const conversationId = 'single:alice:bob';
    const own = await send(tenant, 'alice', toUser('bob'), 'one');
    const two = await send(tenant, 'bob', toUser('alice'), 'two');
    await send(tenant, 'bob', toUser('alice'), 'three');
    await send(tenant, 'bob', toUser('alice'), 'four');
    await read(tenant, conversationId, 'bob', 1);
    await read(tenant, conversationId, 'alice', 3);
    await store.hideMessage(tenant, conversationId, 4, 'alice');
    const [view] = await list(tenant, 'alice');
    assert.ok(view?.peer);
    assert.deepEqual(
      [view.targetId, view.target.nickname, view.target.uid, view.lastMessage?.content.text, view.unread],
      ['bob', 'BOB', 2, 'three', 1],
    );
    const { deliveredSeq, readSeq } = view.member;
    assert.deepEqual([deliveredSeq, readSeq, view.peer.deliveredSeq, view.peer.readSeq], [1, 1, 4, 4]);
    assert.equal(tickOf(own, 'alice', view.peer), 'read');
    assert.equal(tickOf(two, 'alice', view.peer), undefined, 'of the other user');

    await store.changeMessage(recall(two));
    const [recalled] = await list(tenant, 'alice');
    assert.deepEqual([recalled?.unread, recalled?.member.readSeq], [0, 4]);
    const [bobs] = await list(tenant, 'bob');
    assert.deepEqual([bobs?.lastMessage?.content.text, bobs?.unread, bobs?.peer?.readSeq], ['four', 0, 4]);
  });

  test('the tick of a message says exactly what the other user got of it', async () => {
    const tenant = await tenantWith('alice', 'bob');
    const messages = [];
    for (const text of ['a', 'b', 'c']) messages.push(await send(tenant, 'alice', toUser('bob'), text));
    const [a, b, c] = messages;
    assert.ok(a && b && c);
    const { conversationId } = a;
    await read(tenant, conversationId, 'bob', 2);
    await store.acknowledge({
      tenant,
      conversationId,
      kind: 'delivered',
      entries: [{ userId: 'bob', ranges: [{ from: 1, to: 1 }] }],
    });
    const peer = await store.findPeerReach(tenant, conversationId, 'alice');
    assert.deepEqual(
      [a, b, c].map((message) => tickOf(message, 'alice', peer)),
      ['delivered', 'read', 'sent'],
    );
    assert.equal(tickOf({ ...c, state: 'recalled' }, 'alice', peer), undefined);
    await makeGroup(tenant, 'team', ['alice', 'bob']);
    assert.equal(await store.findPeerReach(tenant, 'team', 'alice'), undefined);
    await store.deleteUser(tenant, 'bob', 9);
    assert.equal(await store.findPeerReach(tenant, conversationId, 'alice'), undefined);
    const [left] = await list(tenant, 'alice');
    assert.deepEqual([left?.conversation.id, left?.peer], ['team', undefined]);
    assert.deepEqual(await idsOf(tenant, 'alice'), ['team', conversationId], 'what was said stays');
    await store.createUser(newUser(tenant, 'bob'));
    assert.deepEqual(await idsOf(tenant, 'bob'), [], 'who gets the id is somebody else');
    const fresh = await send(tenant, 'bob', toUser('alice'), 'hello');
    assert.deepEqual(
      (await list(tenant, 'alice')).map(({ conversation, targetId }) => [conversation.id, targetId]),
      [
        [fresh.conversationId, 'bob'],
        ['team', 'team'],
        [conversationId, 'bob~1'],
      ],
    );
    assert.deepEqual(await idsOf(tenant, 'bob'), [fresh.conversationId]);
  });

  test('groups are listed while one is in them, and show nothing of before to who sees nothing of it', async () => {
    const tenant = await tenantWith('alice', 'bob');
    const members = [{ userId: 'alice', role: 'owner' as const }];
    const group = {
      tenant,
      id: 'team',
      name: 'Team',
      picture: { address: '/a.png', by: { userId: 'alice', isManager: false }, at: 1 },
      history: 'since_join',
      members,
    } as const;
    await store.createGroup({ ...group, createdAt: 1 });
    await send(tenant, 'alice', toGroup('team'), 'before');
    const bob = { tenant, conversationId: 'team', members: [{ userId: 'bob', role: 'member' as const }] };
    await store.addMembers({ ...bob, maxMembers: 9, at: 2 });
    const [joined] = await list(tenant, 'bob');
    assert.deepEqual(
      [joined?.target.name, joined?.target.avatar, joined?.lastMessage, joined?.unread],
      ['Team', '/a.png', null, 0],
    );
    await send(tenant, 'alice', toGroup('team'), 'after');
    const [told] = await list(tenant, 'bob');
    assert.deepEqual([told?.lastMessage?.content.text, told?.unread], ['after', 1]);
    await store.removeMember({ tenant, conversationId: 'team', userId: 'bob' });
    assert.deepEqual(await list(tenant, 'bob'), []);
    await store.deleteGroup(tenant, 'team', 2);
    assert.deepEqual(await list(tenant, 'alice'), []);
  });

  test('a service session is listed until it is closed', async () => {
    const tenant = await tenantWith('alice');
    const target = { kind: 'desk', newId: `${tenant}-s`, skill: '' } as const;
    await store.appendMessage(newMessage(tenant, 'alice', target, 'help'));
    assert.deepEqual(await idsOf(tenant, 'alice'), [`${tenant}-s`]);
    await store.closeService({ tenant, sessionId: `${tenant}-s`, actorId: 'alice', isManager: false, at: 9 });
    assert.deepEqual(await idsOf(tenant, 'alice'), []);
  });
}
