import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MessageChange } from '../../../core/ports/store.ts';
import { membershipsOf, newMessage, toGroup, toUser } from '../fixture.ts';
import { RACES, type RaceFixture, upTo } from './fixture.ts';

/** Groups, rooms and their messages, changed by two nodes at once. */
export function conversationRaces(fixture: RaceFixture): void {
  const { one, other, turn, tenantWith, makeGroup, acknowledge, outcomes, history } = fixture;

  test('a group that both its owners leave at once keeps an owner', async () => {
    for (let race = 0; race < RACES; race++) {
      const tenant = await tenantWith('alice', 'bob', 'carol', 'dave');
      const members = ['alice', 'bob', 'carol', 'dave'].map((userId, n) => ({
        userId,
        role: n < 2 ? ('owner' as const) : ('member' as const),
      }));
      await one.createGroup({ tenant, id: 'team', name: 'Team', members, createdAt: 1 });
      const by = (userId: string) => ({ userId, isManager: false });
      const leave = (n: number, userId: string) =>
        turn(n).removeMember({ tenant, conversationId: 'team', userId, by: by(userId) });
      const { refused } = await outcomes<unknown>([
        leave(0, 'alice'),
        race % 3 === 0 ? other.deleteUser(tenant, 'bob', 5) : leave(1, 'bob'),
      ]);
      assert.deepEqual(refused, []);
      const left = await one.listMembers(tenant, 'team', { limit: 10 });
      assert.deepEqual(left.map(({ role }) => role).sort(), ['member', 'owner']);
      assert.equal((await one.findConversation(tenant, 'team'))?.memberCount, 2);
    }
  });

  test('of edits and a recall of one message each takes its revision, and none follows the recall', async () => {
    for (let race = 0; race < RACES; race++) {
      const tenant = await tenantWith('alice', 'bob');
      const { message } = await one.appendMessage(newMessage(tenant, 'alice', toUser('bob'), 'x'));
      const { conversationId, seq } = message;
      const change = (n: number): Promise<{ message: { revision: number; state: string } }> => {
        const at = { tenant, conversationId, seq, actorId: 'alice', reason: '', at: n };
        const changed: MessageChange =
          n % 5 === 0
            ? { ...at, state: 'recalled', content: null }
            : { ...at, state: 'edited', content: { type: 'text', text: `${n}`, extra: null } };
        return turn(n).changeMessage(changed);
      };
      const { done, refused } = await outcomes(upTo(10).map(change));
      const made = done.map((each) => each.message).sort((a, b) => a.revision - b.revision);
      assert.deepEqual(
        made.map(({ revision }) => revision),
        upTo(made.length),
      );
      assert.deepEqual(
        made.map(({ state }) => state),
        [...made.slice(1).map(() => 'edited'), 'recalled'],
      );
      assert.deepEqual(new Set(refused), new Set(['ECONFLICT']));
    }
  });

  test('read positions that both move are kept together', async () => {
    const tenant = await tenantWith('alice', 'bob');
    const sent = upTo(60).map((n) => one.appendMessage(newMessage(tenant, 'alice', toUser('bob'), `${n}`)));
    const [first] = await Promise.all(sent);
    const { conversationId = '' } = first?.message ?? {};
    const read = upTo(60).map((seq) =>
      turn(seq).acknowledge({
        ...{ tenant, conversationId, kind: 'read' },
        entries: [{ userId: 'bob', ranges: [{ from: seq, to: seq }] }],
      }),
    );
    assert.ok((await Promise.all(read)).every(({ fresh }) => fresh[0]?.length === 1));
    const member = await other.findMember(tenant, conversationId, 'bob');
    assert.deepEqual([member?.deliveredSeq, member?.readSeq], [60, 60]);
  });

  test('acknowledgements and messages of two nodes lose none of each other', async () => {
    const tenant = await tenantWith('alice', 'bob');
    await makeGroup(tenant, 'team', ['alice', 'bob']);
    await one.appendMessage(newMessage(tenant, 'alice', toGroup('team'), '0'));
    const work = upTo(60).map(async (n) => {
      const { message } = await turn(n).appendMessage(
        newMessage(tenant, n % 3 === 0 ? 'bob' : 'alice', toGroup('team'), `${n}`),
      );
      const range = { from: message.seq, to: message.seq };
      await turn(n + 1).acknowledge({
        ...{ tenant, conversationId: 'team', kind: 'delivered' },
        entries: ['alice', 'bob'].map((userId) => ({ userId, ranges: [range] })),
      });
    });
    await Promise.all([...work, acknowledge(tenant, 'team', 'bob', { from: 1, to: 1 })]);
    assert.deepEqual(await history(tenant, 'team'), upTo(61));
    for (const userId of ['alice', 'bob']) {
      assert.equal((await one.findMember(tenant, 'team', userId))?.deliveredSeq, 61);
    }
  });

  test('a position that moves while its member goes is there when it comes again', async () => {
    for (let race = 0; race < RACES; race++) {
      const tenant = await tenantWith('alice', 'bob');
      await makeGroup(tenant, 'team', ['alice', 'bob']);
      for (const n of upTo(4)) await one.appendMessage(newMessage(tenant, 'alice', toGroup('team'), `${n}`));
      await Promise.all([
        ...upTo(4).map((seq) =>
          one.acknowledge({
            ...{ tenant, conversationId: 'team', kind: 'delivered' },
            entries: [{ userId: 'bob', ranges: [{ from: seq, to: seq }] }],
          }),
        ),
        other.removeMember({ tenant, conversationId: 'team', userId: 'bob' }),
      ]);
      const members = [{ userId: 'bob', role: 'member' as const }];
      await one.addMembers({ tenant, conversationId: 'team', members, maxMembers: 9, at: 1 });
      assert.equal((await one.findMember(tenant, 'team', 'bob'))?.deliveredSeq, 4);
    }
  });

  test('a message that both hide and pin at once is hidden once, and pinned or not as the last one said', async () => {
    for (let race = 0; race < RACES; race++) {
      const tenant = await tenantWith('alice', 'bob');
      const { message } = await one.appendMessage(newMessage(tenant, 'alice', toUser('bob'), 'x'));
      const { conversationId, seq } = message;
      const hide = (n: number) => turn(n).hideMessage(tenant, conversationId, seq, 'bob');
      const pin = { tenant, conversationId, seq, userId: 'alice', scope: 'everyone' as const, at: 1 };
      const [hidden, pinned, unpinned] = await Promise.all([
        Promise.all([hide(0), hide(1)]),
        Promise.all([one.pinMessage(pin), other.pinMessage(pin)]),
        one.unpinMessage(pin),
      ]);
      assert.deepEqual(hidden.sort(), [false, true]);
      assert.equal((await one.findMember(tenant, conversationId, 'bob'))?.readSeq, 1);
      const pins = await one.listPins({ tenant, userId: 'alice' });
      const changes = pinned.filter(({ isNew }) => isNew).length - Number(unpinned.isNew);
      assert.equal(pins.length, changes);
    }
  });

  test('of those who enter and leave a room at once those are in it who are counted', async () => {
    const ids = upTo(6).map((n) => `u${n}`);
    for (let race = 0; race < RACES; race++) {
      const tenant = await tenantWith('alice', ...ids);
      const room = { name: 'Hall', description: '', isOpen: true, owner: null, createdAt: 1 };
      await one.createRoom({ tenant, id: 'hall', ...room });
      const moves = ids.flatMap((userId, n): Promise<unknown>[] => {
        const enter = (store = turn(n)) => store.enterRoom({ tenant, roomId: 'hall', userId, at: 1 });
        return [enter(), turn(n + 1).leaveRoom(tenant, 'hall', userId), enter(turn(n + 1))];
      });
      const isDeleted = race % 3 === 0;
      const deletion = isDeleted ? [other.deleteRoom(tenant, 'hall')] : [];
      const { refused } = await outcomes<unknown>([...moves, ...deletion]);
      assert.ok(refused.every((code) => isDeleted && code === 'ENOENT'));
      const members = await one.listMembers(tenant, 'hall', { limit: 10 });
      const counted = (await one.findConversation(tenant, 'hall'))?.memberCount ?? 0;
      assert.equal(members.length, counted);
      if (isDeleted) for (const id of ids) assert.deepEqual(await membershipsOf(one, tenant, id), []);
    }
  });

  test('what guests said is removed once, and its gap is one', async () => {
    const tenant = await tenantWith('alice');
    const room = { name: 'Hall', description: '', isOpen: true, owner: null, createdAt: 1 };
    await one.createRoom({ tenant, id: 'hall', ...room, history: 'all' });
    await one.enterRoom({ tenant, roomId: 'hall', userId: 'alice', at: 1 });
    const guest = { name: 'Guest', nickname: 'Guest', avatar: '', number: '1' };
    for (const n of upTo(40)) {
      const message = newMessage(tenant, 'guest:g', toGroup('hall'), `${n}`);
      await one.appendMessage({ ...message, createdAt: n - 100, guest });
    }
    const purge = (n: number) => turn(n).purgeGuestMessages({ before: 0, at: 9, limit: 7 });
    const removed = await Promise.all(upTo(8).map(purge));
    let rest = 0;
    for (let last = 7; last > 0; rest += last) last = await purge(0);
    assert.equal(
      removed.reduce((sum, each) => sum + each, rest),
      40,
    );
    assert.deepEqual(await history(tenant, 'hall'), []);
    const { gone } = await one.listPending({ tenant, userId: 'alice', limit: 10 });
    assert.deepEqual(
      gone?.map(({ ranges }) => ranges),
      [[{ from: 1, to: 40 }]],
    );
  });
}
