import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  closeOf,
  encodeFrame,
  encodeImBody,
  encodeImProtobuf,
  type ImError,
  type ImMessage,
} from '@haina/wire';
import { ManualTimers } from '../src/stomp/testing/manual-timers.ts';
import { ERRORS, EVENTS, INBOX, openIm, PROTOBUF, STATUS } from './support/im-client.ts';
import { startTestServer, type TestServer } from './support/server.ts';
import { XhrClient } from './support/sockjs-client.ts';
import type { StompClient } from './support/stomp-client.ts';
import { tokenOf as shortTokenOf } from './support/token.ts';

/** Good for all the time that passes here. */
const tokenOf = (userId: string, claims: Record<string, unknown> = {}) =>
  shortTokenOf(userId, { exp: Math.floor(Date.now() / 1000) + 86_400, ...claims });
const ADMIN = tokenOf('admin', { role: 'admin' });
const PRIVATE = '/app/private-message';

let server: TestServer;
let ahead = 0;
const clients: StompClient[] = [];
let users = 0;

before(async () => {
  const clock = { now: () => Date.now() + ahead };
  server = await startTestServer({}, { clock, timers: new ManualTimers() });
});
after(async () => {
  await Promise.all(clients.map((client) => client.drop()));
  await server.stop();
});

async function open(name: string): Promise<{ id: string; client: StompClient }> {
  const id = `${name}-bad${++users}`;
  const headers = { Authorization: `Bearer ${tokenOf(id)}` };
  const client = await openIm(server.wsUrl, id, [INBOX, STATUS, EVENTS, ERRORS], headers);
  clients.push(client);
  return { id, client };
}

/** Asserts that the next refusal is this one, that no RECEIPT was given, and that the session goes on. */
async function assertRefused(client: StompClient, refusal: Partial<ImError>): Promise<void> {
  const told = await client.nextAt<Record<string, unknown>>(ERRORS);
  const { code, message, destination, messageId } = { ...told, ...refusal };
  assert.deepEqual(told, { code, message, destination, messageId });
  client.sendJson('/app/heartbeat', {}, { receipt: 'alive' });
  const receipt = await client.next('RECEIPT');
  assert.equal(receipt.headers.get('receipt-id'), 'alive', 'what was refused is not confirmed');
  await client.nextAt(EVENTS);
}

function sendBytes(client: StompClient, destination: string, body: Uint8Array, contentType: string): void {
  const headers: [string, string][] = [
    ['destination', destination],
    ['content-type', contentType],
    ['receipt', 'never'],
  ];
  client.raw(Buffer.from(encodeFrame('SEND', headers, body)));
}

const sound = { receiverId: 'bob', content: 'x', clientMsgId: 'c-1' };
const protobufOf = (change: object) =>
  encodeImProtobuf({
    messageId: '',
    type: 0,
    status: 0,
    senderId: '',
    receiverId: 'bob',
    conversationId: '',
    clientMessageId: 'c-1',
    version: '',
    deviceId: '',
    source: '',
    timestamp: 0,
    sequence: 0,
    chat: { content: 'x', conversationType: '' },
    ...change,
  } as ImMessage);
/** Appends fields to a message; of a field that comes twice the last one counts. */
const and = (...bytes: number[]) => Buffer.concat([protobufOf({}), Uint8Array.from(bytes)]);
const jsonOf = (change: object) => Buffer.from(JSON.stringify({ ...sound, ...change }));
const deep = (levels: number) => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;
const TOO_DEEP = Buffer.from(
  JSON.stringify({ ...sound, content: { content: 'x', contentExtra: 'HERE' } }).replace('"HERE"', deep(65)),
);
const DEEPEST = Buffer.from(`{"receiverId":"bob","clientMsgId":"c-1","content":${'['.repeat(20_000)}`);

interface Bad {
  readonly body: Uint8Array;
  readonly encoding?: string;
  readonly destination?: string;
  readonly code?: string;
  readonly message: string;
  readonly messageId?: string | null;
}

