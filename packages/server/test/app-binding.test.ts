import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { closeOf, encodeSockJsClose, type StompFrame } from '@haina/wire';
import { loadConfig } from '../src/config/load.ts';
import { RoomClient } from './support/room-client.ts';
import { startTestServer, type TestServer } from './support/server.ts';
import { XhrClient } from './support/sockjs-client.ts';
import { StompClient } from './support/stomp-client.ts';
import { tokenOf } from './support/token.ts';

/** An application that is not that of the endpoints with default settings. */
const OTHER = 'ak_demo_chat';

/** Each endpoint over STOMP that is bound to an application, the dialect there, and who may use it. */
const ENDPOINTS = [
  ['/ws', 'im', 'user'],
  ['/Mimi/socketServer', 'mimi', 'user'],
  ['/client', 'mimi', 'user'],
  ['/ws/chat', 'desk', 'user'],
  ['/ws/agent', 'desk', 'agent'],
] as const;

/** With default settings. */
let server: TestServer;
/** With everything bound to the other application. */
let bound: TestServer;

before(async () => {
  const { imApp, mimiApp, deskApp, roomApp } = loadConfig({}).config;
  server = await startTestServer({ imApp, mimiApp, deskApp, roomApp });
  bound = await startTestServer({ imApp: OTHER, mimiApp: OTHER, deskApp: OTHER, roomApp: OTHER });
});
after(() => Promise.all([server.stop(), bound.stop()]));

/** The body of the ERROR frame that answers failed authentication. */
function unauthorized(dialect: string): string {
  if (dialect !== 'mimi') return 'Unauthorized';
  const content = { error: 'EAUTH', message: 'the token is of another application' };
  return JSON.stringify({ msgID: null, code: -200, status: '失败', content });
}

function assertUnauthorized({ command, headers, body }: StompFrame, dialect: string): void {
  assert.deepEqual([command, headers.get('message')], ['ERROR', 'Unauthorized']);
  assert.equal(Buffer.from(body).toString(), unauthorized(dialect));
}

/** Failed authentications that the server counted. */
async function refusals(dialect: string): Promise<number> {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  const line = new RegExp(`^haina_refusals_total\\{dialect="${dialect}",code="EAUTH"\\} (\\d+)$`, 'm');
  return Number(line.exec(text)?.[1] ?? 0);
}

/** Whether there is a user of this id in the other application. */
async function isUserThere(id: string): Promise<boolean> {
  const admin = tokenOf('boss', { app: OTHER, role: 'admin' });
  const { status } = await server.call('GET', `/api/v1/users/${id}`, admin);
  assert.ok(status === 200 || status === 404);
  return status === 200;
}

for (const [index, [path, dialect, role]] of ENDPOINTS.entries()) {
  test(`${path} refuses a token of another application over WebSocket, and makes no user`, async () => {
    const before = await refusals(dialect);
    const id = `stranger${index}`;
    const client = await StompClient.open(server.wsUrl + path);
    const Authorization = `Bearer ${tokenOf(id, { app: OTHER, role })}`;
    client.send('CONNECT', { 'accept-version': '1.2', host: 'test', Authorization });
    assertUnauthorized(await client.next('ERROR'), dialect);
    assert.deepEqual(await client.closed, closeOf('token-refused'));
    assert.equal(await refusals(dialect), before + 1);
    assert.equal(await isUserThere(id), false);
  });

  test(`${path} refuses a token of another application over SockJS`, async () => {
    const token = tokenOf('user_001', { app: OTHER, role });
    const client = await XhrClient.open(server.url + path);
    await client.send(`CONNECT\naccept-version:1.2\ntoken:${token}\n\n\0`);
    const [frame] = await client.frames();
    assertUnauthorized(frame as StompFrame, dialect);
    assert.equal(await client.poll(), `${encodeSockJsClose(closeOf('token-refused'))}\n`);
  });

  test(`${path} takes the tokens of the application that it is bound to, and no others`, async () => {
    const own = await StompClient.connect(server.wsUrl, tokenOf('alice', { role }), path);
    own.socket.close();
    const there = await StompClient.connect(bound.wsUrl, tokenOf('alice', { app: OTHER, role }), path);
    there.socket.close();
    const refused = await StompClient.open(`${bound.wsUrl}${path}?token=${tokenOf('alice', { role })}`);
    refused.send('CONNECT', { 'accept-version': '1.2', host: 'test' });
    assertUnauthorized(await refused.next('ERROR'), dialect);
  });
}

test('/ws/im is for all applications: the token names its own', async () => {
  for (const app of ['default', OTHER, 'a-new-one']) {
    const client = await StompClient.connect(server.wsUrl, tokenOf('alice', { app }), '/ws/im');
    client.socket.close();
  }
});

test('/ws/room refuses a token of another application, counts it, and makes neither guest nor user', async () => {
  const before = await refusals('room');
  const client = await RoomClient.connect(server.wsUrl, { token: tokenOf('visitor', { app: OTHER }) });
  assert.equal(await client.nextRefusal(), 'the token is of another application');
  assert.deepEqual(await client.closed, closeOf('token-refused'));
  assert.equal(await refusals('room'), before + 1);
  assert.equal(await isUserThere('visitor'), false);
});

test('the guests of /ws/room and its users are of the one application', async () => {
  const guest = await RoomClient.connect(bound.wsUrl);
  await guest.join({ id: 'visitor' }, 'R1');
  const user = await RoomClient.connect(bound.wsUrl, { token: tokenOf('alice', { app: OTHER }) });
  const { members } = await user.join({ id: 'alice' }, 'R1');
  assert.deepEqual(members?.map(({ id }) => id).sort(), ['alice', 'visitor']);
  const admin = tokenOf('boss', { app: OTHER, role: 'admin' });
  assert.equal((await bound.call('GET', '/api/v1/rooms/R1', admin)).status, 200);
  await Promise.all([guest.drop(), user.drop()]);
});

test('an im session is not renewed by a token of another application', async () => {
  const client = await StompClient.connect(server.wsUrl, tokenOf('alice'), '/ws');
  await client.subscribe('/user/queue/errors');
  client.sendJson('/app/auth', { token: tokenOf('alice', { app: 'elsewhere' }) });
  const { code, message } = await client.nextAt<{ code: string; message: string }>('/user/queue/errors');
  assert.deepEqual([code, message], ['EPERM', 'the token is of another application']);
  client.send('DISCONNECT', { receipt: 'bye' });
  await client.next('RECEIPT');
  const admin = tokenOf('boss', { app: 'elsewhere', role: 'admin' });
  assert.equal((await server.call('GET', '/api/v1/users/alice', admin)).status, 404);
});

test('mimi takes the srect that login gives for its application, and for no other', async () => {
  const login = async (app: object, username: string) => {
    const answer = await bound.call('POST', '/api/v1/login', undefined, {
      username,
      password: username,
      ...app,
    });
    const { token } = answer.body as { token: string };
    const client = await StompClient.open(`${bound.wsUrl}/Mimi/client?srect=${token}`);
    client.send('CONNECT', { 'accept-version': '1.2', host: 'test' });
    return client;
  };
  await (await login({ app: OTHER }, 'user_001')).next('CONNECTED');
  assertUnauthorized(await (await login({}, 'alice')).next('ERROR'), 'mimi');
});
