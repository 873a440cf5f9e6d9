import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  decodeImProtobuf,
  type ImMessage,
  ImMessageStatus,
  ImMessageType,
  type StompFrame,
} from '@haina/wire';
import { subscribeIm } from './support/im-client.ts';
import { startTestServer, type TestServer } from './support/server.ts';
import { StompClient } from './support/stomp-client.ts';
import { tokenOf } from './support/token.ts';

const INBOX = '/user/queue/private-messages';
const STATUS = '/user/queue/message-status';
const EVENTS = '/user/queue/events';
const ERRORS = '/user/queue/errors';
const XUQM_INBOX = '/user/queue/messages';

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

async function connect(
  userId: string,
  destinations = [INBOX, STATUS, EVENTS, ERRORS],
  headers: Record<string, string> = {},
): Promise<StompClient> {
  const client = await StompClient.open(`${server.wsUrl}/ws`);
  clients.push(client);
  client.send('CONNECT', {
    'accept-version': '1.2',
    Authorization: `Bearer ${tokenOf(userId)}`,
    userId,
    deviceId: `${userId}-phone`,
    clientType: 'web',
    ...headers,
  });
  await client.next('CONNECTED');
  for (const destination of destinations) await subscribeIm(client, destination);
  return client;
}

async function connectXuqm(userId: string): Promise<StompClient> {
  const client = await StompClient.of(server.wsUrl, userId);
  clients.push(client);
  await client.subscribe(XUQM_INBOX);
  return client;
}

function newUser(name: string): string {
  return `${name}-im${++users}`;
}

async function makeGroup(...members: string[]): Promise<string> {
  const { body } = await server.call('POST', '/api/v1/groups', tokenOf('admin', { role: 'admin' }), {
    name: 'A group',
    members: members.map((userId) => ({ userId })),
  });
  return (body as { id: string }).id;
}

function documentOf(message: ImMessage): Record<string, unknown> {
  const arm = message.chat ?? message.event ?? message.system;
  return JSON.parse(arm?.content ?? 'null');
}

/** Takes what comes of a message until it has this status. */
async function statusOf(client: StompClient, clientMessageId: string, status: number): Promise<ImMessage> {
  for (;;) {
    const message = await client.nextAt<ImMessage>(STATUS);
    if (message.clientMessageId === clientMessageId && message.status === status) return message;
  }
}

/** Takes the statuses of a message until this one has come. */
async function statusesUntil(client: StompClient, clientMessageId: string, last: number): Promise<number[]> {
  const statuses: number[] = [];
  for (;;) {
    const message = await client.nextAt<ImMessage>(STATUS);
    if (message.clientMessageId !== clientMessageId) continue;
    assert.equal(message.type, ImMessageType.EVENT_MESSAGE_STATUS_CHANGE);
    assert.equal(documentOf(message).status, message.status);
    statuses.push(message.status);
    if (message.status === last) return statuses;
  }
}

test('a private message arrives in an envelope with every field filled', async () => {
  const [aliceId, bobId] = [newUser('alice'), newUser('bob')];
  const [alice, bob] = [await connect(aliceId), await connect(bobId)];
  alice.sendJson('/app/private-message', {
    receiverId: bobId,
    content: 'Hello World',
    clientMsgId: 'c-1',
    timestamp: 1,
  });
  const { messageId, timestamp, ...message } = await bob.nextAt<ImMessage>(INBOX);
  assert.match(messageId, /^[0-9a-f-]{36}$/);
  assert.ok(Math.abs(timestamp - Date.now()) < 60_000);
  assert.deepEqual(message, {
    type: ImMessageType.CHAT_TEXT,
    status: ImMessageStatus.MESSAGE_NORMAL,
    senderId: aliceId,
    receiverId: bobId,
    conversationId: `single:${aliceId}:${bobId}`,
    clientMessageId: 'c-1',
    version: '2.0',
    deviceId: `${aliceId}-phone`,
    source: 'im',
    sequence: 1,
    chat: { content: '{"content":"Hello World","contentExtra":null}', conversationType: 'single' },
  });
});

test('the RECEIPT of a message names its id, conversation, sequence and time, also of a repeat', async () => {
  const [aliceId, bobId] = [newUser('alice'), newUser('bob')];
  const [alice, bob] = [await connect(aliceId), await connect(bobId)];
  const body = { receiverId: bobId, content: 'Hello', clientMsgId: 'c:1', timestamp: 1 };
  const place = await alice.confirmed('/app/private-message', body);
  const { messageId, conversationId, sequence, timestamp } = await bob.nextAt<ImMessage>(INBOX);
  assert.deepEqual(place, {
    messageId,
    conversationId,
    seq: String(sequence),
    createdAt: String(timestamp),
  });
  assert.deepEqual(await alice.confirmed('/app/private-message', body), place);
});

