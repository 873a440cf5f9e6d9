import assert from 'node:assert/strict';
import { test } from 'node:test';
import { useRooms } from './support/room-fixture.ts';
import type { StompClient } from './support/stomp-client.ts';
import { tokenOf } from './support/token.ts';

const server = useRooms();
const INBOX = '/user/queue/messages';
const RECEIPTS = '/user/queue/receipts';
let names = 0;

/** Alice has said some things to bob, in a single chat, and bob has got them. */
async function aliceAndBob(count: number) {
  const [a, b] = [`a${++names}`, `b${names}`];
  for (const id of [a, b]) await server.makeUser(id);
  const alice = await server.openStomp(a, '/ws/im', [RECEIPTS]);
  const bob = await server.openStomp(b, '/ws/im', [INBOX]);
  const ids = Array.from({ length: count }, (_, index) => `${a}-${index + 1}`);
  for (const messageId of ids) {
    await alice.confirmed('/app/chat.send', {
      messageId,
      toId: b,
      chatType: 'SINGLE',
      msgType: 'TEXT',
      content: messageId,
    });
    await bob.nextAt(INBOX);
  }
  const conversation = `single:${a}:${b}`;
  return { a, b, alice, bob, ids, conversation };
}

/** What the next receipts say was read; those of deliveries are passed over. */
async function nextRead(client: StompClient, count: number): Promise<string[]> {
  const read: string[] = [];
  while (read.length < count) {
    const { messageId, status } = await client.nextAt<{ messageId: string; status: string }>(RECEIPTS);
    if (status === 'READ') read.push(messageId);
  }
  return read;
}

async function readMark(userId: string, conversation: string, upTo: unknown) {
  const path = `/api/v1/conversations/${conversation}/read`;
  const { status, body } = await server.server.call('POST', path, tokenOf(userId), { upTo });
  return { status, ...(body as { readSeq?: number; code?: string }) };
}

test('what a user hid of a conversation does not hold up what it has read', async () => {
  const { b, bob, ids, conversation } = await aliceAndBob(4);
  const im = await server.openStomp(b, '/ws', []);
  await im.confirmed('/app/delete-message', { messageId: ids[1], deleteScope: 0 });
  for (const index of [0, 2, 3]) await bob.confirmed('/app/chat.read', { messageId: ids[index] });
  assert.equal((await readMark(b, conversation, 0)).readSeq, 4);
});

test('upTo marks all up to a message as read, and its sender is told of each once', async () => {
  const { alice, bob, ids } = await aliceAndBob(5);
  await bob.confirmed('/app/chat.read', { messageId: ids[1] });
  assert.deepEqual(await nextRead(alice, 1), [ids[1]]);
  await bob.confirmed('/app/chat.read', { messageId: ids[3], upTo: true });
  assert.deepEqual(await nextRead(alice, 3), [ids[0], ids[2], ids[3]]);
  await bob.confirmed('/app/chat.read', { messageId: ids[4], upTo: true });
  assert.deepEqual(await nextRead(alice, 1), [ids[4]], 'nothing that was told before');
});

test('upTo is served by im and desk as by xuqm', async () => {
  const { b, alice, ids } = await aliceAndBob(4);
  const im = await server.openStomp(b, '/ws', []);
  await im.confirmed('/app/read-message', { messageId: ids[1], upTo: true });
  assert.deepEqual(await nextRead(alice, 2), [ids[0], ids[1]]);
  const desk = await server.openStomp(b, '/ws/chat', []);
  await desk.confirmed('/app/read', { messageId: ids[3], upTo: true });
  assert.deepEqual(await nextRead(alice, 2), [ids[2], ids[3]]);
});

test('the HTTP API takes a read position as a message or a sequence, of members only', async () => {
  const { a, b, alice, ids, conversation } = await aliceAndBob(3);
  assert.equal((await readMark(b, conversation, ids[0])).readSeq, 1);
  assert.deepEqual(await nextRead(alice, 1), [ids[0]]);
  assert.equal((await readMark(b, conversation, 2)).readSeq, 2);
  assert.equal((await readMark(b, conversation, 1)).readSeq, 2, 'it never goes back');
  assert.equal((await readMark(b, conversation, 1000)).readSeq, 3);
  assert.deepEqual(await nextRead(alice, 2), [ids[1], ids[2]]);

  const other = await aliceAndBob(1);
  assert.equal((await readMark(b, conversation, other.ids[0])).code, 'ENOENT');
  assert.equal((await readMark(other.b, conversation, 1)).code, 'ENOENT');
  assert.equal((await readMark(a, 'nowhere', 1)).status, 404);
  for (const upTo of [-1, 1.5, null, {}]) assert.equal((await readMark(b, conversation, upTo)).status, 400);
});
