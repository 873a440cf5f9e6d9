import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { XuqmError, XuqmMessage, XuqmReceipt, XuqmSyncDone } from '@haina/wire';
import { startTestServer, type TestServer } from './support/server.ts';
import { StompClient } from './support/stomp-client.ts';
import { tokenOf } from './support/token.ts';

const INBOX = '/user/queue/messages';
const ERRORS = '/user/queue/errors';
const RECEIPTS = '/user/queue/receipts';
const ADMIN = tokenOf('admin', { role: 'admin' });

let server: TestServer;
const open: StompClient[] = [];
let users = 0;

before(async () => {
  server = await startTestServer();
});
after(async () => {
  await server.stop();
});

/** A user of its own for each test, connected. */
async function connect(userId: string, destinations: string[] = [INBOX, ERRORS]): Promise<StompClient> {
  const client = await StompClient.of(server.wsUrl, userId);
  open.push(client);
  for (const destination of destinations) await client.subscribe(destination);
  return client;
}

function newUser(name: string): string {
  return `${name}${++users}`;
}

async function pair(): Promise<[alice: StompClient, bob: StompClient, aliceId: string, bobId: string]> {
  const [aliceId, bobId] = [newUser('alice'), newUser('bob')];
  return [await connect(aliceId), await connect(bobId), aliceId, bobId];
}

async function makeGroup(...members: string[]): Promise<string> {
  const body = {
    name: 'A group',
    members: members.map((userId, i) => ({ userId, role: i === 0 ? 'owner' : 'member' })),
  };
  const answer = await server.call('POST', '/api/v1/groups', ADMIN, body);
  assert.equal(answer.status, 201, JSON.stringify(answer.body));
  return (answer.body as { id: string }).id;
}

function text(toId: string, messageId: string, content = `text of ${messageId}`) {
  return { appId: 'default', messageId, toId, chatType: 'SINGLE', msgType: 'TEXT', content };
}

function groupText(toId: string, messageId: string) {
  return { ...text(toId, messageId), chatType: 'GROUP' };
}

async function sync(
  client: StompClient,
  query: object = {},
): Promise<[messages: XuqmMessage[], done: XuqmSyncDone]> {
  client.sendJson('/app/chat.sync', { appId: 'default', ...query });
  const messages: XuqmMessage[] = [];
  for (;;) {
    const message = await client.nextAt<XuqmMessage | XuqmSyncDone>(INBOX);
    if (message.msgType === 'SYNC_DONE') return [messages, message];
    messages.push(message);
  }
}

test('a message arrives with every documented field, and conversation and sequence beside them', async () => {
  const [alice, bob, aliceId, bobId] = await pair();
  await alice.confirmed('/app/chat.send', text(bobId, 'm-1', 'Hello'));
  const { createdAt, ...message } = await bob.nextAt<XuqmMessage>(INBOX);
  assert.deepEqual(message, {
    id: 'm-1',
    fromId: aliceId,
    toId: bobId,
    chatType: 'SINGLE',
    msgType: 'TEXT',
    content: 'Hello',
    status: 'SENT',
    conversationId: `single:${aliceId}:${bobId}`,
    seq: 1,
  });
  assert.ok(Math.abs(createdAt - Date.now()) < 60_000);
  assert.deepEqual(await alice.settled(), [], 'the sending session gets its confirmation only');
});

test("the sender's other devices get the message", async () => {
  const [alice, bob, aliceId, bobId] = await pair();
  const tablet = await connect(aliceId);
  await alice.confirmed('/app/chat.send', text(bobId, 'm-2'));
  assert.equal((await tablet.nextAt<XuqmMessage>(INBOX)).id, 'm-2');
  assert.equal((await bob.nextAt<XuqmMessage>(INBOX)).id, 'm-2');
});

/** Where a message is, as the RECEIPT of its SEND tells the sender. */
function placeOf({ id, conversationId, seq, createdAt }: XuqmMessage) {
  return { messageId: id, conversationId, seq: String(seq), createdAt: String(createdAt) };
}

