import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { closeOf } from '@haina/wire';
import { CompactEncrypt, compactDecrypt } from 'jose';
import { seal } from './support/room-client.ts';
import { person, useRooms } from './support/room-fixture.ts';

const rooms = useRooms();

interface Login {
  readonly token: string;
  readonly roomKey: string;
}

async function logIn(name: string): Promise<{ token: string; key: Uint8Array }> {
  const { body } = await rooms.server.call('POST', '/api/v1/login', undefined, {
    username: name,
    password: name,
  });
  const { token, roomKey } = body as Login;
  return { token, key: Buffer.from(roomKey, 'base64url') };
}

const heartbeat = JSON.stringify({ msgType: 1 });

test('the login gives a key of 256 bits, another with each token', async () => {
  const [first, second] = [await logIn('alice'), await logIn('bob')];
  assert.equal(first.key.length, 32);
  assert.notDeepEqual(first.key, second.key);
});

test('sealed and plain clients talk in one room', async () => {
  const number = await rooms.makeRoom();
  const [sealed, other, plain] = [
    await rooms.open(await logIn('alice')),
    await rooms.open(await logIn('bob')),
    await rooms.open(),
  ];
  await plain.join(person(1), number);
  await other.join({ id: 'bob' }, number);
  const { members } = await sealed.join({ id: 'alice' }, number);
  assert.deepEqual(
    members?.map(({ id }) => id),
    [person(1).id, 'bob', 'alice'],
  );
  await sealed.chat({ id: 'alice' }, number, '秘密');
  for (const client of [sealed, other, plain]) assert.equal((await client.nextChat()).content, '秘密');
  await plain.chat(person(1), number, 'back');
  for (const client of [sealed, other, plain]) assert.equal((await client.nextChat()).content, 'back');
  await sealed.send({ msgType: 99 });
  assert.match(await sealed.nextRefusal(), /^msgType must be one of/);
});

test('sealed frames are unreadable under another key', async () => {
  const client = await rooms.open(await logIn('alice'));
  const first = client.nextRaw();
  await client.send({ msgType: 99 });
  const parts = (await first).split('.');
  assert.deepEqual(JSON.parse(Buffer.from(parts[0] ?? '', 'base64url').toString()), {
    alg: 'dir',
    enc: 'A256GCM',
  });
  assert.deepEqual([parts.length, parts[1]], [5, '']);
  await assert.rejects(compactDecrypt(parts.join('.'), randomBytes(32)));
});

const FORGERIES: Record<string, (key: Uint8Array) => Promise<string> | string> = {
  'under a wrong key': () => seal(heartbeat, randomBytes(32)),
  'in plain text': () => heartbeat,
  'that was tampered with': async (key) => `${(await seal(heartbeat, key)).slice(0, -4)}AAAA`,
  'that is compressed': (key) =>
    new CompactEncrypt(Buffer.from(heartbeat))
      .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', zip: 'DEF' })
      .encrypt(key),
  'of another algorithm': (key) =>
    new CompactEncrypt(Buffer.from(heartbeat))
      .setProtectedHeader({ alg: 'A256GCMKW', enc: 'A256GCM' })
      .encrypt(key),
  'that is empty': () => '',
  'of four dots': () => '....',
};

for (const [what, forge] of Object.entries(FORGERIES)) {
  test(`a frame ${what} ends the connection`, async () => {
    const { token, key } = await logIn('alice');
    const client = await rooms.open({ token, key });
    client.sendRaw(await forge(key));
    assert.deepEqual(await client.closed, { code: 1008, reason: 'a frame could not be decrypted' });
  });
}

test('a frame that comes twice, on its connection or another, ends the one that brought it, and is not done twice', async () => {
  const number = await rooms.makeRoom();
  const watcher = await rooms.open();
  await watcher.join(person(1), number);
  const { token, key } = await logIn('alice');
  const client = await rooms.open({ token, key });
  await client.join({ id: 'alice' }, number);
  const data = { from: { id: 'alice' }, roomNumber: number, content: 'once' };
  const sealed = await seal(JSON.stringify({ msgType: 3, textData: { dataType: 3, data } }), key);
  client.sendRaw(sealed);
  await watcher.nextChat();
  client.sendRaw(sealed);
  assert.deepEqual(await client.closed, closeOf('repeated-frame'));
  await watcher.next('left');
  await watcher.next('joined');
  const again = await rooms.open({ token, key });
  await again.join({ id: 'alice' }, number);
  again.sendRaw(sealed);
  assert.deepEqual(await again.closed, closeOf('repeated-frame'));
  await watcher.next('left');
  await watcher.next('joined');
  assert.deepEqual(await watcher.settled(), []);
});

test('what is sealed but no valid message is refused, and the connection stays', async () => {
  const client = await rooms.open(await logIn('alice'));
  await client.send([]);
  assert.equal(await client.nextRefusal(), 'the body must be an object');
  assert.deepEqual(await client.settled(), []);
});
