import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, before, test } from 'node:test';
import { closeOf, type ImMessage, type XuqmMessage } from '@haina/wire';
import { jpeg } from '../src/files/samples-fixture.ts';
import { DeskPerson } from './support/desk-person.ts';
import { INBOX as IM_INBOX, openIm } from './support/im-client.ts';
import { startTestServer, type TestServer } from './support/server.ts';
import { StompClient } from './support/stomp-client.ts';
import { tokenOf } from './support/token.ts';

const XUQM_INBOX = '/user/queue/messages';

let server: TestServer;
before(async () => {
  server = await startTestServer();
});
after(() => server.stop());

const manager = tokenOf('backend', { role: 'service' });
let people = 0;

/** The token of whoever has the id now: issued after the deletions of this second. */
const tokenNow = (id: string, claims: object = {}) =>
  tokenOf(id, { iat: Math.floor(Date.now() / 1000) + 1, ...claims });

async function makeUser(id: string): Promise<void> {
  assert.equal((await server.call('POST', '/api/v1/users', manager, { id, username: id })).status, 201);
}

async function newUsers<const Names extends readonly string[]>(...names: Names): Promise<string[]> {
  const ids = names.map((name) => `${name}-${people++}`);
  for (const id of ids) await makeUser(id);
  return ids;
}

/** Deletes the user; somebody else gets the id. */
async function replace(id: string): Promise<void> {
  assert.equal((await server.call('DELETE', `/api/v1/users/${id}`, manager)).status, 204);
  await makeUser(id);
}

async function xuqm(id: string, token = tokenNow(id)): Promise<StompClient> {
  const client = await StompClient.connect(server.wsUrl, token);
  await client.subscribe(XUQM_INBOX);
  return client;
}

const chat = (toId: string, content: string, messageId: string) => ({
  appId: 'default',
  messageId,
  toId,
  chatType: 'SINGLE',
  msgType: 'TEXT',
  content,
});

async function history(conversationId: string, token: string) {
  const { status, body } = await server.call(
    'GET',
    `/api/v1/conversations/${conversationId}/messages`,
    token,
  );
  const { messages = [] } = body as { messages?: { senderId: string; content: { text: string } }[] };
  return {
    status,
    texts: messages.map(({ content }) => content.text),
    senders: messages.map((m) => m.senderId),
  };
}

test('the new holder of an id gets nothing of what the former said, by history, sync or message id', async () => {
  const [alice, zhang] = (await newUsers('alice', 'zhang')) as [string, string];
  const peer = await xuqm(alice);
  const former = await xuqm(zhang);
  await former.confirmed('/app/chat.send', chat(alice, 'secret', 'm-1'));
  const { conversationId } = await peer.nextAt<XuqmMessage>(XUQM_INBOX);
  await peer.confirmed('/app/chat.send', chat(zhang, 'undelivered?', 'm-2'));
  await replace(zhang);
  assert.deepEqual(await former.closed, closeOf('user-gone'));

  const heir = await xuqm(zhang);
  await heir.confirmed('/app/chat.send', chat(alice, 'hello from another', 'm-1'));
  const hello = await peer.nextAt<XuqmMessage>(XUQM_INBOX);
  assert.deepEqual([hello.content, hello.fromId, hello.seq], ['hello from another', zhang, 1]);
  assert.notEqual(hello.conversationId, conversationId);
  await peer.confirmed('/app/chat.send', chat(zhang, 'welcome', 'm-3'));
  assert.equal((await heir.nextAt<XuqmMessage>(XUQM_INBOX)).content, 'welcome');
  heir.sendJson('/app/chat.sync', { appId: 'default', conversationId: hello.conversationId, sinceSeq: 0 });
  const synced = [await heir.nextAt<XuqmMessage>(XUQM_INBOX), await heir.nextAt<XuqmMessage>(XUQM_INBOX)];
  assert.deepEqual(
    synced.map(({ content }) => content),
    ['hello from another', 'welcome'],
  );
  assert.equal((await heir.nextAt<XuqmMessage>(XUQM_INBOX)).msgType, 'SYNC_DONE');

  const token = tokenNow(zhang);
  assert.equal((await history(conversationId as string, token)).status, 404);
  const fresh = await history(hello.conversationId as string, token);
  assert.deepEqual(
    [fresh.texts, fresh.senders],
    [
      ['hello from another', 'welcome'],
      [zhang, alice],
    ],
  );
  const kept = await history(conversationId as string, tokenNow(alice));
  assert.deepEqual(
    [kept.texts, kept.senders],
    [
      ['secret', 'undelivered?'],
      [`${zhang}~1`, alice],
    ],
  );
});

test('the list of conversations has both chats for the others, and the new one alone for the new holder', async () => {
  const [alice, zhang] = (await newUsers('alice', 'zhang')) as [string, string];
  const peer = await xuqm(alice);
  await peer.confirmed('/app/chat.send', chat(zhang, 'to the former', 'm-1'));
  await replace(zhang);
  await peer.confirmed('/app/chat.send', chat(zhang, 'to the new one', 'm-2'));
  const listed = async (id: string) => {
    const { body } = await server.call('GET', '/api/v1/conversations', tokenNow(id));
    const { conversations } = body as {
      conversations: { peer: { id: string }; lastMessage: { content: { text: string } } }[];
    };
    return conversations.map(({ peer: { id: peerId }, lastMessage }) => [peerId, lastMessage.content.text]);
  };
  assert.deepEqual(await listed(alice), [
    [zhang, 'to the new one'],
    [`${zhang}~1`, 'to the former'],
  ]);
  assert.deepEqual(await listed(zhang), [[alice, 'to the new one']]);
});

