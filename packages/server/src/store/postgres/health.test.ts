import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Connection } from './connect.ts';
import { type Failure, failureOf } from './errors.ts';
import { Health } from './health.ts';

const AWAY: Failure = { kind: 'unavailable', isGone: true, isUnknown: false, reason: 'away' };

function openHealth(t: TestContext) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const told: (string | undefined)[] = [];
  const health = new Health({ unavailable: (reason) => told.push(reason) });
  const failAndWork = (settledMs: number): void => {
    health.failed(AWAY);
    health.succeeded();
    t.mock.timers.tick(settledMs);
  };
  return { health, told, failAndWork };
}

test('an outage is told once, and its end once nothing has failed for a second', (t) => {
  const { health, told } = openHealth(t);
  for (let i = 0; i < 10; i++) health.failed(AWAY);
  assert.deepEqual(told, ['away']);
  health.succeeded();
  t.mock.timers.tick(999);
  health.succeeded();
  assert.deepEqual(told, ['away']);
  t.mock.timers.tick(1);
  assert.deepEqual(told, ['away', undefined]);
});

test('where some connections work and others do not, it is not told at each of them', (t) => {
  const { told, failAndWork } = openHealth(t);
  for (let i = 0; i < 100; i++) failAndWork(500);
  assert.deepEqual(told, ['away']);
});

test('what comes and goes is believed to be over later each time', (t) => {
  const { told, failAndWork } = openHealth(t);
  failAndWork(1000);
  for (let i = 0; i < 100; i++) failAndWork(1999);
  assert.deepEqual(told, ['away', undefined, 'away']);
  failAndWork(2000);
  assert.deepEqual(told, ['away', undefined, 'away', undefined]);
});

test('a call that failed by itself is no outage', (t) => {
  const { health, told } = openHealth(t);
  health.failed({ ...AWAY, kind: 'call' });
  assert.deepEqual(told, []);
});

test('a server that could not be reached is not asked by the next call, which fails as if it had been', async () => {
  const health = new Health({ unavailable() {} });
  let tries = 0;
  const open = (): Promise<Connection> => {
    tries += 1;
    return Promise.reject(new Error('away'));
  };
  await assert.rejects(health.connect(open), /away/);
  health.failed(AWAY);
  const error = await health.connect(open).catch((reason: unknown) => reason);
  assert.equal(tries, 1);
  const { kind, isGone, reason } = failureOf(error);
  assert.deepEqual([kind, isGone, reason], ['unavailable', true, 'away (ECONNREFUSED)']);
});