test('a sender learns from the RECEIPT where its message is, also of a repeat, in a transaction and without an id', async () => {
  const [alice, bob, , bobId] = await pair();
  const first = await alice.confirmed('/app/chat.send', text(bobId, 'a:1'));
  const message = await bob.nextAt<XuqmMessage>(INBOX);
  assert.deepEqual(first, placeOf(message));
  assert.deepEqual(await alice.confirmed('/app/chat.send', text(bobId, 'a:1')), first);

  alice.send('BEGIN', { transaction: 't' });
  const { messageId, ...unnamed } = text(bobId, '', 'in a transaction');
  alice.sendJson('/app/chat.send', unnamed, { transaction: 't', receipt: 'inside' });
  alice.send('COMMIT', { transaction: 't', receipt: 'commit' });
  assert.deepEqual(await alice.nextReceipt('inside'), placeOf(await bob.nextAt<XuqmMessage>(INBOX)));
  assert.deepEqual(await alice.nextReceipt('commit'), {}, 'a COMMIT may have stored many');

  assert.deepEqual(await alice.confirmed('/app/chat.revoke', { messageId: 'a:1' }), {});
});

test('a sender of STOMP 1.0 and 1.1 gets the same in the RECEIPT', async () => {
  const [, bob, , bobId] = await pair();
  for (const version of ['1.0', '1.1']) {
    const aliceId = newUser('alice');
    const alice = await StompClient.open(`${server.wsUrl}/ws/im`);
    open.push(alice);
    alice.send('CONNECT', { 'accept-version': version, host: 'test', token: tokenOf(aliceId) });
    await alice.next('CONNECTED');
    alice.decodeAs(version as '1.0' | '1.1');
    const place = await alice.confirmed('/app/chat.send', text(bobId, 'plain'));
    assert.deepEqual(place, placeOf(await bob.nextAt<XuqmMessage>(INBOX)));
    assert.equal(place.conversationId, `single:${aliceId}:${bobId}`);
  }
});

test('a message without an id gets one', async () => {
  const [alice, bob, , bobId] = await pair();
  const { messageId, ...message } = text(bobId, 'unused');
  await alice.confirmed('/app/chat.send', message);
  assert.match((await bob.nextAt<XuqmMessage>(INBOX)).id, /^[0-9a-f-]{36}$/);
});

for (const msgType of ['TEXT', 'IMAGE', 'FILE', 'VOICE', 'VIDEO', 'LOCATION', 'CARD', 'CUSTOM']) {
  test(`a message of type ${msgType} keeps its content`, async () => {
    const [alice, bob, , bobId] = await pair();
    await alice.confirmed('/app/chat.send', { ...text(bobId, 'a string'), msgType });
    const first = await bob.nextAt<XuqmMessage>(INBOX);
    assert.deepEqual([first.msgType, first.content], [msgType, 'text of a string']);
    if (msgType === 'TEXT') return;
    const content = { url: 'https://example.com/a', 名: '海纳 😀' };
    await alice.confirmed('/app/chat.send', { ...text(bobId, 'an object'), msgType, content });
    assert.deepEqual((await bob.nextAt<XuqmMessage>(INBOX)).content, content);
  });
}

test('a hundred messages arrive in the order they were sent', async () => {
  const [alice, bob, , bobId] = await pair();
  for (let i = 0; i < 100; i++) alice.sendJson('/app/chat.send', text(bobId, `order-${i}`));
  for (let i = 0; i < 100; i++) {
    const { id, seq } = await bob.nextAt<XuqmMessage>(INBOX);
    assert.deepEqual([id, seq], [`order-${i}`, i + 1]);
  }
});

test('a repeat is confirmed and pushes nothing; a reuse for another text is refused', async () => {
  const [alice, bob, , bobId] = await pair();
  await alice.confirmed('/app/chat.send', text(bobId, 'once'));
  await alice.confirmed('/app/chat.send', text(bobId, 'once'));
  alice.sendJson('/app/chat.send', text(bobId, 'once', 'other'), { receipt: 'never' });
  const error = await alice.nextAt<XuqmError>(ERRORS);
  assert.deepEqual(error, {
    code: 'ECONFLICT',
    message: 'this message id was used for another message',
    destination: '/app/chat.send',
    messageId: 'once',
  });
  await bob.nextAt(INBOX);
  assert.deepEqual(await bob.settled(), []);
  assert.deepEqual(await alice.settled(), [], 'no RECEIPT for what was refused');
});

