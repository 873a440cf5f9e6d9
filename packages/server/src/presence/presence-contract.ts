import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { ManualTimers } from '../stomp/testing/manual-timers.ts';
import type { Presence, PresenceOptions } from './presence.ts';

const GRACE = 5000;
const ALICE = { tenant: 'default', userId: 'alice' };
const BOB = { tenant: 'default', userId: 'bob' };

/** What every adapter of the presence port promises of the users of one node. */
export function presenceContract(
  adapter: string,
  open: (options: PresenceOptions) => Presence | Promise<Presence>,
  skip: string | false = false,
): void {
  describe(`presence contract: ${adapter}`, { skip }, () => {
    const opened: Presence[] = [];
    afterEach(() => Promise.all(opened.splice(0).map((presence) => presence.close())));

    async function start() {
      const timers = new ManualTimers();
      const told: string[] = [];
      const here: string[] = [];
      const presence = await open({
        grace: GRACE,
        clock: { now: () => 7 },
        timers,
        changed: ({ tenant, userId, status, at }) => void told.push(`${tenant} ${userId} ${status} ${at}`),
        changedHere: ({ userId }) => here.push(userId),
      });
      opened.push(presence);
      return { timers, told, here, presence };
    }

    test('a user is online at once, and offline once the grace is over', async () => {
      const { timers, told, here, presence } = await start();
      presence.entered(ALICE);
      assert.equal(presence.isHere(ALICE), true);
      presence.left(ALICE);
      timers.advance(GRACE - 1);
      await presence.settled();
      assert.deepEqual(told, ['default alice online 7']);
      assert.equal(presence.isHere(ALICE), true);
      assert.deepEqual(await presence.statusOf([ALICE, BOB]), ['online', 'offline']);
      timers.advance(1);
      assert.equal(presence.isHere(ALICE), false);
      await presence.settled();
      assert.deepEqual(await presence.statusOf([ALICE]), ['offline']);
      assert.deepEqual(told, ['default alice online 7', 'default alice offline 7']);
      assert.deepEqual(here, ['alice', 'alice']);
    });

    test('reconnects within the grace are not told, however many', async () => {
      const { timers, told, here, presence } = await start();
      presence.entered(ALICE);
      for (let i = 0; i < 3; i++) {
        presence.left(ALICE);
        timers.advance(GRACE - 1);
        presence.entered(ALICE);
      }
      timers.advance(GRACE * 2);
      await presence.settled();
      assert.deepEqual(told, ['default alice online 7']);
      assert.deepEqual(here, ['alice']);
    });

    test('one who comes back after the grace is online again', async () => {
      const { timers, told, presence } = await start();
      presence.entered(ALICE);
      await presence.settled();
      presence.left(ALICE);
      timers.advance(GRACE);
      await presence.settled();
      presence.entered(ALICE);
      await presence.settled();
      assert.deepEqual(told, ['default alice online 7', 'default alice offline 7', 'default alice online 7']);
    });

    test('users, and users of the same id in other tenants, do not disturb each other', async () => {
      const { timers, told, presence } = await start();
      presence.entered(ALICE);
      presence.entered(BOB);
      presence.entered({ ...ALICE, tenant: 'other' });
      await presence.settled();
      presence.left(ALICE);
      timers.advance(GRACE);
      await presence.settled();
      assert.deepEqual(told, [
        'default alice online 7',
        'default bob online 7',
        'other alice online 7',
        'default alice offline 7',
      ]);
    });

    test('one who never entered can not leave', async () => {
      const { timers, told, presence } = await start();
      presence.left(ALICE);
      timers.advance(GRACE);
      await presence.settled();
      assert.deepEqual(told, []);
    });

    test('once closed it tells nothing, and leaves no timer behind', async () => {
      const { timers, told, presence } = await start();
      presence.entered(ALICE);
      await presence.settled();
      presence.left(ALICE);
      await presence.close();
      presence.entered(BOB);
      await presence.settled();
      assert.equal(timers.pending, 0);
      assert.deepEqual(told, ['default alice online 7']);
    });
  });
}
