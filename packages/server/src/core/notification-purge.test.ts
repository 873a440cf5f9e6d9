import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualTimers } from '../stomp/testing/manual-timers.ts';
import { NotificationPurge } from './notification-purge.ts';

const HOUR = 3_600_000;
const turn = () => new Promise((resolve) => setImmediate(resolve));

function start(batches: (boolean | Error)[]) {
  const timers = new ManualTimers();
  const errors: unknown[] = [];
  const left = [...batches];
  const notifications = {
    async purge() {
      const next = left.shift() ?? false;
      if (next instanceof Error) throw next;
      return next;
    },
  };
  const purge = new NotificationPurge({ notifications, timers, onError: (error) => errors.push(error) });
  purge.start();
  return { purge, timers, errors, left };
}

test('batch after batch is removed at the start, and again every hour', async () => {
  const { timers, left } = start([true, true, false, true, false]);
  await turn();
  assert.equal(left.length, 2);
  timers.advance(HOUR - 1);
  await turn();
  assert.equal(left.length, 2);
  timers.advance(1);
  await turn();
  assert.equal(left.length, 0);
});

test('a store out of reach is asked again an hour later', async () => {
  const { timers, errors, left } = start([new Error('no store'), false]);
  await turn();
  assert.deepEqual([errors.length, left.length], [1, 1]);
  timers.advance(HOUR);
  await turn();
  assert.equal(left.length, 0);
});

test('once closed it removes nothing more', async () => {
  const { purge, timers, left } = start([true, true, true, true]);
  await purge.close();
  assert.ok(left.length >= 2);
  assert.equal(timers.pending, 0);
});