test('the sender learns that its message is sending, sent, delivered and read, and no status comes twice', async () => {
  const [aliceId, bobId] = [newUser('alice'), newUser('bob')];
  const [alice, tablet, bob] = [
    await connect(aliceId),
    await connect(aliceId, [STATUS]),
    await connect(bobId),
  ];
  alice.sendJson('/app/private-message', { receiverId: bobId, content: 'x', clientMsgId: 'c-1' });
  const { messageId } = await bob.nextAt<ImMessage>(INBOX);
  const { MESSAGE_SENDING, MESSAGE_SENT, MESSAGE_DELIVERED, MESSAGE_READ } = ImMessageStatus;
  assert.deepEqual(await statusesUntil(alice, 'c-1', MESSAGE_DELIVERED), [
    MESSAGE_SENDING,
    MESSAGE_SENT,
    MESSAGE_DELIVERED,
  ]);
  bob.sendJson('/app/read-message', { messageId });
  assert.deepEqual(await statusesUntil(alice, 'c-1', MESSAGE_READ), [MESSAGE_READ]);
  assert.deepEqual(await statusesUntil(tablet, 'c-1', MESSAGE_READ), [
    MESSAGE_SENT,
    MESSAGE_DELIVERED,
    MESSAGE_READ,
  ]);
});

test('a message that is refused fails, and the refusal says why', async () => {
  const alice = await connect(newUser('alice'));
  alice.sendJson('/app/private-message', { receiverId: 'nobody', content: 'x', clientMsgId: 'c-1' });
  const { MESSAGE_SENDING, MESSAGE_FAILED } = ImMessageStatus;
  assert.deepEqual(await statusesUntil(alice, 'c-1', MESSAGE_FAILED), [MESSAGE_SENDING, MESSAGE_FAILED]);
  assert.deepEqual(await alice.nextAt(ERRORS), {
    code: 'ENOENT',
    message: 'no user nobody',
    destination: '/app/private-message',
    messageId: 'c-1',
  });
});

test('fields that the document does not know pass through', async () => {
  const [aliceId, bobId] = [newUser('alice'), newUser('bob')];
  const [alice, bob] = [await connect(aliceId), await connect(bobId)];
  const content = {
    content: '@bob look',
    contentExtra: { deep: [1, { er: true }] },
    mentions: [bobId],
    urgent: true,
  };
  alice.sendJson('/app/private-message', { receiverId: bobId, content });
  assert.deepEqual(documentOf(await bob.nextAt<ImMessage>(INBOX)), content);
});

const EXTRAS: Record<string, [type: number, extra: object]> = {
  image: [
    ImMessageType.CHAT_IMAGE,
    { url: 'https://example.com/image.jpg', width: 800, height: 600, mood: 'extra' },
  ],
  file: [
    ImMessageType.CHAT_FILE,
    { url: 'https://example.com/file.pdf', size: 2048000, type: 'application/pdf' },
  ],
  voice: [ImMessageType.CHAT_VOICE, { url: 'https://example.com/a.amr', duration: 3.5 }],
  video: [ImMessageType.CHAT_VIDEO, { url: 'https://example.com/a.mp4', duration: 12 }],
  location: [ImMessageType.CHAT_LOCATION, { latitude: 31.2, longitude: 121.5 }],
  card: [ImMessageType.CHAT_CARD, { userId: 'carol' }],
};

for (const [name, [msgType, contentExtra]] of Object.entries(EXTRAS)) {
  test(`a message of type ${name} keeps its form, and comes to xuqm as its type`, async () => {
    const [aliceId, bobId] = [newUser('alice'), newUser('bob')];
    const [alice, bob, phone] = [await connect(aliceId), await connect(bobId), await connectXuqm(bobId)];
    const content = { content: 'described', contentExtra };
    alice.sendJson('/app/private-message', { receiverId: bobId, msgType, content });
    const message = await bob.nextAt<ImMessage>(INBOX);
    assert.equal(message.type, msgType);
    assert.deepEqual(documentOf(message), content);
    const seen = await phone.nextAt<{ msgType: string; content: object }>(XUQM_INBOX);
    assert.equal(seen.msgType, name.toUpperCase());
    assert.deepEqual(seen.content, { ...contentExtra, text: 'described' });
  });
}

