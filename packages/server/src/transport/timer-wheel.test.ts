import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { TimerWheel, WheelTimer } from './timer-wheel.ts';

const TICK = 10;

/** A wheel on a clock that the test turns, and what fired on it. */
const wheelOf = (test: TestContext) => {
  test.mock.timers.enable({ apis: ['setInterval'] });
  const wheel = new TimerWheel(TICK);
  const fired: string[] = [];
  const timer = (name: string): WheelTimer => new WheelTimer(() => fired.push(name));
  return { wheel, fired, timer, pass: (ms: number) => test.mock.timers.tick(ms) };
};

describe('TimerWheel', () => {
  it('fires once, not before the delay and at most two ticks after', (test) => {
    const { wheel, fired, timer, pass } = wheelOf(test);
    wheel.start(timer('a'), 100);
    pass(100);
    assert.deepEqual(fired, []);
    pass(2 * TICK);
    assert.deepEqual(fired, ['a']);
    pass(10_000);
    assert.deepEqual(fired, ['a']);
  });

  it('keeps delays that are longer than a turn of the wheel', (test) => {
    const { wheel, fired, timer, pass } = wheelOf(test);
    for (const delay of [2550, 2560, 2570, 60_000]) wheel.start(timer(String(delay)), delay);
    pass(2540);
    assert.deepEqual(fired, []);
    pass(60);
    assert.deepEqual(fired, ['2550', '2560', '2570']);
    pass(57_380);
    assert.equal(fired.length, 3);
    pass(60);
    assert.equal(fired.length, 4);
  });

  it('cancels and restarts', (test) => {
    const { wheel, fired, timer, pass } = wheelOf(test);
    const [a, b] = [timer('a'), timer('b')];
    wheel.start(a, 100);
    wheel.start(b, 100);
    wheel.cancel(a);
    wheel.cancel(a);
    pass(50);
    wheel.start(b, 100);
    pass(90);
    assert.deepEqual(fired, []);
    pass(30);
    assert.deepEqual(fired, ['b']);
  });

  it('lets a timer start itself anew, also a whole turn ahead', (test) => {
    test.mock.timers.enable({ apis: ['setInterval'] });
    const wheel = new TimerWheel(TICK);
    let count = 0;
    const turn = 255 * TICK;
    const timer: WheelTimer = new WheelTimer(() => {
      count++;
      wheel.start(timer, turn);
    });
    wheel.start(timer, turn);
    test.mock.timers.tick(256 * TICK * 3);
    assert.equal(count, 3);
  });

  it('lets one timer cancel another that is due with it', (test) => {
    const { wheel, fired, timer, pass } = wheelOf(test);
    const second = timer('second');
    wheel.start(new WheelTimer(() => wheel.cancel(second)), 50);
    wheel.start(second, 50);
    pass(1000);
    assert.deepEqual(fired, []);
  });

  it('tells the time while it turns', (test) => {
    const { wheel, timer, pass } = wheelOf(test);
    wheel.start(timer('a'), 10_000);
    pass(500);
    assert.equal(wheel.now, 500);
  });
});
