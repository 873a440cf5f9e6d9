import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualTimers } from '../stomp/testing/manual-timers.ts';
import { NotificationSchedule } from './notification-schedule.ts';

/** A plan in memory, whose clock goes with the timers. */
function start(plan: number[]) {
  const timers = new ManualTimers();
  const errors: unknown[] = [];
  const told: number[] = [];
  let now = 0;
  let broken = false;
  let planned = (_at: number): void => {};
  const notifications = {
    onPlanned(listener: (at: number) => void) {
      planned = listener;
    },
    async tellDue() {
      if (broken) throw new Error('no store');
      told.push(...plan.filter((at) => at <= now));
      plan.splice(0, plan.length, ...plan.filter((at) => at > now));
      return plan.length === 0 ? null : Math.min(...plan);
    },
  };
  const clock = { now: () => now };
  const onError = (error: unknown) => errors.push(error);
  const schedule = new NotificationSchedule({ notifications, clock, timers, onError });
  return {
    schedule,
    timers,
    told,
    errors,
    add(at: number) {
      plan.push(at);
      planned(at);
    },
    breakStore(isBroken: boolean) {
      broken = isBroken;
    },
    async pass(ms: number) {
      now += ms;
      timers.advance(ms);
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

test('what fell due before the start is told at it, the rest at its time', async () => {
  const { schedule, told, pass } = start([-5, 100, 200]);
  await schedule.start();
  assert.deepEqual(told, [-5]);
  await pass(99);
  assert.deepEqual(told, [-5]);
  await pass(1);
  assert.deepEqual(told, [-5, 100]);
  await pass(100);
  assert.deepEqual(told, [-5, 100, 200]);
});

test('a plan for an earlier time is told before, one for a later time after what waits', async () => {
  const { schedule, told, timers, add, pass } = start([100]);
  await schedule.start();
  add(150);
  add(50);
  assert.equal(timers.pending, 1);
  await pass(50);
  assert.deepEqual(told, [50]);
  await pass(50);
  await pass(50);
  assert.deepEqual(told, [50, 100, 150]);
});

test('times further away than a timer takes are waited for in steps', async () => {
  const year = 365 * 86_400_000;
  const { schedule, told, pass } = start([year]);
  await schedule.start();
  for (let day = 0; day < 365; day++) await pass(86_400_000);
  assert.deepEqual(told, [year]);
});

test('a store out of reach is asked again', async () => {
  const { schedule, told, errors, pass, breakStore } = start([10]);
  await schedule.start();
  breakStore(true);
  await pass(10);
  assert.equal(errors.length, 1);
  breakStore(false);
  await pass(1000);
  assert.deepEqual(told, [10]);
});

test('once closed it waits for nothing', async () => {
  const { schedule, timers, add } = start([10]);
  await schedule.start();
  await schedule.close();
  add(5);
  assert.equal(timers.pending, 0);
});
