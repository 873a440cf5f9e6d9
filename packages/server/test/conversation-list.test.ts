import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  decodeImProtobuf,
  type ImMessage,
  ImMessageStatus,
  ImMessageType,
  type XuqmConversations,
  type XuqmError,
  type XuqmMessage,
} from '@haina/wire';
import { documentOf, ERRORS, frameAt, openIm, PROTOBUF, subscribeIm } from './support/im-client.ts';
import { startTestServer, type TestServer } from './support/server.ts';
import { StompClient } from './support/stomp-client.ts';
import { tokenOf } from './support/token.ts';

const CONVERSATIONS = '/user/queue/conversations';
const INBOX = '/user/queue/messages';
const RECEIPTS = '/user/queue/receipts';
const ADMIN = tokenOf('admin', { role: 'admin' });

let server: TestServer;
let casts = 0;
const clients: StompClient[] = [];

before(async () => {
  server = await startTestServer();
});
after(async () => {
  await Promise.all(clients.map((client) => client.drop()));
  await server.stop();
});

async function connect(userId: string, ...destinations: string[]): Promise<StompClient> {
  const client = await StompClient.of(server.wsUrl, userId);
  clients.push(client);
  for (const destination of [ERRORS, ...destinations]) await client.subscribe(destination);
  return client;
}

/** Alice wrote to bob, who read it and answered twice, and then to a group. */
async function scene() {
  const n = ++casts;
  const [aliceId, bobId, group] = [`alice-c${n}`, `bob-c${n}`, `group-c${n}`];
  const alice = await connect(aliceId, RECEIPTS);
  const bob = await connect(bobId, INBOX);
  const members = [{ userId: aliceId, role: 'owner' }, { userId: bobId }];
  await server.call('POST', '/api/v1/groups', ADMIN, { id: group, name: 'A group', members });
  const send = (client: StompClient, toId: string, messageId: string, chatType = 'SINGLE') =>
    client.confirmed('/app/chat.send', { messageId, toId, chatType, msgType: 'TEXT', content: messageId });
  await send(alice, bobId, 'question');
  await bob.nextAt(INBOX);
  await bob.confirmed('/app/chat.read', { messageId: 'question' });
  for (let status = ''; status !== 'READ'; ) ({ status } = await alice.nextAt<{ status: string }>(RECEIPTS));
  await send(bob, aliceId, 'answer');
  await send(bob, aliceId, 'afterthought');
  await send(alice, group, 'to all', 'GROUP');
  return { aliceId, bobId, group, alice, bob, single: `single:${aliceId}:${bobId}`, send };
}

async function listed(userId: string, query = '') {
  const { status, body } = await server.call('GET', `/api/v1/conversations${query}`, tokenOf(userId));
  // biome-ignore lint/suspicious/noExplicitAny: the test looks into the whole of it
  return { status, body: body as any };
}

test('a new device finds its conversations by the HTTP API, and the ticks of what its user said', async () => {
  const { aliceId, bobId, group, single, send, alice } = await scene();
  const { status, body } = await listed(aliceId);
  assert.equal(status, 200);
  assert.equal(body.next, undefined);
  const [first, second] = body.conversations;
  assert.equal(body.conversations.length, 2);
  assert.deepEqual([first.id, first.kind, first.role, first.unread], [group, 'group', 'owner', 0]);
  const { uid: groupUid, ...shown } = first.group;
  assert.ok(groupUid < 0);
  assert.deepEqual(shown, { id: group, name: 'A group', nickname: 'A group', avatar: '', memberCount: 2 });
  assert.equal(first.lastMessage.content.text, 'to all');
  const { peer, lastMessage, createdAt: _, ...rest } = second;
  assert.deepEqual(rest, {
    id: single,
    kind: 'single',
    role: 'member',
    lastSeq: 3,
    unread: 2,
    deliveredSeq: 1,
    readSeq: 1,
  });
  const { uid, ...shownPeer } = peer;
  assert.ok(uid > 0);
  const reach = { deliveredSeq: 3, readSeq: 3 };
  assert.deepEqual(shownPeer, { id: bobId, name: bobId, nickname: bobId, avatar: '', ...reach });
  assert.deepEqual([lastMessage.clientId, lastMessage.status], ['afterthought', undefined]);

  await send(alice, bobId, 'thanks');
  const history = await server.call('GET', `/api/v1/conversations/${single}/messages`, tokenOf(aliceId));
  const { messages } = history.body as { messages: { clientId: string; status?: string }[] };
  const ticks = messages.map(({ clientId, status: tick }) => [clientId, tick]);
  assert.deepEqual(ticks.slice(0, 3), [
    ['question', 'read'],
    ['answer', undefined],
    ['afterthought', undefined],
  ]);
  assert.match(String(ticks[3]?.[1]), /^(sent|delivered)$/);
  assert.equal((await listed(aliceId)).body.conversations[0].id, single, 'what is active comes first');
});

