import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { ImError, ImMessage, XuqmError, XuqmMessage } from '@haina/wire';
import { run } from '../src/cli/cli-fixture.ts';
import { startTestServer, type TestServer } from './support/server.ts';
import { StompClient } from './support/stomp-client.ts';
import { TEST_SECRET, tokenOf } from './support/token.ts';

const SHOP = join(import.meta.dirname, 'support/plugins/shop.ts');
/** As a front end of another server writes them. */
const DESTINATIONS = {
  '/app/chat/message': '/app/chat.send',
  '/app/room/say': '/app/chat',
  '/user/queue/inbox': '/user/queue/messages',
  '/user/queue/problems': '/user/queue/errors',
  '/topic/room/*': '/topic/group/*',
  '/topic/room/lobby': '/topic/group/demo',
};
const INBOX = '/user/queue/inbox';
const PROBLEMS = '/user/queue/problems';

let server: TestServer;
const clients: StompClient[] = [];

before(async () => {
  server = await startTestServer({ destinations: DESTINATIONS, plugins: [SHOP], pluginTimeout: 60_000 });
});
after(async () => {
  await Promise.all(clients.map((client) => client.drop()));
  await server.stop();
});

async function open(userId: string, path = '/ws/im'): Promise<StompClient> {
  const client = await StompClient.connect(server.wsUrl, tokenOf(userId), path);
  clients.push(client);
  return client;
}

const single = (toId: string, messageId: string) => ({
  toId,
  messageId,
  chatType: 'SINGLE',
  msgType: 'TEXT',
  content: 'hi',
});

test('a message is sent and told under the names that the client knows', async () => {
  const [alice, bob] = [await open('alice'), await open('bob')];
  await bob.subscribe(INBOX);
  alice.sendJson('/app/chat/message', single('bob', 'm-1'), { receipt: 'r' });
  assert.equal((await alice.nextReceipt('r')).seq, '1');
  assert.equal((await bob.nextAt<XuqmMessage>(INBOX)).id, 'm-1');
});

test("the protocol's own names go on, also beside the others in one session", async () => {
  const [alice, carol] = [await open('alice'), await open('carol')];
  await carol.subscribe('/user/queue/messages');
  alice.sendJson('/app/chat.send', single('carol', 'own'), { receipt: 'r' });
  await alice.nextReceipt('r');
  assert.equal((await carol.nextAt<XuqmMessage>('/user/queue/messages')).id, 'own');
});

test('a refusal comes under the name of the queue, and names what the client wrote', async () => {
  const alice = await open('alice');
  await alice.subscribe(PROBLEMS);
  alice.sendJson('/app/chat/message', single('nobody', 'm-2'));
  const error = await alice.nextAt<XuqmError>(PROBLEMS);
  assert.deepEqual([error.code, error.destination, error.messageId], ['ENOENT', '/app/chat/message', 'm-2']);
  alice.send('SUBSCRIBE', { id: 'other', destination: '/topic/room/none' });
  const other = await alice.nextAt<XuqmError>(PROBLEMS);
  assert.deepEqual([other.code, other.destination], ['EPERM', '/topic/room/none']);
});

test('a name that ends with a star stands for all that begin so, unless one is named whole', async () => {
  const group = { id: 'lounge', name: 'lounge', members: [{ userId: 'alice' }, { userId: 'bob' }] };
  const admin = tokenOf('admin', { role: 'admin' });
  assert.equal((await server.call('POST', '/api/v1/groups', admin, group)).status, 201);
  const [alice, bob] = [await open('alice'), await open('bob')];
  for (const [toId, topic] of [
    ['lounge', '/topic/room/lounge'],
    ['demo', '/topic/room/lobby'],
  ] as const) {
    await bob.subscribe(topic);
    const body = { ...single(toId, `to-${toId}`), chatType: 'GROUP' };
    alice.sendJson('/app/chat/message', body, { receipt: toId });
    await alice.nextReceipt(toId);
    assert.equal((await bob.nextAt<XuqmMessage>(topic)).id, `to-${toId}`);
  }
});

test('a name concerns the protocols that have its target, and no others', async () => {
  const [alice, bob] = [await open('alice', '/ws'), await open('bob', '/ws')];
  await bob.subscribe('/user/queue/private-messages');
  await alice.subscribe(PROBLEMS);
  const body = { conversationId: 'single:alice:bob', content: 'hi', clientMsgId: 'im-1' };
  alice.sendJson('/app/room/say', body, { receipt: 'r' });
  await alice.nextReceipt('r');
  assert.equal((await bob.nextAt<ImMessage>('/user/queue/private-messages')).clientMessageId, 'im-1');
  alice.sendJson('/app/room/say', { ...body, conversationId: 'none', clientMsgId: 'im-2' });
  const error = await alice.nextAt<ImError>(PROBLEMS);
  assert.deepEqual([error.code, error.destination, error.messageId], ['ENOENT', '/app/room/say', 'im-2']);
  alice.sendJson('/app/chat/message', body);
  const other = await alice.nextAt<ImError>(PROBLEMS);
  assert.deepEqual([other.code, other.destination], ['ENOENT', '/app/chat/message']);
});

for (const path of ['/ws/im', '/ws', '/ws/chat', '/Mimi/client']) {
  test(`a plug-in has destinations and queues with names of its own, at ${path}`, async () => {
    const alice = await open('alice', path);
    const queues = ['/user/queue/shop.order', '/user/queue/shop/answers', '/user/queue/prices'] as const;
    for (const queue of queues) await alice.subscribe(queue);
    alice.sendJson('/app/shop.order', { item: 'tea' }, { receipt: 'r' });
    assert.deepEqual(await alice.nextAt(queues[0]), { ordered: { item: 'tea' } });
    assert.deepEqual(await alice.nextAt(queues[2]), { up: true });
    const { failed } = await alice.nextAt<{ failed: string }>(queues[0]);
    assert.equal(failed, 'queue must be one of the queues of shop, or one such as /user/queue/x.hello');
    await alice.nextReceipt('r');
    alice.sendJson('/shop/ask', {});
    assert.equal(await alice.nextAt(queues[1]), '/shop/ask');
  });
}

test('names that can not be meant keep the server from starting, in one line', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'haina-names-'));
  after(() => rmSync(folder, { recursive: true }));
  for (const [destinations, line] of [
    [
      { '/app/shop.order': '/app/chat.send' },
      'destinations maps /app/shop.order, which the plug-in shop adds',
    ],
    [
      { '/app/a': 1 },
      'the setting destinations must be a JSON object of texts; "{\\"/app/a\\":1}" came from variable HAINA_DESTINATIONS',
    ],
  ] as const) {
    const env = {
      HAINA_SECRET: TEST_SECRET,
      HAINA_PORT: '0',
      HAINA_DATA_DIR: join(folder, 'data'),
      HAINA_PLUGINS: SHOP,
      HAINA_DESTINATIONS: JSON.stringify(destinations),
    };
    const { code, stderr } = await run(['serve'], { cwd: folder, env });
    assert.deepEqual([code, stderr], [1, `haina: ${line}\n`]);
  }
});
