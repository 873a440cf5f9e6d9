import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ManualTimers } from '../stomp/testing/manual-timers.ts';
import { type Pauses, SerialTask } from './serial-task.ts';

/** How the run under way ends. */
type Ending = { readonly next: number | null } | { readonly error: Error };

const TROUBLE = new Error('trouble');
const FAILS: Ending = { error: TROUBLE };
const DONE: Ending = { next: null };

/** A task whose runs end when the test says so, and whose time passes when it says so. */
function setUp(pauses?: Pauses) {
  const timers = new ManualTimers();
  const time = { now: 0 };
  const errors: unknown[] = [];
  /** When each run began. */
  const began: number[] = [];
  const open: PromiseWithResolvers<number | null>[] = [];
  const seen = { mostAtOnce: 0 };
  const task = new SerialTask({
    clock: { now: () => time.now },
    timers,
    run() {
      began.push(time.now);
      const run = Promise.withResolvers<number | null>();
      open.push(run);
      seen.mostAtOnce = Math.max(seen.mostAtOnce, open.length);
      return run.promise;
    },
    ...(pauses ? { pauses } : {}),
    onError: (error) => errors.push(error),
  });
  return {
    task,
    timers,
    time,
    errors,
    began,
    open,
    seen,
    async pass(ms: number) {
      // Step by step, so that the clock says what the timers do.
      for (let i = 0; i < ms; i++) {
        time.now++;
        timers.advance(1);
      }
      await quiet();
    },
    async end(ending: Ending) {
      const run = open.shift();
      if ('error' in ending) run?.reject(ending.error);
      else run?.resolve(ending.next);
      await quiet();
    },
  };
}

const quiet = () => new Promise((resolve) => setImmediate(resolve));

test('who asks gets a run at once, and a task that nobody asks for does nothing', async () => {
  const { task, began, timers, pass, end } = setUp();
  await pass(10);
  assert.deepEqual(began, []);
  task.ask();
  assert.deepEqual(began, [10]);
  await end(DONE);
  await pass(10);
  assert.deepEqual([began, timers.pending], [[10], 0]);
});

test('however many ask during a run, one more follows it', async () => {
  const { task, began, end } = setUp();
  task.ask();
  for (let i = 0; i < 5; i++) task.ask();
  assert.equal(began.length, 1);
  await end(DONE);
  assert.equal(began.length, 2);
  await end(DONE);
  assert.equal(began.length, 2);
});

test('a run that asks for another one while it begins does not begin it within itself', async () => {
  let [depth, runs] = [0, 0];
  const task: SerialTask = new SerialTask({
    clock: { now: () => 0 },
    timers: new ManualTimers(),
    async run() {
      assert.equal(++depth, 1);
      if (++runs < 3) task.ask();
      await undefined;
      depth--;
      return null;
    },
    onError: assert.fail,
  });
  task.ask();
  await task.settled();
  assert.equal(runs, 3);
});

test('the earliest time that it was asked for counts', async () => {
  for (const times of [
    [30, 20, 40],
    [20, 30],
    [40, 30, 20],
  ]) {
    const { task, began, timers, pass } = setUp();
    for (const at of times) task.askBy(at);
    assert.equal(timers.pending, 1);
    await pass(50);
    assert.deepEqual(began, [20], String(times));
  }
});

test('it runs again when a run says so, or earlier where it was asked meanwhile', async () => {
  for (const [next, asked, expected] of [
    [20, undefined, [0, 20]],
    [20, 15, [0, 15]],
    [20, 25, [0, 20]],
    [null, 25, [0, 25]],
    [null, undefined, [0]],
  ] as const) {
    const { task, began, pass, end } = setUp();
    task.ask();
    if (asked !== undefined) task.askBy(asked);
    await end({ next });
    await pass(30);
    assert.deepEqual(began, expected, `${next} and ${asked}`);
  }
});

test('what a run begins after is forgotten: it knows itself what is due', async () => {
  const { task, began, timers, end, pass } = setUp();
  task.askBy(20);
  task.ask();
  await end(DONE);
  assert.equal(timers.pending, 0);
  await pass(30);
  assert.deepEqual(began, [0]);
});

test('a time that has passed is now, also where it passed during a run', async () => {
  const { task, began, pass, end } = setUp();
  await pass(10);
  task.askBy(5);
  assert.deepEqual(began, [10]);
  await pass(10);
  await end({ next: 15 });
  assert.deepEqual(began, [10, 20]);
});

