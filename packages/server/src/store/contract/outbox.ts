import assert from 'node:assert/strict';
import { test } from 'node:test';
import type {
  DeliveryClaim,
  DeliveryOutcome,
  DeliverySettlement,
  OutboxEntry,
} from '../../core/ports/event-store.ts';
import type { StoreFixture } from './fixture.ts';

/** Until when what the tests take is nobody else's. */
const UNTIL = 1000;

/** The outbox, dead letters and webhooks. */
export function outboxContract({ store, tenantWith }: StoreFixture): void {
  /** Takes what is due, for as long as the tests say nothing else. */
  function take(target: string, now: number, limit: number, other: Partial<DeliveryClaim> = {}) {
    return store.claimDeliveries({ target, now, until: UNTIL, limit, inOrder: false, ...other });
  }

  function settle(target: string, outcomes: readonly DeliveryOutcome[], maxDead = 10, until = UNTIL) {
    return store.settleDeliveries({ target, until, inOrder: false, outcomes, undone: [], maxDead });
  }

  test('what waits for a target is due in the order it was recorded, until it is done', async () => {
    const tenant = await tenantWith();
    const [bus, hook] = [`${tenant}-bus`, `${tenant}-hook`];
    const entries = [entry(tenant, bus, 'a'), entry(tenant, hook, 'b'), entry(tenant, bus, 'c')];
    assert.equal(await store.recordDeliveries(entries, 10), 0);
    assert.equal(await store.nextDeliveryDue(bus), 5);
    assert.deepEqual(await take(bus, 4, 10), []);
    const due = await take(bus, 5, 10);
    assert.deepEqual(
      due.map(({ id: _, ...delivery }) => delivery),
      [
        { ...entry(tenant, bus, 'a'), tries: 0 },
        { ...entry(tenant, bus, 'c'), tries: 0 },
      ],
    );
    await settle(
      bus,
      due.map(({ id }) => ({ id, result: 'done' as const })),
    );
    assert.equal(await store.nextDeliveryDue(bus), null);
    assert.equal((await take(hook, 5, 10)).length, 1);
  });

  test('what does not fit any more is left out and counted, until there is room', async () => {
    const tenant = await tenantWith();
    const target = `${tenant}-bus`;
    const many = ['a', 'b', 'c'].map((id) => entry(tenant, target, id));
    assert.equal(await store.recordDeliveries(many, 2), 1);
    assert.equal(await store.recordDeliveries(many, 2), 3);
    const [first] = await take(target, 5, 1);
    await settle(target, [{ id: first?.id ?? '', result: 'done' }]);
    assert.equal(await store.recordDeliveries(many, 2), 2);
    // Tried again it waits still, given up it does not, and asked for again it does.
    const again = (await take(target, 5, 1))[0]?.id ?? '';
    await settle(target, [{ id: again, result: 'retry', dueAt: 7, failure: '' }]);
    assert.equal(await store.recordDeliveries(many, 2), 3);
    await take(target, 7, 9);
    await settle(target, [{ id: again, result: 'dead', failure: '' }]);
    await settle(target, [{ id: again, result: 'done' }]);
    assert.equal(await store.recordDeliveries(many, 2), 2);
    await store.retryDeadLetter(tenant, again, 9);
    assert.equal(await store.recordDeliveries(many, 3), 3);
    assert.equal(await store.recordDeliveries(many, 4), 2);
  });

  test('a delivery that failed is due again later, and once it is given up only when it is asked for', async () => {
    const tenant = await tenantWith();
    const target = `${tenant}-hook`;
    await store.recordDeliveries([entry(tenant, target, 'a')], 10);
    const id = (await take(target, 5, 1))[0]?.id ?? '';
    await settle(target, [{ id, result: 'retry', dueAt: 100, failure: 'answered 500' }]);
    assert.deepEqual(await take(target, 99, 1), []);
    assert.equal((await take(target, 100, 1))[0]?.tries, 1);
    await settle(target, [{ id, result: 'dead', failure: 'answered 502' }]);
    assert.equal(await store.nextDeliveryDue(target), null);
    const dead = { ...entry(tenant, target, 'a'), id, tries: 2, failure: 'answered 502' };
    assert.deepEqual(await store.listDeadLetters(tenant, { limit: 10 }), [dead]);
    assert.deepEqual(await store.listDeadLetters(tenant, { limit: 10, after: id }), []);
    await assert.rejects(store.retryDeadLetter('another', id, 200), { code: 'ENOENT', field: 'id' });
    assert.equal(await store.retryDeadLetter(tenant, id, 200), target);
    await assert.rejects(store.retryDeadLetter(tenant, id, 200), { code: 'ENOENT' });
    assert.deepEqual(await store.listDeadLetters(tenant, { limit: 10 }), []);
    assert.equal((await take(target, 200, 1))[0]?.tries, 0);
  });

  test('what was taken is nobody else’s until it was settled or its time is over', async () => {
    const tenant = await tenantWith();
    const target = `${tenant}-hook`;
    const events = (deliveries: readonly { eventId: string }[]) => deliveries.map(({ eventId }) => eventId);
    await store.recordDeliveries(
      ['a', 'b', 'c'].map((id) => entry(tenant, target, id)),
      10,
    );
    const first = await take(target, 5, 2, { until: 50 });
    assert.deepEqual(events(first), ['a', 'b']);
    assert.equal(await store.nextDeliveryDue(target), 5);
    const second = await take(target, 5, 2, { until: 60 });
    assert.deepEqual(events(second), ['c']);
    assert.deepEqual(await take(target, 49, 2), []);
    assert.equal(await store.nextDeliveryDue(target), 50);
    const again = await take(target, 50, 9, { until: 90 });
    assert.deepEqual(events(again), ['a', 'b']);
    const [a = '', b = ''] = first.map(({ id }) => id);
    // The first claim has ended: only what it did counts.
    await settle(
      target,
      [
        { id: a, result: 'done' },
        { id: b, result: 'dead', failure: 'late' },
      ],
      10,
      50,
    );
    assert.deepEqual(await store.listDeadLetters(tenant, { limit: 10 }), []);
    assert.deepEqual(await take(target, 59, 9), []);
    const settlement = { target, until: 90, inOrder: false, outcomes: [], undone: [b], maxDead: 10 };
    await store.settleDeliveries(settlement);
    assert.deepEqual(events(await take(target, 59, 9, { until: 70 })), ['b']);
    assert.deepEqual(events(await take(target, 59, 9, { endedBy: Number.MAX_SAFE_INTEGER })), ['b', 'c']);
  });

  test('of a target that has an order one claim at a time has any, and its order stays', async () => {
    const tenant = await tenantWith();
    const target = `${tenant}-bus`;
    const next = async (now: number, until: number, other: Partial<DeliveryClaim> = {}) =>
      (await take(target, now, 2, { until, inOrder: true, ...other })).map(({ id, eventId }) => ({
        id,
        eventId,
      }));
    const eventsOf = (deliveries: readonly { eventId: string }[]) => deliveries.map(({ eventId }) => eventId);
    assert.deepEqual(await next(5, 50), []);
    await store.recordDeliveries(
      ['a', 'b', 'c'].map((id) => entry(tenant, target, id)),
      10,
    );
    const first = await next(5, 50);
    assert.deepEqual(eventsOf(first), ['a', 'b']);
    await store.recordDeliveries([{ ...entry(tenant, target, 'early'), at: 1 }], 10);
    assert.deepEqual(await next(49, 80), []);
    assert.equal(await store.nextDeliveryDue(target), 50);
    const again = await next(50, 80);
    assert.deepEqual(eventsOf(again), ['early', 'a']);
    const ended = (until: number, more: Partial<DeliverySettlement>) =>
      store.settleDeliveries({ target, until, inOrder: true, outcomes: [], undone: [], maxDead: 9, ...more });
    const [a = '', b = ''] = first.map(({ id }) => id);
    // The first claim has ended: only what it did counts.
    await ended(50, {
      outcomes: [
        { id: b, result: 'done' },
        { id: a, result: 'dead', failure: 'late' },
      ],
    });
    assert.deepEqual(await next(79, 90), []);
    await ended(80, { outcomes: [{ id: again[0]?.id ?? '', result: 'done' }], undone: [a] });
    assert.deepEqual(eventsOf(await next(79, 90)), ['a', 'c']);
    assert.deepEqual(eventsOf(await next(80, 95, { endedBy: Number.MAX_SAFE_INTEGER })), ['a', 'c']);
  });

  test('of what was given up the newest is kept', async () => {
    const tenant = await tenantWith();
    const target = `${tenant}-hook`;
    await store.recordDeliveries(
      ['a', 'b', 'c'].map((id) => entry(tenant, target, id)),
      10,
    );
    const due = await take(target, 5, 10);
    const outcomes = due.map(({ id }) => ({ id, result: 'dead' as const, failure: 'gone' }));
    await settle(target, outcomes, 2);
    const kept = await store.listDeadLetters(tenant, { limit: 10 });
    assert.deepEqual(
      kept.map(({ eventId }) => eventId),
      ['c', 'b'],
    );
  });

  test('a webhook is kept as it was made, and takes with it what waits for it', async () => {
    const tenant = await tenantWith();
    const webhook = {
      tenant,
      id: `${tenant}-hook`,
      url: 'https://example.org/hook',
      events: ['business.*', 'communication.message.sent'],
      secret: 'a secret',
      createdBy: 'admin',
      createdAt: 7,
    };
    await store.createWebhook(webhook, 1);
    const another = { ...webhook, id: `${tenant}-another` };
    await assert.rejects(store.createWebhook(another, 1), { code: 'ECONFLICT', limit: 1 });
    const own = async () => (await store.listWebhooks()).filter((one) => one.tenant === tenant);
    assert.deepEqual(await own(), [webhook]);
    await store.recordDeliveries([entry(tenant, webhook.id, 'a')], 10);
    await assert.rejects(store.deleteWebhook('another', webhook.id), { code: 'ENOENT', field: 'id' });
    await store.deleteWebhook(tenant, webhook.id);
    assert.deepEqual(await own(), []);
    assert.equal(await store.nextDeliveryDue(webhook.id), null);
  });
}

function entry(tenant: string, target: string, eventId: string): OutboxEntry {
  return { tenant, target, eventId, eventType: 'business.user.login', body: `{"a":"${eventId}"}`, at: 5 };
}
