import assert from 'node:assert/strict';
import { createCipheriv, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { compactDecrypt } from 'jose';
import { RoomKeys } from '../../auth/room-keys.ts';
import { OpenedFrames } from './opened-frames.ts';
import { Sealing } from './sealing.ts';

const KEY = randomBytes(32);

const sealingOf = (key: Uint8Array) => new Sealing(key, new OpenedFrames());

test('what is sealed is a JWE that other programs open, another one each time', async () => {
  const sealing = sealingOf(KEY);
  const frames = Array.from({ length: 50 }, () => sealing.seal(Buffer.from('海纳')));
  assert.equal(new Set(frames).size, 50);
  const { plaintext, protectedHeader } = await compactDecrypt(frames[0] ?? '', KEY);
  assert.equal(Buffer.from(plaintext).toString(), '海纳');
  assert.deepEqual(protectedHeader, { alg: 'dir', enc: 'A256GCM' });
});

test('a frame is opened once, and only under its key', async () => {
  const sealing = sealingOf(KEY);
  const frame = sealingOf(KEY).seal(Buffer.from('x'));
  assert.equal(Buffer.from(await sealing.open(frame)).toString(), 'x');
  await assert.rejects(sealing.open(frame), { name: 'SealBroken', close: 'repeated-frame' });
  await assert.rejects(sealingOf(randomBytes(32)).open(frame), { close: 'undecryptable' });
});

test('more frames than can be remembered end the connection, which may come again', async () => {
  const sealing = new Sealing(KEY, new OpenedFrames(1));
  const [first = '', second = ''] = ['x', 'y'].map((text) => sealing.seal(Buffer.from(text)));
  await sealing.open(first);
  await assert.rejects(sealing.open(second), { close: 'too-many-frames' });
});

test('a frame is opened once, whichever connection brings it', async () => {
  const opened = new OpenedFrames();
  const frame = sealingOf(KEY).seal(Buffer.from('x'));
  await new Sealing(KEY, opened).open(frame);
  await assert.rejects(new Sealing(KEY, opened).open(frame), { message: 'a frame came twice' });
});

test('a client may count its initialization vectors', async () => {
  const sealing = sealingOf(KEY);
  for (let count = 0; count < 3; count++) {
    const iv = Buffer.alloc(12);
    iv.writeUInt32BE(count, 8);
    assert.equal(Buffer.from(await sealing.open(sealWith(iv, `${count}`))).toString(), `${count}`);
  }
});

function sealWith(iv: Buffer, text: string): string {
  const header = Buffer.from('{"alg":"dir","enc":"A256GCM"}').toString('base64url');
  const cipher = createCipheriv('aes-256-gcm', KEY, iv).setAAD(Buffer.from(header));
  const content = Buffer.concat([cipher.update(text), cipher.final()]);
  return [header, '', ...[iv, content, cipher.getAuthTag()].map((part) => part.toString('base64url'))].join(
    '.',
  );
}

test('keys differ by secret and by token, and are the same on every node', () => {
  const [one, other] = [new RoomKeys('secret'), new RoomKeys('another')];
  assert.equal(one.keyOf('token').length, 32);
  assert.deepEqual(one.keyOf('token'), new RoomKeys('secret').keyOf('token'));
  assert.notDeepEqual(one.keyOf('token'), one.keyOf('token2'));
  assert.notDeepEqual(one.keyOf('token'), other.keyOf('token'));
});