test('pages follow one another, and what is no page is refused', async () => {
  const { aliceId, group, single } = await scene();
  const first = await listed(aliceId, '?limit=1');
  assert.deepEqual([first.body.conversations[0].id, typeof first.body.next], [group, 'string']);
  const second = await listed(aliceId, `?limit=1&after=${first.body.next}`);
  assert.deepEqual([second.body.conversations[0].id, second.body.next], [single, undefined]);
  for (const [query, field] of [
    ['?after=x', 'after'],
    ['?after=', 'after'],
    ['?limit=0', 'limit'],
    ['?limit=201', 'limit'],
    ['?before=1', 'before'],
  ] as const) {
    const { status, body } = await listed(aliceId, query);
    assert.deepEqual([status, body.code, body.field], [400, 'EINVAL', field]);
  }
  assert.equal((await server.call('GET', '/api/v1/conversations')).status, 401);
  assert.deepEqual((await listed(`newcomer-c${casts}`)).body, { conversations: [] });
});

test('an xuqm client asks for its conversations and gets them at a queue of their own', async () => {
  const { aliceId, bobId, group, single, send, alice } = await scene();
  const tablet = await connect(aliceId);
  tablet.sendJson('/app/chat.conversations', { appId: 'default' }, { receipt: 'never' });
  const { code, destination } = await tablet.nextAt<XuqmError>(ERRORS);
  assert.deepEqual([code, destination], ['EINVAL', '/app/chat.conversations']);

  await tablet.subscribe(CONVERSATIONS);
  await tablet.confirmed('/app/chat.conversations', {});
  const answer = await tablet.nextAt<XuqmConversations>(CONVERSATIONS);
  assert.deepEqual([answer.after, answer.next, answer.conversations.length], [null, undefined, 2]);
  const [first, second] = answer.conversations;
  assert.deepEqual([first?.conversationId, first?.chatType, first?.toId], [group, 'GROUP', group]);
  const { lastMessage, uid, ...rest } = second ?? assert.fail();
  assert.ok(uid > 0);
  assert.deepEqual(rest, {
    conversationId: single,
    chatType: 'SINGLE',
    toId: bobId,
    name: bobId,
    nickname: bobId,
    avatar: '',
    lastSeq: 3,
    unread: 2,
    deliveredSeq: 1,
    readSeq: 1,
    peerDeliveredSeq: 3,
    peerReadSeq: 3,
  });
  assert.deepEqual([lastMessage?.id, lastMessage?.status], ['afterthought', 'SENT']);

  await send(alice, bobId, 'thanks');
  let status: XuqmMessage['status'] | undefined = 'SENT';
  while (status === 'SENT') {
    // Bob's client gets it some time after it was stored.
    await tablet.confirmed('/app/chat.conversations', { limit: 1 });
    const { conversations, next } = await tablet.nextAt<XuqmConversations>(CONVERSATIONS);
    status = conversations[0]?.lastMessage?.status;
    await tablet.confirmed('/app/chat.conversations', { limit: 1, after: next });
    const { after: asked, ...page } = await tablet.nextAt<XuqmConversations>(CONVERSATIONS);
    assert.deepEqual([asked, page.conversations[0]?.conversationId, page.next], [next, group, undefined]);
  }
  assert.equal(status, 'DELIVERED');
  for (const body of [{ after: 'x' }, { limit: 0 }, { limit: 201 }]) {
    tablet.sendJson('/app/chat.conversations', body);
    assert.equal((await tablet.nextAt<XuqmError>(ERRORS)).code, 'EINVAL');
  }
  tablet.sendJson('/app/chat.conversations', { appId: 'other' });
  assert.equal((await tablet.nextAt<XuqmError>(ERRORS)).code, 'EPERM');
});

