import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { ImMessage, XuqmMessage, XuqmReceipt, XuqmSyncDone } from '@haina/wire';
import { startTestServer, type TestServer } from './support/server.ts';
import { StompClient } from './support/stomp-client.ts';
import { tokenOf } from './support/token.ts';

/** What a message is to people, whatever the protocol they read it by. */
interface Seen {
  readonly id: string;
  readonly from: string;
  readonly conversation: string;
  readonly seq: number;
  readonly kind: string;
  readonly text: string;
  readonly state: 'normal' | 'revoked';
}

/** A person who speaks one dialect. */
interface Speaker {
  readonly userId: string;
  send(to: { user?: string; group?: string }, id: string, text: string): void;
  sendImage(user: string, id: string, url: string): void;
  /** Takes back a message this person saw, or sent under this id; resolves once that is done. */
  revoke(seen: Seen | string): Promise<unknown>;
  read(seen: Seen): void;
  /** The next message, wherever it comes. */
  next(): Promise<Seen>;
  /** What became of this person's own message. */
  nextReceipt(id: string, status: 'delivered' | 'read'): Promise<void>;
  /** Everything that a sync brings. */
  sync(): Promise<Seen[]>;
  client: StompClient;
}

type Dialect = 'xuqm' | 'im';

let server: TestServer;
const clients: StompClient[] = [];
let users = 0;

before(async () => {
  server = await startTestServer();
});
after(async () => {
  await Promise.all(clients.map((client) => client.drop()));
  await server.stop();
});

const DIALECTS: Record<Dialect, (userId: string) => Promise<Speaker>> = { xuqm: openXuqm, im: openIm };

async function open(path: string, userId: string, destinations: string[]): Promise<StompClient> {
  const client = await StompClient.connect(server.wsUrl, tokenOf(userId), path);
  clients.push(client);
  for (const destination of destinations) await client.subscribe(destination);
  return client;
}

async function openXuqm(userId: string): Promise<Speaker> {
  const inbox = '/user/queue/messages';
  const client = await open('/ws/im', userId, [inbox, '/user/queue/receipts']);
  const seen = (message: XuqmMessage): Seen => ({
    id: message.id,
    from: message.fromId,
    conversation: message.conversationId,
    seq: message.seq,
    kind: message.msgType.toLowerCase(),
    text: typeof message.content === 'string' ? message.content : String(message.content.text ?? ''),
    state: message.status === 'REVOKED' ? 'revoked' : 'normal',
  });
  return {
    userId,
    client,
    send: ({ user, group }, messageId, content) =>
      client.sendJson('/app/chat.send', {
        messageId,
        toId: user ?? group,
        chatType: user ? 'SINGLE' : 'GROUP',
        msgType: 'TEXT',
        content,
      }),
    sendImage: (toId, messageId, url) =>
      client.sendJson('/app/chat.send', {
        messageId,
        toId,
        chatType: 'SINGLE',
        msgType: 'IMAGE',
        content: { url, text: 'a picture' },
      }),
    revoke: (target) =>
      client.confirmed('/app/chat.revoke', { messageId: typeof target === 'string' ? target : target.id }),
    read: ({ id }) => client.sendJson('/app/chat.read', { messageId: id }),
    next: async () => seen(await client.nextAt<XuqmMessage>(inbox)),
    async nextReceipt(id, status) {
      for (;;) {
        const receipt = await client.nextAt<XuqmReceipt>('/user/queue/receipts');
        if (receipt.messageId === id && receipt.status === status.toUpperCase()) return;
      }
    },
    async sync() {
      client.sendJson('/app/chat.sync', {});
      const all: Seen[] = [];
      for (;;) {
        const message = await client.nextAt<XuqmMessage | XuqmSyncDone>(inbox);
        if (message.msgType === 'SYNC_DONE') return all;
        all.push(seen(message));
      }
    },
  };
}

async function openIm(userId: string): Promise<Speaker> {
  const inbox = '/user/queue/private-messages';
  const client = await open('/ws', userId, [inbox, '/user/queue/message-status']);
  const kinds = ['text', 'image'];
  const ids = new Map<string, string>();
  const seen = (message: ImMessage): Seen => {
    const document = JSON.parse(message.chat?.content ?? '{}') as { content: string };
    ids.set(message.clientMessageId, message.messageId);
    return {
      id: message.clientMessageId,
      from: message.senderId,
      conversation: message.conversationId,
      seq: message.sequence,
      kind: kinds[message.type] ?? 'text',
      text: document.content,
      state: message.status === 6 ? 'revoked' : 'normal',
    };
  };
  return {
    userId,
    client,
    send: ({ user, group }, clientMsgId, content) =>
      user
        ? client.sendJson('/app/private-message', { receiverId: user, content, clientMsgId })
        : client.sendJson('/app/chat', { conversationId: group, content, msgType: 0, clientMsgId }),
    sendImage: (receiverId, clientMsgId, url) =>
      client.sendJson('/app/private-message', {
        receiverId,
        clientMsgId,
        msgType: 1,
        content: { content: 'a picture', contentExtra: { url } },
      }),
    revoke: (target) =>
      client.confirmed('/app/delete-message', {
        messageId: typeof target === 'string' ? target : (ids.get(target.id) ?? ''),
        deleteScope: 1,
      }),
    read: ({ id }) => client.sendJson('/app/read-message', { messageId: ids.get(id) ?? '' }),
    next: async () => seen(await client.nextAt<ImMessage>(inbox)),
    async nextReceipt(id, status) {
      for (;;) {
        const message = await client.nextAt<ImMessage>('/user/queue/message-status');
        if (message.clientMessageId === id && message.status === (status === 'read' ? 4 : 3)) return;
      }
    },
    async sync() {
      client.sendJson('/app/sync', {});
      const all: Seen[] = [];
      for (;;) {
        const message = await client.nextAt<ImMessage>(inbox);
        if (message.type === 34) return all;
        all.push(seen(message));
      }
    },
  };
}

