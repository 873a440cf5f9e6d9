import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Message } from '../../core/model.ts';
import type { PendingCursor } from '../../core/ports/store.ts';
import { recall, type StoreFixture, toGroup, toUser } from './fixture.ts';

/** What a user was not delivered, and how it comes to be. */
export function pendingContract({
  store,
  tenantWith,
  send,
  makeGroup,
  pending,
  pendingTexts,
  acknowledge,
}: StoreFixture): void {
  test('what a user did not acknowledge is pending, its own messages never', async () => {
    const tenant = await tenantWith('alice', 'bob');
    await makeGroup(tenant, 'team', ['alice', 'bob']);
    for (let i = 1; i <= 5; i++) await send(tenant, i === 2 ? 'bob' : 'alice', toGroup('team'), `m${i}`);
    await send(tenant, 'alice', toUser('bob'), 'direct');
    assert.deepEqual(await pendingTexts({ tenant, userId: 'bob' }), ['m1', 'm3', 'm4', 'm5', 'direct']);
    const { fresh } = await acknowledge(tenant, 'team', 'bob', { from: 3, to: 4 });
    assert.deepEqual(fresh, [[{ from: 3, to: 4 }]]);
    assert.deepEqual(await pendingTexts({ tenant, userId: 'bob' }), ['m1', 'm5', 'direct']);
    const again = await acknowledge(tenant, 'team', 'bob', { from: 1, to: 4 });
    assert.deepEqual(again.fresh, [[{ from: 1, to: 1 }]]);
    assert.equal((await store.findMember(tenant, 'team', 'bob'))?.deliveredSeq, 4);
    assert.deepEqual(await pendingTexts({ tenant, userId: 'alice' }), ['m2']);
  });

  test('nobody can acknowledge what was not sent, or for a conversation of others', async () => {
    const tenant = await tenantWith('alice', 'bob', 'carol');
    const { conversationId } = await send(tenant, 'alice', toUser('bob'), 'one');
    const { fresh } = await acknowledge(tenant, conversationId, 'bob', { from: 1, to: 1000 });
    assert.deepEqual(fresh, [[{ from: 1, to: 1 }]]);
    assert.deepEqual((await acknowledge(tenant, conversationId, 'carol', { from: 1, to: 1 })).fresh, [[]]);
    assert.deepEqual((await acknowledge(tenant, 'nowhere', 'bob', { from: 1, to: 1 })).fresh, [[]]);
    await send(tenant, 'alice', toUser('bob'), 'two');
    assert.deepEqual(await pendingTexts({ tenant, userId: 'bob' }), ['two']);
  });

  test('above the members that are told of receipts, positions are kept and nothing is answered', async () => {
    const tenant = await tenantWith('alice', 'bob');
    await makeGroup(tenant, 'team', ['alice', 'bob']);
    await send(tenant, 'alice', toGroup('team'), 'one');
    const entries = [{ userId: 'bob', ranges: [{ from: 1, to: 1 }] }];
    const report = { tenant, conversationId: 'team', kind: 'delivered' as const, entries };
    assert.deepEqual((await store.acknowledge({ ...report, maxMembers: 1 })).fresh, []);
    assert.deepEqual(await pendingTexts({ tenant, userId: 'bob' }), []);
    assert.deepEqual((await store.acknowledge({ ...report, maxMembers: 2 })).fresh, [[]]);
  });

  test('above these members what many got alike counts for each as if it were told of each by itself', async () => {
    const users = ['alice', ...Array.from({ length: 12 }, (_, i) => `u${i}`)];
    const tenant = await tenantWith(...users, 'stranger');
    await makeGroup(tenant, 'team', users);
    for (const text of ['1', '2', '3', '4', '5', '6']) await send(tenant, 'alice', toGroup('team'), text);
    const [some, gap, ahead, all] = ['u1', 'u2', 'u3', 'u4'] as const;
    await acknowledge(tenant, 'team', some, { from: 1, to: 3 });
    await acknowledge(tenant, 'team', gap, { from: 1, to: 1 }, { from: 5, to: 5 });
    await acknowledge(tenant, 'team', ahead, { from: 6, to: 6 });
    await acknowledge(tenant, 'team', all, { from: 1, to: 6 });
    const report = async (from: number, to: number, kind: 'delivered' | 'read' = 'delivered') => {
      const [ranges, revisions] = [[{ from, to }], []];
      const entries = [...users.slice(1), 'stranger'].map((userId) => ({ userId, ranges, revisions }));
      await store.acknowledge({
        tenant,
        conversationId: 'team',
        kind,
        entries,
        maxMembers: users.length - 1,
      });
    };
    const left = async () =>
      Object.fromEntries(
        await Promise.all(
          users
            .slice(1, 7)
            .map(async (userId) => [userId, (await pendingTexts({ tenant, userId })).join('')]),
        ),
      );
    // Both are in one commit.
    await Promise.all([acknowledge(tenant, 'team', 'u5', { from: 1, to: 2 }), report(3, 4)]);
    assert.deepEqual(await left(), { u0: '1256', u1: '56', u2: '26', u3: '125', u4: '', u5: '56' });
    await report(1, 2);
    assert.deepEqual(await left(), { u0: '56', u1: '56', u2: '6', u3: '5', u4: '', u5: '56' });
    // A message that was not sent is nobody's.
    await report(5, 1000);
    assert.deepEqual(await left(), { u0: '', u1: '', u2: '', u3: '', u4: '', u5: '' });
    await send(tenant, 'alice', toGroup('team'), '7');
    assert.deepEqual(await left(), { u0: '7', u1: '7', u2: '7', u3: '7', u4: '7', u5: '7' });
    await report(7, 7, 'read');
    assert.deepEqual(await left(), { u0: '', u1: '', u2: '', u3: '', u4: '', u5: '' });
    assert.equal(await store.findMember(tenant, 'team', 'stranger'), undefined);
  });

  test('reading implies delivery', async () => {
    const tenant = await tenantWith('alice', 'bob');
    const { conversationId } = await send(tenant, 'alice', toUser('bob'), 'one');
    const entries = [{ userId: 'bob', ranges: [{ from: 1, to: 1 }] }];
    const { fresh } = await store.acknowledge({ tenant, conversationId, kind: 'read', entries });
    assert.deepEqual(fresh, [[{ from: 1, to: 1 }]]);
    assert.deepEqual(await pendingTexts({ tenant, userId: 'bob' }), []);
    const member = await store.findMember(tenant, conversationId, 'bob');
    assert.deepEqual([member?.deliveredSeq, member?.readSeq], [1, 1]);
  });

  test('a new member has nothing pending of what was said before', async () => {
    const tenant = await tenantWith('alice', 'bob');
    await makeGroup(tenant, 'team', ['alice']);
    await send(tenant, 'alice', toGroup('team'), 'before');
    const members = [{ userId: 'bob', role: 'member' as const }];
    await store.addMembers({ tenant, conversationId: 'team', members, maxMembers: 9, at: 9 });
    await send(tenant, 'alice', toGroup('team'), 'after');
    assert.deepEqual(await pendingTexts({ tenant, userId: 'bob' }), ['after']);
  });

  test('in the order of time the oldest of all conversations comes first, page by page, without what was acknowledged', async () => {
    const tenant = await tenantWith('alice', 'bob', 'carol');
    await makeGroup(tenant, 'team', ['alice', 'bob', 'carol']);
    const sent: Message[] = [];
    for (let i = 0; i < 23; i++) {
      const sender = i % 2 === 0 ? 'alice' : 'carol';
      const target = i % 3 === 0 ? toGroup('team') : toUser('bob');
      sent.push(await send(tenant, sender, target, `m${i}`));
    }
    await send(tenant, 'bob', toGroup('team'), "bob's own");
    const query = { tenant, userId: 'bob', order: 'time' as const };
    const all = sent.map(({ content }) => content.text);
    for (const limit of [1, 2, 7, 100]) {
      assert.deepEqual(
        (await pending(query, limit)).map(({ content }) => content.text),
        all,
      );
    }
    const acknowledged = new Set([0, 4, 5, 11, 22]);
    for (const index of acknowledged) {
      const { conversationId, seq } = sent[index] as Message;
      await acknowledge(tenant, conversationId, 'bob', { from: seq, to: seq });
    }
    for (const limit of [1, 3, 100]) {
      assert.deepEqual(
        (await pending(query, limit)).map(({ content }) => content.text),
        all.filter((_, index) => !acknowledged.has(index)),
      );
    }
    const hidden = sent[1] as Message;
    await store.hideMessage(tenant, hidden.conversationId, hidden.seq, 'bob');
    assert.ok(!(await pending(query)).some(({ id }) => id === hidden.id));
  });

  test('in the order of time changes to what the user had come first, then what it had not, as that is now', async () => {
    const tenant = await tenantWith('alice', 'bob', 'carol');
    const old = await send(tenant, 'carol', toUser('bob'), 'old');
    const had = await send(tenant, 'alice', toUser('bob'), 'had');
    const missed = await send(tenant, 'alice', toUser('bob'), 'missed');
    await acknowledge(tenant, had.conversationId, 'bob', { from: 1, to: 1 });
    await store.changeMessage(recall(missed));
    await store.changeMessage(recall(had));
    const query = { tenant, userId: 'bob', order: 'time' as const };
    for (const limit of [1, 2, 9]) {
      assert.deepEqual(
        (await pending(query, limit)).map(({ id, state }) => [id, state]),
        [
          [had.id, 'recalled'],
          [old.id, 'normal'],
          [missed.id, 'recalled'],
        ],
      );
    }
  });

  test('in the order of time what is acknowledged between two pages is told all the same, as it is now', async () => {
    const tenant = await tenantWith('alice', 'bob');
    const message = await send(tenant, 'alice', toUser('bob'), 'old');
    await store.changeMessage(recall(message));
    const query = { tenant, userId: 'bob', order: 'time' as const, limit: 9 };
    const { next } = await store.listPending(query);
    await acknowledge(tenant, message.conversationId, 'bob', { from: 1, to: 1 });
    const { messages } = await store.listPending({ ...query, cursor: next as PendingCursor });
    assert.deepEqual(
      messages.map(({ id, state }) => [id, state]),
      [[message.id, 'recalled']],
    );
  });
}
