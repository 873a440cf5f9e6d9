import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DomainError } from '../core/errors.ts';
import type { LoginAccount } from '../core/users.ts';
import { LoginThrottle, type LoginThrottleOptions } from './login-throttle.ts';

/** A throttle whose time passes by hand. */
function setup(options: Partial<LoginThrottleOptions> = {}) {
  const clock = { time: 1_000_000, now: () => clock.time };
  const delays: number[] = [];
  const due: { readonly at: number; readonly run: () => void }[] = [];
  const timers = {
    after(delay: number, run: () => void) {
      delays.push(delay);
      const timer = { at: clock.time + delay, run };
      due.push(timer);
      return () => {
        if (due.includes(timer)) due.splice(due.indexOf(timer), 1);
      };
    },
  };
  const stored = new Set<string>();
  const history = {
    hasLoggedIn: async ({ id }: LoginAccount, network: string) => stored.has(`${id} ${network}`),
    async noteLogin({ id }: LoginAccount, network: string) {
      stored.add(`${id} ${network}`);
    },
  };
  const onError = (error: unknown) => {
    throw error;
  };
  const throttle = new LoginThrottle({ clock, timers, history, onError, tries: 10, ...options });
  const attempt = (login: () => Promise<unknown>, account: string, address: string, signal?: AbortSignal) =>
    throttle
      .attempt({ account: accountOf(account), address, ...(signal ? { signal } : {}) }, login)
      .catch((error) => error.code as string);
  return {
    clock,
    throttle,
    stored,
    /** How long each try that had to wait was to wait, in ms. */
    delays,
    wrong: (account = 'alice', address = '1.2.3.4', signal?: AbortSignal) =>
      attempt(deny, account, address, signal),
    right: (account = 'alice', address = '1.2.3.4') => attempt(allow, account, address),
    /** Lets what was begun come to its waits, then the time pass. */
    async pass(ms: number) {
      await settled();
      clock.time += ms;
      for (const { at, run } of [...due]) if (at <= clock.time) run();
      await settled();
    },
  };
}

const accountOf = (id: string): LoginAccount => ({ tenant: 'default', id });
const allow = async () => 'in';
const deny = async () => {
  throw new DomainError('EAUTH', 'no');
};
const settled = () => new Promise((resolve) => setImmediate(resolve));

async function times(count: number, run: (index: number) => Promise<unknown>): Promise<unknown[]> {
  const outcomes = [];
  for (let i = 0; i < count; i++) outcomes.push(await run(i));
  return outcomes;
}

