import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ManualTimers } from '../stomp/testing/manual-timers.ts';
import type { Presence, PresenceOptions } from './presence.ts';

const GRACE = 5000;
const ALICE = { tenant: 'default', userId: 'alice' };
const BOB = { tenant: 'default', userId: 'bob' };

/** What every adapter of the presence port promises. */
export function presenceContract(adapter: string, open: (options: PresenceOptions) => Presence): void {
  describe(`presence contract: ${adapter}`, () => {
    function start() {
      const timers = new ManualTimers();
      const told: string[] = [];
      const presence = open({
        grace: GRACE,
        clock: { now: () => 7 },
        timers,
        changed: ({ tenant, userId, status, at }) => told.push(`${tenant} ${userId} ${status} ${at}`),
      });
      return { timers, told, presence };
    }

    test('a user is online at once, and offline once the grace is over', () => {
      const { timers, told, presence } = start();
      presence.entered(ALICE);
      presence.left(ALICE);
      timers.advance(GRACE - 1);
      assert.deepEqual(told, ['default alice online 7']);
      assert.deepEqual([presence.isOnline(ALICE), presence.isOnline(BOB)], [true, false]);
      timers.advance(1);
      assert.equal(presence.isOnline(ALICE), false);
      assert.deepEqual(told, ['default alice online 7', 'default alice offline 7']);
    });

    test('reconnects within the grace are not told, however many', () => {
      const { timers, told, presence } = start();
      presence.entered(ALICE);
      for (let i = 0; i < 3; i++) {
        presence.left(ALICE);
        timers.advance(GRACE - 1);
        presence.entered(ALICE);
      }
      timers.advance(GRACE * 2);
      assert.deepEqual(told, ['default alice online 7']);
    });

    test('one who comes back after the grace is online again', () => {
      const { timers, told, presence } = start();
      presence.entered(ALICE);
      presence.left(ALICE);
      timers.advance(GRACE);
      presence.entered(ALICE);
      assert.deepEqual(told, ['default alice online 7', 'default alice offline 7', 'default alice online 7']);
    });

    test('users, and users of the same id in other tenants, do not disturb each other', () => {
      const { timers, told, presence } = start();
      presence.entered(ALICE);
      presence.entered(BOB);
      presence.entered({ ...ALICE, tenant: 'other' });
      presence.left(ALICE);
      timers.advance(GRACE);
      assert.deepEqual(told, [
        'default alice online 7',
        'default bob online 7',
        'other alice online 7',
        'default alice offline 7',
      ]);
    });

    test('one who never entered can not leave', () => {
      const { timers, told, presence } = start();
      presence.left(ALICE);
      timers.advance(GRACE);
      assert.deepEqual(told, []);
    });

    test('once closed it tells nothing, and leaves no timer behind', () => {
      const { timers, told, presence } = start();
      presence.entered(ALICE);
      presence.left(ALICE);
      presence.close();
      presence.entered(BOB);
      assert.equal(timers.pending, 0);
      assert.deepEqual(told, ['default alice online 7']);
    });
  });
}
