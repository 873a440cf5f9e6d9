import { after, before, test } from 'node:test';
import { Client, type StompConfig } from '@stomp/stompjs';
import SockJS from 'sockjs-client';
import { converse, Person } from './support/conversation.ts';
import { startTestServer, type TestServer } from './support/server.ts';

let server: TestServer;

before(async () => {
  server = await startTestServer();
});
after(() => server.stop());

/** The token of a demo account, as its login gives it. */
async function login(username: string, app: string): Promise<string> {
  const { body } = await server.call('POST', '/api/v1/login', undefined, {
    username,
    password: username,
    app,
  });
  return (body as { token: string }).token;
}

interface Way {
  readonly name: string;
  config(token: string): StompConfig;
}

const sockJs = (transport: string): Way => ({
  name: `sockjs-client over ${transport}`,
  config: (token) => ({
    webSocketFactory: () =>
      new SockJS(`${server.url}/ws/im?token=${token}`, null, { transports: [transport] }),
    connectHeaders: { Authorization: `Bearer ${token}` },
  }),
});

const WAYS: readonly Way[] = [
  {
    name: '@stomp/stompjs over WebSocket, token in the header',
    config: (token) => ({
      brokerURL: `${server.wsUrl}/ws/im`,
      connectHeaders: { Authorization: `Bearer ${token}` },
    }),
  },
  {
    name: '@stomp/stompjs over WebSocket, token in the query',
    config: (token) => ({ brokerURL: `${server.wsUrl}/ws/im?token=${token}` }),
  },
  {
    name: '@stomp/stompjs in binary frames',
    config: (token) => ({ brokerURL: `${server.wsUrl}/ws/im?token=${token}`, forceBinaryWSFrames: true }),
  },
  {
    name: '@stomp/stompjs in frames cut into chunks',
    config: (token) => ({
      brokerURL: `${server.wsUrl}/ws/im?token=${token}`,
      splitLargeFrames: true,
      maxWebSocketChunkSize: 32,
    }),
  },
  {
    name: "@stomp/stompjs over SockJS's raw WebSocket",
    config: (token) => ({ brokerURL: `${server.wsUrl}/ws/im/websocket?token=${token}` }),
  },
  sockJs('websocket'),
  sockJs('xhr-streaming'),
  sockJs('xhr-polling'),
  sockJs('eventsource'),
];

for (const { name, config } of WAYS) {
  test(`${name}: a conversation with group, receipts, revoke, absence and sync`, async () => {
    const tokens = new Map([
      ['alice', await login('alice', 'default')],
      ['bob', await login('bob', 'default')],
    ]);
    await converse({
      appId: 'default',
      alice: 'alice',
      bob: 'bob',
      group: 'demo',
      run: name,
      open: (userId) =>
        new Person(new Client({ reconnectDelay: 0, debug: () => {}, ...config(tokens.get(userId) ?? '') })),
    });
  });
}

test('the two users of the other demo tenant talk as the document shows', async () => {
  const tokens = new Map([
    ['user_001', await login('user_001', 'ak_demo_chat')],
    ['user_002', await login('user_002', 'ak_demo_chat')],
  ]);
  const open = (userId: string) => {
    const token = tokens.get(userId) ?? '';
    return new Person(new Client({ reconnectDelay: 0, brokerURL: `${server.wsUrl}/ws/im?token=${token}` }));
  };
  const [one, two] = [open('user_001'), open('user_002')];
  await one.connect();
  await two.connect();
  const message = {
    messageId: 'doc-1',
    toId: 'user_002',
    chatType: 'SINGLE',
    msgType: 'TEXT',
    content: 'Hello',
  };
  await one.publish('/app/chat.send', { appId: 'ak_demo_chat', ...message });
  await two.inbox.next('Hello', ({ content }) => content === 'Hello');
  await one.disconnect();
  await two.disconnect();
});