const BODIES: Readonly<Record<string, Bad>> = {
  'protobuf that is garbage': {
    body: Buffer.from([0xff, 0xff, 0xff, 0x00, 0x01]),
    message: 'the body is not a protobuf WebSocketMessage',
    messageId: null,
  },
  'protobuf that is cut off': {
    body: protobufOf({}).subarray(0, -1),
    message: 'the body is not a protobuf WebSocketMessage',
    messageId: null,
  },
  'protobuf with bad UTF-8 in a text': {
    // receiverId of two bytes that are none.
    body: and(0x2a, 0x02, 0xc3, 0x28),
    message: 'the body is not a protobuf WebSocketMessage',
    messageId: null,
  },
  'JSON sent as protobuf': {
    body: jsonOf({}),
    message: 'the body is not a protobuf WebSocketMessage',
    messageId: null,
  },
  'an arm that is not the one of the type': {
    // type 20 with the arm chat.
    body: and(0x10, 20),
    message: 'a message of type 20 has the payload notification, not chat',
  },
  'an arm that the destination does not take': {
    body: encodeImBody('/app/heartbeat', {}),
    message: '/app/private-message takes messages with the payload chat',
    messageId: null,
  },
  'another type than the destination takes': {
    body: encodeImBody('/app/heartbeat', { timestamp: 1 }),
    destination: '/app/edit-message',
    message: '/app/edit-message takes messages of type 34',
    messageId: null,
  },
  'a type that nobody knows': { body: and(0x10, 99), message: 'type 99 is no message type' },
  'a status that nobody knows': { body: and(0x18, 99), message: 'status 99 is no message status' },
  'a type that only the server tells': {
    body: protobufOf({ type: 13 }),
    message: 'msgType must be one of 0, 1, 2, 3, 4, 5, 6, 11, 12',
  },
  'a timestamp beyond 2^53': {
    body: and(0x58, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10),
    message: 'timestamp is beyond what a JSON number holds exactly',
  },
  'a sequence below -2^53': {
    body: and(0x60, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01),
    message: 'sequence is beyond what a JSON number holds exactly',
  },
  'too long a text in protobuf': {
    body: protobufOf({ chat: { content: 'x'.repeat(2001), conversationType: '' } }),
    code: 'ETOOLONG',
    message: 'content has more than 2000 characters',
  },
  'a document in protobuf that does not fit its type': {
    body: protobufOf({ type: 1, chat: { content: '{"content":"x"}', conversationType: '' } }),
    message: 'content.contentExtra is missing',
  },
  'too long a text': {
    encoding: 'application/json',
    body: jsonOf({ content: 'x'.repeat(2001) }),
    code: 'ETOOLONG',
    message: 'content has more than 2000 characters',
  },
  'too much beside the text': {
    encoding: 'application/json',
    body: jsonOf({ content: { content: 'x', contentExtra: { a: 'x'.repeat(32_768) } } }),
    code: 'ETOOLONG',
    message: 'content has more than 32768 bytes',
  },
  'JSON that is nested too deep': {
    encoding: 'application/json',
    body: TOO_DEEP,
    message: 'content is nested deeper than 64 levels',
  },
  'JSON that is nested deeper than that and cut off': {
    encoding: 'application/json',
    body: DEEPEST,
    message: 'the body is not valid JSON',
    messageId: null,
  },
  'JSON with a type that nobody knows': {
    encoding: 'application/json',
    body: jsonOf({ msgType: 99 }),
    message: 'msgType must be one of 0, 1, 2, 3, 4, 5, 6, 11, 12',
  },
  'JSON with a number beyond 2^53': {
    encoding: 'application/json',
    body: Buffer.from('{"conversationId":"c","sinceSequence":18014398509481984}'),
    destination: '/app/sync',
    message: 'sinceSequence must be at most 9007199254740991',
    messageId: null,
  },
  'JSON with bad UTF-8': {
    encoding: 'application/json',
    body: Buffer.concat([
      Buffer.from('{"receiverId":"bob","content":"'),
      Buffer.from([0xc3, 0x28]),
      Buffer.from('"}'),
    ]),
    message: 'the body is not valid UTF-8',
    messageId: null,
  },
  'half a surrogate pair': {
    encoding: 'application/json',
    body: Buffer.from('{"receiverId":"bob","clientMsgId":"c-1","content":"\\ud800"}'),
    message: 'content is not valid Unicode',
  },
};

