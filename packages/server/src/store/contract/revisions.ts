import assert from 'node:assert/strict';
import { test } from 'node:test';
import { singleConversationId } from '../../core/conversations.ts';
import type { Message } from '../../core/model.ts';
import type { PendingCursor } from '../../core/ports/store.ts';
import { recall, type StoreFixture, toUser } from './fixture.ts';

/** Which changes a user does not know of. */
export function revisionsContract({
  store,
  tenantWith,
  send,
  pendingTexts,
  acknowledge,
}: StoreFixture): void {
  test('changes to messages a user already had are pending until it knows the revision', async () => {
    const tenant = await tenantWith('alice', 'bob');
    const sent: Message[] = [];
    for (const text of ['one', 'two', 'three']) sent.push(await send(tenant, 'alice', toUser('bob'), text));
    const [one, , three] = sent as [Message, Message, Message];
    const { conversationId } = one;
    await acknowledge(tenant, conversationId, 'bob', { from: 1, to: 2 });
    await store.changeMessage(recall(three));
    await store.changeMessage(recall(one));
    const query = { tenant, userId: 'bob', limit: 9 };
    const page = await store.listPending(query);
    assert.deepEqual(
      page.messages.map(({ seq, state }) => [seq, state]),
      [
        [1, 'recalled'],
        [3, 'recalled'],
      ],
    );
    assert.deepEqual(page.changedIds, [one.id]);
    assert.deepEqual(page.revisions, []);
    const known = { tenant, conversationId, kind: 'delivered' as const };
    await store.acknowledge({
      ...known,
      entries: [{ userId: 'bob', ranges: [{ from: 3, to: 3 }], revisions: [{ from: 2, to: 2 }] }],
    });
    assert.deepEqual(await pendingTexts({ tenant, userId: 'bob' }), ['recalled'], 'revision 1 is missing');
    await store.acknowledge({
      ...known,
      entries: [{ userId: 'bob', ranges: [], revisions: [{ from: 1, to: 2 }] }],
    });
    assert.deepEqual(await pendingTexts({ tenant, userId: 'bob' }), []);
  });

  test('a change is known to who made it, before others that it does not know yet and after them', async () => {
    const tenant = await tenantWith('alice', 'bob');
    const one = await send(tenant, 'alice', toUser('bob'), 'one');
    const two = await send(tenant, 'bob', toUser('alice'), 'two');
    const three = await send(tenant, 'alice', toUser('bob'), 'three');
    const { conversationId } = one;
    await acknowledge(tenant, conversationId, 'alice', { from: 2, to: 2 });
    await acknowledge(tenant, conversationId, 'bob', { from: 1, to: 3 });
    const pendingSeqs = async (userId: string) =>
      (await store.listPending({ tenant, userId, limit: 9 })).messages.map(({ seq }) => seq);
    await store.changeMessage(recall(one));
    assert.deepEqual([await pendingSeqs('alice'), await pendingSeqs('bob')], [[], [1]]);
    await store.changeMessage(recall(two));
    await store.changeMessage(recall(three));
    assert.deepEqual([await pendingSeqs('alice'), await pendingSeqs('bob')], [[2], [1, 3]]);
    const [page, late] = await Promise.all(
      [undefined, 0].map((sinceSeq) =>
        store.listPending({
          tenant,
          userId: 'alice',
          limit: 9,
          conversationId,
          ...(sinceSeq === undefined ? {} : { sinceSeq }),
        }),
      ),
    );
    assert.deepEqual(page?.revisions, []);
    assert.equal(late?.messages.length, 3, 'a device with a position of its own gets all');
  });

  test('a page that is just full is the last', async () => {
    const tenant = await tenantWith('alice', 'bob');
    const one = await send(tenant, 'alice', toUser('bob'), 'one');
    const two = await send(tenant, 'alice', toUser('bob'), 'two');
    await acknowledge(tenant, one.conversationId, 'bob', { from: 1, to: 2 });
    await store.changeMessage(recall(one));
    await store.changeMessage(recall(two));
    const changed = await store.listPending({ tenant, userId: 'bob', limit: 2 });
    assert.equal(changed.next, undefined);
    await send(tenant, 'alice', toUser('bob'), 'three');
    const full = await store.listPending({ tenant, userId: 'bob', limit: 3 });
    assert.deepEqual([full.messages.length, full.next], [3, undefined]);
    const first = await store.listPending({ tenant, userId: 'bob', limit: 2 });
    assert.equal(first.messages.length, 2);
    assert.ok(first.next);
    const last = await store.listPending({ tenant, userId: 'bob', limit: 2, cursor: first.next });
    assert.deepEqual([last.messages.length, last.next], [1, undefined]);
  });

  test('revisions that no message bears any more come with the page that passes them', async () => {
    const tenant = await tenantWith('alice', 'bob');
    const [one, two, hidden] = [
      await send(tenant, 'alice', toUser('bob'), 'one'),
      await send(tenant, 'alice', toUser('bob'), 'two'),
      await send(tenant, 'alice', toUser('bob'), 'hidden'),
    ];
    const { conversationId } = one;
    await acknowledge(tenant, conversationId, 'bob', { from: 1, to: 3 });
    await store.hideMessage(tenant, conversationId, hidden.seq, 'bob');
    // Revisions 1 to 5: two is edited and recalled, and so is one; what is hidden is recalled in between.
    await store.changeMessage({ ...recall(two), state: 'edited', content: two.content });
    await store.changeMessage({ ...recall(one), state: 'edited', content: one.content });
    await store.changeMessage(recall(two));
    await store.changeMessage(recall(hidden));
    await store.changeMessage(recall(one));
    const query = { tenant, userId: 'bob', limit: 9 };
    const whole = await store.listPending(query);
    assert.deepEqual(
      whole.messages.map(({ seq, revision }) => [seq, revision]),
      [
        [2, 3],
        [1, 5],
      ],
    );
    assert.deepEqual(whole.revisions, [
      {
        conversationId,
        ranges: [
          { from: 1, to: 2 },
          { from: 4, to: 4 },
        ],
      },
    ]);
    const first = await store.listPending({ ...query, limit: 1 });
    assert.deepEqual(first.revisions, [{ conversationId, ranges: [{ from: 1, to: 2 }] }]);
    const last = await store.listPending({ ...query, limit: 1, cursor: first.next as PendingCursor });
    assert.deepEqual(last.revisions, [{ conversationId, ranges: [{ from: 4, to: 4 }] }]);
    const revisions = [3, 5].map((revision) => ({ from: revision, to: revision }));
    await store.acknowledge({
      tenant,
      conversationId,
      kind: 'delivered',
      maxMembers: 9,
      entries: [{ userId: 'bob', ranges: [], revisions }],
    });
    const rest = await store.listPending(query);
    assert.deepEqual([rest.messages, rest.revisions], [[], whole.revisions]);
  });

  test('what was told on an earlier page and changed since is told anew', async () => {
    const tenant = await tenantWith('alice', 'bob');
    const one = await send(tenant, 'alice', toUser('bob'), 'one');
    await send(tenant, 'alice', toUser('bob'), 'two');
    const query = { tenant, userId: 'bob', limit: 1 };
    const { next } = await store.listPending(query);
    assert.ok(next);
    await store.changeMessage(recall(one));
    const page = await store.listPending({ ...query, limit: 9, cursor: next });
    assert.deepEqual(
      page.messages.map(({ seq, state }) => [seq, state]),
      [
        [1, 'recalled'],
        [2, 'normal'],
      ],
    );
  });

  test('a client with a position of its own gets all that is newer, its own messages too', async () => {
    const tenant = await tenantWith('alice', 'bob');
    for (let i = 1; i <= 5; i++)
      await send(tenant, i % 2 ? 'alice' : 'bob', toUser(i % 2 ? 'bob' : 'alice'), `m${i}`);
    const conversationId = singleConversationId('alice', 'bob');
    await acknowledge(tenant, conversationId, 'bob', { from: 1, to: 5 });
    const query = { tenant, userId: 'bob', conversationId };
    assert.deepEqual(await pendingTexts({ ...query, sinceSeq: 2 }), ['m3', 'm4', 'm5']);
    assert.deepEqual(await pendingTexts({ ...query, sinceSeq: 5 }), []);
    const [second] = await store.listMessages({
      tenant,
      conversationId,
      viewerId: 'bob',
      limit: 1,
      before: 3,
    });
    const { revision } = (await store.changeMessage(recall(second as Message))).message;
    const revisions = [{ from: 1, to: revision }];
    await store.acknowledge({
      tenant,
      conversationId,
      kind: 'delivered',
      entries: [{ userId: 'bob', ranges: [], revisions }],
    });
    assert.deepEqual(await pendingTexts({ ...query, sinceSeq: 4 }), ['recalled', 'm5']);
    assert.deepEqual(await pendingTexts(query), []);
    await assert.rejects(store.listPending({ ...query, conversationId: 'nowhere', limit: 1 }), {
      code: 'ENOENT',
    });
  });
}