test('an im client gets its conversations in an envelope, in JSON or protobuf', async () => {
  const { aliceId, bobId, group, single } = await scene();
  const phone = await openIm(server.wsUrl, aliceId, [ERRORS]);
  clients.push(phone);
  phone.sendJson('/app/conversations', {});
  assert.equal((await phone.nextAt<{ code: string }>(ERRORS)).code, 'EINVAL');
  await phone.subscribe(CONVERSATIONS);
  await phone.confirmed('/app/conversations', {});
  const envelope = await phone.nextAt<ImMessage>(CONVERSATIONS);
  assert.equal(envelope.type, ImMessageType.SYSTEM_STATUS);
  const { type, conversations } = documentOf(envelope) as unknown as {
    type: string;
    conversations: Record<string, unknown>[];
  };
  assert.deepEqual(
    [type, conversations.map(({ conversationId }) => conversationId)],
    ['CONVERSATIONS', [group, single]],
  );
  const { lastMessage, uid: _, ...rest } = conversations[1] ?? assert.fail();
  assert.deepEqual(rest, {
    conversationId: single,
    conversationType: 'single',
    targetId: bobId,
    name: bobId,
    nickname: bobId,
    avatar: '',
    memberCount: 2,
    memberRole: 'member',
    lastSequence: 3,
    unreadCount: 2,
    deliveredSequence: 1,
    readSequence: 1,
    peerDeliveredSequence: 3,
    peerReadSequence: 3,
  });
  const shown = lastMessage as ImMessage;
  assert.deepEqual([shown.sequence, documentOf(shown).content], [3, 'afterthought']);

  const desktop = await openIm(server.wsUrl, bobId, []);
  clients.push(desktop);
  await subscribeIm(desktop, CONVERSATIONS, { accept: PROTOBUF });
  await desktop.confirmed('/app/conversations', { limit: 2 });
  const frame = await frameAt(desktop, CONVERSATIONS);
  const bobs = documentOf(decodeImProtobuf(frame.body)) as unknown as {
    conversations: { conversationId: string; lastMessage: ImMessage }[];
  };
  const own = bobs.conversations.find(({ conversationId }) => conversationId === single);
  assert.ok(
    own?.lastMessage.status === ImMessageStatus.MESSAGE_SENT,
    'an own message says how far it got with the other user',
  );
});

test('an answer that would be too large has fewer conversations and a next page', async () => {
  const sender = `sender-c${++casts}`;
  const client = await connect(sender, CONVERSATIONS);
  const large = { text: 'x'.repeat(1000), data: 'y'.repeat(30_000) };
  for (let i = 0; i < 12; i++) {
    const toId = `large${i}-c${casts}`;
    assert.equal((await listed(toId)).status, 200, 'the token makes the user');
    await client.confirmed('/app/chat.send', { toId, chatType: 'SINGLE', msgType: 'CUSTOM', content: large });
  }
  const found: string[] = [];
  const pages: number[] = [];
  for (let next: string | undefined, isFirst = true; isFirst || next !== undefined; isFirst = false) {
    await client.confirmed('/app/chat.conversations', next === undefined ? {} : { after: next });
    const answer: XuqmConversations = await client.nextAt(CONVERSATIONS);
    pages.push(answer.conversations.length);
    found.push(...answer.conversations.map(({ toId }) => toId));
    ({ next } = answer);
  }
  assert.deepEqual(pages, [8, 4]);
  assert.equal(new Set(found).size, 12);
});
