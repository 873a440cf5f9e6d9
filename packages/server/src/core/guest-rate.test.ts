import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GuestRate } from './guest-rate.ts';
import { guestPrincipal } from './guests.ts';
import { DEFAULT_LIMITS } from './limits.ts';

const PROFILE = { name: '', number: '', nickname: '', avatar: '' };

function setUp(sendRate = 10, guestSendRate = 20) {
  const rate = new GuestRate({ ...DEFAULT_LIMITS, sendRate, guestSendRate }, { now: () => 0 });
  const guest = (id: number, connection: number, address = '192.0.2.1') =>
    guestPrincipal('t', `g${id}`, PROFILE, { connection: String(connection), address });
  /** How many of so many sends pass. */
  const passed = (count: number, actor: (n: number) => ReturnType<typeof guest>): number => {
    let passing = 0;
    for (let n = 0; n < count; n++) {
      try {
        rate.requireSend(actor(n));
        passing++;
      } catch (error) {
        assert.equal((error as { code: string }).code, 'ERATE');
      }
    }
    return passing;
  };
  return { rate, guest, passed };
}

test('a guest that changes its id does not send faster', () => {
  const { passed, guest } = setUp();
  assert.equal(
    passed(240, (n) => guest(n, 1)),
    20,
  );
});

test('guests of one address share a rate, whatever the number of their connections', () => {
  const { passed, guest } = setUp();
  assert.equal(
    passed(800, (n) => guest(n, n % 40)),
    40,
  );
  assert.equal(
    passed(1, () => guest(1, 99, '192.0.2.2')),
    1,
  );
});

test('guests of one address make a few rooms at once', () => {
  const { rate, guest } = setUp();
  for (let n = 0; n < 10; n++) rate.requireRoom(guest(n, n));
  assert.throws(() => rate.requireRoom(guest(11, 11)), { code: 'ERATE' });
});

test('without a send rate nothing limits guests', () => {
  const { passed, guest, rate } = setUp(0);
  assert.equal(
    passed(800, (n) => guest(n, 1)),
    800,
  );
  for (let n = 0; n < 50; n++) rate.requireRoom(guest(1, 1));
});
