import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RemainsOf, Swept } from '../../core/ports/remains-store.ts';
import { membershipsOf, newMessage, newUser, type StoreFixture, toGroup, toUser } from './fixture.ts';

/** More than what a deletion removes by itself. */
const MANY = 230;
const LIMIT = 50;

/** What was deleted is gone for everybody at once, and its rows bit by bit. */
export function remainsContract({ store, tenantWith, send, makeGroup, pending }: StoreFixture): void {
  /** `m000`, `m001` … */
  const many = Array.from({ length: MANY }, (_, n) => `m${String(n).padStart(3, '0')}`);

  async function sweepAll(what: RemainsOf): Promise<Swept[]> {
    const all: Swept[] = [];
    for (;;) {
      const swept = await store.sweepRemains(LIMIT, what);
      if (!swept) return all;
      all.push(swept);
    }
  }

  test('a group of many is nowhere to be seen once it is deleted, whatever is left of it', async () => {
    const tenant = await tenantWith(...many);
    await makeGroup(tenant, 'crowd', many);
    const { id } = await send(tenant, 'm000', toGroup('crowd'), 'hi');
    const message = newMessage(tenant, 'm000', toGroup('crowd'), 'with a file');
    await store.reserveFile({ tenant, id: `${tenant}-file`, ownerId: 'm000', createdAt: 1 });
    const file = { name: 'a', type: 'text/plain', size: 1, sha256: 'x', extension: 'txt' };
    await store.completeFile(tenant, `${tenant}-file`, file);
    await store.appendMessage({
      ...message,
      files: [{ id: `${tenant}-file`, field: 'extra.url', isOurs: true }],
    });
    const { seq } = await send(tenant, 'm000', toGroup('crowd'), 'pinned');
    const pin = { tenant, conversationId: 'crowd', seq, userId: 'm000', scope: 'everyone', at: 1 } as const;
    await store.pinMessage(pin);
    const last = 'm229';
    const sight = { tenant, id: `${tenant}-file`, viewerId: last, isManager: false };
    assert.ok(await store.findFile(sight));
    assert.equal((await store.listPins({ tenant, userId: last })).length, 1);
    const before = await store.listPending({ tenant, userId: last, limit: 1, order: 'time' });
    assert.ok(before.next);

    const first = await store.deleteGroup(tenant, 'crowd', 2, { userId: 'm000', isManager: false });
    assert.equal(first.isDone, false);
    const peers = { tenant, userId: last, maxMembers: 1000, limit: 10 };
    assert.deepEqual(
      {
        found: await store.findConversation(tenant, 'crowd'),
        groups: await store.listGroups(tenant, { limit: 9 }),
        own: await store.listGroups(tenant, { limit: 9 }, last),
        member: await store.findMember(tenant, 'crowd', last),
        members: await store.listMembers(tenant, 'crowd', { limit: 9 }),
        memberships: await membershipsOf(store, tenant, last),
        peers: await store.listPeers(peers),
        conversations: await store.listConversations({ tenant, userId: last, limit: 9 }),
        messages: await store.listMessages({ tenant, conversationId: 'crowd', viewerId: last, limit: 9 }),
        pending: await pending({ tenant, userId: last }),
        oldestFirst: await pending({ tenant, userId: last, order: 'time' }),
        begun: (await store.listPending({ tenant, userId: last, limit: 1, ...cursorOf(before) })).messages,
        pins: await store.listPins({ tenant, userId: last }),
        file: await store.findFile(sight),
      },
      {
        found: undefined,
        groups: [],
        own: [],
        member: undefined,
        members: [],
        memberships: [],
        peers: [],
        conversations: [],
        messages: [],
        pending: [],
        oldestFirst: [],
        begun: [],
        pins: [],
        file: undefined,
      },
    );
    const view = await store.findMessage({ tenant, ref: id, viewerId: last, prefer: 'received' });
    assert.deepEqual([view?.isInSight, view?.viewerRole], [false, undefined]);
    await assert.rejects(send(tenant, last, toGroup('crowd'), 'late'), { code: 'ENOENT' });

    const rest = await sweepAll({ kind: 'group', tenant, id: 'crowd' });
    assert.ok(rest.every(({ members }) => members.length <= LIMIT));
    assert.ok(rest.length > 2);
    assert.deepEqual([first, ...rest].flatMap(({ members }) => members).toSorted(), many);
    assert.deepEqual(
      rest.map(({ isDone, actorId }) => [isDone, actorId]),
      rest.map((_, index) => [index === rest.length - 1, 'm000']),
    );
  });

  test('a group of the same id is another one, also while members of the former are left', async () => {
    const tenant = await tenantWith(...many);
    await makeGroup(tenant, 'crowd', many);
    await send(tenant, 'm000', toGroup('crowd'), 'of the former');
    await store.deleteGroup(tenant, 'crowd', 2);
    await makeGroup(tenant, 'crowd', ['m000', 'm228']);
    await send(tenant, 'm000', toGroup('crowd'), 'of the latter');
    const rest = await sweepAll({ kind: 'group', tenant, id: 'crowd' });
    // They are members of a group of that id, or might become it: nobody is told that it is not.
    assert.deepEqual(
      rest.flatMap(({ members }) => members),
      [],
    );
    assert.equal(rest.at(-1)?.isDone, true);
    assert.equal((await store.findConversation(tenant, 'crowd'))?.memberCount, 2);
    assert.deepEqual(
      (await pending({ tenant, userId: 'm228' })).map(({ content }) => content.text),
      ['of the latter'],
    );
    assert.deepEqual(await pending({ tenant, userId: 'm229' }), []);
  });

  /** A tenant in which `bob` has a group with `m000` that it owns, and more chats and groups than are left at once. */
  async function busyBob(): Promise<string> {
    const tenant = await tenantWith('bob', ...many);
    await makeGroup(tenant, 'team', ['bob', 'm000']);
    for (let n = 0; n < 30; n++) await makeGroup(tenant, `g${n}`, ['m000', 'bob']);
    await Promise.all(many.map((id) => send(tenant, 'bob', toUser(id), `to ${id}`)));
    return tenant;
  }

  test('a user with many chats is nowhere a member once it is deleted, whatever is left of it', async () => {
    const tenant = await busyBob();
    const first = await store.deleteUser(tenant, 'bob', 2, 'admin');
    assert.equal(first.isDone, false);
    // Of the groups some are left, and some are not yet: none of them shows it.
    assert.ok(first.groups.length > 0 && first.groups.length < 31);
    const views = await store.listConversations({ tenant, userId: 'm000', limit: 99 });
    const peers = { tenant, userId: 'm000', maxMembers: 1000, limit: 10 };
    assert.deepEqual(
      {
        counts: new Set(
          (await store.listGroups(tenant, { limit: 99 })).map(({ memberCount }) => memberCount),
        ),
        own: new Set(
          (await store.listGroups(tenant, { limit: 99 }, 'm000')).map(({ memberCount }) => memberCount),
        ),
        found: (await store.findConversation(tenant, 'g29'))?.memberCount,
        views: new Set(views.map(({ conversation }) => conversation.memberCount)),
        peer: views.some(({ peer }) => peer !== undefined),
        member: await store.findMember(tenant, 'g29', 'bob'),
        members: (await store.listMembers(tenant, 'g29', { limit: 9 })).map(({ userId }) => userId),
        peers: await store.listPeers(peers),
      },
      {
        counts: new Set([1]),
        own: new Set([1]),
        found: 1,
        views: new Set([1]),
        peer: false,
        member: undefined,
        members: ['m000'],
        peers: [],
      },
    );
    await assert.rejects(send(tenant, 'bob', toUser('m229'), 'late'), { code: 'EPERM' });
    const handOver = { tenant, conversationId: 'g29', userId: 'bob' };
    await assert.rejects(store.handOverGroup(handOver), { code: 'ENOENT' });

    const rest = await sweepAll({ kind: 'user', tenant, id: 'bob' });
    assert.ok(rest.length > 2);
    const left = [first, ...rest].flatMap(({ groups }) => groups);
    assert.equal(left.length, 31);
    assert.deepEqual(
      left.filter(({ changed }) => changed.length > 0),
      [{ conversationId: 'team', changed: [{ userId: 'm000', role: 'owner' }] }],
    );
    assert.ok(rest.every(({ actorId }) => actorId === 'admin'));
    assert.equal((await store.findConversation(tenant, 'g29'))?.memberCount, 1);
  });

  test('who gets the id of a user of whom something is left inherits nothing, and keeps what it gets', async () => {
    const tenant = await busyBob();
    await store.deleteUser(tenant, 'bob', 2);
    await store.createUser(newUser(tenant, 'bob'));
    assert.deepEqual(await membershipsOf(store, tenant, 'bob'), []);
    assert.deepEqual(await store.listConversations({ tenant, userId: 'bob', limit: 9 }), []);
    assert.deepEqual(await pending({ tenant, userId: 'bob' }), []);
    assert.equal((await store.findConversation(tenant, 'g29'))?.memberCount, 1);
    await makeGroup(tenant, 'new', ['bob', 'm000']);
    await send(tenant, 'm000', toUser('bob'), 'to the new one');
    assert.deepEqual(await sweepAll({ kind: 'user', tenant, id: 'bob' }), []);
    assert.equal((await store.findConversation(tenant, 'new'))?.memberCount, 2);
    assert.deepEqual(
      (await pending({ tenant, userId: 'bob' })).map(({ content }) => content.text),
      ['to the new one'],
    );
  });

  test('what waits for a webhook, or was given up, is gone with it, whatever is left of it', async () => {
    const tenant = await tenantWith();
    const hook = { tenant, id: `${tenant}-hook`, url: 'https://example.org', events: ['*'], secret: 'x' };
    await store.createWebhook({ ...hook, createdBy: 'admin', createdAt: 1 }, 9);
    const entry = { tenant, target: hook.id, eventType: 'x', body: '{}', at: 5 };
    await store.recordDeliveries(
      many.map((eventId) => ({ ...entry, eventId })),
      1000,
    );
    const claim = { target: hook.id, now: 9, until: 99, limit: 150, inOrder: false };
    const due = await store.claimDeliveries(claim);
    const outcomes = due.map(({ id }) => ({ id, result: 'dead' as const, failure: 'no' }));
    await store.settleDeliveries({ ...claim, outcomes, undone: [], maxDead: 1000 });
    const dead = await store.listDeadLetters(tenant, { limit: 1000 });
    assert.equal(dead.length, 150);
    await store.deleteWebhook(tenant, hook.id);
    assert.deepEqual(await store.listDeadLetters(tenant, { limit: 1000 }), []);
    const retried = dead.map(({ id }) => store.retryDeadLetter(tenant, id, 9));
    assert.ok((await Promise.allSettled(retried)).every(({ status }) => status === 'rejected'));
    assert.ok((await sweepAll({ kind: 'webhook', tenant, id: hook.id })).length > 1);
    assert.equal(await store.nextDeliveryDue(hook.id), null);
  });

  test('the oldest remains are removed first, and nothing where there are none', async () => {
    const tenant = await tenantWith(...many);
    for (const id of ['one', 'two']) await makeGroup(tenant, id, many);
    for (const id of ['one', 'two']) await store.deleteGroup(tenant, id, 2);
    const order: string[] = [];
    for (let swept = await store.sweepRemains(LIMIT); swept; swept = await store.sweepRemains(LIMIT)) {
      if (swept.tenant === tenant && swept.isDone) order.push(swept.id);
    }
    assert.deepEqual(order, ['one', 'two']);
  });
}

/** Where a sync that has begun goes on. */
function cursorOf({ next }: Awaited<ReturnType<StoreFixture['store']['listPending']>>) {
  return next ? { cursor: next, order: 'time' as const } : {};
}
