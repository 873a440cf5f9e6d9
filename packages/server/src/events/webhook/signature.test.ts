import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sign } from './signature.ts';

test('a signature is what `openssl dgst -sha256 -hmac` says of timestamp and body', () => {
  // printf '%s' '1705744800000.{"eventType":"business.user.login"}' | openssl dgst -sha256 -hmac 'a secret of sixteen'
  const expected = '39fad8e795cb51a16d75d81e04480f25530910e5e64641aa893885703db6f86f';
  const made = sign('a secret of sixteen', 1_705_744_800_000, '{"eventType":"business.user.login"}');
  assert.equal(made, `v1=${expected}`);
});
