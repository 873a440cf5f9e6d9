import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import WebSocket from 'ws';
import { type RunningServer, startServer } from '../src/app.ts';
import { loadConfig } from '../src/config/load.ts';
import { createLogger } from '../src/observe/logger.ts';
import { EVERY_APP } from './support/every-app.ts';
import { RoomClient } from './support/room-client.ts';
import { StompClient } from './support/stomp-client.ts';
import { TEST_SECRET, tokenOf } from './support/token.ts';

const FOE = 'https://foe.example';
const ENDPOINTS = [
  ['xuqm', '/ws/im'],
  ['im', '/ws'],
  ['mimi', '/Mimi/socketServer'],
  ['desk', '/ws/chat'],
] as const;

let dataDir: string;
let server: RunningServer;
let wsUrl: string;
let lines: string[] = [];

before(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'haina-refused-'));
  const flags = { ...EVERY_APP, secret: TEST_SECRET, port: '0', demo: 'true', dataDir, sendRate: '0.01' };
  const proxied = { trustedProxies: '1', sendBurst: '1', logFormat: 'json' };
  const { config } = loadConfig({ flags: { ...flags, ...proxied } });
  const log = await createLogger(config, { write: (line) => lines.push(line) });
  server = await startServer(config, undefined, log);
  wsUrl = server.url.replace('http:', 'ws:');
});

after(async () => {
  await server.stop();
  await rm(dataDir, { recursive: true });
});

/** Says to be a proxy's client, as a storm of one address is one line. */
const from = (address: string) => ({ 'x-forwarded-for': address });

interface Line {
  readonly level: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

/** What was logged with these values since the last call. */
function logged(values: Readonly<Record<string, unknown>>): Line | undefined {
  const found = lines
    .map((line) => JSON.parse(line) as Line)
    .find((line) => Object.entries(values).every(([key, value]) => line[key] === value));
  lines = [];
  return found;
}

interface Answer {
  readonly status: number;
  readonly challenge: string | undefined;
  readonly text: string;
}

/** Node's own client, as `fetch` sends no Origin of one's choice. */
function call(method: string, path: string, headers: Record<string, string>, body = ''): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(server.url + path, { method, headers, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => {
        const { statusCode = 0, headers: got } = response;
        resolve({ status: statusCode, challenge: got['www-authenticate'], text });
      });
    });
    request.on('error', reject).end(body);
  });
}

const FORGED = tokenOf('alice', {}, TEST_SECRET.toUpperCase());
const EXPIRED = tokenOf('alice', { exp: 1 });

for (const [dialect, path] of ENDPOINTS) {
  for (const [token, reason, user] of [
    [EXPIRED, 'token-expired', 'alice'],
    [FORGED, 'token-refused', undefined],
    ['', 'token-missing', undefined],
  ] as const) {
    test(`${dialect} says ${reason} in the ERROR frame, and the log whom it refused`, async () => {
      lines = [];
      const client = await StompClient.open(`${wsUrl}${path}`, from('192.0.2.1'));
      client.send('CONNECT', { 'accept-version': '1.2', host: 'x', ...(token ? { token } : {}) });
      const { headers } = await client.next('ERROR');
      assert.deepEqual([headers.get('message'), headers.get('reason')], ['Unauthorized', reason]);
      await client.closed;
      assert.doesNotMatch(lines.join(''), /eyJ/);
      const line = logged({ level: 'warn', dialect, reason, address: '192.0.2.1' });
      assert.deepEqual([line?.msg, line?.user], ['a client was refused', user]);
    });
  }
}

test('room says why in the reason of the close, and the log whom it refused', async () => {
  lines = [];
  const client = await RoomClient.connect(wsUrl, { token: EXPIRED });
  assert.equal((await client.closed).reason, 'Unauthorized: token-expired');
  assert.doesNotMatch(lines.join(''), /eyJ/);
  assert.equal(logged({ level: 'warn', dialect: 'room', reason: 'token-expired' })?.user, 'alice');
});

test('the API says why in its challenge, and the log whom it refused', async () => {
  for (const [token, challenge, reason] of [
    [
      EXPIRED,
      'Bearer error="invalid_token", error_description="token-expired: the token has expired"',
      'token-expired',
    ],
    [
      FORGED,
      `Bearer error="invalid_token", error_description="token-refused: the token's signature is wrong"`,
      'token-refused',
    ],
    ['', 'Bearer', 'token-missing'],
  ] as const) {
    lines = [];
    const answer = await call('GET', `/api/v1/users/me?token=${token}`, {
      ...from('192.0.2.2'),
      ...(token ? { authorization: `Bearer ${token}` } : {}),
    });
    assert.deepEqual([answer.status, answer.challenge], [401, challenge]);
    assert.doesNotMatch(lines.join(''), /eyJ/);
    assert.equal(logged({ level: 'warn', address: '192.0.2.2', reason })?.path, '/api/v1/users/me');
  }
});

test('a wrong password is logged with who and where, and without the password', async () => {
  lines = [];
  const body = JSON.stringify({ username: 'alice', password: 'hunter2-hush' });
  const answer = await call(
    'POST',
    '/api/v1/login',
    { ...from('192.0.2.3'), 'content-type': 'application/json' },
    body,
  );
  assert.deepEqual([answer.status, answer.challenge], [401, 'Bearer']);
  assert.doesNotMatch(lines.join(''), /hush/);
  const line = logged({ level: 'warn', address: '192.0.2.3' });
  assert.deepEqual([line?.user, line?.why], ['alice', 'wrong username or password']);
});

test('who is too fast is logged, a storm of it as one line', async () => {
  lines = [];
  const client = await StompClient.of(wsUrl, 'bob');
  await client.subscribe('/user/queue/errors');
  for (let n = 0; n < 20; n++) {
    client.sendJson('/app/chat.send', {
      toId: 'alice',
      chatType: 'SINGLE',
      msgType: 'TEXT',
      content: `${n}`,
    });
  }
  await client.nextAt('/user/queue/errors');
  await client.drop();
  const line = logged({ level: 'warn', dialect: 'xuqm', msg: 'a client was too fast' });
  assert.equal(line?.user, 'bob');
});

test('a page of another origin is told why its preflight fails, and logged', async () => {
  lines = [];
  const answer = await call('OPTIONS', '/api/v1/login', {
    ...from('192.0.2.4'),
    origin: FOE,
    'access-control-request-method': 'POST',
  });
  assert.equal(answer.status, 403);
  assert.match(answer.text, /allowedOrigins does not list the origin https:\/\/foe\.example/);
  const line = logged({ level: 'warn', address: '192.0.2.4' });
  assert.deepEqual([line?.origin, line?.path], [FOE, '/api/v1/login']);
});

test('a WebSocket and a SockJS request of another origin are logged', async () => {
  lines = [];
  const socket = new WebSocket(`${wsUrl}/ws?token=${FORGED}`, { origin: FOE, headers: from('192.0.2.5') });
  const [, response] = await once(socket, 'unexpected-response');
  assert.equal(response.statusCode, 403);
  socket.on('error', () => {}).terminate();
  assert.doesNotMatch(lines.join(''), /eyJ/);
  const line = logged({ level: 'warn', address: '192.0.2.5' });
  assert.deepEqual([line?.origin, line?.path], [FOE, '/ws']);
  assert.equal((await call('GET', '/ws/info', { ...from('192.0.2.6'), origin: FOE })).status, 403);
  assert.equal(logged({ level: 'warn', address: '192.0.2.6' })?.origin, FOE);
});
