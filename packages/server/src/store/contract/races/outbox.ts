import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Webhook } from '../../../core/ports/event-store.ts';
import { RACES, type RaceFixture, upTo } from './fixture.ts';

/** Webhooks and the outbox, which two nodes fill and empty at once. */
export function outboxRaces({ one, turn, tenantWith, outcomes }: RaceFixture): void {
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
}

function webhook(tenant: string, id: string): Webhook {
  const url = 'https://example.org/hook';
  return { tenant, id, url, events: ['*'], secret: 'a secret', createdBy: 'admin', createdAt: 7 };
}