interface Scene {
  readonly from: Speaker;
  readonly to: Speaker;
  /** Opens another session of the receiver. */
  reopen(): Promise<Speaker>;
}

const single = ({ from, to }: Scene) => `single:${[from.userId, to.userId].sort().join(':')}`;

/** Every operation that both dialects have, as one person does it and another sees it. */
const OPERATIONS: Record<string, (scene: Scene) => Promise<void>> = {
  async 'send text'(scene) {
    const { from, to } = scene;
    from.send({ user: to.userId }, 'm', '你好, 海纳');
    assert.deepEqual(await to.next(), {
      id: 'm',
      from: from.userId,
      conversation: single(scene),
      seq: 1,
      kind: 'text',
      text: '你好, 海纳',
      state: 'normal',
    });
  },
  async 'send an image'({ from, to }) {
    from.sendImage(to.userId, 'm', 'https://example.com/a.jpg');
    assert.equal((await to.next()).kind, 'image');
  },
  async 'send to a group'({ from, to }) {
    const admin = tokenOf('admin', { role: 'admin' });
    const members = [from, to].map(({ userId }) => ({ userId }));
    const { body } = await server.call('POST', '/api/v1/groups', admin, { name: 'Both', members });
    const { id: group } = body as { id: string };
    from.send({ group }, 'g', 'to all');
    const { conversation, text } = await to.next();
    assert.deepEqual([conversation, text], [group, 'to all']);
  },
  async 'tell delivered and read'({ from, to }) {
    from.send({ user: to.userId }, 'm', 'read me');
    const seen = await to.next();
    await from.nextReceipt('m', 'delivered');
    to.read(seen);
    await from.nextReceipt('m', 'read');
  },
  async revoke({ from, to }) {
    from.send({ user: to.userId }, 'm', 'a slip');
    await to.next();
    await from.revoke('m');
    const { id, text, state } = await to.next();
    assert.deepEqual([id, text, state], ['m', '', 'revoked']);
  },
  async 'be away, and sync'({ from, to, reopen }) {
    await to.client.close();
    for (const id of ['one', 'two', 'three']) from.send({ user: to.userId }, id, id);
    await from.revoke('two');
    const again = await reopen();
    assert.deepEqual(
      (await again.sync()).map(({ id, state }) => `${id} ${state}`),
      ['one normal', 'two revoked', 'three normal'],
    );
  },
};

test('a picture that xuqm sends as an address has the form that im clients read, and one without has nothing beside it', async () => {
  const [alice, bob] = [await openXuqm(`from${++users}`), await openIm(`to${++users}`)];
  const body = { toId: bob.userId, chatType: 'SINGLE', msgType: 'IMAGE' };
  alice.client.sendJson('/app/chat.send', { ...body, content: 'https://example.com/a.jpg' });
  alice.client.sendJson('/app/chat.send', { ...body, content: 'no picture at all' });
  const told: [number, unknown][] = [];
  for (let i = 0; i < 2; i++) {
    const { type, chat } = await bob.client.nextAt<ImMessage>('/user/queue/private-messages');
    told.push([type, JSON.parse(chat?.content ?? '')]);
  }
  const address = 'https://example.com/a.jpg';
  assert.deepEqual(told, [
    [1, { content: address, contentExtra: { url: address } }],
    [1, { content: 'no picture at all', contentExtra: null }],
  ]);
});

test('the text of a picture from xuqm is its content at im, and comes back as it was', async () => {
  const [alice, bob] = [await openXuqm(`from${++users}`), await openIm(`to${++users}`)];
  const url = 'https://example.com/a.jpg';
  const content = { text: 'the harbour', url };
  alice.client.sendJson('/app/chat.send', {
    messageId: 'p1',
    toId: bob.userId,
    chatType: 'SINGLE',
    msgType: 'IMAGE',
    content,
  });
  const { type, chat } = await bob.client.nextAt<ImMessage>('/user/queue/private-messages');
  assert.deepEqual(
    [type, JSON.parse(chat?.content ?? '')],
    [1, { content: 'the harbour', contentExtra: { url } }],
  );
  const conversationId = `single:${alice.userId}:${bob.userId}`;
  alice.client.sendJson('/app/chat.sync', { conversationId, sinceSeq: 0 });
  assert.deepEqual((await alice.client.nextAt<XuqmMessage>('/user/queue/messages')).content, content);
});

for (const [operation, act] of Object.entries(OPERATIONS)) {
  for (const [from, to] of [
    ['xuqm', 'im'],
    ['im', 'xuqm'],
    ['im', 'im'],
    ['xuqm', 'xuqm'],
  ] as const) {
    test(`${operation}: ${from} to ${to}`, async () => {
      const run = ++users;
      const [fromId, toId] = [`from${run}`, `to${run}`];
      await act({
        from: await DIALECTS[from](fromId),
        to: await DIALECTS[to](toId),
        reopen: () => DIALECTS[to](toId),
      });
    });
  }
}