test('a group message comes to the topic, or to the inbox of who did not subscribe to it', async () => {
  const ids = [newUser('alice'), newUser('bob'), newUser('carol')] as const;
  const [alice, bob, carol] = [await connect(ids[0]), await connect(ids[1]), await connect(ids[2])];
  const group = await makeGroup(...ids);
  await bob.subscribe(`/topic/conversation/${group}`);
  alice.sendJson('/app/chat', { conversationId: group, content: 'to all', msgType: 0, clientMsgId: 'g-1' });
  for (const message of [
    await bob.nextAt<ImMessage>(`/topic/conversation/${group}`),
    await carol.nextAt<ImMessage>(INBOX),
  ]) {
    assert.deepEqual([message.conversationId, message.chat?.conversationType], [group, 'group']);
  }
});

test('an edit arrives as CHAT_EDIT under the same id, and as the changed message at xuqm', async () => {
  const [aliceId, bobId] = [newUser('alice'), newUser('bob')];
  const [alice, bob, phone] = [await connect(aliceId), await connect(bobId), await connectXuqm(bobId)];
  alice.sendJson('/app/private-message', { receiverId: bobId, content: 'tpyo', clientMsgId: 'c-1' });
  const { messageId } = await bob.nextAt<ImMessage>(INBOX);
  alice.sendJson('/app/edit-message', { messageId, newContent: 'typo', editReason: '用户编辑' });
  const edit = await bob.nextAt<ImMessage>(INBOX);
  assert.deepEqual([edit.messageId, edit.type, edit.status], [messageId, 10, 7]);
  assert.deepEqual(documentOf(edit), {
    content: 'typo',
    contentExtra: null,
    messageId,
    editReason: '用户编辑',
  });
  assert.deepEqual((await statusesUntil(alice, 'c-1', ImMessageStatus.MESSAGE_EDITED)).at(-1), 7);
  await phone.nextAt(XUQM_INBOX);
  const seen = await phone.nextAt<{ id: string; content: string; status: string }>(XUQM_INBOX);
  assert.deepEqual([seen.id, seen.content, seen.status], ['c-1', 'typo', 'SENT']);
  bob.sendJson('/app/edit-message', { messageId, newContent: 'not mine' });
  assert.equal((await bob.nextAt<{ code: string }>(ERRORS)).code, 'EPERM');
});

test('every participant learns of an edit and a recall by the event of section 7.3 too, and who deletes for itself that it did', async () => {
  const [aliceId, bobId, carolId] = [newUser('alice'), newUser('bob'), newUser('carol')];
  const queues = [INBOX, STATUS, ERRORS];
  const [alice, bob, carol] = [
    await connect(aliceId, queues),
    await connect(bobId, queues),
    await connect(carolId, queues),
  ];
  const group = await makeGroup(aliceId, bobId, carolId);
  alice.sendJson('/app/chat', { conversationId: group, content: 'tpyo', clientMsgId: 'c-1' });
  const { messageId } = await bob.nextAt<ImMessage>(INBOX);
  await alice.confirmed('/app/edit-message', { messageId, newContent: 'typo', editReason: 'a typo' });
  await alice.confirmed('/app/delete-message', { messageId, deleteScope: 1, deleteReason: '用户撤回' });
  for (const client of [alice, bob, carol]) {
    for (const [status, change, reason] of [
      [7, 'edited', 'a typo'],
      [6, 'recalled', '用户撤回'],
    ] as const) {
      const event = await statusOf(client, 'c-1', status);
      const { timestamp, ...document } = documentOf(event);
      assert.deepEqual(document, {
        eventType: `communication.message.${change}`,
        messageId,
        clientMessageId: 'c-1',
        conversationId: group,
        status,
        userId: aliceId,
        operatorId: aliceId,
        reason,
      });
      assert.ok(Math.abs(Date.parse(String(timestamp)) - Date.now()) < 60_000);
      assert.equal(event.event?.eventType, document.eventType);
    }
  }
  await bob.confirmed('/app/delete-message', { messageId, deleteScope: 0 });
  const deleted = documentOf(await statusOf(bob, 'c-1', ImMessageStatus.MESSAGE_DELETED));
  assert.deepEqual(
    [deleted.eventType, deleted.messageId, deleted.operatorId],
    ['communication.message.deleted', messageId, bobId],
  );
});

