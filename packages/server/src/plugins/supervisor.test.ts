import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, beforeEach, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { ManualTimers } from '../stomp/testing/manual-timers.ts';
import type { Verdict } from './protocol.ts';
import { type PluginOutcome, Supervisor } from './supervisor.ts';

const FIXTURES = join(import.meta.dirname, '../../test/support/plugins');
const HOOK = 'message.send';
const LIMIT = 50;

const started: Supervisor[] = [];
let timers: ManualTimers;
let outcomes: Map<PluginOutcome, number>;
let restarts: { reason: string; pause: number }[];

beforeEach(() => {
  timers = new ManualTimers();
  outcomes = new Map();
  restarts = [];
});
after(() => Promise.all(started.map((supervisor) => supervisor.close())));

/** The plug-in that does what texts tell it to, under time that the test passes. */
async function supervise(): Promise<Supervisor> {
  const supervisor = await Supervisor.start({
    name: 'trouble',
    entry: './trouble.ts',
    base: pathToFileURL(`${FIXTURES}/`).href,
    dataDir: '.',
    options: {},
    memory: 64 * 1024 * 1024,
    limit: LIMIT,
    timers,
    events: {
      outcome: (outcome) => outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1),
      restarting: (reason, pause) => restarts.push({ reason, pause }),
      fault: () => {},
      printed: () => {},
    },
    serve: async () => undefined,
  });
  started.push(supervisor);
  return supervisor;
}

const ask = (supervisor: Supervisor, text: string): Promise<Verdict> =>
  supervisor.ask(HOOK, { content: { text } });

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Asks until the new process answers. */
async function backAgain(supervisor: Supervisor): Promise<void> {
  for (;;) {
    try {
      await ask(supervisor, 'fine');
      return;
    } catch {
      await turn();
    }
  }
}

test('more questions than may wait are refused at once', async () => {
  const supervisor = await supervise();
  const waiting = Array.from({ length: 10_000 }, () => ask(supervisor, 'never answer'));
  await assert.rejects(ask(supervisor, 'fine'), {
    code: 'EINTERNAL',
    message: 'the plug-in trouble has too much to do; try again',
  });
  assert.equal(supervisor.depth, 10_000);
  await supervisor.close();
  for (const outcome of await Promise.allSettled(waiting)) assert.equal(outcome.status, 'rejected');
});

test('what a listener is too far behind for is dropped, and counted', async () => {
  const supervisor = await supervise();
  const event = { message: { content: { text: 'fine' } } };
  for (let i = 0; i < 10_003; i++) supervisor.tell('listen message.created', event);
  assert.equal(outcomes.get('dropped'), 3);
});

test('the pause before a restart grows, and nothing is answered meanwhile', async () => {
  const supervisor = await supervise();
  for (const pause of [100, 200, 400]) {
    await assert.rejects(ask(supervisor, 'exit'), {
      message: 'the plug-in trouble failed: its process ended',
    });
    assert.equal(restarts.at(-1)?.pause, pause);
    timers.advance(pause - 1);
    await assert.rejects(ask(supervisor, 'fine'), {
      message: 'the plug-in trouble is being restarted; try again',
    });
    timers.advance(1);
    await backAgain(supervisor);
  }
  assert.equal(restarts.length, 3);
});

test('what listeners are to be told while the process is away is told once it is back', async () => {
  const supervisor = await supervise();
  await assert.rejects(ask(supervisor, 'exit'));
  supervisor.tell('listen message.created', { message: { content: { text: 'listen: throw' } } });
  timers.advance(100);
  await backAgain(supervisor);
  assert.equal(outcomes.get('failed'), 2, 'the exit, and the listener');
});

test('what a lost process had not told its listeners is counted', async () => {
  const supervisor = await supervise();
  const exit = assert.rejects(ask(supervisor, 'exit'));
  for (let i = 0; i < 5; i++)
    supervisor.tell('listen message.created', { message: { content: { text: 'fine' } } });
  await exit;
  assert.deepEqual([outcomes.get('failed'), outcomes.get('dropped')], [1, 5]);
});

test('a process that leaves too many questions unanswered is restarted', async () => {
  const supervisor = await supervise();
  const waiting = Array.from({ length: 100 }, () => ask(supervisor, 'never answer'));
  // An answer behind them says that the thread has begun them all.
  await ask(supervisor, 'fine');
  const due = performance.now() + LIMIT;
  while (performance.now() < due) await turn();
  const settled = Promise.allSettled(waiting);
  // The first look only says that this process was late.
  for (let look = 0; look < 2; look++) timers.advance(LIMIT);
  await settled;
  assert.deepEqual(restarts, [{ reason: 'it leaves too much unanswered', pause: 100 }]);
  assert.equal(outcomes.get('timeout'), 100);
});

test('a process that ends over something that is no error says what it was', async () => {
  const supervisor = await supervise();
  await assert.rejects(ask(supervisor, 'throw what is no error'));
  assert.deepEqual(restarts, [{ reason: 'a text', pause: 100 }]);
});

test('questions whose inputs are too large to keep are refused, and the rest is answered', async () => {
  const supervisor = await supervise();
  const text = 'x'.repeat(1_000_000);
  const asked = Array.from({ length: 40 }, () => ask(supervisor, text));
  const outcomes = await Promise.allSettled(asked);
  assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 34);
  await ask(supervisor, 'fine');
});

test('a question that has no JSON form is refused, and those beside it are answered', async () => {
  const supervisor = await supervise();
  const bad = supervisor.ask(HOOK, { content: { text: 1n } });
  const good = ask(supervisor, 'fine');
  await assert.rejects(bad, { message: 'the plug-in trouble can not be given this' });
  assert.deepEqual(await good, { answer: 'pass' });
});

test('a supervisor that is closed while its process starts again does not wait for it', async () => {
  const supervisor = await supervise();
  await assert.rejects(ask(supervisor, 'exit'));
  timers.advance(100);
  await supervisor.close();
  await assert.rejects(ask(supervisor, 'fine'));
});
