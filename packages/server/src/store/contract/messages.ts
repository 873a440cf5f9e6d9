import assert from 'node:assert/strict';
import { test } from 'node:test';
import { singleConversationId } from '../../core/conversations.ts';
import type { MessageTarget } from '../../core/ports/store.ts';
import { newMessage, newUser, recall, type StoreFixture, toGroup, toUser } from './fixture.ts';

/** Messages: sequences, client ids, changes, looking them up, history. */
export function messagesContract({ store, tenantWith, send, makeGroup, pending }: StoreFixture): void {
  test('a message can be sent to a uid, and a repeat to the user is the same', async () => {
    const tenant = await tenantWith('alice', 'bob');
    const elsewhere = await tenantWith('alice');
    const message = newMessage(tenant, 'alice', { kind: 'uid', uid: 2 }, 'hi');
    const { message: sent } = await store.appendMessage(message);
    assert.deepEqual([sent.targetId, sent.conversationId], ['bob', singleConversationId('alice', 'bob')]);
    assert.equal((await store.appendMessage({ ...message, target: toUser('bob') })).duplicate, true);
    assert.equal((await store.appendMessage(message)).duplicate, true);
    for (const uid of [0, 3, -1, 1.5, Number.MAX_SAFE_INTEGER]) {
      await assert.rejects(send(tenant, 'alice', { kind: 'uid', uid }, 'hi'), {
        code: 'ENOENT',
        field: 'target',
      });
    }
    await assert.rejects(send(elsewhere, 'alice', { kind: 'uid', uid: 2 }, 'hi'), { code: 'ENOENT' });
    await store.deleteUser(tenant, 'bob', 2);
    await assert.rejects(send(tenant, 'alice', { kind: 'uid', uid: 2 }, 'hi'), { code: 'ENOENT' });
  });

  test('messages name their sender and target as they are called now', async () => {
    const tenant = await tenantWith('alice', 'bob');
    await makeGroup(tenant, 'team', ['alice', 'bob']);
    const party = (name: string, uid: number, nickname = name) => ({ name, uid, nickname, avatar: '' });
    const alice = party('alice', 1, 'ALICE');
    const bob = party('bob', 2, 'BOB');
    const single = await send(tenant, 'alice', toUser('bob'), 'one');
    const group = await send(tenant, 'alice', toGroup('team'), 'two');
    assert.deepEqual(single.parties, { sender: alice, target: bob });
    assert.deepEqual(group.parties, { sender: alice, target: party('Group team', -1) });
    await store.updateUser(tenant, 'alice', { username: 'Alice', nickname: 'Ali' });
    await store.updateGroup(tenant, 'team', { name: 'Crew' });
    const parties = { sender: party('Alice', 1, 'Ali'), target: party('Crew', -1) };
    const { conversationId } = group;
    const look = { tenant, ref: group.id, viewerId: 'bob', prefer: 'received' as const };
    const page = await store.listPending({ tenant, userId: 'bob', conversationId, limit: 9 });
    for (const message of [
      await send(tenant, 'alice', toGroup('team'), 'three'),
      (await store.findMessage(look))?.message,
      (await store.listMessages({ tenant, conversationId, viewerId: 'bob', limit: 9 }))[0],
      page.messages[0],
      (await pending({ tenant, userId: 'bob', order: 'time' }))[1],
      (await store.changeMessage(recall(group))).message,
    ]) {
      assert.deepEqual(message?.parties, parties);
    }
    await store.deleteUser(tenant, 'bob', 2);
    const own = { tenant, ref: single.id, viewerId: 'alice', prefer: 'own' as const };
    assert.deepEqual((await store.findMessage(own))?.message.parties.target, party('bob', 2, ''));
  });

  test('tenants do not see each other', async () => {
    const one = await tenantWith('alice', 'bob');
    const other = await tenantWith('alice', 'carol');
    await assert.rejects(send(one, 'alice', toUser('carol'), 'hi'), { code: 'ENOENT' });
    const message = await send(one, 'alice', toUser('bob'), 'hi');
    const look = { tenant: other, ref: message.id, viewerId: 'alice', prefer: 'own' as const };
    assert.equal(await store.findMessage(look), undefined);
    assert.equal(await store.findConversation(other, message.conversationId), undefined);
  });

  test('one who is no user can not send', async () => {
    const tenant = await tenantWith('alice');
    await assert.rejects(send(tenant, 'a service', toUser('alice'), 'hi'), { code: 'EPERM' });
  });

  test('a message can be looked up in one conversation only', async () => {
    const tenant = await tenantWith('alice');
    for (const id of ['one', 'two']) await makeGroup(tenant, id, ['alice']);
    const { id, clientId } = await send(tenant, 'alice', toGroup('one'), 'hi');
    const find = (ref: string, conversationId: string) =>
      store.findMessage({ tenant, ref, viewerId: 'alice', prefer: 'own', conversationId });
    for (const ref of [id, clientId]) {
      assert.equal((await find(ref, 'one'))?.message.id, id);
      assert.equal(await find(ref, 'two'), undefined);
    }
  });

  test('messages issued together get sequences in their order, without gaps', async () => {
    const tenant = await tenantWith('alice', 'bob');
    await makeGroup(tenant, 'team', ['alice', 'bob']);
    const sent = await Promise.all(
      Array.from({ length: 50 }, (_, i) => send(tenant, i % 2 ? 'alice' : 'bob', toGroup('team'), `m${i}`)),
    );
    assert.deepEqual(
      sent.map(({ seq }) => seq),
      Array.from({ length: 50 }, (_, i) => i + 1),
    );
    const listed = await store.listMessages({
      tenant,
      conversationId: 'team',
      viewerId: 'alice',
      limit: 100,
    });
    assert.deepEqual(listed, sent);
  });

  test('a refused message takes no sequence', async () => {
    const tenant = await tenantWith('alice', 'bob', 'carol');
    await makeGroup(tenant, 'team', ['alice', 'bob']);
    const [first, refused, second] = await Promise.allSettled([
      send(tenant, 'alice', toGroup('team'), '1'),
      send(tenant, 'carol', toGroup('team'), 'no'),
      send(tenant, 'bob', toGroup('team'), '2'),
    ]);
    assert.equal(refused.status, 'rejected');
    assert.ok(first.status === 'fulfilled' && second.status === 'fulfilled');
    assert.equal(second.value.seq, 2);
  });

  test('a repeated client id stores nothing, and another content under it is refused', async () => {
    const tenant = await tenantWith('alice', 'bob');
    const message = newMessage(tenant, 'alice', toUser('bob'), 'hello');
    const [one, two] = await Promise.all([
      store.appendMessage(message),
      store.appendMessage({ ...message, id: 'another id' }),
    ]);
    assert.equal(one.duplicate, false);
    assert.equal(two.duplicate, true);
    assert.deepEqual(two.message, one.message);
    const other = { ...message, content: { ...message.content, text: 'changed' } };
    await assert.rejects(store.appendMessage(other), { code: 'ECONFLICT', field: 'clientId' });
    const elsewhere = { ...message, target: toUser('alice') };
    await assert.rejects(store.appendMessage(elsewhere), { code: 'ECONFLICT', field: 'clientId' });
    const sameIdOfAnother = newMessage(tenant, 'bob', toUser('alice'), 'mine');
    const theirs = await store.appendMessage({ ...sameIdOfAnother, clientId: message.clientId });
    assert.equal(theirs.duplicate, false);
  });

  test('a repeat is known as one even after the message was recalled', async () => {
    const tenant = await tenantWith('alice', 'bob');
    const message = newMessage(tenant, 'alice', toUser('bob'), 'hello');
    const { message: sent } = await store.appendMessage(message);
    await store.changeMessage(recall(sent));
    const again = await store.appendMessage(message);
    assert.equal(again.duplicate, true);
    assert.equal(again.message.state, 'recalled');
    const other = { ...message, content: { ...message.content, text: 'changed' } };
    await assert.rejects(store.appendMessage(other), { code: 'ECONFLICT' });
  });

  test('a repeat is known by what its client sent, also where another content was stored', async () => {
    const tenant = await tenantWith('alice', 'bob');
    const sent = newMessage(tenant, 'alice', toUser('bob'), 'darn');
    const stored = { ...sent, content: { ...sent.content, text: '****' }, sentContent: sent.content };
    assert.equal((await store.appendMessage(stored)).message.content.text, '****');
    for (const repeat of [stored, sent, { ...stored, content: { ...sent.content, text: '####' } }]) {
      const { duplicate, message } = await store.appendMessage(repeat);
      assert.deepEqual([duplicate, message.content.text], [true, '****']);
    }
    const other = { ...sent, content: { ...sent.content, text: '****' } };
    await assert.rejects(store.appendMessage(other), { code: 'ECONFLICT', field: 'clientId' });
  });

  test('a changed message takes the next revision; a recalled one can not be changed again', async () => {
    const tenant = await tenantWith('alice', 'bob');
    const one = await send(tenant, 'alice', toUser('bob'), 'one');
    const two = await send(tenant, 'alice', toUser('bob'), 'two');
    const { message: edited } = await store.changeMessage({
      ...recall(one),
      state: 'edited',
      content: { type: 'text', text: 'uno', extra: null },
      at: 77,
    });
    assert.deepEqual(edited, {
      ...one,
      content: { type: 'text', text: 'uno', extra: null },
      state: 'edited',
      revision: 1,
      changeReason: 'a slip',
      changedAt: 77,
    });
    const { message: recalled } = await store.changeMessage(recall(two));
    assert.deepEqual(recalled.content, { type: 'text', text: '', extra: null });
    assert.equal(recalled.revision, 2);
    await assert.rejects(store.changeMessage(recall(two)), { code: 'ECONFLICT' });
    await assert.rejects(store.changeMessage({ ...recall(two), seq: 99 }), { code: 'ENOENT' });
    assert.equal((await store.findConversation(tenant, one.conversationId))?.revision, 2);
  });

  test('a message is found by id or client id, of the preferred side where another has the same', async () => {
    const tenant = await tenantWith('alice', 'bob', 'carol');
    const hers = newMessage(tenant, 'alice', toUser('bob'), 'hers');
    const his = { ...newMessage(tenant, 'bob', toUser('alice'), 'his'), clientId: hers.clientId };
    // Not awaited one by one: a look-up sees what was issued before it.
    const find = (ref: string, viewerId: string, prefer: 'own' | 'received' = 'own') =>
      store.findMessage({ tenant, ref, viewerId, prefer });
    const [, , own, other, received, byId, foreign] = await Promise.all([
      store.appendMessage(hers),
      store.appendMessage(his),
      find(hers.clientId, 'alice'),
      find(hers.clientId, 'bob'),
      find(hers.clientId, 'bob', 'received'),
      find(hers.id, 'bob'),
      find(hers.id, 'carol'),
    ]);
    assert.equal(own?.message.content.text, 'hers');
    assert.equal(other?.message.content.text, 'his');
    assert.equal(received?.message.content.text, 'hers');
    assert.equal(byId?.message.content.text, 'hers');
    assert.equal(byId?.viewerRole, 'member');
    assert.equal(foreign?.viewerRole, undefined);
  });

  test('an id that very many senders chose leads to what others said in the viewer’s conversations, else to its own', async () => {
    const senders = Array.from({ length: 201 }, (_, n) => `sender${n}`);
    const tenant = await tenantWith('alice', 'bob', 'carol', ...senders);
    const say = async (sender: string, target: MessageTarget, clientId: string) =>
      (await store.appendMessage({ ...newMessage(tenant, sender, target, sender), clientId })).message;
    const crowd = 'crowd';
    await makeGroup(tenant, crowd, [...senders, 'bob']);
    const long = 'an id of more than a few characters';
    for (const clientId of ['1', long]) {
      const saying = senders.map((sender) => say(sender, toGroup(crowd), clientId));
      await Promise.all([...saying, say('alice', toUser('carol'), clientId)]);
    }
    const find = async (
      viewerId: string,
      prefer: 'own' | 'received',
      { ref = '1', conversationId = '' } = {},
    ) => {
      const within = conversationId === '' ? {} : { conversationId };
      const view = await store.findMessage({ tenant, ref, viewerId, prefer, ...within });
      return view && [view.message.content.text, view.isInSight];
    };
    assert.deepEqual(await find('alice', 'own'), ['alice', true]);
    assert.deepEqual(await find('alice', 'received'), ['alice', true]);
    assert.deepEqual(await find('carol', 'received'), ['alice', true]);
    assert.equal((await find('bob', 'received'))?.[1], true);
    assert.equal((await find('sender3', 'received', { conversationId: crowd }))?.[1], true);
    assert.notEqual((await find('sender3', 'received'))?.[0], 'sender3');
    assert.deepEqual(await find('sender3', 'own'), ['sender3', true]);
    assert.deepEqual(await find('alice', 'own', { ref: long }), ['alice', true]);
    assert.equal(await find('carol', 'received', { conversationId: 'none' }), undefined);
    await store.createUser(newUser(tenant, 'dave'));
    for (const ref of ['1', long]) assert.equal(await find('dave', 'received', { ref }), undefined);
  });

  test('history pages go back from the newest, or forward from a sequence', async () => {
    const tenant = await tenantWith('alice', 'bob');
    for (let i = 1; i <= 7; i++) await send(tenant, 'alice', toUser('bob'), `m${i}`);
    const conversationId = singleConversationId('alice', 'bob');
    const seqs = async (query: { before?: number; after?: number }) =>
      (await store.listMessages({ tenant, conversationId, viewerId: 'bob', limit: 3, ...query })).map(
        ({ seq }) => seq,
      );
    assert.deepEqual(await seqs({}), [5, 6, 7]);
    assert.deepEqual(await seqs({ before: 5 }), [2, 3, 4]);
    assert.deepEqual(await seqs({ before: 2 }), [1]);
    assert.deepEqual(await seqs({ after: 1 }), [2, 3, 4]);
  });

  test('messages of a tenant are numbered in the order they were stored, a repeat keeps its number', async () => {
    const tenant = await tenantWith('alice', 'bob', 'carol');
    const elsewhere = await tenantWith('alice', 'bob');
    const message = newMessage(tenant, 'alice', toUser('bob'), 'one');
    const one = await store.appendMessage(message);
    const two = await send(tenant, 'alice', toUser('carol'), 'two');
    await send(elsewhere, 'alice', toUser('bob'), 'elsewhere');
    await store.createUser(newUser(tenant, 'dave'));
    const burst = await Promise.all(
      ['bob', 'carol', 'bob'].map((peer) => send(tenant, 'alice', toUser(peer), `to ${peer}`)),
    );
    const numbers = [one.message, two, ...burst].map(({ number }) => number);
    assert.deepEqual(
      numbers,
      [...new Set(numbers)].sort((a, b) => a - b),
    );
    assert.equal((await store.appendMessage(message)).message.number, one.message.number);
    const look = { tenant, ref: two.id, viewerId: 'carol', prefer: 'received' as const };
    assert.equal((await store.findMessage(look))?.message.number, two.number);
    const [first] = await store.listMessages({
      tenant,
      conversationId: one.message.conversationId,
      viewerId: 'bob',
      after: 0,
      limit: 1,
    });
    assert.equal(first?.number, one.message.number);
  });

  test('prototype names and quotes are ordinary text', async () => {
    const tenant = await tenantWith('__proto__', 'constructor');
    const text = `'"; DROP TABLE message; -- \u0000 😀`;
    const message = await send(tenant, '__proto__', toUser('constructor'), text);
    const [listed] = await store.listMessages({
      tenant,
      conversationId: message.conversationId,
      viewerId: 'constructor',
      limit: 1,
    });
    assert.equal(listed?.content.text, text);
  });
}
