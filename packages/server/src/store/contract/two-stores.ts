import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import type { Swept } from '../../core/ports/remains-store.ts';
import type { NewMessage, Store } from '../../core/ports/store.ts';
import { membershipsOf, newMessage, newUser, toGroup, toUser } from './fixture.ts';
import { accountRaces } from './races/accounts.ts';
import { conversationRaces } from './races/conversations.ts';
import { deskRaces } from './races/desk.ts';
import { fileRaces } from './races/files.ts';
import { RACES, raceFixture, upTo } from './races/fixture.ts';
import { outboxRaces } from './races/outbox.ts';

/** Two stores on one database, as two nodes have them. */
export interface TwoStores {
  readonly one: Store;
  readonly other: Store;
  /** Why writes were tried again so far. */
  readonly retries: readonly string[];
  dispose(): Promise<void>;
}

/** What adapters promise that let several nodes share a database: both stores act on the same things at once. */
export async function twoStoresContract(adapter: string, open: () => Promise<TwoStores>): Promise<void> {
  const { dispose, ...stores } = await open();
  const { one, other } = stores;
  const fixture = raceFixture(adapter, stores);
  const { both, turn, tenantWith, makeGroup, acknowledge, outcomes, history, withoutDeadlock } = fixture;

  describe(`two stores on one database: ${adapter}`, () => {
    after(async () => {
      await Promise.all(both.map((store) => store.close()));
      await dispose();
    });

    test('messages of both get sequences without gaps, and numbers that ascend with them', async () => {
      const tenant = await tenantWith('alice', 'bob');
      await makeGroup(tenant, 'team', ['alice', 'bob']);
      const sent = upTo(300).map((n) => {
        const message = newMessage(tenant, n % 3 === 0 ? 'alice' : 'bob', toGroup('team'), `${n}`);
        return turn(n).appendMessage(message);
      });
      const messages = (await Promise.all(sent)).map(({ message }) => message).sort((a, b) => a.seq - b.seq);
      assert.deepEqual(
        messages.map(({ seq }) => seq),
        upTo(300),
      );
      const numbers = messages.map(({ number }) => number);
      assert.deepEqual(
        numbers,
        [...new Set(numbers)].sort((a, b) => a - b),
      );
      assert.deepEqual(await history(tenant, 'team'), upTo(300));
    });

    test('a client id that both take at once is one message', async () => {
      const tenant = await tenantWith('alice', 'bob');
      for (let race = 0; race < RACES; race++) {
        const message = newMessage(tenant, 'alice', toUser('bob'), 'once');
        const again = { ...message, id: `${message.id}-again` };
        const { done, refused } = await outcomes([one.appendMessage(message), other.appendMessage(again)]);
        assert.deepEqual(refused, []);
        assert.deepEqual(done.map(({ duplicate }) => duplicate).sort(), [false, true]);
        assert.equal(done[0]?.message.id, done[1]?.message.id);
      }
    });

    test('a client id that both take at once for something else is one message and one conflict', async () => {
      const tenant = await tenantWith('alice', 'bob');
      for (let race = 0; race < RACES; race++) {
        const message = newMessage(tenant, 'alice', toUser('bob'), 'this');
        const reused: NewMessage = {
          ...newMessage(tenant, 'alice', toUser('bob'), 'that'),
          clientId: message.clientId,
        };
        const { refused } = await outcomes([one.appendMessage(message), other.appendMessage(reused)]);
        assert.deepEqual(refused, ['ECONFLICT']);
      }
    });

    test('the first messages between two users make one conversation', async () => {
      for (let race = 0; race < RACES; race++) {
        const tenant = await tenantWith('alice', 'bob');
        const { done, refused } = await outcomes([
          one.appendMessage(newMessage(tenant, 'alice', toUser('bob'), 'a')),
          other.appendMessage(newMessage(tenant, 'bob', toUser('alice'), 'b')),
          other.appendMessage(newMessage(tenant, 'alice', toUser('bob'), 'c')),
        ]);
        assert.deepEqual(refused, []);
        assert.equal(new Set(done.map(({ message }) => message.conversationId)).size, 1);
        assert.deepEqual(done.map(({ message }) => message.seq).sort(), [1, 2, 3]);
      }
    });

    test('an id, and a username, is given once, and uids are given once each', async () => {
      for (let race = 0; race < RACES; race++) {
        const tenant = `race-${adapter}-${race}`;
        const same = await outcomes(both.map((store) => store.createUser(newUser(tenant, 'alice'))));
        assert.deepEqual(same.refused, ['ECONFLICT']);
        const alike = await outcomes(
          both.map((store, n) => store.createUser({ ...newUser(tenant, `u${n}`), username: 'Same' })),
        );
        assert.deepEqual(alike.refused, ['ECONFLICT']);
        const others = upTo(10).map((n) => turn(n).createUser(newUser(tenant, `n${n}`)));
        const uids = (await Promise.all(others)).map(({ uid }) => uid);
        assert.equal(new Set(uids).size, 10);
      }
    });

    test('many users who are made at once all get a uid of their own', async () => {
      const tenant = await tenantWith('first');
      const made = upTo(200).map((n) => turn(n).createUser(newUser(tenant, `m${n}`)));
      const uids = (await Promise.all(made)).map(({ uid }) => uid);
      assert.equal(new Set(uids).size, 200);
    });

    test('a group is made once, and one of two owners who go at once stays', async () => {
      for (let race = 0; race < RACES; race++) {
        const tenant = await tenantWith('alice', 'bob', 'carol');
        const members = ['alice', 'bob'].map((userId) => ({ userId, role: 'owner' as const }));
        const group = { tenant, id: 'team', name: 'Team', members, createdAt: 1 };
        assert.deepEqual((await outcomes(both.map((store) => store.createGroup(group)))).refused, [
          'ECONFLICT',
        ]);
        const step = (store: Store, userId: string) =>
          store.setMemberRole({
            tenant,
            conversationId: 'team',
            userId,
            role: 'member',
            by: { userId, isManager: false },
          });
        const { refused } = await outcomes([step(one, 'alice'), step(other, 'bob')]);
        assert.deepEqual(refused, ['ECONFLICT']);
        const roles = (await one.listMembers(tenant, 'team', { limit: 10 })).map(({ role }) => role);
        assert.deepEqual(roles.sort(), ['member', 'owner']);
      }
    });

    test('no group gets more members than it may have, and each is counted once', async () => {
      const ids = upTo(12).map((n) => `u${n}`);
      for (let race = 0; race < 5; race++) {
        const tenant = await tenantWith('alice', ...ids);
        await makeGroup(tenant, 'team', ['alice']);
        const add = (store: Store, userId: string) =>
          store.addMembers({
            tenant,
            conversationId: 'team',
            members: [{ userId, role: 'member' }],
            maxMembers: 8,
            at: 1,
          });
        const { done, refused } = await outcomes(ids.map((id, n) => add(turn(n), id)));
        assert.deepEqual([done.length, refused.length, new Set(refused)], [7, 5, new Set(['ETOOLONG'])]);
        assert.equal((await one.findConversation(tenant, 'team'))?.memberCount, 8);
      }
    });

    test('who was removed says nothing more, and what was said before stands', async () => {
      for (let race = 0; race < RACES; race++) {
        const tenant = await tenantWith('alice', 'bob');
        await makeGroup(tenant, 'team', ['alice', 'bob']);
        const sent = upTo(10).map((n) =>
          one.appendMessage(newMessage(tenant, 'bob', toGroup('team'), `${n}`)),
        );
        const removed = other.removeMember({ tenant, conversationId: 'team', userId: 'bob' });
        const { done, refused } = await outcomes(sent);
        await removed;
        assert.deepEqual([...new Set(refused)], refused.length === 0 ? [] : ['EPERM']);
        assert.deepEqual(await history(tenant, 'team'), upTo(done.length));
        await assert.rejects(one.appendMessage(newMessage(tenant, 'bob', toGroup('team'), 'late')), {
          code: 'EPERM',
        });
      }
    });

    test('positions that both move are kept together', async () => {
      const tenant = await tenantWith('alice', 'bob');
      for (const n of upTo(60)) await one.appendMessage(newMessage(tenant, 'alice', toUser('bob'), `${n}`));
      const [{ conversationId } = { conversationId: '' }] = (
        await one.listPending({ tenant, userId: 'bob', limit: 1 })
      ).messages;
      const entry = (seq: number) => ({
        tenant,
        conversationId,
        kind: 'delivered' as const,
        entries: [{ userId: 'bob', ranges: [{ from: seq, to: seq }] }],
      });
      const results = await Promise.all(upTo(60).map((seq) => turn(seq).acknowledge(entry(seq))));
      assert.ok(
        results.every(({ fresh }) => fresh[0]?.length === 1),
        'each is new once',
      );
      assert.deepEqual((await other.listPending({ tenant, userId: 'bob', limit: 100 })).messages, []);
      await acknowledge(tenant, conversationId, 'bob', { from: 1, to: 60 });
    });

    test('changes of both to one conversation take revisions without gaps, and one recall wins', async () => {
      const tenant = await tenantWith('alice', 'bob');
      await makeGroup(tenant, 'team', ['alice', 'bob']);
      for (const n of upTo(20)) await one.appendMessage(newMessage(tenant, 'alice', toGroup('team'), `${n}`));
      const recall = (store: Store, seq: number) =>
        store.changeMessage({
          tenant,
          conversationId: 'team',
          seq,
          actorId: 'alice',
          state: 'recalled',
          content: null,
          reason: '',
          at: 9,
        });
      const { done, refused } = await outcomes(
        upTo(20).flatMap((seq) => [recall(one, seq), recall(other, seq)]),
      );
      assert.deepEqual([done.length, refused.length, new Set(refused)], [20, 20, new Set(['ECONFLICT'])]);
      assert.deepEqual(
        done.map(({ message }) => message.revision).sort((a, b) => a - b),
        upTo(20),
      );
    });

    test('what is due, or unused, is taken by one of both', async () => {
      const tenant = await tenantWith('alice');
      for (const n of upTo(20)) {
        const body = { title: `${n}`, content: '' };
        const notification = {
          ...{ tenant, id: `${tenant}-${n}`, type: 'alert' as const, body, at: 5, expiresAt: null },
          ...{ createdBy: 'alice', createdAt: 1 },
        };
        await one.createNotification({ notification, recipients: ['alice'], isPublished: false });
        await one.reserveFile({ tenant, id: `${tenant}-file-${n}`, ownerId: 'alice', createdAt: 5 });
      }
      const due = (await Promise.all(both.map((store) => store.takeDueNotifications(10, 100)))).flat();
      const ids = due.map(({ notification }) => notification.id).filter((id) => id.startsWith(`${tenant}-`));
      assert.deepEqual([ids.length, new Set(ids).size], [20, 20]);
      const unused = (await Promise.all(both.map((store) => store.takeUnusedFiles(10, 1000)))).flat();
      assert.equal(new Set(unused.filter((id) => id.startsWith(`${tenant}-`))).size, 20);
    });

    test('each customer gets one agent, and no agent more than its capacity', async () => {
      for (let race = 0; race < 5; race++) {
        const customers = upTo(12).map((n) => `c${n}`);
        const tenant = await tenantWith(...customers);
        for (const id of ['x', 'y']) {
          await one.createUser({ ...newUser(tenant, id), role: 'agent' });
          await one.agentsSeen({ node: 'n', agents: [{ tenant, userId: id }], at: 1 });
          await one.setAgentStatus({ tenant, userId: id, status: 'online', capacity: 4, at: 1 });
        }
        for (const [n, id] of customers.entries()) {
          const target = { kind: 'desk' as const, newId: `s-${race}-${n}`, skill: '', node: 'n' };
          await turn(n).appendMessage(newMessage(tenant, id, target, 'help'));
        }
        const next = (store: Store) => store.assignNext({ tenant, seenAfter: 0, at: 2 });
        const given = await Promise.all(upTo(20).map((n) => next(turn(n))));
        const sessions = given.flatMap((handover) => handover?.session ?? []);
        assert.equal(sessions.length, 8);
        assert.equal(new Set(sessions.map(({ id }) => id)).size, 8);
        for (const id of ['x', 'y']) assert.equal(sessions.filter(({ agentId }) => agentId === id).length, 4);
      }
    });

    test('each reads what the other was told is done', async () => {
      const tenant = await tenantWith('alice', 'bob');
      for (const n of upTo(30)) {
        const [writer, reader] = n % 2 === 0 ? [one, other] : [other, one];
        await writer.updateUser(tenant, 'bob', { nickname: `Bob ${n}` });
        assert.equal((await reader.findUser(tenant, 'bob'))?.nickname, `Bob ${n}`);
        const { message } = await reader.appendMessage(newMessage(tenant, 'alice', toUser('bob'), 'x'));
        assert.equal(message.parties.target.nickname, `Bob ${n}`);
      }
    });

    test('what one deleted is swept by both, each row once, also where the one that deleted it is gone', async () => {
      const many = upTo(400).map((n) => `m${n}`);
      const tenant = await tenantWith(...many);
      for (const id of ['first', 'second']) await makeGroup(tenant, id, many);
      const begun = [await one.deleteGroup(tenant, 'first', 5), await one.deleteGroup(tenant, 'second', 5)];
      const swept: Swept[] = [...begun];
      async function sweep(store: Store): Promise<void> {
        for (let more = true; more; ) {
          const each = await store.sweepRemains(20);
          if (each) swept.push(each);
          more = each !== undefined;
        }
      }
      await Promise.all([sweep(one), sweep(other), sweep(other)]);
      await sweep(one);
      for (const id of ['first', 'second']) {
        const members = swept.filter((each) => each.tenant === tenant && each.id === id);
        assert.deepEqual(members.flatMap((each) => each.members).toSorted(), many.toSorted());
        assert.equal(members.filter(({ isDone }) => isDone).length, 1);
      }
    });

    test('who is made under the id of a user that the other sweeps keeps what it gets', async () => {
      for (let race = 0; race < RACES; race++) {
        const peers = upTo(120).map((n) => `p${n}`);
        const tenant = await tenantWith('bob', ...peers);
        await Promise.all(
          peers.map((id) => one.appendMessage(newMessage(tenant, 'bob', toUser(id), `to ${id}`))),
        );
        await one.deleteUser(tenant, 'bob', 5);
        const what = { kind: 'user', tenant, id: 'bob' } as const;
        const sweeping = Promise.all([one.sweepRemains(10, what), one.sweepRemains(10, what)]);
        await other.createUser(newUser(tenant, 'bob'));
        await makeGroup(tenant, 'new', ['p1', 'bob']);
        await sweeping;
        while (await one.sweepRemains(10, what));
        assert.deepEqual(await membershipsOf(other, tenant, 'bob'), ['new']);
      }
    });

    test('a deletion and what its user does at once leave nobody in a group', async () => {
      for (let race = 0; race < RACES; race++) {
        const tenant = await tenantWith('alice', 'bob', 'carol');
        await makeGroup(tenant, 'team', ['alice', 'bob']);
        await withoutDeadlock(() => {
          const sent = upTo(5).map((n) =>
            other.appendMessage(newMessage(tenant, 'bob', toGroup('team'), `${n}`)),
          );
          const first = other.appendMessage(newMessage(tenant, 'carol', toUser('bob'), 'hello'));
          return Promise.all([one.deleteUser(tenant, 'bob', 5), outcomes<unknown>([...sent, first])]);
        });
        assert.equal(await one.findMember(tenant, 'team', 'bob'), undefined);
        assert.equal((await one.findConversation(tenant, 'team'))?.memberCount, 1);
      }
    });

    accountRaces(fixture);
    conversationRaces(fixture);
    deskRaces(fixture);
    fileRaces(fixture);
    outboxRaces(fixture);
  });
}