test('whatever comes has an id, one of its own unless it tells of a message', async () => {
  const [aliceId, bobId] = [newUser('alice'), newUser('bob')];
  const alice = await StompClient.open(`${server.wsUrl}/ws`);
  clients.push(alice);
  alice.send('CONNECT', { 'accept-version': '1.2', Authorization: `Bearer ${tokenOf(aliceId)}` });
  await alice.next('CONNECTED');
  await alice.subscribe(EVENTS);
  for (const destination of [STATUS, INBOX]) await alice.subscribe(destination);
  await connect(bobId);
  await alice.confirmed('/app/heartbeat', {});
  await alice.confirmed('/app/heartbeat', {});
  await alice.confirmed('/app/private-message', { receiverId: bobId, content: 'hi', clientMsgId: 'c-1' });
  await alice.confirmed('/app/sync', {});
  await makeGroup(aliceId, bobId);
  const told = [
    ...[await alice.nextAt<ImMessage>(EVENTS), await alice.nextAt<ImMessage>(EVENTS)],
    ...[await alice.nextAt<ImMessage>(EVENTS), await alice.nextAt<ImMessage>(EVENTS)],
    ...[await alice.nextAt<ImMessage>(STATUS), await alice.nextAt<ImMessage>(STATUS)],
    await alice.nextAt<ImMessage>(INBOX),
  ];
  assert.deepEqual(
    told.map(({ type }) => type),
    [30, 32, 32, 41, 42, 42, 34],
  );
  const ids = told.map(({ messageId }) => messageId);
  assert.ok(ids.every((id) => id !== ''));
  assert.equal(new Set(ids).size, ids.length);
});

test('an administrator recalls in any conversation, and what it deletes by the API comes as deleted', async () => {
  const [aliceId, bobId] = [newUser('alice'), newUser('bob')];
  const [alice, bob] = [await connect(aliceId), await connect(bobId)];
  const send = (clientMsgId: string) =>
    alice.confirmed('/app/private-message', { receiverId: bobId, content: 'Hello', clientMsgId });
  const { messageId = '' } = await send('recalled');
  const boss = await StompClient.connect(server.wsUrl, tokenOf('admin', { role: 'admin' }), '/ws');
  clients.push(boss);
  await boss.confirmed('/app/delete-message', { messageId, deleteScope: 1, deleteReason: 'rude' });
  const event = await statusOf(bob, 'recalled', ImMessageStatus.MESSAGE_RECALLED);
  assert.deepEqual([documentOf(event).operatorId, documentOf(event).reason], ['admin', 'rude']);

  const deleted = await send('deleted');
  const path = `/api/v1/messages/${deleted.messageId}?reason=law`;
  const answer = await server.call('DELETE', path, tokenOf('admin', { role: 'admin' }));
  assert.equal(answer.status, 204);
  for (const client of [alice, bob]) {
    const { status, ...told } = documentOf(
      await statusOf(client, 'deleted', ImMessageStatus.MESSAGE_DELETED),
    );
    assert.deepEqual(
      [told.eventType, told.userId, told.operatorId, told.reason],
      ['communication.message.deleted', aliceId, 'admin', 'law'],
    );
  }
  const inBox = await alice.nextMatching('CHAT_RECALL of the deletion', ({ headers, body }) => {
    const text = Buffer.from(body).toString();
    return headers.get('destination') === INBOX && text.includes(`"messageId":"${deleted.messageId}"`);
  });
  const { type, status } = JSON.parse(Buffer.from(inBox.body).toString()) as ImMessage;
  assert.deepEqual([type, status], [ImMessageType.CHAT_RECALL, ImMessageStatus.MESSAGE_DELETED]);
});

test('a deletion for everyone is a recall, for me alone it hides the message on my devices', async () => {
  const [aliceId, bobId] = [newUser('alice'), newUser('bob')];
  const [alice, bob, tablet] = [await connect(aliceId), await connect(bobId), await connect(bobId, [STATUS])];
  for (const id of ['one', 'two']) {
    alice.sendJson('/app/private-message', { receiverId: bobId, content: id, clientMsgId: id });
  }
  const one = await bob.nextAt<ImMessage>(INBOX);
  const two = await bob.nextAt<ImMessage>(INBOX);
  alice.sendJson('/app/delete-message', {
    messageId: one.messageId,
    deleteScope: 1,
    deleteReason: '用户撤回',
  });
  const recall = await bob.nextAt<ImMessage>(INBOX);
  assert.deepEqual([recall.messageId, recall.type, recall.status], [one.messageId, 13, 6]);
  assert.deepEqual(documentOf(recall), {
    content: '',
    contentExtra: null,
    messageId: one.messageId,
    recallReason: '用户撤回',
  });
  assert.equal((await statusesUntil(alice, 'one', 6)).at(-1), ImMessageStatus.MESSAGE_RECALLED);
  alice.sendJson('/app/delete-message', { messageId: one.messageId, deleteScope: 1 });
  assert.equal((await alice.nextAt<{ code: string }>(ERRORS)).code, 'ECONFLICT');
  bob.sendJson('/app/delete-message', { messageId: two.messageId, deleteScope: 0 });
  assert.deepEqual(await statusesUntil(tablet, 'two', 8), [ImMessageStatus.MESSAGE_DELETED]);
  const path = `/api/v1/conversations/${two.conversationId}/messages`;
  const count = async (userId: string) =>
    ((await server.call('GET', path, tokenOf(userId))).body as { messages: unknown[] }).messages.length;
  assert.deepEqual([await count(bobId), await count(aliceId)], [1, 2]);
});

