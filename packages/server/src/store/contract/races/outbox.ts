import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Delivery, DeliveryOutcome, OutboxEntry, Webhook } from '../../../core/ports/event-store.ts';
import type { Store } from '../../../core/ports/store.ts';
import { RACES, type RaceFixture, upTo } from './fixture.ts';

/** Webhooks and the outbox, which two nodes fill and empty at once. */
export function outboxRaces(fixture: RaceFixture): void {
  const { one, other, both, turn, tenantWith, outcomes, withoutDeadlock } = fixture;

  test('no tenant gets more webhooks than it may have, and each is deleted once', async () => {
    for (let race = 0; race < RACES; race++) {
      const tenant = await tenantWith();
      const ids = upTo(6).map((n) => `${tenant}-hook-${n}`);
      const made = await outcomes(ids.map((id, n) => turn(n).createWebhook(webhook(tenant, id), 4)));
      assert.deepEqual([made.done.length, made.refused], [4, ['ECONFLICT', 'ECONFLICT']]);
      const own = (await one.listWebhooks()).filter((each) => each.tenant === tenant);
      assert.equal(own.length, 4);
      const deleted = await outcomes(
        own.flatMap(({ id }) => [turn(0).deleteWebhook(tenant, id), turn(1).deleteWebhook(tenant, id)]),
      );
      assert.deepEqual([deleted.done.length, new Set(deleted.refused)], [4, new Set(['ENOENT'])]);
    }
  });

  test('what waits for a webhook is delivered once by one of both, whatever becomes of it', async () => {
    for (let race = 0; race < RACES; race++) {
      const tenant = await tenantWith();
      const target = `${tenant}-hook`;
      const ids = upTo(40).map((n) => `${n}`);
      await one.recordDeliveries(
        ids.map((id) => entry(tenant, target, id)),
        100,
      );
      const tries: string[] = [];
      const drain = async (store: Store, until: number) => {
        const claim = { target, now: 5, until, limit: 4, inOrder: false };
        for (;;) {
          const claimed = await store.claimDeliveries(claim);
          if (claimed.length === 0) return;
          tries.push(...claimed.map(({ eventId }) => eventId));
          await store.settleDeliveries({
            ...claim,
            outcomes: claimed.map(outcomeOf),
            undone: [],
            maxDead: 100,
          });
        }
      };
      await withoutDeadlock(() =>
        Promise.all(both.flatMap((store, n) => [drain(store, 100 + n), drain(store, 200 + n)])),
      );
      assert.deepEqual(tries.toSorted(), ids.toSorted());
      const later = await one.claimDeliveries({ target, now: 50, until: 60, limit: 100, inOrder: false });
      assert.deepEqual(
        later.map(({ eventId }) => eventId),
        ids.filter((id) => Number(id) % 5 === 0),
      );
      assert.ok(later.every((delivery) => delivery.tries === 1));
      const dead = await one.listDeadLetters(tenant, { limit: 100 });
      assert.deepEqual(dead.length, ids.filter((id) => Number(id) % 5 === 1).length);
    }
  });

  test('what waits for a target with an order leaves in it, however many deliver', async () => {
    const tenant = await tenantWith();
    const target = `${tenant}-bus`;
    const ids = upTo(200).map((n) => `${n}`);
    const sent: string[] = [];
    let delivering = 0;
    const drain = async (store: Store, until: number) => {
      const claim = { target, now: 5, until, limit: 7, inOrder: true };
      while (sent.length < ids.length) {
        const claimed = await store.claimDeliveries(claim);
        if (claimed.length === 0) continue;
        assert.equal(++delivering, 1);
        sent.push(...claimed.map(({ eventId }) => eventId));
        await one.ping();
        delivering--;
        const outcomes = claimed.map(({ id }) => ({ id, result: 'done' as const }));
        await store.settleDeliveries({ ...claim, outcomes, undone: [], maxDead: 100 });
      }
    };
    const record = async () => {
      for (const id of ids) await turn(Number(id)).recordDeliveries([entry(tenant, target, id)], 1000);
    };
    await Promise.all([record(), ...both.map((store, n) => drain(store, 100 + n))]);
    assert.deepEqual(sent, ids);
    assert.equal(await one.nextDeliveryDue(target), null);
  });

  test('a webhook that is deleted while both deliver to it takes all with it', async () => {
    for (let race = 0; race < RACES; race++) {
      const tenant = await tenantWith();
      const target = `${tenant}-hook`;
      await one.createWebhook(webhook(tenant, target), 1);
      await one.recordDeliveries(
        upTo(40).map((n) => entry(tenant, target, `${n}`)),
        100,
      );
      const drain = async (store: Store, until: number) => {
        const claim = { target, now: 5, until, limit: 4, inOrder: false };
        for (;;) {
          const claimed = await store.claimDeliveries(claim);
          if (claimed.length === 0) return;
          await store.settleDeliveries({
            ...claim,
            outcomes: claimed.map(outcomeOf),
            undone: [],
            maxDead: 2,
          });
        }
      };
      const deletion = async () => {
        await one.claimDeliveries({ target, now: 5, until: 9, limit: 1, inOrder: false });
        await other.deleteWebhook(tenant, target);
      };
      await withoutDeadlock(() => Promise.all([drain(one, 100), deletion(), drain(other, 101)]));
      assert.equal(await one.nextDeliveryDue(target), null);
      assert.deepEqual(await one.listDeadLetters(tenant, { limit: 10 }), []);
    }
  });
}

function webhook(tenant: string, id: string): Webhook {
  const url = 'https://example.org/hook';
  return { tenant, id, url, events: ['*'], secret: 'a secret', createdBy: 'admin', createdAt: 7 };
}

function entry(tenant: string, target: string, eventId: string): OutboxEntry {
  return { tenant, target, eventId, eventType: 'business.user.login', body: '{}', at: 5 };
}

/** Of each fifth it is to be tried later, of the next one it is given up. */
function outcomeOf({ id, eventId }: Delivery): DeliveryOutcome {
  const kind = Number(eventId) % 5;
  if (kind === 0) return { id, result: 'retry', dueAt: 50, failure: 'answered 500' };
  return kind === 1 ? { id, result: 'dead', failure: 'answered 500' } : { id, result: 'done' };
}