test('who asks for a run soon shares it with all who ask in the same tick', async () => {
  const { task, began, timers, end } = setUp();
  task.askBy(20);
  for (let i = 0; i < 5; i++) task.askSoon();
  assert.deepEqual([began, timers.pending], [[], 1]);
  timers.advance(0);
  assert.deepEqual(began, [0]);
  task.askSoon();
  await end(DONE);
  assert.deepEqual(began, [0, 0]);
  await end(DONE);
  assert.equal(timers.pending, 0);
});

test('failures are told, and the pauses after them grow until a run is well', async () => {
  const { task, began, errors, time, pass, end } = setUp({ first: 2, longest: 10 });
  task.ask();
  for (const pause of [2, 4, 8, 10, 10]) {
    await end(FAILS);
    await pass(pause - 1);
    assert.notEqual(began.at(-1), time.now, `before ${pause} ms`);
    await pass(1);
    assert.equal(began.at(-1), time.now, `after ${pause} ms`);
  }
  assert.deepEqual(errors, Array(5).fill(TROUBLE));
  await end(DONE);
  task.ask();
  await end(FAILS);
  await pass(2);
  assert.equal(began.at(-1), time.now);
});

test('who asks during a failing run waits for its repetition; who asks during the pause does not', async () => {
  const { task, began, pass, end } = setUp({ first: 10, longest: 100 });
  task.ask();
  task.ask();
  await end(FAILS);
  await pass(9);
  assert.deepEqual(began, [0]);
  await pass(1);
  assert.deepEqual(began, [0, 10]);
  await end(FAILS);
  await pass(1);
  task.ask();
  assert.deepEqual(began, [0, 10, 11]);
});

test('a run that throws before it begins to wait has failed as any other', async () => {
  const errors: unknown[] = [];
  const task = new SerialTask({
    clock: { now: () => 0 },
    timers: new ManualTimers(),
    run() {
      throw TROUBLE;
    },
    onError: (error) => errors.push(error),
  });
  task.ask();
  await task.settled();
  assert.deepEqual(errors, [TROUBLE]);
});

test('a time further away than a timer takes is waited for in steps', async () => {
  const delays: number[] = [];
  const far = 2 ** 40;
  const task = new SerialTask({
    clock: { now: () => 0 },
    timers: {
      after(delay) {
        delays.push(delay);
        return () => {};
      },
    },
    run: async () => far,
    onError: assert.fail,
  });
  task.askBy(far);
  assert.deepEqual(delays, [2 ** 31 - 1]);
});

test('closing waits for the run under way, and nothing runs afterwards', async () => {
  const { task, began, timers, pass, end } = setUp();
  task.ask();
  task.ask();
  let isClosed = false;
  const closing = task.close().then(() => {
    isClosed = true;
  });
  await quiet();
  assert.equal(isClosed, false);
  await end({ next: 5 });
  await closing;
  task.ask();
  task.askBy(3);
  await pass(10);
  assert.deepEqual([began, timers.pending], [[0], 0]);
});

const action = fc.oneof(
  fc.constant({ type: 'ask' } as const),
  fc.constant({ type: 'askSoon' } as const),
  fc.record({ type: fc.constant('askIn' as const), ms: fc.nat(20) }),
  fc.record({ type: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 30 }) }),
  fc.record({ type: fc.constant('end' as const), next: fc.option(fc.nat(20)) }),
  fc.constant({ type: 'fail' } as const),
);

test('whatever happens in whatever order, runs never overlap and whoever asked gets a run that begins afterwards', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 40 }), async (actions) => {
      const { task, began, open, seen, time, timers, pass, end } = setUp({ first: 5, longest: 20 });
      /** Runs that had begun when somebody asked last. */
      let asked = -1;
      for (const one of actions) {
        if (one.type === 'ask') {
          asked = began.length;
          task.ask();
        } else if (one.type === 'askSoon') {
          asked = began.length;
          task.askSoon();
        } else if (one.type === 'askIn') {
          asked = began.length;
          task.askBy(time.now + one.ms);
        } else if (one.type === 'pass') await pass(one.ms);
        else if (one.type === 'end') await end({ next: one.next === null ? null : time.now + one.next });
        else await end(FAILS);
        assert.ok(seen.mostAtOnce <= 1);
        assert.ok(timers.pending <= 1, 'one timer at most waits');
        assert.ok(open.length === 0 || timers.pending === 0, 'nothing is waited for during a run');
      }
      while (open.length > 0) await end(DONE);
      await pass(30);
      if (asked >= 0) assert.ok(began.length > asked, 'who asked last got no run');
      const closing = task.close();
      while (open.length > 0) await end(DONE);
      await closing;
      const before = began.length;
      task.ask();
      await pass(30);
      assert.deepEqual([began.length, timers.pending], [before, 0]);
    }),
    { numRuns: 300 },
  );
});