test('a quote shows what it quotes, a forward keeps its origin, and neither reaches what its sender can not see', async () => {
  const ids = [newUser('alice'), newUser('bob'), newUser('carol')] as const;
  const [alice, bob, carol] = [await connect(ids[0]), await connect(ids[1]), await connect(ids[2])];
  alice.sendJson('/app/private-message', { receiverId: ids[1], content: 'original', clientMsgId: 'o' });
  const { messageId, conversationId } = await bob.nextAt<ImMessage>(INBOX);
  bob.sendJson('/app/chat', {
    conversationId,
    msgType: 11,
    content: {
      content: 'reply',
      quotedMessageId: messageId,
      quotedContent: 'forged',
      quotedSenderId: 'forged',
    },
  });
  const quote = await alice.nextAt<ImMessage>(INBOX);
  assert.equal(quote.type, ImMessageType.CHAT_QUOTE);
  assert.deepEqual(documentOf(quote), {
    content: 'reply',
    contentExtra: null,
    quotedMessageId: messageId,
    quotedContent: 'original',
    quotedSenderId: ids[0],
    quotedRecalled: false,
  });
  const forward = { content: 'look', originalMessageId: messageId, forwardReason: '转发原因' };
  bob.sendJson('/app/private-message', { receiverId: ids[2], msgType: 12, content: forward });
  const forwarded = await carol.nextAt<ImMessage>(INBOX);
  assert.equal(forwarded.type, ImMessageType.CHAT_FORWARD);
  const { originalSenderId, originalContent, forwardReason } = documentOf(forwarded);
  assert.deepEqual([originalSenderId, originalContent, forwardReason], [ids[0], 'original', '转发原因']);
  carol.sendJson('/app/private-message', { receiverId: ids[1], msgType: 12, content: forward });
  assert.equal((await carol.nextAt<{ code: string }>(ERRORS)).code, 'ENOENT');
});

test('members learn of their new group, of pins for everyone, and of who joins, leaves and has another role', async () => {
  const ids = [newUser('alice'), newUser('bob')] as const;
  const [alice, bob] = [await connect(ids[0]), await connect(ids[1])];
  const group = await makeGroup(ids[0]);
  const { timestamp: _at, createTime, ...created } = documentOf(await alice.nextAt<ImMessage>(EVENTS));
  assert.deepEqual(created, {
    eventType: 'business.group.created',
    groupId: group,
    updateType: 'group_created',
    groupName: 'A group',
    creatorId: 'admin',
    memberCount: 1,
    operatorId: 'admin',
    updatedBy: 'admin',
  });
  assert.ok(Math.abs(Date.parse(String(createTime)) - Date.now()) < 60_000);
  assert.equal(documentOf(await alice.nextAt<ImMessage>(EVENTS)).updateType, 'member_added');
  const admin = tokenOf('admin', { role: 'admin' });
  await server.call('POST', `/api/v1/groups/${group}/members`, admin, { userId: ids[1] });
  for (const client of [alice, bob]) {
    const { type, event } = await client.nextAt<ImMessage>(EVENTS);
    assert.equal(type, ImMessageType.EVENT_GROUP_UPDATE);
    const { updateType, memberId, memberRole, updatedBy } = JSON.parse(event?.content ?? '');
    assert.deepEqual(
      [updateType, memberId, memberRole, updatedBy],
      ['member_added', ids[1], 'member', 'admin'],
    );
  }
  await server.call('PATCH', `/api/v1/groups/${group}/members/${ids[1]}`, admin, { role: 'admin' });
  for (const client of [alice, bob]) {
    const { updateType, memberId, memberRole, updatedBy } = documentOf(
      await client.nextAt<ImMessage>(EVENTS),
    );
    assert.deepEqual(
      [updateType, memberId, memberRole, updatedBy],
      ['member_role_changed', ids[1], 'admin', 'admin'],
    );
  }
  bob.sendJson('/app/chat', { conversationId: group, content: 'pin me' });
  const { messageId } = await alice.nextAt<ImMessage>(INBOX);
  alice.sendJson('/app/pin-message', { messageId, pinScope: 1 });
  const sent = documentOf(await bob.nextAt<ImMessage>(EVENTS));
  assert.equal(sent.eventType, 'communication.message.sent');
  const pin = documentOf(await bob.nextAt<ImMessage>(EVENTS));
  assert.deepEqual([pin.updateType, pin.messageId, pin.pinScope], ['message_pinned', messageId, 1]);
  const listed = await server.call('GET', `/api/v1/conversations/${group}/pins`, tokenOf(ids[1]));
  const { pins } = listed.body as { pins: { message: { id: string }; scope: string; pinnedBy: string }[] };
  assert.deepEqual(
    pins.map(({ message, scope, pinnedBy }) => [message.id, scope, pinnedBy]),
    [[messageId, 'everyone', ids[0]]],
  );
  const stranger = await server.call('GET', `/api/v1/conversations/${group}/pins`, tokenOf('bob'));
  assert.equal(stranger.status, 404);
  bob.sendJson('/app/sync', {});
  const done = documentOf(await bob.nextAt<ImMessage>(INBOX));
  assert.deepEqual(done.pins, [{ messageId, conversationId: group, pinScope: 1 }]);
  await server.call('DELETE', `/api/v1/groups/${group}/members/${ids[1]}`, admin);
  for (const client of [alice, bob]) {
    assert.equal(documentOf(await client.nextAt<ImMessage>(EVENTS)).updateType, 'member_removed');
  }
});

