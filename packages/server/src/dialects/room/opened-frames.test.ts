import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OpenedFrames } from './opened-frames.ts';

test('a frame is new once to each key', () => {
  const opened = new OpenedFrames();
  assert.deepEqual(
    [opened.add('a', 1), opened.add('a', 1), opened.add('b', 1), opened.add('a', 2), opened.add('b', 1)],
    ['new', 'known', 'new', 'new', 'known'],
  );
});

test('where there are too many, the key that was not used for longest is forgotten', () => {
  const opened = new OpenedFrames(3);
  for (const [key, mark] of [
    ['a', 1],
    ['b', 1],
    ['a', 2],
    ['c', 1],
  ] as const)
    assert.equal(opened.add(key, mark), 'new');
  assert.equal(opened.add('a', 1), 'known');
  assert.equal(opened.add('c', 1), 'known');
  assert.equal(opened.add('b', 1), 'new');
});

test('a key that has filled everything begins again', () => {
  const opened = new OpenedFrames(2);
  assert.deepEqual(
    [opened.add('a', 1), opened.add('a', 2), opened.add('a', 3), opened.add('a', 1)],
    ['new', 'new', 'full', 'new'],
  );
});
