import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LoadingCache } from './loading-cache.ts';

test('a value is loaded once, and is there at once from then on', async () => {
  const cache = new LoadingCache<number>(9);
  let loads = 0;
  const load = async () => ++loads;
  const [first, second] = [cache.get('a', load), cache.get('a', load)];
  assert.ok(first instanceof Promise);
  assert.deepEqual(await Promise.all([first, second]), [1, 1]);
  assert.equal(cache.get('a', load), 1);
});

test('what was dropped while it was loading is loaded anew for who asks after', async () => {
  const cache = new LoadingCache<string>(9);
  const { promise, resolve } = Promise.withResolvers<string>();
  const before = cache.get('a', () => promise);
  cache.drop('a');
  const after = cache.get('a', async () => 'new');
  resolve('old');
  assert.deepEqual(await Promise.all([before, after]), ['old', 'new']);
  assert.equal(
    cache.get('a', async () => 'another'),
    'new',
  );
});

test('a load that fails is tried again', async () => {
  const cache = new LoadingCache<string>(9);
  const failing = cache.get('a', () => Promise.reject(new Error('no store')));
  await assert.rejects(async () => failing, /no store/);
  assert.equal(await cache.get('a', async () => 'there'), 'there');
});

test('the oldest values make room', async () => {
  const cache = new LoadingCache<string>(2);
  for (const key of ['a', 'b', 'c']) await cache.get(key, async () => key);
  assert.equal(cache.size, 2);
  assert.ok(cache.get('a', async () => 'again') instanceof Promise);
});