test('who was away gets everything at sync, with a verdict', async () => {
  const [aliceId, bobId] = [newUser('alice'), newUser('bob')];
  const alice = await connect(aliceId);
  await (await connect(bobId, [])).close();
  for (const id of ['one', 'two']) {
    alice.sendJson('/app/private-message', { receiverId: bobId, content: id, clientMsgId: id });
    await statusesUntil(alice, id, ImMessageStatus.MESSAGE_SENT);
  }
  const bob = await connect(bobId);
  bob.sendJson('/app/sync', {});
  const messages = [];
  for (;;) {
    const message = await bob.nextAt<ImMessage>(INBOX);
    messages.push(message);
    if (message.type === ImMessageType.SYSTEM_STATUS) break;
  }
  assert.deepEqual(
    messages.slice(0, 2).map(({ clientMessageId }) => clientMessageId),
    ['one', 'two'],
  );
  const { type, count, complete } = documentOf(messages[2] as ImMessage);
  assert.deepEqual([type, count, complete], ['SYNC_DONE', 2, true]);
});

test('a sync tells changes of what one had as changes, once, and none to who made them', async () => {
  const [aliceId, bobId] = [newUser('alice'), newUser('bob')];
  const [alice, phone] = [await connect(aliceId), await connect(bobId)];
  const say = (id: string) =>
    alice.confirmed('/app/private-message', { receiverId: bobId, content: id, clientMsgId: id });
  const change = (messageId: string, newContent: string) =>
    alice.confirmed('/app/edit-message', { messageId, newContent });
  for (const id of ['had', 'recalled']) await say(id);
  for (const id of ['had', 'recalled']) await statusOf(alice, id, ImMessageStatus.MESSAGE_DELIVERED);
  await phone.close();
  await say('new');
  await change('had', 'had, edited');
  await change('new', 'new, edited');
  await alice.confirmed('/app/delete-message', { messageId: 'recalled', deleteScope: 1 });
  const synced = async (client: StompClient) => {
    client.sendJson('/app/sync', {});
    const told: [string, number, number][] = [];
    for (;;) {
      const { clientMessageId, type, status } = await client.nextAt<ImMessage>(INBOX);
      if (type === ImMessageType.SYSTEM_STATUS) return told;
      told.push([clientMessageId, type, status]);
    }
  };
  const bob = await connect(bobId);
  assert.deepEqual(await synced(bob), [
    ['had', 10, 7],
    ['recalled', 13, 6],
    ['new', 0, 7],
  ]);
  assert.deepEqual(await synced(bob), []);
  assert.deepEqual(await synced(alice), []);
});

