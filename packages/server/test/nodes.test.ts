import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { XuqmError, XuqmMessage, XuqmReceipt } from '@haina/wire';
import { SKIP_POSTGRES, sharedPostgres } from './support/postgres.ts';
import { startTestServer, type TestServer } from './support/server.ts';
import { StompClient } from './support/stomp-client.ts';
import { tokenOf } from './support/token.ts';

const INBOX = '/user/queue/messages';
const ERRORS = '/user/queue/errors';
const RECEIPTS = '/user/queue/receipts';
const ADMIN = tokenOf('admin', { role: 'admin' });

const options = { skip: SKIP_POSTGRES };
let url: string;
let nodes: TestServer[] = [];
let users = 0;

before(async () => {
  if (SKIP_POSTGRES) return;
  url = await (await sharedPostgres()).createDatabase();
  nodes = [await startTestServer({ store: url }), await startTestServer({ store: url })];
});
after(async () => {
  for (const node of nodes) await node.stop();
  if (!SKIP_POSTGRES) await (await sharedPostgres()).dropDatabase(url);
});

function node(index: number): TestServer {
  return nodes[index] as TestServer;
}

function newUser(name: string): string {
  return `${name}${++users}`;
}

async function connect(at: number, userId: string, destinations = [INBOX, ERRORS, RECEIPTS]) {
  const client = await StompClient.of(node(at).wsUrl, userId);
  for (const destination of destinations) await client.subscribe(destination);
  return client;
}

async function call(at: number, method: string, path: string, body?: unknown, token = ADMIN) {
  const answer = await node(at).call(method, path, token, body);
  assert.ok(answer.status < 300, `${method} ${path}: ${JSON.stringify(answer)}`);
  return answer.body;
}

async function makeGroup(at: number, ...members: string[]): Promise<string> {
  const body = {
    name: 'A group',
    members: members.map((userId, i) => ({ userId, role: i === 0 ? 'owner' : 'member' })),
  };
  return ((await call(at, 'POST', '/api/v1/groups', body)) as { id: string }).id;
}

function text(toId: string, messageId: string, chatType = 'SINGLE') {
  return { appId: 'default', messageId, toId, chatType, msgType: 'TEXT', content: `text of ${messageId}` };
}

test('a message reaches a member on the other node, and its receipt comes back', options, async () => {
  const [a, b] = [newUser('alice'), newUser('bob')];
  const [alice, bob] = [await connect(0, a), await connect(1, b)];
  await alice.confirmed('/app/chat.send', text(b, 'm-1'));
  assert.equal((await bob.nextAt<XuqmMessage>(INBOX)).content, 'text of m-1');
  assert.deepEqual((await alice.nextAt<XuqmReceipt>(RECEIPTS)).status, 'DELIVERED');
  await bob.confirmed('/app/chat.send', text(a, 'm-2'));
  assert.equal((await alice.nextAt<XuqmMessage>(INBOX)).content, 'text of m-2');
});

test('who joins a group on one node hears on the other what it is told from then on', options, async () => {
  const [a, b] = [newUser('alice'), newUser('bob')];
  const [alice, bob] = [await connect(0, a), await connect(1, b)];
  const group = await makeGroup(0, a);
  await call(0, 'POST', `/api/v1/groups/${group}/members`, { userId: b, role: 'member' });
  await alice.confirmed('/app/chat.send', text(group, 'g-1', 'GROUP'));
  assert.equal((await bob.nextAt<XuqmMessage>(INBOX)).content, 'text of g-1');
});

test('messages of one conversation come in sequence, whichever node stored them', options, async () => {
  const [a, b, c] = [newUser('alice'), newUser('bob'), newUser('carol')];
  const [alice, bob] = [await connect(0, a), await connect(1, b)];
  const listeners = [await connect(0, c), await connect(1, c)];
  const group = await makeGroup(1, a, b, c);
  const count = 200;
  const send = async (client: StompClient, name: string) => {
    const sent: Promise<unknown>[] = [];
    for (let i = 0; i < count; i++) {
      sent.push(client.confirmed('/app/chat.send', text(group, `${name}-${i}`, 'GROUP')));
      if (i % 10 === 9) await Promise.all(sent.splice(0));
    }
    await Promise.all(sent);
  };
  await Promise.all([send(alice, a), send(bob, b)]);
  for (const listener of listeners) {
    const seqs: number[] = [];
    for (let i = 0; i < 2 * count; i++) seqs.push((await listener.nextAt<XuqmMessage>(INBOX)).seq);
    assert.deepEqual(
      seqs,
      Array.from({ length: 2 * count }, (_, i) => i + 1),
    );
  }
});

test("what a manager lays down on one node binds the other's users", options, async () => {
  const [a, b] = [newUser('alice'), newUser('bob')];
  const [alice, bob] = [await connect(1, a), await connect(1, b)];
  await alice.confirmed('/app/chat.send', text(b, 'p-1'));
  await bob.nextAt<XuqmMessage>(INBOX);
  await call(0, 'PUT', `/api/v1/admin/users/${a}/permissions`, {
    newPermission: 'read_only',
    permissionType: 'chat_permission',
    reason: 'for a test',
  });
  const refused = alice.nextAt<XuqmError>(ERRORS);
  let error: XuqmError | undefined;
  for (let i = 2; error === undefined; i++) {
    alice.sendJson('/app/chat.send', text(b, `p-${i}`));
    error = await Promise.race([refused, bob.nextAt<XuqmMessage>(INBOX).then(() => undefined)]);
  }
  assert.equal(error.code, 'EPERM');
});

test("a user's sessions on all nodes end with the user", options, async () => {
  const a = newUser('alice');
  const [first, second] = [await connect(0, a), await connect(1, a)];
  await call(0, 'DELETE', `/api/v1/users/${a}`);
  await Promise.all([first.closed, second.closed]);
});
