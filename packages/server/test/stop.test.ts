import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import WebSocket from 'ws';
import { checkDatabase } from '../src/store/sqlite/index.ts';
import { type ChildServer, startChildServer } from './support/child-server.ts';
import { RoomClient } from './support/room-client.ts';
import { StompClient } from './support/stomp-client.ts';
import { tokenOf } from './support/token.ts';

/** Asserts that the server ended well and logged no trouble. Whom it refused is no trouble. */
function assertClean({ code, logged }: { readonly code: number | null; readonly logged: string }): void {
  const lines = logged.split('\n').filter((line) => line !== '');
  const trouble = lines.filter((line) => !/"msg":"a (client|request) was refused/.test(line));
  assert.deepEqual([code, trouble], [0, []]);
}

let dataDir: string;
let server: ChildServer;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'haina-stop-'));
  // What a stop leaves behind is looked for in the file.
  server = await startChildServer({
    HAINA_DATA_DIR: dataDir,
    HAINA_STORE: 'sqlite',
    HAINA_LOG_LEVEL: 'warn',
  });
});
afterEach(async () => {
  await server.kill();
  await rm(dataDir, { recursive: true });
});

/** Clients with a socket, in every dialect and not only of the right roles, that have said nothing yet. */
function openSockets(count: number): Promise<StompClient[]> {
  const paths = ['/ws', '/ws/im', '/ws/chat', '/ws/agent', '/Mimi/socketServer'];
  return Promise.all(
    Array.from({ length: count }, (_, index) =>
      StompClient.open(`${server.wsUrl}${paths[index % paths.length]}`),
    ),
  );
}

function sendConnect(client: StompClient, index: number): void {
  const role = index % 3 === 0 ? 'agent' : 'user';
  const token = tokenOf(`u${index}`, { role });
  client.send('CONNECT', { 'accept-version': '1.2', Authorization: `Bearer ${token}` });
}

/** Enters the room dialect, which needs no CONNECT. */
function enterRooms(count: number): WebSocket[] {
  return Array.from({ length: count }, (_, index) => {
    const socket = new WebSocket(`${server.wsUrl}/ws/room?token=${tokenOf(`r${index}`)}`);
    socket.on('error', () => {});
    return socket;
  });
}

test('a stop while clients open their sessions is a clean one', async () => {
  const clients = await openSockets(200);
  clients.forEach(sendConnect);
  enterRooms(20);
  // Some are in by now, most are on their way.
  await Promise.race(clients.map((client) => client.nextMatching('any', () => true)));
  assertClean(await server.signal('SIGTERM'));
  await Promise.all(clients.map(({ closed }) => closed));
  assert.deepEqual(checkDatabase(dataDir).findings, []);
});

test('a stop while users sync, send, log in and upload is a clean one, and the second signal belongs to the first', async () => {
  const [alice, bob] = [
    await StompClient.of(server.wsUrl, 'alice'),
    await StompClient.of(server.wsUrl, 'bob'),
  ];
  await bob.subscribe('/user/queue/messages');
  for (let i = 0; i < 20; i++) await alice.confirmed('/app/chat.send', textTo('bob', `before ${i}`));
  bob.sendJson('/app/chat.sync', {});
  for (let i = 0; i < 200; i++) alice.sendJson('/app/chat.send', textTo('bob', `meanwhile ${i}`));
  const login = fetch(`${server.url}/api/v1/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username: 'nobody', password: 'wrong-password' }),
  }).catch(() => undefined);
  const upload = await halfAnUpload();
  assertClean(await server.signal('SIGTERM', 'SIGTERM'));
  upload.destroy();
  await login;
  assert.deepEqual(checkDatabase(dataDir).findings, []);
});

test('a stop while users join rooms is a clean one', async () => {
  const clients = await Promise.all(
    Array.from({ length: 60 }, (_, n) => RoomClient.connect(server.wsUrl, { token: tokenOf(`joiner${n}`) })),
  );
  const numbers = Array.from({ length: 8 }, (_, n) => `R${n}`);
  for (const number of numbers) await makeRoom(number);
  await Promise.all(
    clients.flatMap((client, n) => numbers.map((number) => client.sendJoin({ id: `joiner${n}` }, number))),
  );
  assertClean(await server.signal('SIGTERM'));
  await Promise.all(clients.map(({ closed }) => closed));
  assert.deepEqual(checkDatabase(dataDir).findings, []);
});

test('a client that neither reads nor answers does not hold up a stop', async () => {
  const client = await StompClient.of(server.wsUrl, 'alice');
  client.socket.pause();
  assertClean(await server.signal('SIGTERM'));
  client.socket.terminate();
});

test('a stop that is asked for while the server starts is a clean one', async () => {
  await server.kill();
  const other = await mkdtemp(join(tmpdir(), 'haina-stop-'));
  const started = (child: ChildProcess): void => {
    const wait = setInterval(() => {
      if (!existsSync(join(other, 'haina.db'))) return;
      clearInterval(wait);
      child.kill('SIGTERM');
    }, 1);
  };
  const starting = startChildServer({ HAINA_DATA_DIR: other, HAINA_STORE: 'sqlite' }, { started });
  const ended = await starting.then(
    (late) => late.trouble.aborted || once(late.trouble, 'abort').then(() => late.trouble.reason.message),
    (error: Error) => error.message,
  );
  assert.equal(ended, 'the server ended with 0');
  assert.deepEqual(checkDatabase(other).findings, []);
  await rm(other, { recursive: true });
});

function textTo(toId: string, content: string) {
  return { toId, chatType: 'SINGLE', msgType: 'TEXT', content, messageId: content };
}

async function makeRoom(number: string): Promise<void> {
  const { status } = await fetch(`${server.url}/api/v1/rooms`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${tokenOf('admin', { role: 'admin' })}`,
    },
    body: JSON.stringify({ number, name: number, description: number, open: true }),
  });
  assert.equal(status, 201);
}

/** An upload of which the first bytes are there. */
async function halfAnUpload() {
  const { hostname, port } = new URL(server.url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => {});
  await once(socket, 'connect');
  socket.write(
    `POST /api/v1/files HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${tokenOf('alice')}\r\n` +
      'Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 100000\r\n\r\n' +
      `--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n${'x'.repeat(9000)}`,
  );
  return socket;
}