test('what a user deleted for itself is told to its device that was away, when that syncs the conversation', async () => {
  const [aliceId, bobId] = [newUser('alice'), newUser('bob')];
  const [alice, phone, tablet] = [await connect(aliceId), await connect(bobId), await connect(bobId)];
  alice.sendJson('/app/private-message', { receiverId: bobId, content: 'x' });
  const { messageId, conversationId } = await tablet.nextAt<ImMessage>(INBOX);
  await tablet.close();
  await phone.confirmed('/app/delete-message', { messageId, deleteScope: 0 });
  const again = await connect(bobId);
  const verdictOf = async (query: object) => {
    again.sendJson('/app/sync', query);
    return documentOf(await again.nextAt<ImMessage>(INBOX));
  };
  const { count, deleted } = await verdictOf({ conversationId, sinceSequence: 1 });
  assert.deepEqual([count, deleted], [0, [messageId]]);
  assert.equal((await verdictOf({})).deleted, undefined);
  alice.sendJson('/app/sync', { conversationId });
  assert.deepEqual(documentOf(await alice.nextAt<ImMessage>(INBOX)).deleted, []);
});

function protobufOf({ headers, body }: StompFrame): ImMessage {
  assert.equal(headers.get('content-type'), 'application/x-protobuf');
  assert.equal(Number(headers.get('content-length')), body.length);
  return decodeImProtobuf(body);
}

test('a session, or one subscription, may choose protobuf', async () => {
  const [aliceId, bobId] = [newUser('alice'), newUser('bob')];
  const protobuf = { accept: 'application/x-protobuf' };
  const alice = await connect(aliceId, [STATUS]);
  const bob = await connect(bobId, [INBOX], protobuf);
  const tablet = await connect(bobId, []);
  await tablet.subscribe(INBOX, protobuf);
  alice.sendJson('/app/private-message', { receiverId: bobId, content: '海纳', clientMsgId: 'c-1' });
  for (const client of [bob, tablet]) {
    const message = protobufOf(await client.next('MESSAGE'));
    assert.deepEqual([message.type, message.clientMessageId, message.sequence], [0, 'c-1', 1]);
    assert.equal(documentOf(message).content, '海纳');
  }
});

test('a token of the same user makes the session last longer, another does not end it', async () => {
  const id = newUser('alice');
  const alice = await connect(id);
  alice.sendJson('/app/auth', { token: tokenOf(id), timestamp: 1 });
  assert.equal((await alice.nextAt<ImMessage>(EVENTS)).type, ImMessageType.SYSTEM_AUTH);
  for (const token of [tokenOf('bob'), tokenOf(id, { exp: 1 }), 'nonsense']) {
    alice.sendJson('/app/auth', { token });
    assert.ok(['EPERM', 'EAUTH'].includes((await alice.nextAt<{ code: string }>(ERRORS)).code));
  }
  alice.sendJson('/app/heartbeat', { timestamp: 1, deviceId: 'x' });
  assert.equal((await alice.nextAt<ImMessage>(EVENTS)).type, ImMessageType.SYSTEM_HEARTBEAT);
});

test('what only the server says about a message can not be forged', async () => {
  const [aliceId, bobId] = [newUser('alice'), newUser('bob')];
  const [alice, bob] = [await connect(aliceId), await connect(bobId)];
  const forged = {
    messageId: 'x',
    editReason: 'x',
    recallReason: 'x',
    originalSenderId: 'x',
    quotedRecalled: true,
  };
  const content = { content: 'hi', contentExtra: null };
  alice.sendJson('/app/private-message', { receiverId: bobId, content: { ...content, ...forged } });
  assert.deepEqual(documentOf(await bob.nextAt<ImMessage>(INBOX)), content);
});

test('a forward carries what it forwards, in every dialect', async () => {
  const ids = [newUser('alice'), newUser('bob'), newUser('carol')] as const;
  const [alice, bob, carol] = [await connect(ids[0]), await connect(ids[1]), await connectXuqm(ids[2])];
  const contentExtra = { url: 'https://example.com/a.jpg' };
  alice.sendJson('/app/private-message', {
    receiverId: ids[1],
    msgType: 1,
    content: { content: 'a sea', contentExtra },
  });
  const { messageId } = await bob.nextAt<ImMessage>(INBOX);
  const forward = {
    receiverId: ids[2],
    msgType: 12,
    content: { originalMessageId: messageId },
    clientMsgId: 'f',
  };
  await bob.confirmed('/app/private-message', forward);
  const { msgType, content } = await carol.nextAt<{ msgType: string; content: object }>(XUQM_INBOX);
  assert.deepEqual([msgType, content], ['IMAGE', { ...contentExtra, text: 'a sea' }]);
  await bob.confirmed('/app/private-message', forward);
  bob.sendJson('/app/private-message', {
    ...forward,
    content: { ...forward.content, content: 'another text' },
  });
  assert.equal((await bob.nextAt<{ code: string }>(ERRORS)).code, 'ECONFLICT');
});

