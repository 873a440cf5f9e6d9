import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualTimers } from '../stomp/testing/manual-timers.ts';
import { Sweep } from './sweep.ts';

const INTERVAL = 1000;

/** A sweep whose removals answer what the test says; false after that. */
function sweepOf(...answers: (boolean | Error)[]) {
  return pausingSweepOf(undefined, ...answers);
}

function pausingSweepOf(pause: number | undefined, ...answers: (boolean | Error)[]) {
  const timers = new ManualTimers();
  const errors: unknown[] = [];
  const batches = { count: 0 };
  const sweep = new Sweep({
    async removeBatch() {
      batches.count++;
      const answer = answers.shift() ?? false;
      if (answer instanceof Error) throw answer;
      return answer;
    },
    clock: { now: () => 0 },
    timers,
    interval: INTERVAL,
    ...(pause === undefined ? {} : { pause }),
    onError: (error) => errors.push(error),
  });
  return { sweep, timers, errors, batches };
}

/** Lets the sweep that runs come to its end. */
async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

test('a sweep goes on while there may be more, and comes again after the interval', async () => {
  const { sweep, timers, batches } = sweepOf(true, true, false);
  sweep.start();
  await settled();
  assert.equal(batches.count, 3);
  timers.advance(INTERVAL - 1);
  await settled();
  assert.equal(batches.count, 3);
  timers.advance(1);
  await settled();
  assert.equal(batches.count, 4);
  await sweep.close();
});

test('a sweep is bounded', async () => {
  const { sweep, batches } = sweepOf(...Array.from({ length: 1000 }, () => true));
  sweep.start();
  await settled();
  assert.equal(batches.count, 50);
  await sweep.close();
});

test('a sweep that fails is told, and the next one tries again', async () => {
  const trouble = new Error('no storage');
  const { sweep, timers, errors, batches } = sweepOf(trouble, false);
  sweep.start();
  await settled();
  assert.deepEqual(errors, [trouble]);
  timers.advance(INTERVAL);
  await settled();
  assert.equal(batches.count, 2);
  await sweep.close();
});

test('a closed sweep waits for what it does and does no more', async () => {
  const { sweep, timers, batches } = sweepOf(true, true, true);
  sweep.start();
  await sweep.close();
  assert.equal(timers.pending, 0);
  assert.equal(batches.count, 1);
});

test('a sweep that pauses lets others in after each batch, and begins at once where it is asked', async () => {
  const { sweep, timers, batches } = pausingSweepOf(10, true, false, true);
  sweep.start();
  await settled();
  assert.equal(batches.count, 1);
  timers.advance(10);
  await settled();
  assert.equal(batches.count, 2);
  timers.advance(INTERVAL - 1);
  await settled();
  assert.equal(batches.count, 2);
  sweep.ask();
  timers.advance(0);
  await settled();
  assert.equal(batches.count, 3);
});
