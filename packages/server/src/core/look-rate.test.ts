import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LookRate } from './look-rate.ts';
import type { Principal } from './model.ts';

const ALICE: Principal = { tenant: 'default', userId: 'alice', name: 'alice', role: 'user' };

function takes(sendRate: number, actor: Principal, count: number): void {
  const rate = new LookRate({ sendRate }, { now: () => 0 });
  for (let n = 0; n < count; n++) rate.require(actor);
}

test('a user may say of all that a sync told that it is read, and no more without a pause', () => {
  takes(10, ALICE, 5000);
  assert.throws(() => takes(10, ALICE, 5001), { code: 'ERATE', limit: 200, retryAfter: 5 });
});

test('a service is not limited, and nobody is where sends are not', () => {
  takes(1, { ...ALICE, role: 'service' }, 10_000);
  takes(0, ALICE, 10_000);
});