describe('a body that makes no sense is refused by name, is not confirmed, and reaches nobody', () => {
  let bob: StompClient;
  before(async () => {
    bob = await openIm(server.wsUrl, 'bob', [INBOX], { Authorization: `Bearer ${tokenOf('bob')}` });
    clients.push(bob);
  });

  for (const [name, { body, encoding = PROTOBUF, destination = PRIVATE, ...refusal }] of Object.entries(
    BODIES,
  )) {
    test(name, async () => {
      const { client } = await open('alice');
      sendBytes(client, destination, body, encoding);
      await assertRefused(client, { code: 'EINVAL', messageId: 'c-1', ...refusal, destination });
      await client.confirmed(PRIVATE, { receiverId: 'bob', content: 'behind it', clientMsgId: 'marker' });
      assert.equal((await bob.nextAt<ImMessage>(INBOX)).clientMessageId, 'marker');
    });
  }
});

/** A message from Alice that Bob has. */
async function told() {
  const [alice, bob] = [await open('alice'), await open('bob')];
  await alice.client.confirmed(PRIVATE, { receiverId: bob.id, content: 'x' });
  const { messageId, conversationId } = await bob.client.nextAt<ImMessage>(INBOX);
  return { alice, bob, messageId, conversationId };
}

for (const encoding of ['application/json', PROTOBUF]) {
  describe(`what may not be done is refused, asked for in ${encoding}`, () => {
    const ask = (
      client: StompClient,
      destination: '/app/edit-message' | '/app/delete-message' | '/app/pin-message',
      body: { messageId: string; newContent?: string; deleteScope?: 0 | 1; pinScope?: 0 | 1 },
    ) => {
      const bytes =
        encoding === PROTOBUF
          ? encodeImBody(destination, body as { messageId: string; newContent: string })
          : Buffer.from(JSON.stringify(body));
      sendBytes(client, destination, bytes, encoding);
    };

    test("editing another's message", async () => {
      const { bob, messageId } = await told();
      ask(bob.client, '/app/edit-message', { messageId, newContent: 'y' });
      await assertRefused(bob.client, {
        code: 'EPERM',
        message: 'only the sender may edit a message',
        messageId,
      });
    });

    test('editing after the window, and recalling after it', async () => {
      const { alice, messageId } = await told();
      ahead += 120_001;
      ask(alice.client, '/app/delete-message', { messageId, deleteScope: 1 });
      await assertRefused(alice.client, {
        code: 'EPERM',
        message: 'a message may be recalled for 120 s after it was sent',
        messageId,
      });
      ahead += 780_000;
      ask(alice.client, '/app/edit-message', { messageId, newContent: 'y' });
      await assertRefused(alice.client, {
        code: 'EPERM',
        message: 'a message may be edited for 900 s after it was sent',
        messageId,
      });
    });

    test('recalling twice, and editing or pinning what was recalled', async () => {
      const { alice, messageId } = await told();
      await alice.client.confirmed('/app/delete-message', { messageId, deleteScope: 1 });
      ask(alice.client, '/app/delete-message', { messageId, deleteScope: 1 });
      await assertRefused(alice.client, { code: 'ECONFLICT', messageId });
      ask(alice.client, '/app/edit-message', { messageId, newContent: 'y' });
      await assertRefused(alice.client, { code: 'ECONFLICT', messageId });
      ask(alice.client, '/app/pin-message', { messageId });
      await assertRefused(alice.client, { code: 'ECONFLICT', messageId });
    });

    test('pinning in a conversation that one has left', async () => {
      const [alice, bob] = [await open('alice'), await open('bob')];
      const members = [alice, bob].map(({ id: userId }) => ({ userId }));
      const { body } = await server.call('POST', '/api/v1/groups', ADMIN, { name: 'left', members });
      const { id: conversationId } = body as { id: string };
      for (const { client } of [alice, alice, bob, bob]) await client.nextAt(EVENTS);
      await alice.client.confirmed('/app/chat', { conversationId, content: 'x' });
      const { messageId } = await bob.client.nextAt<ImMessage>(INBOX);
      await server.call('DELETE', `/api/v1/groups/${conversationId}/members/${bob.id}`, ADMIN);
      await bob.client.nextAt(EVENTS);
      for (const pinScope of [0, 1] as const) {
        ask(bob.client, '/app/pin-message', { messageId, pinScope });
        await assertRefused(bob.client, { code: 'ENOENT', destination: '/app/pin-message', messageId });
      }
    });

    test('forwarding and quoting what one can not see', async () => {
      const { messageId } = await told();
      const carol = await open('carol');
      const contents = {
        11: { content: 'x', quotedMessageId: messageId },
        12: { originalMessageId: messageId },
      };
      for (const [msgType, content] of Object.entries(contents)) {
        const body = { receiverId: 'bob', msgType: Number(msgType), content, clientMsgId: 'f-1' };
        const bytes =
          encoding === PROTOBUF ? encodeImBody(PRIVATE, body as never) : Buffer.from(JSON.stringify(body));
        sendBytes(carol.client, PRIVATE, bytes, encoding);
        await assertRefused(carol.client, { code: 'ENOENT', messageId: 'f-1' });
      }
    });

    test('renewing with an expired token: the session goes on', async () => {
      const { id, client } = await open('alice');
      const token = tokenOf(id, { exp: 1 });
      const bytes =
        encoding === PROTOBUF ? encodeImBody('/app/auth', { token }) : Buffer.from(JSON.stringify({ token }));
      sendBytes(client, '/app/auth', bytes, encoding);
      await assertRefused(client, { code: 'EPERM', destination: '/app/auth', messageId: null });
    });
  });
}

