import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { ImMessage, MimiMessage, MimiSuccess, XuqmMessage, XuqmReceipt } from '@haina/wire';
import { INIT, MimiClient, type MimiUser, makeUser, RECIVE, SEND } from './support/mimi-client.ts';
import { RealClient } from './support/real-client.ts';
import { startTestServer, type TestServer } from './support/server.ts';
import { tokenOf } from './support/token.ts';

/** What a message is to people, whatever the protocol they read it by. */
interface Seen {
  readonly id: string;
  readonly text: string;
  /** As this dialect names people. */
  readonly from: string;
}

/** A person who speaks one dialect. */
interface Speaker {
  readonly user: MimiUser;
  /** What others of this dialect call a user. */
  nameOf(user: MimiUser): string;
  /** Sends; resolves once the message is stored. */
  send(to: MimiUser, id: string, text: string): Promise<void>;
  next(): Promise<Seen>;
  /** Tells the server that this person has the message, where the dialect leaves that to it. */
  confirm(id: string): Promise<void>;
  /** Everything that this person's client asks for when it comes back. */
  sync(): Promise<Seen[]>;
  /** Resolves once this person is told that its message arrived; at once where the dialect never tells. */
  delivered(id: string): Promise<void>;
  close(): Promise<void>;
}

/** What `mimi` can't do, and its people see others do. */
interface Rich extends Speaker {
  sendImage(to: MimiUser, id: string, text: string, url: string): Promise<void>;
  sendToGroup(group: string, id: string, text: string): Promise<void>;
  revoke(id: string): Promise<void>;
  read(id: string): Promise<void>;
  /** Those it was told the message arrived at, so far. */
  receipts(): Promise<string[]>;
  edit?(id: string, text: string): Promise<void>;
}

let server: TestServer;
const open: Speaker[] = [];
let runs = 0;

before(async () => {
  server = await startTestServer();
});
after(async () => {
  await Promise.all(open.map((speaker) => speaker.close()));
  await server.stop();
});

function connect(path: string, { id }: MimiUser, destinations: string[]): Promise<RealClient> {
  const brokerURL = `${server.wsUrl}${path}`;
  const parameter = path.startsWith('/Mimi') ? 'srect' : 'token';
  return RealClient.connect({ brokerURL: `${brokerURL}?${parameter}=${tokenOf(id)}` }, destinations);
}

async function openMimi(user: MimiUser): Promise<Speaker> {
  const inbox = `/user/${user.uid}/recive`;
  const queues = ['/user/queue/send/status', '/user/queue/recive/status'] as const;
  const client = await connect('/Mimi/client', user, [inbox, ...queues]);
  const seen = ({ chatID, content, sender }: MimiMessage): Seen => ({
    id: chatID,
    text: content,
    from: sender,
  });
  const succeeded = (queue: string, msgID: string) =>
    client.next<MimiSuccess>(queue, (status) => status.msgID === msgID && status.code === 200);
  return {
    user,
    nameOf: ({ username }) => username,
    async send({ uid: reciverId }, msgID, content) {
      client.publish(SEND, { msgID, reciverId, content });
      await succeeded(queues[0], msgID);
    },
    next: async () => seen(await client.next<MimiMessage>(inbox)),
    async confirm(msgID) {
      client.publish(RECIVE, { msgID });
      await succeeded(queues[1], msgID);
    },
    async sync() {
      await client.confirmed(INIT);
      return client.take<MimiMessage>(inbox).map(seen);
    },
    delivered: async () => {},
    close: () => client.close(),
  };
}