test('a group message arrives at the topic where that is subscribed, else at the inbox, never at both', async () => {
  const ids = [newUser('owner'), newUser('topic'), newUser('inbox')] as const;
  const [owner, atTopic, atInbox] = [await connect(ids[0]), await connect(ids[1]), await connect(ids[2])];
  const group = await makeGroup(...ids);
  const topic = `/topic/group/${group}`;
  await atTopic.subscribe(topic);
  await owner.confirmed('/app/chat.send', groupText(group, 'g-1'));
  const { chatType, toId, conversationId } = await atTopic.nextAt<XuqmMessage>(topic);
  assert.deepEqual([chatType, toId, conversationId], ['GROUP', group, group]);
  assert.equal((await atInbox.nextAt<XuqmMessage>(INBOX)).id, 'g-1');
  atTopic.send('UNSUBSCRIBE', { id: topic, receipt: 'unsubscribed' });
  await atTopic.next('RECEIPT');
  await owner.confirmed('/app/chat.send', groupText(group, 'g-2'));
  assert.equal((await atTopic.nextAt<XuqmMessage>(INBOX)).id, 'g-2');
  assert.equal((await atInbox.nextAt<XuqmMessage>(INBOX)).id, 'g-2');
  for (const client of [owner, atTopic, atInbox]) assert.deepEqual(await client.settled(), []);
});

test('members who are added or removed while connected get messages from then, and until then', async () => {
  const [ownerId, guestId] = [newUser('owner'), newUser('guest')];
  const [owner, guest] = [await connect(ownerId), await connect(guestId)];
  const group = await makeGroup(ownerId);
  const members = `/api/v1/groups/${group}/members`;
  await owner.confirmed('/app/chat.send', groupText(group, 'before'));
  assert.ok((await server.call('POST', members, ADMIN, { userId: guestId })).status < 300);
  await owner.confirmed('/app/chat.send', groupText(group, 'while'));
  assert.ok((await server.call('DELETE', `${members}/${guestId}`, ADMIN)).status < 300);
  await owner.confirmed('/app/chat.send', groupText(group, 'afterwards'));
  assert.equal((await guest.nextAt<XuqmMessage>(INBOX)).id, 'while');
  assert.deepEqual(await guest.settled(), []);
  guest.sendJson('/app/chat.send', groupText(group, 'not any more'));
  assert.equal((await guest.nextAt<XuqmError>(ERRORS)).code, 'EPERM');
});

test("an administrator revokes others' messages, without being in their conversation", async () => {
  const [alice, bob, , bobId] = await pair();
  const message = text(bobId, newUser('taken'));
  await alice.confirmed('/app/chat.send', message);
  await bob.nextAt<XuqmMessage>(INBOX);
  const boss = await StompClient.connect(server.wsUrl, ADMIN);
  open.push(boss);
  await boss.confirmed('/app/chat.revoke', { messageId: message.messageId });
  for (const client of [alice, bob]) {
    const { id, status, content } = await client.nextAt<XuqmMessage>(INBOX);
    assert.deepEqual([id, status, content], [message.messageId, 'REVOKED', '']);
  }
});

test('a revoked message arrives again, revoked and empty, where the original went', async () => {
  const ids = [newUser('owner'), newUser('topic')] as const;
  const [owner, member] = [await connect(ids[0]), await connect(ids[1])];
  const group = await makeGroup(...ids);
  const topic = `/topic/group/${group}`;
  await member.subscribe(topic);
  await owner.confirmed('/app/chat.send', groupText(group, 'regret'));
  const original = await member.nextAt<XuqmMessage>(topic);
  await owner.confirmed('/app/chat.revoke', { appId: 'default', messageId: 'regret' });
  assert.deepEqual(await member.nextAt<XuqmMessage>(topic), { ...original, status: 'REVOKED', content: '' });
  owner.sendJson('/app/chat.revoke', { appId: 'default', messageId: 'regret' });
  assert.equal((await owner.nextAt<XuqmError>(ERRORS)).code, 'ECONFLICT');
});