test('an expired token at /app/auth does not lengthen the session, which ends at its own time', async () => {
  const now = Math.floor((Date.now() + ahead) / 1000);
  const id = `alice-bad${++users}`;
  const headers = { Authorization: `Bearer ${tokenOf(id, { exp: now + 2 })}` };
  const client = await openIm(server.wsUrl, id, [EVENTS, ERRORS], headers);
  clients.push(client);
  client.sendJson('/app/auth', { token: tokenOf(id, { exp: now - 10 }) });
  assert.equal((await client.nextAt<ImError>(ERRORS)).code, 'EPERM');
  assert.equal((await client.nextAt<ImMessage>(EVENTS)).type, 31);
  assert.deepEqual(await client.closed, closeOf('token-expired'));
});

test('protobuf over SockJS is refused: at CONNECT, at SUBSCRIBE, and at SEND', async () => {
  const connect = (accept: string) =>
    `CONNECT\naccept-version:1.2\nAuthorization:Bearer ${tokenOf('alice')}\naccept:${accept}\n\n\0`;
  const refused = await XhrClient.open(`${server.url}/ws`);
  await refused.send(connect(PROTOBUF));
  const [error] = await refused.frames();
  assert.deepEqual([error?.command, error?.headers.get('message')], ['ERROR', 'Refused']);
  assert.match(Buffer.from(error?.body ?? []).toString(), /^EINVAL: /);
  assert.equal(await refused.poll(), 'c[4202,"Refused"]\n');
  const client = await XhrClient.open(`${server.url}/ws`);
  await client.send(connect('application/json'));
  assert.equal((await client.frames())[0]?.command, 'CONNECTED');
  await client.send(
    `SUBSCRIBE\nid:e\ndestination:${ERRORS}\n\n\0`,
    `SUBSCRIBE\nid:i\ndestination:${INBOX}\naccept:${PROTOBUF}\n\n\0`,
    `SEND\ndestination:${PRIVATE}\ncontent-type:${PROTOBUF}\n\nx\0`,
  );
  const refusals: [string, string][] = [];
  while (refusals.length < 2) {
    for (const { body } of await client.frames()) {
      const { code, destination } = JSON.parse(Buffer.from(body).toString());
      refusals.push([code, destination]);
    }
  }
  assert.deepEqual(refusals, [
    ['EINVAL', INBOX],
    ['EINVAL', PRIVATE],
  ]);
  await client.send('DISCONNECT\n\n\0');
});