test('a repeat is confirmed as sent, a reuse of its id for something else fails no message', async () => {
  const [aliceId, bobId] = [newUser('alice'), newUser('bob')];
  const alice = await connect(aliceId);
  await connect(bobId, []);
  const { MESSAGE_SENDING, MESSAGE_SENT } = ImMessageStatus;
  const body = { receiverId: bobId, content: 'once', clientMsgId: 'c-1' };
  for (let i = 0; i < 2; i++) {
    alice.sendJson('/app/private-message', body);
    assert.deepEqual(await statusesUntil(alice, 'c-1', MESSAGE_SENT), [MESSAGE_SENDING, MESSAGE_SENT]);
  }
  alice.sendJson('/app/private-message', { ...body, content: 'twice' });
  assert.equal((await alice.nextAt<{ code: string }>(ERRORS)).code, 'ECONFLICT');
  alice.sendJson('/app/private-message', body);
  assert.deepEqual(await statusesUntil(alice, 'c-1', MESSAGE_SENT), [
    MESSAGE_SENDING,
    MESSAGE_SENDING,
    MESSAGE_SENT,
  ]);
});

test('a repeat that quotes another message is a reuse', async () => {
  const [aliceId, bobId] = [newUser('alice'), newUser('bob')];
  const [alice, bob] = [await connect(aliceId), await connect(bobId)];
  for (const id of ['one', 'two']) {
    await alice.confirmed('/app/private-message', { receiverId: bobId, content: id, clientMsgId: id });
    await bob.nextAt(INBOX);
  }
  const quote = (quotedMessageId: string) => ({
    receiverId: bobId,
    msgType: 11,
    clientMsgId: 'q',
    content: { content: 'this one', quotedMessageId },
  });
  await alice.confirmed('/app/private-message', quote('one'));
  await alice.confirmed('/app/private-message', quote('one'));
  alice.sendJson('/app/private-message', quote('two'));
  assert.equal((await alice.nextAt<{ code: string }>(ERRORS)).code, 'ECONFLICT');
});

test('a single conversation of others is no place to send to', async () => {
  const alice = await connect(newUser('alice'));
  const body = { conversationId: 'single:bob:carol', content: 'hi', clientMsgId: 'c-1' };
  alice.sendJson('/app/chat', body);
  assert.equal((await alice.nextAt<{ code: string }>(ERRORS)).code, 'EPERM');
});

test('a single conversation comes to its topic, or to the inbox of who did not subscribe to it', async () => {
  const [aliceId, bobId, carolId] = [newUser('alice'), newUser('bob'), newUser('carol')];
  const topic = `/topic/conversation/single:${aliceId}:${bobId}`;
  const [alice, carol] = [await connect(aliceId), await connect(carolId)];
  const [phone, tablet] = [await connect(bobId), await connect(bobId, [INBOX])];
  await phone.subscribe(topic);
  const say = (content: string) =>
    alice.confirmed('/app/private-message', { receiverId: bobId, content, clientMsgId: content });
  await say('one');
  const { event } = await phone.nextAt<ImMessage>(topic);
  assert.equal(event?.eventType, 'business.conversation.created');
  const { messageId } = await phone.nextAt<ImMessage>(topic);
  await alice.confirmed('/app/edit-message', { messageId, newContent: 'One' });
  assert.equal((await phone.nextAt<ImMessage>(topic)).type, ImMessageType.CHAT_EDIT);
  await carol.confirmed('/app/private-message', { receiverId: bobId, content: 'hi', clientMsgId: 'hi' });
  assert.equal((await phone.nextAt<ImMessage>(INBOX)).clientMessageId, 'hi', 'and nothing of the topic');
  for (const clientMessageId of ['one', 'one', 'hi']) {
    assert.equal((await tablet.nextAt<ImMessage>(INBOX)).clientMessageId, clientMessageId);
  }
  phone.send('UNSUBSCRIBE', { id: topic });
  await phone.confirmed('/app/heartbeat', {});
  await say('two');
  assert.equal((await phone.nextAt<ImMessage>(INBOX)).clientMessageId, 'two');
});

test('a single conversation of others is no place to subscribe to', async () => {
  const carol = await connect(newUser('carol'));
  carol.send('SUBSCRIBE', { id: 't', destination: '/topic/conversation/single:alice:bob' });
  assert.equal((await carol.nextAt<{ code: string }>(ERRORS)).code, 'EPERM');
});