test("only the sender, or the group's owner or admin, can revoke", async () => {
  const ids = [newUser('owner'), newUser('one'), newUser('two')] as const;
  const [owner, one, two] = [await connect(ids[0]), await connect(ids[1]), await connect(ids[2])];
  const group = await makeGroup(...ids);
  await one.confirmed('/app/chat.send', groupText(group, 'of one'));
  two.sendJson('/app/chat.revoke', { messageId: 'of one' });
  assert.equal((await two.nextAt<XuqmError>(ERRORS)).code, 'EPERM');
  await owner.confirmed('/app/chat.revoke', { messageId: 'of one' });
  const stranger = await connect(newUser('stranger'));
  stranger.sendJson('/app/chat.revoke', { messageId: 'of one' });
  assert.equal((await stranger.nextAt<XuqmError>(ERRORS)).code, 'ENOENT');
});

test('who was offline gets everything at sync, in order, with the revoked ones revoked', async () => {
  const [aliceId, bobId] = [newUser('alice'), newUser('bob')];
  const alice = await connect(aliceId);
  const first = await connect(bobId);
  await alice.confirmed('/app/chat.send', text(bobId, 'live'));
  await first.nextAt(INBOX);
  await first.close();
  for (let i = 1; i <= 5; i++) await alice.confirmed('/app/chat.send', text(bobId, `missed-${i}`));
  await alice.confirmed('/app/chat.revoke', { messageId: 'missed-2' });
  await alice.confirmed('/app/chat.revoke', { messageId: 'live' });
  const bob = await connect(bobId);
  const [messages, done] = await sync(bob);
  assert.deepEqual(
    messages.map(({ id, status }) => `${id} ${status}`),
    ['live REVOKED', 'missed-1 SENT', 'missed-2 REVOKED', 'missed-3 SENT', 'missed-4 SENT', 'missed-5 SENT'],
  );
  assert.deepEqual([done.count, done.complete, done.content], [6, true, '6']);
  const [again, nothing] = await sync(bob);
  assert.deepEqual([again, nothing.count], [[], 0]);
});

test('a sync of a long absence stays in order while new messages come', async () => {
  const [aliceId, bobId] = [newUser('alice'), newUser('bob')];
  const alice = await connect(aliceId);
  await (await connect(bobId)).close();
  for (let i = 1; i <= 450; i++) alice.sendJson('/app/chat.send', text(bobId, `m${i}`));
  await alice.confirmed('/app/chat.send', text(bobId, 'm451'));
  const bob = await connect(bobId);
  bob.sendJson('/app/chat.sync', {});
  for (let i = 452; i <= 500; i++) alice.sendJson('/app/chat.send', text(bobId, `m${i}`));
  const seqs: number[] = [];
  for (let done = false; seqs.length < 500 || !done; ) {
    const message = await bob.nextAt<XuqmMessage | XuqmSyncDone>(INBOX);
    if (message.msgType === 'SYNC_DONE') done = true;
    else seqs.push(message.seq);
  }
  assert.deepEqual(
    seqs,
    Array.from({ length: 500 }, (_, i) => i + 1),
  );
});

test('a client with a position of its own asks for one conversation from there on', async () => {
  const [alice, bob, aliceId, bobId] = await pair();
  for (let i = 1; i <= 4; i++) await alice.confirmed('/app/chat.send', text(bobId, `m${i}`));
  for (let i = 1; i <= 4; i++) await bob.nextAt(INBOX);
  const tablet = await connect(bobId);
  const conversationId = `single:${aliceId}:${bobId}`;
  const [messages, done] = await sync(tablet, { conversationId, sinceSeq: 2 });
  assert.deepEqual(
    messages.map(({ seq }) => seq),
    [3, 4],
  );
  assert.equal(done.count, 2);
  tablet.sendJson('/app/chat.sync', { conversationId: 'single:x:y' });
  assert.equal((await tablet.nextAt<XuqmError>(ERRORS)).code, 'ENOENT');
  tablet.sendJson('/app/chat.sync', { sinceSeq: 2 });
  assert.equal((await tablet.nextAt<XuqmError>(ERRORS)).code, 'EINVAL');
});