async function openXuqm(user: MimiUser): Promise<Rich> {
  const [inbox, told] = ['/user/queue/messages', '/user/queue/receipts'];
  const client = await connect('/ws/im', user, [inbox, told]);
  const seen = ({ id, content, fromId }: XuqmMessage): Seen => ({ id, text: String(content), from: fromId });
  const send = (toId: string, messageId: string, content: unknown, change: object = {}) =>
    client.confirmed('/app/chat.send', {
      messageId,
      toId,
      chatType: 'SINGLE',
      msgType: 'TEXT',
      content,
      ...change,
    });
  const isOf = (id: string) => (receipt: XuqmReceipt) =>
    receipt.messageId === id && receipt.status === 'DELIVERED';
  return {
    user,
    nameOf: ({ id }) => id,
    send: ({ id: toId }, messageId, content) => send(toId, messageId, content),
    sendImage: ({ id: toId }, messageId, text, url) =>
      send(toId, messageId, { text, url }, { msgType: 'IMAGE' }),
    sendToGroup: (group, messageId, content) => send(group, messageId, content, { chatType: 'GROUP' }),
    revoke: (messageId) => client.confirmed('/app/chat.revoke', { messageId }),
    read: (messageId) => client.confirmed('/app/chat.read', { messageId }),
    next: async () => seen(await client.next<XuqmMessage>(inbox)),
    confirm: async () => {},
    async sync() {
      await client.confirmed('/app/chat.sync', {});
      return client
        .take<XuqmMessage>(inbox)
        .filter(({ msgType }) => (msgType as string) !== 'SYNC_DONE')
        .map(seen);
    },
    delivered: async (id) => void (await client.next<XuqmReceipt>(told, isOf(id))),
    async receipts() {
      await client.confirmed('/app/chat.sync', {});
      return client.take<XuqmReceipt>(told).map(({ messageId }) => messageId);
    },
    close: () => client.close(),
  };
}

async function openIm(user: MimiUser): Promise<Rich> {
  const [inbox, told] = ['/user/queue/private-messages', '/user/queue/message-status'];
  const client = await connect('/ws', user, [inbox, told]);
  const seen = ({ clientMessageId: id, chat, senderId: from }: ImMessage): Seen => {
    const { content: text } = JSON.parse(chat?.content ?? '{}') as { content: string };
    return { id, text, from };
  };
  const isDelivered = ({ status }: ImMessage) => status === 3;
  return {
    user,
    nameOf: ({ id }) => id,
    send: ({ id: receiverId }, clientMsgId, content) =>
      client.confirmed('/app/private-message', { receiverId, clientMsgId, content }),
    sendImage: ({ id: receiverId }, clientMsgId, content, url) =>
      client.confirmed('/app/private-message', {
        receiverId,
        clientMsgId,
        msgType: 1,
        content: { content, contentExtra: { url } },
      }),
    sendToGroup: (conversationId, clientMsgId, content) =>
      client.confirmed('/app/chat', { conversationId, clientMsgId, content, msgType: 0 }),
    revoke: (messageId) => client.confirmed('/app/delete-message', { messageId, deleteScope: 1 }),
    read: (messageId) => client.confirmed('/app/read-message', { messageId }),
    edit: (messageId, newContent) => client.confirmed('/app/edit-message', { messageId, newContent }),
    next: async () => seen(await client.next<ImMessage>(inbox)),
    confirm: async () => {},
    async sync() {
      await client.confirmed('/app/sync', {});
      return client
        .take<ImMessage>(inbox)
        .filter(({ type }) => type < 10)
        .map(seen);
    },
    delivered: async (id) =>
      void (await client.next<ImMessage>(
        told,
        (status) => isDelivered(status) && status.clientMessageId === id,
      )),
    async receipts() {
      await client.confirmed('/app/sync', {});
      return client
        .take<ImMessage>(told)
        .filter(isDelivered)
        .map(({ clientMessageId }) => clientMessageId);
    },
    close: () => client.close(),
  };
}

const RICH = { xuqm: openXuqm, im: openIm };
const ALL = { mimi: openMimi, ...RICH };

async function person<T extends Speaker>(dialect: (user: MimiUser) => Promise<T>): Promise<T> {
  const speaker = await dialect(await makeUser(server, `person${++runs}`));
  open.push(speaker);
  return speaker;
}

const PAIRS = [
  ['mimi', 'mimi'],
  ['mimi', 'xuqm'],
  ['mimi', 'im'],
  ['xuqm', 'mimi'],
  ['im', 'mimi'],
] as const;