test('after ten failures each further try on the account waits, twice as long as the last and a minute at most', async () => {
  const { wrong, delays, pass } = setup();
  await times(10, () => wrong());
  assert.deepEqual(delays, []);
  for (let i = 0; i < 8; i++) {
    const late = wrong();
    await pass(60_000);
    assert.equal(await late, 'EAUTH');
  }
  assert.deepEqual(delays, [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
});

test('failures from many addresses count together, and stop to count after ten minutes', async () => {
  const { wrong, right, delays, clock } = setup();
  await times(10, (i) => wrong('alice', `10.0.0.${i}`));
  void wrong('alice', '10.0.1.1');
  await settled();
  assert.deepEqual(delays, [1000]);
  clock.time += 600_000;
  assert.equal(await right('alice', '10.0.2.1'), 'in');
});

test('the right password is let in after its delay', async () => {
  const { wrong, right, pass } = setup();
  await times(10, () => wrong());
  const late = right();
  await settled();
  await pass(1000);
  assert.equal(await late, 'in');
});

test('an address that has logged in to the account does not wait for the failures of others', async () => {
  const { wrong, right, delays } = setup();
  assert.equal(await right('alice', '9.9.9.9'), 'in');
  await times(10, (i) => wrong('alice', `10.0.0.${i}`));
  for (let i = 0; i < 20; i++) void wrong('alice', '10.0.1.1');
  await settled();
  const waiting = delays.length;
  assert.equal(await right('alice', '9.9.9.9'), 'in');
  assert.equal(await wrong('alice', '9.9.9.9'), 'EAUTH');
  assert.equal(delays.length, waiting);
});

test('an address that logged in before the server started is known', async () => {
  const { wrong, right, stored, delays } = setup();
  stored.add('alice 2001:db8:0:0::/64');
  await times(10, (i) => wrong('alice', `10.0.0.${i}`));
  for (let i = 0; i < 20; i++) void wrong('alice', '10.0.1.1');
  await settled();
  assert.equal(delays.length, 8);
  assert.equal(await right('alice', '2001:db8::7'), 'in');
});

test('where a user logged in from is noted once', async () => {
  let notes = 0;
  const history = {
    hasLoggedIn: async () => false,
    async noteLogin() {
      notes++;
      throw new Error('disk full');
    },
  };
  const errors: unknown[] = [];
  const { right } = setup({ history, onError: (error) => errors.push(error) });
  assert.deepEqual(await times(3, () => right()), ['in', 'in', 'in']);
  assert.deepEqual([notes, errors.length], [1, 1]);
});

test('who guesses from where the user logs in becomes a stranger in the end', async () => {
  const { wrong, right, delays } = setup();
  await right();
  await times(100, () => wrong());
  void wrong();
  await settled();
  assert.equal(delays.length, 1);
});

test("one account's failures delay no other account, at the same address or elsewhere", async () => {
  const { wrong, right, delays } = setup();
  await times(10, () => wrong('mallory'));
  for (let i = 0; i < 50; i++) void wrong('mallory');
  await settled();
  delays.length = 0;
  assert.equal(await right('alice'), 'in');
  assert.equal(await wrong('bob'), 'EAUTH');
  assert.deepEqual(delays, []);
});

test('waiting tries are bounded: more are refused, with the time to wait', async () => {
  const { wrong, throttle, pass } = setup();
  await times(10, () => wrong());
  const outcomes = Promise.all(Array.from({ length: 12 }, () => wrong()));
  await settled();
  await assert.rejects(
    throttle.attempt({ account: accountOf('alice'), address: '5.5.5.5' }, allow),
    (error: DomainError) => error.code === 'ERATE' && error.retryAfter === 60_000,
  );
  await pass(60_000);
  assert.deepEqual(await outcomes, [...Array(8).fill('EAUTH'), ...Array(4).fill('ERATE')]);
});

test('guesses sent all at once get no more tries than guesses one by one', async () => {
  const { wrong, delays, pass } = setup();
  const outcomes = Promise.all(Array.from({ length: 50 }, () => wrong()));
  await settled();
  await settled();
  assert.equal(delays.length, 8);
  await pass(60_000);
  assert.equal((await outcomes).filter((code) => code === 'EAUTH').length, 18);
});

test('three hundred right logins at once all get in, of one account or of many, among wrong ones', async () => {
  const { wrong, right, delays } = setup();
  await times(5, () => wrong('pupil7'));
  const pupils = Promise.all(Array.from({ length: 300 }, (_, i) => right(`pupil${i}`)));
  const shared = Promise.all(Array.from({ length: 300 }, () => right('shared')));
  assert.deepEqual(await pupils, Array(300).fill('in'));
  assert.deepEqual(await shared, Array(300).fill('in'));
  assert.deepEqual(delays, []);
});

test('an address that fails on very many accounts is slowed down, but not where it has logged in before', async () => {
  const { wrong, right, delays, pass } = setup();
  await right('teacher');
  await times(100, (i) => wrong(`guess${i}`));
  for (let i = 100; i < 105; i++) {
    const late = wrong(`guess${i}`);
    await pass(5000);
    assert.equal(await late, 'EAUTH');
  }
  assert.deepEqual(delays, [1000, 2000, 4000, 5000, 5000]);
  assert.equal(await right('teacher'), 'in');
  assert.equal(await right('alice', '1.2.3.5'), 'in');
  assert.equal(delays.length, 5);
});

test('slips of the fingers do not add up to an address that guesses', async () => {
  const { wrong, right, delays } = setup();
  await times(300, async (i) => {
    await wrong(`pupil${i}`);
    await wrong(`pupil${i}`);
    await right(`pupil${i}`);
  });
  assert.deepEqual(delays, []);
});

test('failures of the server are not counted', async () => {
  const { throttle, delays, right } = setup();
  const broken = async () => {
    throw new DomainError('EINTERNAL', 'no');
  };
  await times(20, () =>
    throttle.attempt({ account: accountOf('alice'), address: '1.2.3.4' }, broken).catch(() => {}),
  );
  assert.equal(await right(), 'in');
  assert.deepEqual(delays, []);
});

test('who hangs up while it waits is forgotten at once, untried', async () => {
  const { wrong, delays } = setup();
  await times(10, () => wrong());
  for (let i = 0; i < 20; i++) {
    const hangUp = new AbortController();
    const dropped = wrong('alice', '1.2.3.4', hangUp.signal);
    await settled();
    hangUp.abort();
    assert.equal(await dropped, 'ERATE');
  }
  assert.deepEqual(delays, Array(20).fill(1000));
});

test('memory is bounded, and right logins leave no more than where they came from', async () => {
  const { throttle, wrong, right } = setup({ maxAccounts: 20, maxPairs: 10 });
  await right();
  assert.equal(throttle.size, 1);
  await times(50, (i) => wrong(`a${i}`, `10.0.0.${i}`));
  await times(50, (i) => right(`b${i}`, `10.0.1.${i}`));
  assert.ok(throttle.size <= 60, `${throttle.size} entries`);
});

test('a flood of other accounts does not make the throttle forget one on which tries wait', async () => {
  const { wrong, delays } = setup({ maxAccounts: 5 });
  await times(10, () => wrong());
  void wrong();
  await settled();
  await times(50, (i) => wrong(`a${i}`, `10.0.0.${i}`));
  void wrong();
  await settled();
  assert.deepEqual(delays, [1000, 2000]);
});

test('0 tries turns it off', async () => {
  const { wrong, delays } = setup({ tries: 0 });
  assert.deepEqual(await times(200, (i) => wrong(`a${i}`)), Array(200).fill('EAUTH'));
  assert.deepEqual(delays, []);
});