test('the sender is told once when a message was delivered and when it was read', async () => {
  const [aliceId, bobId] = [newUser('alice'), newUser('bob')];
  const alice = await connect(aliceId, [INBOX, RECEIPTS]);
  const bob = await connect(bobId);
  await alice.confirmed('/app/chat.send', text(bobId, 'seen'));
  await bob.nextAt(INBOX);
  const delivered = await nextReceipt(alice, 'seen');
  assert.deepEqual([delivered.userId, delivered.status], [bobId, 'DELIVERED']);
  await bob.confirmed('/app/chat.read', { appId: 'default', messageId: 'seen' });
  const read = await nextReceipt(alice, 'seen');
  assert.deepEqual([read.userId, read.status], [bobId, 'READ']);
  assert.ok(read.at >= delivered.at);
  await bob.confirmed('/app/chat.read', { appId: 'default', messageId: 'seen' });
  assert.deepEqual(await alice.settled(), []);
});

test('who reads a message names it by its id, also where an own one has the same', async () => {
  const [aliceId, bobId] = [newUser('alice'), newUser('bob')];
  const alice = await connect(aliceId, [INBOX, RECEIPTS]);
  const bob = await connect(bobId);
  await alice.confirmed('/app/chat.send', text(bobId, '1', 'of alice'));
  await bob.confirmed('/app/chat.send', text(aliceId, '1', 'of bob'));
  assert.equal((await nextReceipt(alice, '1')).status, 'DELIVERED');
  await bob.confirmed('/app/chat.read', { messageId: '1' });
  assert.equal((await nextReceipt(alice, '1')).status, 'READ');
});

async function nextReceipt(client: StompClient, messageId: string): Promise<XuqmReceipt> {
  for (;;) {
    const receipt = await client.nextAt<XuqmReceipt>(RECEIPTS);
    if (receipt.messageId === messageId) return receipt;
  }
}

for (const ack of ['client', 'client-individual']) {
  test(`under ack:${ack} only what was acknowledged counts as delivered`, async () => {
    const [aliceId, bobId] = [newUser('alice'), newUser('bob')];
    const alice = await connect(aliceId, [RECEIPTS]);
    const bob = await connect(bobId, []);
    await bob.subscribe(INBOX, { ack });
    for (let i = 1; i <= 3; i++) await alice.confirmed('/app/chat.send', text(bobId, `m${i}`));
    const acks: string[] = [];
    for (let i = 1; i <= 3; i++) acks.push((await bob.next('MESSAGE')).headers.get('ack') ?? '');
    bob.send('ACK', { id: acks[1] ?? '' });
    bob.send('NACK', { id: acks[2] ?? '' });
    const expected = ack === 'client' ? ['m1', 'm2'] : ['m2'];
    for (const id of expected) assert.equal((await alice.nextAt<XuqmReceipt>(RECEIPTS)).messageId, id);
    await bob.close();
    const again = await connect(bobId, [INBOX]);
    const [messages] = await sync(again);
    assert.deepEqual(
      messages.map(({ id }) => id),
      ['m1', 'm2', 'm3'].filter((id) => !expected.includes(id)),
    );
  });
}

