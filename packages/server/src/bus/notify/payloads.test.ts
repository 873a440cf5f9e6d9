import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { bodyOf, channelOf, encode, pack, unpack } from './payloads.ts';

test('what is packed is unpacked, in its order, from payloads that PostgreSQL takes and that all differ', () => {
  const sent = Array.from({ length: 300 }, (_, i) => ({
    channel: i % 3 === 0 ? 'x'.repeat(64) : `c${i}`,
    // One of them is as long as the bus carries.
    body: randomBytes(i === 7 ? 4096 : (i * 37) % 900),
  }));
  let count = 0;
  const payloads = pack(
    sent.map(({ channel, body }) => encode(channel, body)),
    () => `ann ${count++}`,
  );
  assert.ok(payloads.every((payload) => /^[\x20-\x7e\n]{1,7999}$/.test(payload)));
  assert.ok(payloads.length < sent.length / 5, 'many share one');
  const unpacked = payloads.map(unpack);
  assert.deepEqual(
    unpacked.map(([head]) => head),
    payloads.map((_, index) => `ann ${index}`),
  );
  const lines = unpacked.flatMap(([, each]) => each);
  assert.deepEqual(
    lines.map((line) => ({ channel: channelOf(line), body: bodyOf(line) })),
    sent,
  );
});
