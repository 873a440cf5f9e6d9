import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sizeOf } from './argument-size.ts';

test('texts and bytes count wherever they are in the arguments', () => {
  const text = 'x'.repeat(1000);
  for (const args of [[text], [{ content: { extra: [{ url: text }] } }], [new Uint8Array(2000)]]) {
    const size = sizeOf(args);
    assert.ok(size >= 2000 && size < 2200, String(size));
  }
  assert.ok(sizeOf([undefined, null, 1, true]) < 100);
});
