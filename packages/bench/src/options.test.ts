import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OptionError, parseOptions } from './options.ts';

test('without options everything is measured on SQLite, five turns of three seconds', () => {
  const { text, ...others } = parseOptions([]);
  assert.equal(text.length, 200);
  assert.deepEqual(others, {
    subscribers: 1000,
    pairs: 100,
    duration: 3000,
    warmUp: 4000,
    turns: 5,
    store: 'sqlite',
    beside: undefined,
    only: undefined,
    growth: undefined,
  });
});

test('seconds may be parts of one, and a warm-up nothing', () => {
  const { duration, warmUp } = parseOptions(['--seconds', '0.2', '--warm-up', '0']);
  assert.deepEqual([duration, warmUp], [200, 0]);
});

test('growth is that of the whole database unless a part of it is asked for', () => {
  const growthOf = (...args: string[]) => parseOptions(args).growth;
  assert.equal(growthOf('--growth'), 1);
  assert.equal(growthOf('--growth', '--store', 'postgres'), 1);
  assert.equal(growthOf('--growth', '10'), 10);
  assert.equal(growthOf('--growth=100'), 100);
});

for (const args of [
  ['--turns', '0'],
  ['--turns', '1.5'],
  ['--pairs', 'many'],
  ['--pairs='],
  ['--seconds', '0'],
  ['--seconds', 'Infinity'],
  ['--store', 'mysql'],
  ['--only', 'history'],
  ['--growth', '0.5'],
  ['--growth', 'much'],
  ['--beside', '.', '--growth'],
  ['--only', 'fan-out', '--growth', '10'],
  ['--unknown'],
  ['a word'],
]) {
  test(`refuses ${args.join(' ')}, and says which option is wrong`, () => {
    assert.throws(
      () => parseOptions(args),
      (error) =>
        error instanceof OptionError && error.message.includes((args[0] as string).replace(/=$/, '')),
    );
  });
}
