import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Message } from '../../core/model.ts';
import { recall, type StoreFixture, toGroup } from './fixture.ts';

/** How far members are, and what they have still to read. */
export function readingContract({ store, tenantWith, send, makeGroup, acknowledge }: StoreFixture): void {
  /** A group of alice and bob with messages of alice's; bob has them all. */
  async function groupWith(...texts: string[]) {
    const tenant = await tenantWith('alice', 'bob');
    await makeGroup(tenant, 'team', ['alice', 'bob']);
    const sent: Message[] = [];
    for (const text of texts) sent.push(await send(tenant, 'alice', toGroup('team'), text));
    await acknowledge(tenant, 'team', 'bob', { from: 1, to: texts.length });
    const report = { tenant, conversationId: 'team', kind: 'read' as const };
    return {
      tenant,
      sent,
      at: (seq: number) => sent[seq - 1] as Message,
      read: (...seqs: number[]) => {
        const ranges = seqs.map((seq) => ({ from: seq, to: seq }));
        return store.acknowledge({ ...report, entries: [{ userId: 'bob', ranges }] });
      },
      readSeq: async () => (await store.findMember(tenant, 'team', 'bob'))?.readSeq,
      async unread(query: { after?: number; upTo?: number; limit?: number } = {}) {
        const asked = { tenant, conversationId: 'team', userId: 'bob', after: 0, upTo: 99, limit: 99 };
        return (await store.listUnread({ ...asked, ...query })).map(({ seq }) => seq);
      },
    };
  }

  test('what a user hid counts as read, whether it hid it before it read the rest or after', async () => {
    const { tenant, ...group } = await groupWith('1', '2', '3', '4', '5');
    await store.hideMessage(tenant, 'team', 2, 'bob');
    await group.read(1, 3);
    assert.equal(await group.readSeq(), 3);
    await group.read(5);
    await store.hideMessage(tenant, 'team', 4, 'bob');
    assert.equal(await group.readSeq(), 5);
  });

  test('what was recalled or deleted counts as read, whether that was before the rest was read or after', async () => {
    const group = await groupWith('1', '2', '3', '4', '5');
    await store.changeMessage(recall(group.at(2)));
    await group.read(1, 3);
    assert.equal(await group.readSeq(), 3);
    await group.read(5);
    await store.changeMessage({ ...recall(group.at(4)), state: 'deleted' });
    assert.equal(await group.readSeq(), 5);
    const [member] = (await store.listMembers(group.tenant, 'team', { limit: 9 })).slice(1);
    assert.equal(member?.readSeq, 5);
  });

  test('gaps that nobody can read are not kept: what lies above them stays read', async () => {
    const group = await groupWith(...Array.from({ length: 600 }, (_, index) => `${index}`));
    for (let seq = 1; seq <= 600; seq += 2) {
      await store.changeMessage(recall(group.at(seq)));
      await group.read(seq + 1);
    }
    assert.deepEqual((await group.read(2, 4, 300, 600)).fresh, [[]]);
    assert.equal(await group.readSeq(), 600);
  });

  test('what is unread is of others, can be seen and read, and comes in order and in pages', async () => {
    const { tenant, ...group } = await groupWith('1', '2', '3', '4', '5', '6');
    await send(tenant, 'bob', toGroup('team'), 'own');
    await store.hideMessage(tenant, 'team', 2, 'bob');
    await store.changeMessage(recall(group.at(3)));
    await group.read(5);
    assert.deepEqual(await group.unread(), [1, 4, 6]);
    assert.deepEqual(await group.unread({ limit: 2 }), [1, 4]);
    assert.deepEqual(await group.unread({ after: 1, upTo: 4 }), [4]);
    await store.removeMember({ tenant, conversationId: 'team', userId: 'bob' });
    assert.deepEqual(await group.unread(), []);
  });

  test('what is out of sight is not unread, and a member is as far as what it may see goes', async () => {
    const { tenant, ...group } = await groupWith('1');
    await group.read(1);
    const bob = { tenant, conversationId: 'team', userId: 'bob' };
    await store.removeMember(bob);
    await send(tenant, 'alice', toGroup('team'), '2');
    const members = [{ userId: 'bob', role: 'member' as const }];
    await store.addMembers({ tenant, conversationId: 'team', members, maxMembers: 9, at: 9 });
    assert.deepEqual([await group.readSeq(), await group.unread()], [1, [2]]);
    await store.updateGroup(tenant, 'team', { history: 'since_join' });
    assert.deepEqual([await group.readSeq(), await group.unread()], [2, []]);
    await send(tenant, 'alice', toGroup('team'), '3');
    assert.deepEqual([await group.readSeq(), await group.unread()], [2, [3]]);
    await group.read(3);
    assert.equal(await group.readSeq(), 3);
  });
}
