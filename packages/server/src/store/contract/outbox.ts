import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OutboxEntry } from '../../core/ports/event-store.ts';
import type { StoreFixture } from './fixture.ts';

/** The outbox, dead letters and webhooks. */
export function outboxContract({ store, tenantWith }: StoreFixture): void {
  test('what waits for a target is due in the order it was recorded, until it is done', async () => {
    const tenant = await tenantWith();
    const [bus, hook] = [`${tenant}-bus`, `${tenant}-hook`];
    const entries = [entry(tenant, bus, 'a'), entry(tenant, hook, 'b'), entry(tenant, bus, 'c')];
    assert.equal(await store.recordDeliveries(entries, 10), 0);
    const due = await store.listDueDeliveries(bus, 5, 10);
    assert.deepEqual(
      due.map(({ id: _, ...delivery }) => delivery),
      [
        { ...entry(tenant, bus, 'a'), tries: 0 },
        { ...entry(tenant, bus, 'c'), tries: 0 },
      ],
    );
    assert.equal(await store.nextDeliveryDue(bus), 5);
    assert.deepEqual(await store.listDueDeliveries(bus, 4, 10), []);
    await store.settleDeliveries(
      due.map(({ id }) => ({ id, result: 'done' as const })),
      10,
    );
    assert.equal(await store.nextDeliveryDue(bus), null);
    assert.equal((await store.listDueDeliveries(hook, 5, 10)).length, 1);
  });

  test('what does not fit any more is left out and counted, until there is room', async () => {
    const tenant = await tenantWith();
    const target = `${tenant}-bus`;
    const many = ['a', 'b', 'c'].map((id) => entry(tenant, target, id));
    assert.equal(await store.recordDeliveries(many, 2), 1);
    assert.equal(await store.recordDeliveries(many, 2), 3);
    const [first] = await store.listDueDeliveries(target, 5, 1);
    await store.settleDeliveries([{ id: first?.id ?? '', result: 'done' }], 10);
    assert.equal(await store.recordDeliveries(many, 2), 2);
    // Tried again it waits still, given up it does not, and asked for again it does.
    const again = (await store.listDueDeliveries(target, 5, 1))[0]?.id ?? '';
    await store.settleDeliveries([{ id: again, result: 'retry', dueAt: 7, failure: '' }], 10);
    assert.equal(await store.recordDeliveries(many, 2), 3);
    await store.settleDeliveries([{ id: again, result: 'dead', failure: '' }], 10);
    await store.settleDeliveries([{ id: again, result: 'done' }], 10);
    assert.equal(await store.recordDeliveries(many, 2), 2);
    await store.retryDeadLetter(tenant, again, 9);
    assert.equal(await store.recordDeliveries(many, 3), 3);
    assert.equal(await store.recordDeliveries(many, 4), 2);
  });

  test('a delivery that failed is due again later, and once it is given up only when it is asked for', async () => {
    const tenant = await tenantWith();
    const target = `${tenant}-hook`;
    await store.recordDeliveries([entry(tenant, target, 'a')], 10);
    const id = (await store.listDueDeliveries(target, 5, 1))[0]?.id ?? '';
    await store.settleDeliveries([{ id, result: 'retry', dueAt: 100, failure: 'answered 500' }], 10);
    assert.deepEqual(await store.listDueDeliveries(target, 99, 1), []);
    assert.equal((await store.listDueDeliveries(target, 100, 1))[0]?.tries, 1);
    await store.settleDeliveries([{ id, result: 'dead', failure: 'answered 502' }], 10);
    assert.equal(await store.nextDeliveryDue(target), null);
    const dead = { ...entry(tenant, target, 'a'), id, tries: 2, failure: 'answered 502' };
    assert.deepEqual(await store.listDeadLetters(tenant, { limit: 10 }), [dead]);
    assert.deepEqual(await store.listDeadLetters(tenant, { limit: 10, after: id }), []);
    await assert.rejects(store.retryDeadLetter('another', id, 200), { code: 'ENOENT', field: 'id' });
    assert.equal(await store.retryDeadLetter(tenant, id, 200), target);
    await assert.rejects(store.retryDeadLetter(tenant, id, 200), { code: 'ENOENT' });
    assert.deepEqual(await store.listDeadLetters(tenant, { limit: 10 }), []);
    assert.equal((await store.listDueDeliveries(target, 200, 1))[0]?.tries, 0);
  });

  test('of what was given up the newest is kept', async () => {
    const tenant = await tenantWith();
    const target = `${tenant}-hook`;
    await store.recordDeliveries(
      ['a', 'b', 'c'].map((id) => entry(tenant, target, id)),
      10,
    );
    const due = await store.listDueDeliveries(target, 5, 10);
    const outcomes = due.map(({ id }) => ({ id, result: 'dead' as const, failure: 'gone' }));
    await store.settleDeliveries(outcomes, 2);
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
