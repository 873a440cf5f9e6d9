import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DomainError } from '../core/errors.ts';
import { LoginThrottle, type LoginThrottleOptions } from './login-throttle.ts';

function setup(options: Partial<LoginThrottleOptions> = {}) {
  const clock = { time: 1_000_000, now: () => clock.time };
  const throttle = new LoginThrottle({ clock, tries: 5, ...options });
  const wrong = (address = '1.2.3.4') => outcome(throttle.attempt(address, reject('EAUTH')));
  const right = (address = '1.2.3.4') => outcome(throttle.attempt(address, async () => 'in'));
  return { clock, throttle, wrong, right };
}

function reject(code: 'EAUTH' | 'EINTERNAL') {
  return async (): Promise<never> => {
    throw new DomainError(code, 'no');
  };
}

/** What a try gave, or the code it was refused with. */
function outcome(attempt: Promise<unknown>): Promise<unknown> {
  return attempt.catch((error: DomainError) => error.code);
}

async function times(count: number, run: () => Promise<unknown>): Promise<unknown[]> {
  const outcomes = [];
  for (let i = 0; i < count; i++) outcomes.push(await run());
  return outcomes;
}

test('after five wrong tries even the right password has to wait until the window has passed', async () => {
  const { clock, throttle, wrong, right } = setup();
  assert.deepEqual(await times(6, wrong), ['EAUTH', 'EAUTH', 'EAUTH', 'EAUTH', 'EAUTH', 'ERATE']);
  assert.equal(await right(), 'ERATE');
  clock.time += 20_000;
  await assert.rejects(
    throttle.attempt('1.2.3.4', async () => 'in'),
    (error: DomainError) => error.retryAfter === 40_000 && error.limit === 5,
  );
  clock.time += 40_000;
  assert.equal(await right(), 'in');
  assert.deepEqual(await times(6, wrong), ['EAUTH', 'EAUTH', 'EAUTH', 'EAUTH', 'EAUTH', 'ERATE']);
});

test('right passwords and failures of the server are not counted, and do not clear the count', async () => {
  const { throttle, wrong, right } = setup();
  await times(4, wrong);
  assert.deepEqual(await times(20, right), Array(20).fill('in'));
  assert.equal(await outcome(throttle.attempt('1.2.3.4', reject('EINTERNAL'))), 'EINTERNAL');
  assert.deepEqual(await times(2, wrong), ['EAUTH', 'ERATE']);
});

test('addresses are counted on their own, those of one IPv6 /64 network together', async () => {
  const { wrong } = setup();
  await times(5, wrong);
  assert.equal(await wrong('::ffff:1.2.3.4'), 'ERATE');
  assert.equal(await wrong('1.2.3.5'), 'EAUTH');
  await times(4, () => wrong('2001:db8::1'));
  assert.equal(await wrong('2001:DB8:0:0:ffff::2'), 'EAUTH');
  assert.equal(await wrong('2001:db8::3'), 'ERATE');
  assert.equal(await wrong('2001:db8:0:1::1'), 'EAUTH');
  assert.equal(await wrong('::1'), 'EAUTH');
});

test('guesses sent all at once get no more wrong tries than guesses one by one', async () => {
  const { wrong } = setup();
  const outcomes = await Promise.all(Array.from({ length: 50 }, () => wrong()));
  assert.equal(outcomes.filter((code) => code === 'EAUTH').length, 5);
  assert.equal(outcomes.filter((code) => code === 'ERATE').length, 45);
});

test('many right logins at once from one address all get in', async () => {
  const { right } = setup();
  const outcomes = await Promise.all(Array.from({ length: 50 }, () => right()));
  assert.deepEqual(outcomes, Array(50).fill('in'));
});

test('memory is bounded: the address known longest is forgotten', async () => {
  const { wrong } = setup({ maxAddresses: 2 });
  await times(5, () => wrong('10.0.0.1'));
  await wrong('10.0.0.2');
  assert.equal(await wrong('10.0.0.1'), 'ERATE');
  await wrong('10.0.0.3');
  assert.equal(await wrong('10.0.0.1'), 'EAUTH');
});

test('0 tries turns it off', async () => {
  const { wrong } = setup({ tries: 0 });
  assert.deepEqual(await times(20, wrong), Array(20).fill('EAUTH'));
});
