import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HistoryAccess, Message } from '../../core/model.ts';
import { newMessage, recall, type StoreFixture, toGroup, toUser } from './fixture.ts';

/** What a member may see, and what is kept of one who left. */
export function sightContract(fixture: StoreFixture): void {
  const { store, tenantWith, send, pendingTexts, acknowledge } = fixture;

  /** A group with alice in it, and bob coming and going. */
  async function makeGroup(history: HistoryAccess) {
    const tenant = await tenantWith('alice', 'bob');
    const members = [{ userId: 'alice', role: 'owner' as const }];
    await store.createGroup({ tenant, id: 'team', name: 'Team', history, members, createdAt: 1 });
    const bob = [{ userId: 'bob', role: 'member' as const }];
    const page = { tenant, conversationId: 'team', viewerId: 'bob' };
    const enter = () =>
      store.addMembers({ tenant, conversationId: 'team', members: bob, maxMembers: 9, at: 2 });
    return {
      tenant,
      say: (text: string) => send(tenant, 'alice', toGroup('team'), text),
      enter,
      leave: () => store.removeMember({ tenant, conversationId: 'team', userId: 'bob' }),
      had: (...seqs: number[]) =>
        acknowledge(tenant, 'team', 'bob', ...seqs.map((seq) => ({ from: seq, to: seq }))),
      pending: () => pendingTexts({ tenant, userId: 'bob' }),
      async history(query: { before?: number; after?: number; limit?: number } = {}) {
        return (await store.listMessages({ ...page, limit: 9, ...query })).map(({ content }) => content.text);
      },
      synced: (sinceSeq: number) => pendingTexts({ tenant, userId: 'bob', conversationId: 'team', sinceSeq }),
      member: () => store.findMember(tenant, 'team', 'bob'),
    };
  }

  /** Bob is in the group for b and d, and not for a, c and e. */
  async function comeAndGo(history: HistoryAccess) {
    const group = await makeGroup(history);
    const sent: Message[] = [await group.say('a')];
    await group.enter();
    sent.push(await group.say('b'));
    await group.had(2);
    await group.leave();
    sent.push(await group.say('c'));
    await group.enter();
    sent.push(await group.say('d'));
    return { ...group, sent: sent as [Message, Message, Message, Message] };
  }

  test('where the history is since_join a member sees its stays, by whatever way it asks', async () => {
    const { tenant, sent, ...group } = await comeAndGo('since_join');
    assert.deepEqual(await group.history(), ['b', 'd']);
    assert.deepEqual(await group.history({ limit: 1 }), ['d']);
    assert.deepEqual(await group.history({ before: 4 }), ['b']);
    assert.deepEqual(await group.history({ after: 0, limit: 1 }), ['b']);
    assert.deepEqual(await group.synced(0), ['b', 'd']);
    assert.deepEqual(await group.pending(), ['d']);
    assert.deepEqual(await pendingTexts({ tenant, userId: 'bob', order: 'time' }), ['d']);
    for (const { id, seq } of sent) {
      const view = await store.findMessage({ tenant, ref: id, viewerId: 'bob', prefer: 'own' });
      assert.equal(view?.isInSight, seq % 2 === 0, id);
      const pin = { tenant, conversationId: 'team', seq, userId: 'alice', scope: 'everyone' as const, at: 3 };
      await store.pinMessage(pin);
    }
    const pins = await store.listPins({ tenant, userId: 'bob' });
    assert.deepEqual(pins.map(({ message }) => message.content.text).sort(), ['b', 'd']);
    const all = { tenant, conversationId: 'team', viewerId: 'stranger', limit: 9 };
    assert.equal((await store.listMessages({ ...all, seesAll: true })).length, 4);
    assert.deepEqual(await store.listMessages(all), []);
  });

  test('where the history is all a member sees all, and what it missed comes when it is back', async () => {
    const { ...group } = await comeAndGo('all');
    assert.deepEqual(await group.history(), ['a', 'b', 'c', 'd']);
    assert.deepEqual(await group.synced(0), ['a', 'b', 'c', 'd']);
    assert.deepEqual(await group.pending(), ['c', 'd']);
  });

  test('who may not see a message is named with what becomes of it, so that it is not told', async () => {
    const { tenant, sent, ...group } = await comeAndGo('since_join');
    const unseenBy = async (message: Message) => {
      const edited = { ...recall(message), state: 'edited' as const, content: message.content };
      const pin = {
        tenant,
        conversationId: 'team',
        seq: message.seq,
        userId: 'alice',
        scope: 'everyone' as const,
        at: 3,
      };
      const told = [
        await store.changeMessage(edited),
        await store.pinMessage(pin),
        await store.unpinMessage(pin),
      ];
      return told.map((each) => each.unseenBy.join());
    };
    const [a, b, c, d] = sent;
    for (const message of [a, c]) assert.deepEqual(await unseenBy(message), ['bob', 'bob', 'bob']);
    for (const message of [b, d]) assert.deepEqual(await unseenBy(message), ['', '', '']);
    await store.updateGroup(tenant, 'team', { history: 'all' });
    assert.deepEqual(await unseenBy(a), ['', '', '']);
    await group.leave();
    await store.updateGroup(tenant, 'team', { history: 'since_join' });
    assert.deepEqual(await unseenBy(a), ['', '', ''], 'those who are no members are not told anyway');
  });

  test('nobody quotes or forwards what it may not see, and its files are out of sight', async () => {
    const group = await makeGroup('since_join');
    const { tenant } = group;
    await store.reserveFile({ tenant, id: `f-${tenant}`, ownerId: 'alice', createdAt: 1 });
    const facts = { name: 'a', type: 'text/plain', size: 1, sha256: '', extension: 'txt' };
    await store.completeFile(tenant, `f-${tenant}`, facts);
    const files = [{ id: `f-${tenant}`, field: 'content', isOurs: true }];
    const before = await store.appendMessage({
      ...newMessage(tenant, 'alice', toGroup('team'), 'a'),
      files,
    });
    await group.enter();
    for (const kind of ['quote', 'forward'] as const) {
      const reference = { kind, ref: before.message.id, reason: '' };
      const quote = { ...newMessage(tenant, 'bob', toUser('alice'), 'see'), reference };
      await assert.rejects(store.appendMessage(quote), { code: 'ENOENT', field: 'reference' });
    }
    const look = { tenant, id: `f-${tenant}`, viewerId: 'bob', isManager: false };
    assert.equal(await store.findFile(look), undefined);
    await assert.rejects(
      store.appendMessage({ ...newMessage(tenant, 'bob', toGroup('team'), 'mine'), files }),
      { code: 'ENOENT' },
    );
    await store.updateGroup(tenant, 'team', { history: 'all' });
    assert.ok(await store.findFile(look));
  });

  test('the history can be changed, and binds all members from then on', async () => {
    const { tenant, ...group } = await comeAndGo('since_join');
    const changed = await store.updateGroup(tenant, 'team', { history: 'all' });
    assert.equal(changed.history, 'all');
    assert.deepEqual(await group.history(), ['a', 'b', 'c', 'd']);
    assert.deepEqual(await group.pending(), ['d'], 'what it did not miss is not told');
    await store.updateGroup(tenant, 'team', { history: 'since_join' });
    assert.deepEqual(await group.history(), ['b', 'd']);
    const room = { tenant, id: 'r', name: 'R', description: '', isOpen: true, owner: null, createdAt: 1 };
    assert.equal((await store.createRoom(room)).history, 'since_join');
    assert.equal((await store.updateRoom(tenant, 'r', { history: 'all' })).history, 'all');
    assert.equal((await store.createRoom({ ...room, id: 'r2', history: 'all' })).history, 'all');
  });

  test('what became out of sight before it was delivered is not pending', async () => {
    const { tenant, ...group } = await comeAndGo('all');
    await store.updateGroup(tenant, 'team', { history: 'since_join' });
    assert.deepEqual(await group.pending(), ['d']);
    assert.deepEqual(await pendingTexts({ tenant, userId: 'bob', order: 'time' }), ['d']);
  });

  for (const history of ['all', 'since_join'] as const) {
    test(`one who comes again is told what changed in what it had, where the history is ${history}`, async () => {
      const group = await makeGroup(history);
      await group.enter();
      const [one, two] = [await group.say('one'), await group.say('two')];
      await group.had(1);
      await group.leave();
      await store.changeMessage(recall(one));
      await store.changeMessage({
        ...recall(two),
        state: 'edited',
        content: { ...two.content, text: 'new' },
      });
      const missed = await group.say('missed');
      await store.changeMessage(recall(missed));
      await group.enter();
      const pending = await store.listPending({ tenant: group.tenant, userId: 'bob', limit: 9 });
      const told = pending.messages.map(({ seq, state, content }) => [seq, state, content.text]);
      const expected = [
        [1, 'recalled', ''],
        [2, 'edited', 'new'],
        [3, 'recalled', ''],
      ];
      assert.deepEqual(told, history === 'all' ? expected : expected.slice(0, 2));
      assert.deepEqual(pending.changedIds, [one.id]);
    });
  }

  for (const maxMembers of [9, 0]) {
    test(`what is acknowledged after its user left is had by it all the same${maxMembers ? '' : ', in a crowd too'}`, async () => {
      const { tenant, ...group } = await makeGroup('all');
      await group.enter();
      const one = await group.say('one');
      await group.say('two');
      await store.changeMessage(recall(one));
      await group.leave();
      const [ranges, revisions] = [[{ from: 1, to: 2 }], [{ from: 1, to: 1 }]];
      const entries = ['bob', 'nobody'].map((userId) => ({ userId, ranges, revisions }));
      await store.acknowledge({ tenant, conversationId: 'team', kind: 'delivered', entries, maxMembers });
      await group.say('missed');
      await group.enter();
      assert.deepEqual(await group.pending(), ['missed']);
    });
  }

  test('one who comes again to a room is told what changed in what it had, after a restart too', async () => {
    const tenant = await tenantWith('alice', 'bob');
    const room = { tenant, id: 'r', name: 'R', description: '', isOpen: true, owner: null, createdAt: 1 };
    await store.createRoom(room);
    const enter = (userId: string) => store.enterRoom({ tenant, roomId: 'r', userId, at: 2 });
    await enter('alice');
    await enter('bob');
    const one = await send(tenant, 'alice', toGroup('r'), 'one');
    await acknowledge(tenant, 'r', 'bob', { from: 1, to: 1 });
    while (await store.emptyRooms(100));
    await enter('alice');
    await send(tenant, 'alice', toGroup('r'), 'two');
    await store.changeMessage(recall(one));
    await enter('bob');
    assert.deepEqual(await pendingTexts({ tenant, userId: 'bob' }), ['recalled']);
  });

  test('nothing is kept of a member who was deleted, or of a group that was', async () => {
    const group = await makeGroup('since_join');
    const { tenant } = group;
    const back = async () => {
      await group.enter();
      return [await group.history(), await group.pending()];
    };
    await group.enter();
    await group.say('one');
    await group.leave();
    await store.deleteUser(tenant, 'bob', 2);
    await store.createUser({
      tenant,
      id: 'bob',
      username: 'bob',
      nickname: '',
      role: 'user',
      passwordHash: null,
      createdAt: 3,
    });
    assert.deepEqual(await back(), [[], []]);
    await group.say('two');
    await store.deleteGroup(tenant, 'team', 2);
    const members = [{ userId: 'alice', role: 'owner' as const }];
    await store.createGroup({ tenant, id: 'team', name: '', members, createdAt: 1 });
    assert.deepEqual(await back(), [[], []]);
  });

  test('of very many stays the newest are kept', async () => {
    const { tenant, ...group } = await makeGroup('since_join');
    const stays = Array.from({ length: 260 }, async (_, index) => {
      await Promise.all([group.enter(), group.say(`in ${index}`), group.leave(), group.say(`out ${index}`)]);
    });
    await Promise.all(stays);
    await group.enter();
    await group.say('now');
    const page = { tenant, conversationId: 'team', viewerId: 'bob', limit: 600 };
    const seen = (await store.listMessages(page)).map(({ content }) => content.text);
    const newest = Array.from({ length: 256 }, (_, index) => `in ${4 + index}`);
    assert.deepEqual(seen, [...newest, 'now']);
  });

  test('coming and going without a word said leaves what one sees as it is', async () => {
    const group = await makeGroup('since_join');
    await group.enter();
    await group.say('a');
    for (let i = 0; i < 3; i++) {
      await group.leave();
      await group.enter();
    }
    await group.say('b');
    assert.deepEqual(await group.history(), ['a', 'b']);
    const member = await group.member();
    assert.deepEqual([member?.deliveredSeq, member?.readSeq], [0, 0]);
  });
}
