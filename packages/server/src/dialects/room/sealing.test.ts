import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { compactDecrypt } from 'jose';
import { RoomKeys } from '../../auth/room-keys.ts';
import { Sealing } from './sealing.ts';

const KEY = randomBytes(32);

test('what is sealed is a JWE that other programs open, another one each time', async () => {
  const sealing = new Sealing(KEY);
  const frames = Array.from({ length: 50 }, () => sealing.seal(Buffer.from('海纳')));
  assert.equal(new Set(frames).size, 50);
  const { plaintext, protectedHeader } = await compactDecrypt(frames[0] ?? '', KEY);
  assert.equal(Buffer.from(plaintext).toString(), '海纳');
  assert.deepEqual(protectedHeader, { alg: 'dir', enc: 'A256GCM' });
});

test('a frame is opened once, and only under its key', async () => {
  const sealing = new Sealing(KEY);
  const frame = new Sealing(KEY).seal(Buffer.from('x'));
  assert.equal(Buffer.from(await sealing.open(frame)).toString(), 'x');
  await assert.rejects(sealing.open(frame), { name: 'SealBroken', message: 'a frame came twice' });
  await assert.rejects(new Sealing(randomBytes(32)).open(frame), { name: 'SealBroken' });
});

test('keys differ by secret and by token, and are the same on every node', () => {
  const [one, other] = [new RoomKeys('secret'), new RoomKeys('another')];
  assert.equal(one.keyOf('token').length, 32);
  assert.deepEqual(one.keyOf('token'), new RoomKeys('secret').keyOf('token'));
  assert.notDeepEqual(one.keyOf('token'), one.keyOf('token2'));
  assert.notDeepEqual(one.keyOf('token'), other.keyOf('token'));
});
