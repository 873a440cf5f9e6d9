import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualTimers } from '../../stomp/testing/manual-timers.ts';
import { DeskNews } from './desk-news.ts';
import type { DeskListener } from './dispatch.ts';

const INTERVAL = 1000;

/** News of queues that the test sets. */
function start() {
  const timers = new ManualTimers();
  const queues = new Map<string, string[]>();
  const told: string[] = [];
  const errors: unknown[] = [];
  const time = { now: 0 };
  let boards = 0;
  let isBroken = false;
  let changed: DeskListener = () => {};
  const news = new DeskNews({
    store: {
      async findBoard(tenant) {
        if (isBroken) throw new Error('no store');
        return { tenant, waiting: [], waitingTotal: 0, absentTotal: 0, agents: [] };
      },
      async listQueue(_tenant, skill) {
        return (queues.get(skill) ?? []).map((id) => ({ sessionId: id, customerId: id }));
      },
    },
    sink: {
      publish([topic], event) {
        if (event.type === 'desk.changed') boards++;
        else if (event.type === 'service.position') told.push(`${topic} ${event.position}`);
      },
      notify() {},
    },
    dispatch: {
      onChanged(listener) {
        changed = listener;
      },
    },
    clock: { now: () => time.now },
    timers,
    interval: INTERVAL,
    onError: (error) => errors.push(error),
  });
  return {
    news,
    timers,
    errors,
    queue: (skill: string, ...ids: string[]) => queues.set(skill, ids),
    change: (...skills: string[]) => changed('t', skills),
    breakStore(broken: boolean) {
      isBroken = broken;
    },
    /** What was told once this time has passed. */
    async after(ms: number) {
      time.now += ms;
      timers.advance(ms);
      await new Promise((resolve) => setImmediate(resolve));
      const all = { boards, positions: told.splice(0) };
      boards = 0;
      return all;
    },
  };
}

test('the first change is told at once, and a storm of others in one telling', async () => {
  const { queue, change, after } = start();
  queue('', 'a', 'b');
  for (let i = 0; i < 100; i++) change('');
  assert.deepEqual(await after(0), { boards: 1, positions: ['user/t/a 1', 'user/t/b 2'] });
  for (let i = 0; i < 100; i++) change('');
  assert.deepEqual(await after(INTERVAL - 1), { boards: 0, positions: [] });
  assert.deepEqual(await after(1), { boards: 1, positions: [] });
});

test('positions are told to those alone who moved', async () => {
  const { queue, change, after } = start();
  queue('', 'a', 'b', 'c');
  queue('x', 'd');
  change('', 'x');
  await after(0);
  queue('', 'b', 'c', 'e');
  change('');
  const { positions } = await after(INTERVAL);
  assert.deepEqual(positions, ['user/t/b 1', 'user/t/c 2', 'user/t/e 3']);
});

test('what could not be told is told at the next interval', async () => {
  const { queue, change, after, breakStore, errors } = start();
  queue('', 'a');
  breakStore(true);
  change('');
  await after(0);
  assert.equal(errors.length, 1);
  breakStore(false);
  assert.equal((await after(INTERVAL)).boards, 1);
});

test('tellings do not pile up before a store that is slow', async () => {
  const { change, after } = start();
  change('');
  assert.deepEqual(await after(INTERVAL * 100), { boards: 1, positions: [] });
});

test('nothing runs while nothing changes, nor once it is closed', async () => {
  const { news, change, after, timers } = start();
  change('');
  await after(0);
  await after(INTERVAL);
  assert.equal(timers.pending, 0);
  change('');
  await news.close();
  assert.equal(timers.pending, 0);
  change('');
  assert.deepEqual(await after(INTERVAL), { boards: 0, positions: [] });
});
