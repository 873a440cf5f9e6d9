import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { DeskHistory } from '@haina/wire';
import { DeskPerson, INBOX } from './support/desk-person.ts';
import { startTestServer, type TestServer } from './support/server.ts';
import { StompClient } from './support/stomp-client.ts';
import { tokenOf } from './support/token.ts';

const ERRORS = '/user/queue/errors';

let server: TestServer;
let tenants = 0;

before(async () => {
  server = await startTestServer({ deskNewsInterval: 10 });
});
after(() => server.stop());

/** A session that alice and agent1 had, in which both said something, and that is closed. */
async function closedSession() {
  const app = `closed${++tenants}`;
  const agent = await DeskPerson.come(server.wsUrl, 'agent1', app, 'agent');
  await agent.does('status', { status: 'online', capacity: 5 });
  const alice = await DeskPerson.come(server.wsUrl, 'alice', app);
  await alice.does('send', { content: 'I pay 100', clientMsgId: 'pay' });
  const { id: sessionId } = await agent.session('assigned');
  await agent.does('send', { sessionId, content: 'Agreed', clientMsgId: 'agreed' });
  await agent.next('message');
  await alice.next('message');
  await agent.does('close', { sessionId });
  await Promise.all([agent.session('closed'), alice.session('closed')]);
  return { app, agent, alice, sessionId };
}

/** What agents see of the session's messages. */
async function history(agent: DeskPerson, sessionId: string): Promise<DeskHistory['messages']> {
  await agent.does('history', { sessionId });
  return (await agent.next('history')).messages;
}

test('nothing is said, typed, changed or noted in a closed session, and nobody is told of a try', async () => {
  const { agent, alice, sessionId } = await closedSession();
  const before = await history(agent, sessionId);
  const refused = { code: 'ECONFLICT', message: 'the service session is closed' };
  const tries: [DeskPerson, string, object][] = [
    [alice, 'send', { sessionId, content: 'wait' }],
    [alice, 'send', { conversationId: sessionId, content: 'wait' }],
    [alice, 'typing', { sessionId }],
    [alice, 'edit', { messageId: 'pay', content: 'I pay 1' }],
    [alice, 'recall', { messageId: 'pay' }],
    [alice, 'close', { sessionId }],
    [agent, 'send', { sessionId, content: 'wait' }],
    [agent, 'typing', { sessionId }],
    [agent, 'edit', { messageId: 'agreed', content: 'No' }],
    [agent, 'recall', { messageId: 'agreed' }],
    [agent, 'note', { sessionId, content: 'cheats' }],
    [agent, 'accept', { sessionId }],
    [agent, 'transfer', { sessionId, skill: '' }],
    [agent, 'close', { sessionId }],
  ];
  for (const [person, command, body] of tries) await person.isRefused(`/app/${command}`, body, refused);
  assert.deepEqual(await history(agent, sessionId), before);
  for (const person of [alice, agent]) {
    assert.deepEqual(
      person.unread.filter((type) => ['message', 'typing', 'note'].includes(type)),
      [],
    );
  }
});

test('a closed session is closed through the other protocols too', async () => {
  const { app, agent, sessionId } = await closedSession();
  const token = tokenOf('alice', { app });
  const [im, xuqm] = [
    await StompClient.connect(server.wsUrl, token, '/ws'),
    await StompClient.connect(server.wsUrl, token),
  ];
  const tries: [StompClient, string, object][] = [
    [im, '/app/chat', { conversationId: sessionId, content: 'wait' }],
    [im, '/app/edit-message', { messageId: 'pay', newContent: 'I pay 1' }],
    [im, '/app/delete-message', { messageId: 'pay', deleteScope: 1 }],
    [im, '/app/pin-message', { messageId: 'pay', pinScope: 1 }],
    [im, '/app/pin-message', { messageId: 'pay', pinScope: 0 }],
    [im, '/app/pin-message', { messageId: 'pay', pinScope: 1, pinned: false }],
    [xuqm, '/app/chat.send', { toId: sessionId, chatType: 'GROUP', msgType: 'TEXT', content: 'wait' }],
    [xuqm, '/app/chat.revoke', { messageId: 'pay' }],
  ];
  for (const client of [im, xuqm]) await client.subscribe(ERRORS);
  for (const [client, destination, body] of tries) {
    client.sendJson(destination, body);
    const { code, message } = await client.nextAt(ERRORS);
    assert.deepEqual([code, message], ['ECONFLICT', 'the service session is closed'], destination);
  }
  const texts = (await history(agent, sessionId)).map(({ content }) => content);
  assert.deepEqual(texts, ['I pay 100', 'Agreed']);
  await Promise.all([im.close(), xuqm.close()]);
});

test('after the end of a session one reads on: history, read marks, receipts, hiding for oneself, and the rating', async () => {
  const { app, agent, alice, sessionId } = await closedSession();
  await alice.does('read', { messageId: 'agreed' });
  const isRead = (body: { status: string }) => body.status === 'read';
  assert.equal((await agent.next('receipt', isRead)).messageId, 'agreed');
  await alice.does('history', { sessionId });
  assert.equal((await alice.next('history')).messages.length, 2);
  await alice.does('rate', { sessionId, score: 5 });
  assert.equal((await agent.session('rated')).rating?.score, 5);
  const im = await StompClient.connect(server.wsUrl, tokenOf('alice', { app }), '/ws');
  await im.confirmed('/app/delete-message', { messageId: 'agreed', deleteScope: 0 });
  await alice.does('history', { sessionId });
  assert.deepEqual(
    (await alice.next('history')).messages.map(({ content }) => content),
    ['I pay 100'],
  );
  await im.close();
});

test('a manager takes a message out of a closed session, and both sides are told at once', async () => {
  const { app, agent, alice, sessionId } = await closedSession();
  const [first] = await history(agent, sessionId);
  const manager = tokenOf('boss', { app, role: 'service' });
  const recalled = await server.call('POST', `/api/v1/messages/${first?.id}/recall`, manager, {
    reason: 'a card number',
  });
  assert.equal(recalled.status, 200, JSON.stringify(recalled.body));
  for (const person of [alice, agent]) {
    const { status, content, seq } = await person.next('message');
    assert.deepEqual([status, content, seq], ['recalled', '', 1]);
    assert.ok(!person.client.received(INBOX).some((body) => body.includes('recalled')), 'once');
  }
});

test('a customer who may only read does not tell that it is typing', async () => {
  const app = `closed${++tenants}`;
  const alice = await DeskPerson.come(server.wsUrl, 'alice', app);
  await alice.does('send', { content: 'help' });
  const { id: sessionId } = await alice.session('opened');
  const manager = tokenOf('boss', { app, role: 'admin' });
  const suspended = { permissionType: 'chat_permission', newPermission: 'read_only', reason: 'spam' };
  const done = await server.call('PUT', '/api/v1/admin/users/alice/permissions', manager, suspended);
  assert.equal(done.status, 200, JSON.stringify(done.body));
  await alice.isRefused('/app/typing', { sessionId }, { code: 'EPERM' });
});