for (const [one, other] of PAIRS) {
  test(`${one} to ${other}: a text arrives as it was sent, and the sender learns of it`, async () => {
    const [from, to] = [await person(ALL[one]), await person(ALL[other])];
    await from.send(to.user, 'm', '你好, 海纳 😀');
    assert.deepEqual(await to.next(), { id: 'm', text: '你好, 海纳 😀', from: to.nameOf(from.user) });
    await to.confirm('m');
    await from.delivered('m');
    await to.send(from.user, 'answer', 'back');
    assert.deepEqual(await from.next(), { id: 'answer', text: 'back', from: from.nameOf(to.user) });
    await from.confirm('answer');
    await to.delivered('answer');
  });

  test(`${one} to ${other}: what was missed comes when the receiver asks, in order, once`, async () => {
    const [from, to] = [await person(ALL[one]), await person(ALL[other])];
    await to.close();
    for (const id of ['one', 'two', 'three']) await from.send(to.user, id, id);
    const back = await ALL[other](to.user);
    open.push(back);
    assert.deepEqual(
      (await back.sync()).map(({ id, text }) => [id, text]),
      [
        ['one', 'one'],
        ['two', 'two'],
        ['three', 'three'],
      ],
    );
    for (const id of ['one', 'two', 'three']) await back.confirm(id);
    assert.deepEqual(await back.sync(), []);
  });
}

for (const dialect of ['xuqm', 'im'] as const) {
  const both = async () => ({ from: await person(RICH[dialect]), to: await person(openMimi) });

  test(`${dialect} to mimi: a message is delivered when the receiver says so, not when it is written`, async () => {
    const { from, to } = await both();
    await from.send(to.user, 'm', 'x');
    await to.next();
    assert.deepEqual(await to.sync(), [{ id: 'm', text: 'x', from: from.user.username }]);
    assert.deepEqual(await from.receipts(), []);
    await to.confirm('m');
    await to.confirm('m');
    assert.deepEqual(await from.receipts(), ['m']);
  });

  test(`${dialect} to mimi: a picture comes as words and an address`, async () => {
    const { from, to } = await both();
    await from.sendImage(to.user, 'm', 'a cat', 'https://example.com/cat.jpg');
    assert.equal((await to.next()).text, '[图片] a cat https://example.com/cat.jpg');
  });

  test(`${dialect} to mimi: a group message comes too, is confirmed alike, and comes at init where it was missed`, async () => {
    const { from, to } = await both();
    const members = [from, to].map(({ user: { id: userId } }) => ({ userId }));
    const admin = tokenOf('admin', { role: 'admin' });
    const { body } = await server.call('POST', '/api/v1/groups', admin, { name: 'Both', members });
    const { id: group } = body as { id: string };
    await from.sendToGroup(group, 'm', 'to all');
    assert.deepEqual(await to.next(), { id: 'm', text: 'to all', from: from.user.username });
    assert.equal((await to.sync()).length, 1);
    await to.confirm('m');
    assert.deepEqual(await to.sync(), []);
    assert.deepEqual(await from.receipts(), ['m']);
  });

  test(`mimi to ${dialect}: a group is written to under the number that the API and its messages give`, async () => {
    const other = await person(RICH[dialect]);
    const user = await makeUser(server, `person${++runs}`);
    const mimi = await MimiClient.connect(server, user);
    const members = [other.user, user].map(({ id: userId }) => ({ userId }));
    const admin = tokenOf('admin', { role: 'admin' });
    const { body } = await server.call('POST', '/api/v1/groups', admin, { name: 'Both', members });
    const { id, uid } = body as { id: string; uid: number };
    await mimi.sent({ ...user, uid }, 'first', 'from mimi');
    assert.deepEqual(await other.next(), { id: 'first', text: 'from mimi', from: user.id });
    await other.sendToGroup(id, 'm', 'to all');
    const { reciver, reciverId } = await mimi.next();
    assert.deepEqual([reciver, reciverId], ['Both', uid]);
    mimi.stomp.close();
  });

  test(`${dialect} to mimi: a message taken back comes again without content`, async () => {
    const { from, to } = await both();
    await from.send(to.user, 'm', 'a slip');
    await to.next();
    await from.revoke('m');
    assert.deepEqual(await to.next(), { id: 'm', text: '', from: from.user.username });
  });

  test(`mimi to ${dialect}: the receiver reads, and the sender's client is not troubled with it`, async () => {
    const { from: to, to: from } = await both();
    await from.send(to.user, 'm', 'x');
    await to.next();
    await to.read('m');
    assert.deepEqual(await from.sync(), []);
  });
}

test('im to mimi: an edit comes as the message again, with its new text', async () => {
  const [from, to] = [await person(openIm), await person(openMimi)];
  await from.send(to.user, 'm', 'first');
  await to.next();
  await from.edit?.('m', 'second');
  assert.deepEqual(await to.next(), { id: 'm', text: 'second', from: from.user.username });
});
