import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogEntry } from '../../core/log/log-entry.ts';
import type { OutboxEntry } from '../../core/ports/event-store.ts';
import type { LogRecord } from '../../core/ports/log-store.ts';
import { newMessage, newUser, recall, type StoreFixture, toGroup, toUser } from './fixture.ts';

/** What operations leave in the change log, and how it becomes deliveries. */
export function changeLogContract({ store, tenantWith, send }: StoreFixture): void {
  /** Takes everything out of the log. */
  async function taken(): Promise<LogRecord[]> {
    const records: LogRecord[] = [];
    for (;;) {
      const some = await store.listLog(2);
      if (some.length === 0) return records;
      records.push(...some);
      await store.feedOutbox(
        some.map((record) => ({ ...record, deliveries: [] })),
        10,
      );
    }
  }

  /** The entries of what is done meanwhile. */
  async function logged(work: () => Promise<unknown>): Promise<LogEntry[]> {
    await store.keepLog(true);
    await work();
    await store.keepLog(false);
    return (await taken()).flatMap(({ entries }) => entries);
  }

  const typesOf = (entries: readonly LogEntry[]) => entries.map(({ type }) => type);

  test('where nobody reads the log nothing is in it', async () => {
    const tenant = await tenantWith('alice', 'bob');
    await send(tenant, 'alice', toUser('bob'), 'not logged');
    assert.deepEqual(await store.listLog(1), []);
  });

  test('what becomes of a message is logged as it was then, and no repeat or refusal', async () => {
    const tenant = await tenantWith('alice', 'bob');
    const message = newMessage(tenant, 'alice', toUser('bob'), 'hello');
    const telling = { place: ['a topic'], originSession: 'session' };
    const entries = await logged(async () => {
      const { message: sent } = await store.appendMessage(message);
      await store.appendMessage(message);
      const pin = { tenant, conversationId: sent.conversationId, seq: 1, userId: 'bob', at: 6 } as const;
      await store.pinMessage({ ...pin, scope: 'everyone' }, { ...telling, message: sent });
      await store.pinMessage({ ...pin, scope: 'everyone' }, { ...telling, message: sent });
      await store.hideMessage(tenant, sent.conversationId, 1, 'bob', { message: sent, at: 7 });
      await store.changeMessage({ ...recall(sent), telling });
      await assert.rejects(store.changeMessage({ ...recall(sent), telling }), { code: 'ECONFLICT' });
    });
    assert.deepEqual(typesOf(entries), [
      'message-appended',
      'message-pinned',
      'message-hidden',
      'message-changed',
    ]);
    const [appended, , , changed] = entries;
    assert.ok(appended?.type === 'message-appended' && changed?.type === 'message-changed');
    assert.deepEqual([appended.message.content.text, changed.message.content.text], ['hello', '']);
    assert.deepEqual([changed.place, changed.originSession], [telling.place, 'session']);
  });

  test('what becomes of groups and their members is logged with who did it', async () => {
    const tenant = await tenantWith('alice', 'bob', 'carol');
    const of = { tenant, conversationId: 'team' };
    const by = { userId: 'alice', isManager: false };
    const entries = await logged(async () => {
      const members = [{ userId: 'alice', role: 'owner' as const }];
      await store.createGroup({ tenant, id: 'team', name: 'Team', members, createdAt: 1, actorId: 'admin' });
      await store.updateGroup(tenant, 'team', { name: 'A team' }, by);
      const more = [members[0], ...['bob', 'carol'].map((userId) => ({ userId, role: 'member' as const }))];
      await store.addMembers({
        ...of,
        members: more.filter((it) => it !== undefined),
        maxMembers: 9,
        at: 2,
        by,
      });
      await store.setMemberRole({ ...of, userId: 'bob', role: 'admin', by });
      await store.handOverGroup({ ...of, userId: 'bob', by });
      await store.removeMember({ ...of, userId: 'carol', by: { userId: 'carol', isManager: false } });
      await store.deleteUser(tenant, 'alice', 3, 'admin');
      await store.deleteGroup(tenant, 'team', 4, { userId: 'bob', isManager: false });
    });
    assert.deepEqual(typesOf(entries), [
      'group-created',
      'conversation-changed',
      'members-added',
      'roles-changed',
      'roles-changed',
      'member-removed',
      'user-deleted',
      'group-dissolved',
    ]);
    const [created, , added] = entries;
    assert.ok(created?.type === 'group-created' && added?.type === 'members-added');
    assert.equal(created.actorId, 'admin');
    assert.deepEqual([added.actorId, added.members.map(({ userId }) => userId)], ['alice', ['bob', 'carol']]);
  });

  test('of users, settings and the desk what other systems learn is logged, and nothing of rooms', async () => {
    const tenant = await tenantWith('alice', 'agent');
    const act = { tenant, id: `${tenant}-act`, actorId: 'admin', reason: 'why not', at: 1 };
    const entries = await logged(async () => {
      await store.updateUser(tenant, 'alice', { nickname: 'Al', role: 'agent' });
      const permission = { userId: 'alice', permission: 'read_only' as const };
      await store.changeChatPermission({ ...act, ...permission });
      await store.createRoom({
        tenant,
        id: 'lobby',
        name: 'Lobby',
        description: '',
        isOpen: true,
        owner: null,
        createdAt: 1,
      });
      await store.enterRoom({ tenant, roomId: 'lobby', userId: 'agent', at: 2 });
      await store.deleteRoom(tenant, 'lobby', 'admin');
      const desk = { kind: 'desk', newId: `${tenant}-matter`, skill: '' } as const;
      await store.appendMessage(newMessage(tenant, 'agent', desk, 'help'));
      const closing = { tenant, sessionId: desk.newId, actorId: 'agent', isManager: false, at: 9 };
      await store.closeService(closing);
    });
    assert.deepEqual(typesOf(entries), [
      'user-changed',
      'permission-changed',
      'message-appended',
      'service-changed',
    ]);
  });

  test('what many do at once is logged in the order of each conversation, in records of a bounded size', async () => {
    const tenant = await tenantWith('alice', 'bob');
    await store.createUser(newUser(tenant, 'carol'));
    await store.keepLog(true);
    const text = 'x'.repeat(2000);
    await Promise.all(
      Array.from({ length: 150 }, (_, n) => send(tenant, 'alice', toUser('bob'), `${n} ${text}`)),
    );
    await store.keepLog(false);
    const records = await taken();
    assert.ok(records.length > 1);
    const told = records.flatMap(({ entries }) => entries);
    const seqs = told.map((entry) => (entry.type === 'message-appended' ? entry.message.seq : 0));
    assert.deepEqual(
      seqs,
      seqs.map((_, index) => index + 1),
    );
    const ofWriters = Map.groupBy(records, ({ writer }) => writer);
    for (const own of ofWriters.values()) {
      const numbers = own.map(({ n }) => n);
      assert.deepEqual(
        numbers,
        numbers.map((_, index) => (numbers[0] ?? 0) + index),
      );
    }
  });

  test('a record becomes deliveries once, with its removal', async () => {
    const tenant = await tenantWith('alice', 'bob');
    await store.keepLog(true);
    await send(tenant, 'alice', toUser('bob'), 'logged');
    await store.keepLog(false);
    const [record] = await store.listLog(10);
    assert.ok(record);
    const target = `${tenant}-hook`;
    const delivery: OutboxEntry = { tenant, target, eventId: 'a', eventType: 'x', body: '{}', at: 5 };
    const fed = { ...record, deliveries: [delivery, { ...delivery, eventId: 'b' }] };
    assert.equal(await store.feedOutbox([fed], 1), 1, 'one has no room');
    assert.equal(await store.feedOutbox([fed], 10), 0);
    assert.deepEqual(await store.listLog(10), []);
    const due = await store.claimDeliveries({ target, now: 5, until: 9, limit: 10, inOrder: false });
    assert.deepEqual(
      due.map(({ eventId }) => eventId),
      ['a'],
    );
  });

  test('a message of a group is logged as one entry, however many members there are', async () => {
    const users = Array.from({ length: 20 }, (_, n) => `user${n}`);
    const tenant = await tenantWith(...users);
    const members = users.map((userId) => ({ userId, role: 'member' as const }));
    await store.createGroup({ tenant, id: 'team', name: 'Team', members, createdAt: 1 });
    const entries = await logged(() => send(tenant, 'user3', toGroup('team'), 'hello'));
    assert.equal(entries.length, 1);
  });
}
