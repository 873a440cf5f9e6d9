import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { CLOSE_CODES, type CloseName, closeOf, type ImMessage, ImMessageType } from '@haina/wire';
import { WebSocket } from 'ws';
import { DeskPerson } from './support/desk-person.ts';
import { documentOf, EVENTS, openIm } from './support/im-client.ts';
import { RoomClient } from './support/room-client.ts';
import { startTestServer, type TestServer } from './support/server.ts';
import { StompClient } from './support/stomp-client.ts';
import { tokenOf } from './support/token.ts';

const ENDPOINTS = [
  ['xuqm', '/ws/im'],
  ['im', '/ws'],
  ['mimi', '/Mimi/client'],
  ['desk', '/ws/chat'],
] as const;
const PASSWORD = 'a first password';

let server: TestServer;
before(async () => {
  server = await startTestServer();
});
after(() => server.stop());

const manager = tokenOf('backend', { role: 'service' });
let people = 0;

async function newUser(role = 'user'): Promise<string> {
  const id = `user-${people++}`;
  const user = { id, username: id, role, password: PASSWORD };
  assert.equal((await server.call('POST', '/api/v1/users', manager, user)).status, 201);
  return id;
}

async function login(id: string): Promise<string> {
  const { body } = await server.call('POST', '/api/v1/login', undefined, {
    username: id,
    password: PASSWORD,
  });
  return (body as { token: string }).token;
}

const patch = (id: string, body: object, token = manager) =>
  server.call('PATCH', `/api/v1/users/${id}`, token, body);
const end = (id: string) => server.call('POST', `/api/v1/users/${id}/sessions/end`, manager);

interface Live {
  /** Waits for the dialect's own end. */
  ended(close: CloseName): Promise<void>;
  /** Whether the same token opens another session. */
  comesAgain(): Promise<boolean>;
}

async function stomp(path: string, token: string): Promise<Live> {
  const present = async () => {
    const client = await StompClient.open(`${server.wsUrl}${path}?token=${token}`);
    client.send('CONNECT', { 'accept-version': '1.2', host: 'x' });
    return client;
  };
  const client = await present();
  await client.next('CONNECTED');
  return {
    async ended(close) {
      assert.equal((await client.next('ERROR')).headers.get('message'), 'Unauthorized');
      assert.deepEqual(await client.closed, closeOf(close));
    },
    async comesAgain() {
      const again = await present();
      const { command } = await again.nextMatching('an answer', ({ command: name }) => name !== 'MESSAGE');
      again.socket.terminate();
      return command === 'CONNECTED';
    },
  };
}

async function room(token: string): Promise<Live> {
  const present = async () => {
    const client = await RoomClient.connect(server.wsUrl, { token });
    await client.send({ msgType: 901, textData: {} });
    return { client, isIn: (await client.nextRefusal()).startsWith('msgType must') };
  };
  const { client, isIn } = await present();
  assert.ok(isIn);
  return {
    async ended(close) {
      assert.equal(await client.nextRefusal(), 'Unauthorized');
      assert.deepEqual(await client.closed, closeOf(close));
    },
    async comesAgain() {
      const again = await present();
      await again.client.drop();
      return again.isIn;
    },
  };
}

for (const [dialect, path] of [...ENDPOINTS, ['room', '/ws/room']] as const) {
  describe(dialect, () => {
    const open = (token: string) => (dialect === 'room' ? room(token) : stomp(path, token));

    test('a user who is disabled is thrown out and kept out, whatever its token, until it is enabled', async () => {
      const id = await newUser();
      const sessions = [await open(await login(id)), await open(tokenOf(id))];
      await patch(id, { disabled: true });
      for (const session of sessions) await session.ended('user-disabled');
      for (const session of sessions) assert.equal(await session.comesAgain(), false);
      await patch(id, { disabled: false });
      for (const session of sessions) assert.equal(await session.comesAgain(), true);
    });

    test('the sessions of a user that a manager ends do not come again with the same token', async () => {
      const id = await newUser();
      const session = await open(await login(id));
      await end(id);
      await session.ended('token-refused');
      assert.equal(await session.comesAgain(), false);
      await open(await login(id));
    });

    test('a changed password ends the sessions that were there, and the answer has a token for others', async () => {
      const id = await newUser();
      const token = await login(id);
      const session = await open(token);
      const changed = await patch('me', { password: 'another password', oldPassword: PASSWORD }, token);
      await session.ended('token-refused');
      assert.equal(await session.comesAgain(), false);
      await open((changed.body as { token: string }).token);
    });
  });
}

test('who is no agent any more is thrown out of the desk where login gave the token, and not come back', async () => {
  const id = await newUser('agent');
  const [follows, does] = [await stomp('/ws/agent', await login(id)), tokenOf(id, { role: 'agent' })];
  const stays = await stomp('/ws/agent', does);
  await patch(id, { role: 'user' });
  await follows.ended('role-changed');
  assert.equal(await follows.comesAgain(), false);
  assert.equal(await stays.comesAgain(), true);
});

test('the customers of an agent who is disabled go back to the queue at once', async () => {
  const id = await newUser('agent');
  const agent = await DeskPerson.come(server.wsUrl, id, 'default', 'agent');
  await agent.does('status', { status: 'online', capacity: 1 });
  const customer = await DeskPerson.come(server.wsUrl, await newUser(), 'default');
  await customer.does('send', { content: 'help' });
  assert.equal((await customer.session('assigned')).agentId, id);
  await patch(id, { disabled: true });
  assert.equal((await customer.session('requeued')).agentId, null);
});

test('at im a session is told why it ends, and whether its token still serves', async () => {
  const id = await newUser('agent');
  const told = async (token: string, act: () => Promise<unknown>) => {
    const client = await openIm(server.wsUrl, id, [EVENTS], { Authorization: `Bearer ${token}` });
    await act();
    const message = await client.nextAt<ImMessage>(EVENTS);
    assert.deepEqual([message.type, message.system?.code], [ImMessageType.SYSTEM_DISCONNECT, 'EAUTH']);
    const { reason, reconnect } = documentOf(message);
    return [reason, reconnect];
  };
  assert.deepEqual(await told(await login(id), () => patch(id, { role: 'user' })), ['role-changed', true]);
  assert.deepEqual(await told(await login(id), () => end(id)), ['sessions-ended', false]);
  const disabled = await told(await login(id), () => patch(id, { disabled: true }));
  assert.deepEqual(disabled, ['user-disabled', false]);
  await patch(id, { disabled: false });
  const changed = await told(await login(id), () => patch(id, { password: 'given by a manager' }));
  assert.deepEqual(changed, ['password-changed', false]);
});

test('tokens of two users in the handshake are refused, at room too', async () => {
  const [alice, bob] = [tokenOf('alice'), tokenOf('bob')];
  for (const [query, headers] of [
    [`?token=${alice}&token=${bob}`, {}],
    [`?token=${alice}`, { Authorization: `Bearer ${bob}` }],
    ['', { Authorization: [`Bearer ${alice}`, `Bearer ${bob}`] as unknown as string }],
  ] as const) {
    const socket = new WebSocket(`${server.wsUrl}/ws/room${query}`, { headers });
    const code = await new Promise((resolve) => socket.once('close', resolve));
    assert.equal(code, CLOSE_CODES['token-refused'].code);
  }
});