test('a change that was not acknowledged comes again, whatever was acknowledged after it', async () => {
  const [aliceId, bobId] = [newUser('alice'), newUser('bob')];
  const alice = await connect(aliceId, []);
  const bob = await connect(bobId, [INBOX]);
  for (const id of ['m1', 'm2']) {
    await alice.confirmed('/app/chat.send', text(bobId, id));
    await bob.nextAt(INBOX);
  }
  await bob.confirmed('/app/chat.sync', {});
  await bob.close();
  for (const id of ['m1', 'm2']) await alice.confirmed('/app/chat.revoke', { messageId: id });
  const back = await connect(bobId, []);
  await back.subscribe(INBOX, { ack: 'client-individual' });
  back.sendJson('/app/chat.sync', {});
  const [first, second] = [await back.next('MESSAGE'), await back.next('MESSAGE')];
  back.send('NACK', { id: first.headers.get('ack') ?? '' });
  back.send('ACK', { id: second.headers.get('ack') ?? '', receipt: 'acknowledged' });
  await back.next('RECEIPT');
  await back.close();
  const again = await connect(bobId, [INBOX]);
  const [messages] = await sync(again);
  assert.deepEqual(
    messages.map(({ id, status }) => [id, status]),
    [['m1', 'REVOKED']],
  );
});

test('tenants do not meet, though their users have the same ids', async () => {
  const [aliceId, bobId] = [newUser('alice'), newUser('bob')];
  const here = await connect(bobId);
  const token = tokenOf(aliceId, { app: 'other' });
  const there = await StompClient.connect(server.wsUrl, token);
  open.push(there);
  await there.subscribe(ERRORS);
  there.sendJson('/app/chat.send', { ...text(bobId, 'x'), appId: 'other' });
  assert.equal((await there.nextAt<XuqmError>(ERRORS)).code, 'ENOENT');
  there.sendJson('/app/chat.send', text(bobId, 'x'));
  const error = await there.nextAt<XuqmError>(ERRORS);
  assert.deepEqual([error.code, error.message], ['EPERM', "appId is not the token's application"]);
  assert.deepEqual(await here.settled(), []);
});

test('the history is read by members and managers, page by page', async () => {
  const [alice, , aliceId, bobId] = await pair();
  for (let i = 1; i <= 3; i++) await alice.confirmed('/app/chat.send', text(bobId, `m${i}`));
  const path = `/api/v1/conversations/single:${aliceId}:${bobId}/messages`;
  const page = await server.call('GET', `${path}?limit=2`, tokenOf(bobId));
  const { messages, hasMore } = page.body as {
    messages: { clientId: string; seq: number }[];
    hasMore: boolean;
  };
  assert.deepEqual([messages.map(({ clientId }) => clientId), hasMore], [['m2', 'm3'], true]);
  const rest = await server.call('GET', `${path}?limit=2&before=2`, ADMIN);
  assert.deepEqual(
    (rest.body as { messages: { seq: number }[] }).messages.map(({ seq }) => seq),
    [1],
  );
  assert.equal((await server.call('GET', path, tokenOf('carol'))).status, 404);
});

test('a deleted user is thrown out and can not come back with its token', async () => {
  const id = newUser('gone');
  const client = await connect(id);
  assert.equal((await server.call('DELETE', `/api/v1/users/${id}`, ADMIN)).status, 204);
  assert.equal((await client.next('ERROR')).headers.get('message'), 'Unauthorized');
  await client.closed;
  const again = await StompClient.open(`${server.wsUrl}/ws/im?token=${tokenOf(id)}`);
  again.send('CONNECT', { 'accept-version': '1.2' });
  assert.equal((await again.next('ERROR')).headers.get('message'), 'Unauthorized');
  await again.closed;
});

for (const [what, authorization, query, answer] of [
  [
    'the Authorization header of the handshake lets a client in',
    `Bearer ${tokenOf('alice')}`,
    '',
    'CONNECTED',
  ],
  ['it must be of the same user as the others', `Bearer ${tokenOf('alice')}`, tokenOf('bob'), 'ERROR'],
  ['a scheme of it that is a proxy’s is not looked at', 'Basic YTpi', tokenOf('bob'), 'CONNECTED'],
] as const) {
  test(what, async () => {
    const client = await StompClient.open(`${server.wsUrl}/ws/im?token=${query}`, {
      Authorization: authorization,
    });
    open.push(client);
    client.send('CONNECT', { 'accept-version': '1.2' });
    await client.next(answer);
  });
}

after(async () => {
  await Promise.all(open.map((client) => client.drop()));
});