test('at im the two chats are told apart, and an answer goes to whoever has the id now', async () => {
  const [alice, zhang] = (await newUsers('alice', 'zhang')) as [string, string];
  const headers = (id: string) => ({ Authorization: `Bearer ${tokenNow(id)}`, userId: id });
  const peer = await openIm(server.wsUrl, alice, [IM_INBOX], headers(alice));
  const former = await openIm(server.wsUrl, zhang, [IM_INBOX], headers(zhang));
  former.sendJson('/app/private-message', { receiverId: alice, content: 'old' });
  const old = await peer.nextAt<ImMessage>(IM_INBOX);
  await replace(zhang);
  const heir = await openIm(server.wsUrl, zhang, [IM_INBOX], headers(zhang));
  for (const [conversationId, text] of [
    [old.conversationId, 'by the name of the chat'],
    [undefined, 'by its id'],
  ]) {
    if (conversationId === undefined) {
      peer.sendJson('/app/private-message', { receiverId: zhang, content: text });
    } else peer.sendJson('/app/chat', { conversationId, content: text });
    const got = await heir.nextAt<ImMessage>(IM_INBOX);
    assert.match(got.chat?.content ?? '', new RegExp(text as string));
    assert.notEqual(got.conversationId, old.conversationId);
    heir.sendJson('/app/chat', { conversationId: got.conversationId, content: 'answer' });
    assert.equal((await peer.nextAt<ImMessage>(IM_INBOX)).conversationId, got.conversationId);
    peer.sendJson('/app/chat', { conversationId: got.conversationId, content: 'and back' });
    assert.equal((await heir.nextAt<ImMessage>(IM_INBOX)).sequence, (got.sequence ?? 0) + 2);
  }
});

test('the pictures and service sessions of the former holder of an id are not the new one to see', async () => {
  const [zhang] = (await newUsers('zhang')) as [string];
  const form = new FormData();
  form.set('file', new Blob([new Uint8Array(jpeg(4, 4))], { type: 'image/jpeg' }), 'a.jpg');
  const upload = await fetch(`${server.url}/api/v1/files`, {
    method: 'POST',
    headers: { authorization: `Bearer ${tokenNow(zhang)}` },
    body: form,
  });
  const { url } = (await upload.json()) as { url: string };
  const see = (token: string) =>
    fetch(new URL(url, server.url), { headers: { authorization: `Bearer ${token}` } });
  assert.equal((await see(tokenNow(zhang))).status, 200);
  const customer = await DeskPerson.come(server.wsUrl, zhang, 'default');
  await customer.does('send', { content: 'my card number is 1234' });
  const { id } = await customer.session('opened');
  await replace(zhang);
  const token = tokenNow(zhang);
  assert.equal((await see(token)).status, 404);
  const list = await server.call('GET', '/api/v1/desk/sessions', token);
  assert.deepEqual([list.status, (list.body as { sessions: unknown[] }).sessions], [200, []]);
  assert.notEqual((await server.call('GET', `/api/v1/desk/sessions/${id}`, token)).status, 200);
  assert.notEqual((await history(id, token)).status, 200);
});

test('a token opens no account that was made under its id later, unless it was issued after the deletion', async () => {
  const [zhang] = (await newUsers('zhang')) as [string];
  const now = Math.floor(Date.now() / 1000);
  const tokens = [
    tokenOf(zhang),
    tokenOf(zhang, { iat: now - 5 }),
    tokenOf(zhang, { iat: now - 5, role: 'service' }),
  ];
  const me = async (token: string) => (await server.call('GET', '/api/v1/users/me', token)).status;
  assert.deepEqual(await Promise.all(tokens.map(me)), [200, 200, 200]);
  await replace(zhang);
  assert.deepEqual(await Promise.all(tokens.map(me)), [401, 401, 401]);
  assert.equal(await me(tokenNow(zhang)), 200);
  assert.equal(await me(tokenOf(`newcomer-${people++}`)), 200);
  for (const path of ['/ws/im', '/ws', '/Mimi/client', '/ws/chat']) {
    const client = await StompClient.open(`${server.wsUrl}${path}`);
    client.send('CONNECT', { 'accept-version': '1.2', Authorization: `Bearer ${tokens[1]}`, userId: zhang });
    assert.equal((await client.next('ERROR')).headers.get('message'), 'Unauthorized');
  }
});

test('a request whose user is deleted while its body comes does nothing to whoever gets the id', async () => {
  const [zhang] = (await newUsers('zhang')) as [string];
  const body = JSON.stringify({ nickname: 'taken over' });
  const slow = request(`${server.url}/api/v1/users/${zhang}`, {
    method: 'PATCH',
    headers: {
      authorization: `Bearer ${tokenNow(zhang)}`,
      'content-type': 'application/json',
      'content-length': body.length,
      expect: '100-continue',
    },
  });
  slow.flushHeaders();
  await new Promise((resolve) => slow.once('continue', resolve));
  slow.write(body.slice(0, 5));
  const answered = new Promise<number | undefined>((resolve) =>
    slow.once('response', (response) => resolve(response.resume().statusCode)),
  );
  await replace(zhang);
  slow.end(body.slice(5));
  assert.equal(await answered, 401);
  const { body: user } = await server.call('GET', '/api/v1/users/me', tokenNow(zhang));
  assert.equal((user as { nickname: string }).nickname, zhang);
});
