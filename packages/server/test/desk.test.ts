import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { DeskAgents, DeskHistory, DeskMessage, DeskSession } from '@haina/wire';
import { AGENTS, DeskPerson, INBOX } from './support/desk-person.ts';
import { startTestServer, type TestServer } from './support/server.ts';
import { StompClient } from './support/stomp-client.ts';
import { tokenOf } from './support/token.ts';

let server: TestServer;
let tenants = 0;

before(async () => {
  server = await startTestServer({ deskNewsInterval: 10 });
});
after(() => server.stop());

/** What the routes of the desk answer. */
interface DeskAnswer {
  readonly sessions: readonly DeskSession[];
  readonly next: string;
  readonly waiting: number;
  readonly active: number;
  readonly total: { readonly answered: number };
  readonly byAgent: readonly { readonly agentId: string; readonly active: number }[];
}

/** A desk of its own for each test. */
function openDesk() {
  const app = `desk${++tenants}`;
  const come = (userId: string, role: 'user' | 'agent' | 'admin') =>
    DeskPerson.come(server.wsUrl, userId, app, role);
  return {
    app,
    customer: (userId: string) => come(userId, 'user'),
    async agent(userId: string, status: object = { status: 'online', capacity: 5 }) {
      const agent = await come(userId, 'agent');
      await agent.does('status', status);
      return agent;
    },
    admin: (userId: string) => come(userId, 'admin'),
    async call(path: string, userId: string, role: string) {
      const answer = await server.call('GET', `/api/v1/desk/${path}`, tokenOf(userId, { app, role }));
      return { status: answer.status, body: answer.body as DeskAnswer };
    },
  };
}

test('the RECEIPT of a message says what the confirmation at the inbox does', async () => {
  const alice = await openDesk().customer('alice');
  const place = await alice.client.confirmed('/app/send', { content: 'Hello' });
  const { id, conversationId, seq, createdAt } = await alice.next('sent');
  assert.deepEqual(place, { messageId: id, conversationId, seq: String(seq), createdAt: String(createdAt) });
});

test('an agent who never came to the desk is offline, and gets nobody', async () => {
  const desk = openDesk();
  const [agent, alice] = [await desk.agent('agent1'), await desk.customer('alice')];
  const manager = tokenOf('boss', { app: desk.app, role: 'admin' });
  const user = { id: 'agent9', username: 'agent9', role: 'agent' };
  assert.equal((await server.call('POST', '/api/v1/users', manager, user)).status, 201);
  await alice.does('send', { content: 'Hello' });
  const { id: sessionId } = await agent.session('assigned');
  const refusal = await agent.isRefused(
    '/app/transfer',
    { sessionId, agentId: 'agent9' },
    { code: 'ECONFLICT' },
  );
  assert.equal(refusal.message, 'the agent agent9 is not online');
});

test('a member of a group writes there too, and reads it, outside of any session', async () => {
  const desk = openDesk();
  const [agent, alice] = [await desk.agent('agent1'), await desk.customer('alice')];
  const members = [{ userId: 'agent1' }, { userId: 'alice' }];
  const manager = tokenOf('boss', { app: desk.app, role: 'admin' });
  const made = await server.call('POST', '/api/v1/groups', manager, { id: 'team', name: 'Team', members });
  assert.equal(made.status, 201);
  await agent.does('send', { conversationId: 'team', content: 'to all', clientMsgId: 'g-1' });
  const { createdAt: _, id: __, ...sent } = await agent.next('sent');
  assert.deepEqual(sent, {
    type: 'sent',
    clientMsgId: 'g-1',
    sessionId: null,
    conversationId: 'team',
    seq: 1,
  });
  const { fromId, sessionId, conversationId, content } = (await alice.next('message')) as DeskMessage;
  assert.deepEqual([fromId, sessionId, conversationId, content], ['agent1', null, 'team', 'to all']);
});

test('a single chat is answered by its id, however long the ids of its users are', async () => {
  const desk = openDesk();
  const [agentId, writerId] = ['a'.repeat(64), 'w'.repeat(64)];
  const agent = await desk.agent(agentId);
  const writer = await StompClient.connect(server.wsUrl, tokenOf(writerId, { app: desk.app }));
  await writer.subscribe(INBOX);
  writer.sendJson('/app/chat.send', {
    toId: agentId,
    chatType: 'SINGLE',
    msgType: 'TEXT',
    content: 'there?',
  });
  const { conversationId } = (await agent.next('message')) as DeskMessage;
  await agent.does('send', { conversationId, content: 'here' });
  assert.equal((await writer.nextAt<{ content: string }>(INBOX)).content, 'here');
  await writer.close();
});

test("a customer's first message opens a session, reaches an agent, and the answer comes back", async () => {
  const desk = openDesk();
  const agent = await desk.agent('agent1');
  const alice = await desk.customer('alice');
  await alice.does('send', { content: 'Hello, 客服', clientMsgId: 'c-1' });
  const opened = await alice.session('opened');
  assert.deepEqual([opened.state, opened.customerId, opened.skill], ['queued', 'alice', '']);
  const { createdAt: _, id, ...sent } = await alice.next('sent');
  assert.deepEqual(sent, {
    type: 'sent',
    clientMsgId: 'c-1',
    sessionId: opened.id,
    conversationId: opened.id,
    seq: 1,
  });
  const assigned = await agent.session('assigned');
  assert.deepEqual([assigned.id, assigned.state, assigned.agentId], [opened.id, 'active', 'agent1']);
  assert.equal((await alice.session('assigned')).agentId, 'agent1');
  const { createdAt: __, ...message } = await agent.next('message');
  assert.deepEqual(message, {
    type: 'message',
    id,
    clientMsgId: 'c-1',
    sessionId: opened.id,
    conversationId: opened.id,
    seq: 1,
    fromId: 'alice',
    msgType: 'text',
    content: 'Hello, 客服',
    status: 'sent',
  });
  await agent.does('send', { sessionId: opened.id, content: 'How can I help?' });
  assert.equal((await alice.next('message')).content, 'How can I help?');
  await alice.does('send', { content: 'I want my money back' });
  assert.equal((await agent.next('message')).seq, 3);
});

test('a repeated first message is confirmed as the first was, and opens no second session', async () => {
  const desk = openDesk();
  const alice = await desk.customer('alice');
  for (let i = 0; i < 2; i++) await alice.does('send', { content: 'Hello', clientMsgId: 'once' });
  const [first, repeat] = [await alice.next('sent'), await alice.next('sent')];
  assert.deepEqual(repeat, first);
  await alice.does('close', { sessionId: first.sessionId });
  await alice.does('send', { content: 'Hello', clientMsgId: 'once' });
  assert.deepEqual(await alice.next('sent'), first);
  await alice.isRefused(
    '/app/send',
    { content: 'other', clientMsgId: 'once' },
    { code: 'ECONFLICT', messageId: 'once' },
  );
  assert.equal((await desk.call('sessions', 'boss', 'admin')).body.sessions.length, 1);
});

test('pictures and other types keep their content, and what is sent at once keeps its order', async () => {
  const desk = openDesk();
  const agent = await desk.agent('agent1');
  const alice = await desk.customer('alice');
  const picture = { url: 'https://example.com/a.png', 宽: 3 };
  alice.client.sendJson('/app/send', { content: picture, msgType: 'IMAGE' });
  for (let n = 0; n < 20; n++) alice.client.sendJson('/app/send', { content: String(n) });
  const first = await agent.next('message');
  assert.deepEqual([first.msgType, first.content], ['image', picture]);
  for (let n = 0; n < 20; n++) {
    const { content, seq } = await agent.next('message');
    assert.deepEqual([content, seq], [String(n), n + 2]);
  }
});

test('who finds no free agent waits, is told its position as it moves, and is served in turn', async () => {
  const desk = openDesk();
  const agent = await desk.agent('agent1', { status: 'online', capacity: 1 });
  const customers: DeskPerson[] = [];
  for (const id of ['a', 'b', 'c']) {
    const customer = await desk.customer(id);
    await customer.does('send', { content: 'help' });
    customers.push(customer);
  }
  const [a, b, c] = customers as [DeskPerson, DeskPerson, DeskPerson];
  const { id } = await a.session('assigned');
  await b.next('position', ({ position }) => position === 1);
  await c.next('position', ({ position }) => position === 2);
  await agent.does('close', { sessionId: id });
  assert.equal((await a.session('closed')).closedBy, 'agent1');
  await b.session('assigned');
  await c.next('position', ({ position }) => position === 1);
});

test('a session goes to an agent who has the skill, under either name of it', async () => {
  const desk = openDesk();
  await desk.agent('agent1', { status: 'online', capacity: 5, skills: ['sales'] });
  await desk.agent('agent2', { status: 'online', capacity: 5, skills: ['billing'] });
  const [alice, bob] = [await desk.customer('alice'), await desk.customer('bob')];
  await alice.does('send', { content: 'help', skill: 'billing' });
  assert.equal((await alice.session('assigned')).agentId, 'agent2');
  await bob.does('send', { content: 'help', topic: 'billing' });
  assert.equal((await bob.session('assigned')).agentId, 'agent2');
});

test('agents who are busy or away get no new customers and keep theirs', async () => {
  const desk = openDesk();
  const agent = await desk.agent('agent1');
  const [alice, bob] = [await desk.customer('alice'), await desk.customer('bob')];
  await alice.does('send', { content: 'help' });
  const { id } = await alice.session('assigned');
  await agent.does('status', { status: 'busy' });
  await bob.does('send', { content: 'help' });
  await bob.next('position', ({ position }) => position === 1);
  await agent.does('send', { sessionId: id, content: 'still here' });
  await alice.next('message');
  await agent.does('status', { status: 'away' });
  assert.deepEqual(
    bob.unread.filter((type) => type === 'session'),
    ['session'],
    'opened, and not assigned',
  );
  await agent.does('status', { status: 'online' });
  assert.equal((await bob.session('assigned')).agentId, 'agent1');
});

test('an agent accepts a waiting session, and nobody a taken one', async () => {
  const desk = openDesk();
  const agent = await desk.agent('agent1', { status: 'away', capacity: 1 });
  const other = await desk.agent('agent2', { status: 'away' });
  const [alice, bob] = [await desk.customer('alice'), await desk.customer('bob')];
  await alice.does('send', { content: 'help' });
  await bob.does('send', { content: 'help' });
  const [{ id }, { id: next }] = [await alice.session('opened'), await bob.session('opened')];
  await agent.does('accept', { sessionId: id });
  assert.equal((await agent.session('assigned')).customerId, 'alice');
  const refusal = await other.isRefused('/app/accept', { sessionId: id }, { code: 'ECONFLICT' });
  assert.equal(refusal.message, 'the service session is active');
  await agent.isRefused('/app/accept', { sessionId: next }, { code: 'ECONFLICT' });
  await agent.isRefused('/app/accept', { sessionId: 'nothing' }, { code: 'ENOENT' });
});

test('a transfer brings the other agent what was said and noted, and takes it from the first', async () => {
  const desk = openDesk();
  const agent = await desk.agent('agent1');
  const alice = await desk.customer('alice');
  await alice.does('send', { content: 'help' });
  const { id } = await agent.session('assigned');
  await agent.does('send', { sessionId: id, content: 'wait a moment' });
  await agent.does('note', { sessionId: id, content: 'wants money', clientMsgId: 'n-1' });
  const note = await agent.next('note');
  assert.equal(note.content, 'wants money');
  await agent.does('note', { sessionId: id, content: 'wants money', clientMsgId: 'n-1' });
  assert.deepEqual(await agent.next('note'), note, 'a repeat is confirmed as the first was');
  const other = await desk.agent('agent2');
  await agent.does('transfer', { sessionId: id, agentId: 'agent2' });
  for (const person of [alice, agent, other]) {
    const event = await person.next('session', (body) => body.event === 'transferred');
    assert.deepEqual([event.session.agentId, event.formerAgentId], ['agent2', 'agent1']);
  }
  assert.deepEqual(
    [(await other.next('message')).content, (await other.next('message')).content],
    ['help', 'wait a moment'],
  );
  assert.equal((await other.next('note')).content, 'wants money');
  await alice.does('send', { content: 'still there?' });
  assert.equal((await other.next('message')).content, 'still there?');
  await agent.isRefused('/app/send', { sessionId: id, content: 'me again' }, { code: 'EPERM' });
  assert.ok(!agent.client.received(INBOX).some((body) => body.includes('still there?')));
  assert.ok(!alice.unread.includes('note'), 'a customer never sees a note');
});

test('a transfer to a skill finds an agent who has it, or waits for one', async () => {
  const desk = openDesk();
  const agent = await desk.agent('agent1');
  const alice = await desk.customer('alice');
  await alice.does('send', { content: 'help' });
  const { id } = await agent.session('assigned');
  await alice.session('assigned');
  await agent.isRefused(
    '/app/transfer',
    { sessionId: id, skill: 'billing' },
    { code: 'ENOENT', message: 'no agent has the skill billing' },
  );
  const other = await desk.agent('agent2', { status: 'away', skills: ['billing'] });
  await agent.does('transfer', { sessionId: id, skill: 'billing' });
  const requeued = await alice.session('requeued');
  assert.deepEqual([requeued.state, requeued.agentId, requeued.skill], ['queued', null, 'billing']);
  await alice.next('position', ({ position }) => position === 1);
  await other.does('status', { status: 'online' });
  assert.equal((await alice.session('assigned')).agentId, 'agent2');
});

test('typing reaches the other side only, receipts reach the sender, and reading marks all or one', async () => {
  const desk = openDesk();
  const agent = await desk.agent('agent1');
  const alice = await desk.customer('alice');
  await alice.does('send', { content: 'one', clientMsgId: 'm1' });
  const { id: sessionId } = await agent.session('assigned');
  await alice.does('send', { content: 'two', clientMsgId: 'm2' });
  await agent.does('typing', { sessionId });
  assert.deepEqual(await alice.next('typing'), { type: 'typing', sessionId, userId: 'agent1' });
  const isRead = (id: string) => (body: { status: string; messageId: string }) =>
    body.status === 'read' && body.messageId === id;
  await agent.next('message', ({ content }) => content === 'two');
  await agent.does('read', { messageId: 'm1' });
  assert.equal((await alice.next('receipt', isRead('m1'))).userId, 'agent1');
  await agent.does('read', { sessionId });
  await alice.next('receipt', isRead('m2'));
  await alice.does('typing', { sessionId });
  assert.equal((await agent.next('typing')).userId, 'alice');
  assert.ok(!agent.unread.includes('typing'));
});

test('a customer who comes back finds its session and what was said, and then what it missed', async () => {
  const desk = openDesk();
  const agent = await desk.agent('agent1');
  const alice = await desk.customer('alice');
  await alice.does('send', { content: 'help' });
  const { id } = await agent.session('assigned');
  await alice.leave();
  await agent.does('send', { sessionId: id, content: 'are you there?' });
  const back = await StompClient.connect(server.wsUrl, tokenOf('alice', { app: desk.app }), '/ws/chat');
  back.send('SUBSCRIBE', { id: 'i', destination: INBOX });
  back.sendJson('/app/sync', {});
  const told: Record<string, unknown>[] = [];
  while (told.length < 5) {
    const body = await back.nextAt(INBOX);
    if (body.type !== 'receipt') told.push(body);
  }
  const [current, history, missed, done, again] = told;
  assert.deepEqual([current?.type, current?.event], ['session', 'current']);
  assert.deepEqual(
    (history as unknown as DeskHistory).messages.map(({ content }) => content),
    ['help', 'are you there?'],
  );
  assert.equal(history?.notes, undefined);
  assert.deepEqual([missed?.type, missed?.content], ['message', 'are you there?']);
  assert.deepEqual(done, { type: 'sync', count: 1, complete: true });
  assert.deepEqual(again, { type: 'sync', count: 0, complete: true }, "the client's own sync waits its turn");
});

test('history comes page by page, and agents see the notes and earlier sessions of a customer', async () => {
  const desk = openDesk();
  const agent = await desk.agent('agent1');
  const alice = await desk.customer('alice');
  for (const content of ['one', 'two', 'three']) await alice.does('send', { content });
  const { id: sessionId } = await agent.session('assigned');
  await agent.does('note', { sessionId, content: 'nice' });
  await alice.does('close', { sessionId });
  await alice.does('history', { sessionId, limit: 2 });
  const page = await alice.next('history');
  assert.deepEqual(
    [page.messages.map(({ content }) => content), page.hasMore, page.notes],
    [['two', 'three'], true, undefined],
  );
  await alice.does('history', { sessionId, before: 2 });
  assert.deepEqual(
    (await alice.next('history')).messages.map(({ content }) => content),
    ['one'],
  );
  const colleague = await desk.agent('agent2');
  await colleague.does('history', { sessionId });
  const seen = await colleague.next('history');
  assert.deepEqual([seen.messages.length, seen.notes?.map(({ content }) => content)], [3, ['nice']]);
});

test('a closed session takes a rating, once, and no more messages; the next message opens another', async () => {
  const desk = openDesk();
  const agent = await desk.agent('agent1');
  const alice = await desk.customer('alice');
  await alice.does('send', { content: 'help' });
  const { id: sessionId } = await agent.session('assigned');
  await alice.isRefused('/app/rate', { sessionId, score: 5 }, { code: 'ECONFLICT' });
  await agent.does('send', { sessionId, content: 'bye' });
  await agent.does('close', { sessionId });
  assert.equal((await alice.next('message')).content, 'bye', 'said just before the close');
  await alice.session('closed');
  await alice.isRefused('/app/send', { sessionId, content: 'wait' }, { code: 'ECONFLICT' });
  await alice.isRefused('/app/close', { sessionId }, { code: 'ECONFLICT' });
  await alice.does('rate', { sessionId, score: 4, comment: '谢谢' });
  const { rating } = await agent.session('rated');
  assert.deepEqual([rating?.score, rating?.comment], [4, '谢谢']);
  await alice.isRefused('/app/rate', { sessionId, score: 5 }, { code: 'ECONFLICT' });
  await alice.does('send', { content: 'one more thing' });
  assert.notEqual((await agent.session('assigned')).id, sessionId);
});

test('a message can be edited and recalled, and looks so on the other side', async () => {
  const desk = openDesk();
  const agent = await desk.agent('agent1');
  const alice = await desk.customer('alice');
  await alice.does('send', { content: 'helo', clientMsgId: 'm' });
  await agent.next('message');
  await alice.does('edit', { messageId: 'm', content: 'hello' });
  const edited = await agent.next('message');
  assert.deepEqual([edited.status, edited.content], ['edited', 'hello']);
  await alice.does('recall', { messageId: 'm' });
  const recalled = await agent.next('message');
  assert.deepEqual([recalled.status, recalled.content], ['recalled', '']);
});

test('agents see queue and agents on subscribing and as they change, customers do not', async () => {
  const desk = openDesk();
  const agent = await desk.agent('agent1', { status: 'online', capacity: 1, skills: ['x'] });
  await agent.client.subscribe(AGENTS);
  const state = { id: 'agent1', state: 'online', active: 0, capacity: 1, skills: ['x'] };
  const first = await agent.client.nextAt<DeskAgents>(AGENTS);
  assert.deepEqual(first, { type: 'agents', waiting: 0, absent: 0, queues: [], agents: [state] });
  const customers = [await desk.customer('a'), await desk.customer('b')];
  for (const customer of customers) await customer.does('send', { content: 'help', skill: 'x' });
  const full = await agent.board(({ waiting, agents }) => waiting === 1 && agents[0]?.active === 1);
  assert.deepEqual(
    full.queues.map(({ skill, count }) => [skill, count]),
    [['x', 1]],
  );
  const other = await desk.agent('agent2', { status: 'busy' });
  await agent.board(({ agents }) => agents[1]?.state === 'busy');
  await other.leave();
  await agent.board(({ agents }) => agents[1]?.state === 'offline');
  const [customer] = customers as [DeskPerson];
  customer.client.send('SUBSCRIBE', { id: 'no', destination: AGENTS });
  const error = await customer.client.nextAt('/user/queue/errors');
  assert.deepEqual([error.code, error.destination], ['EPERM', AGENTS]);
});

test('a broadcast reaches both endpoints of its tenant as it was sent: body, type and own headers', async () => {
  const desk = openDesk();
  const agent = await desk.agent('agent1');
  const alice = await desk.customer('alice');
  const stranger = await openDesk().customer('alice');
  for (const { client } of [agent, alice, stranger]) await client.subscribe('/topic/news/today');
  const headers = {
    destination: '/topic/news/today',
    'content-type': 'text/x-mine;charset=utf-8',
    colour: 'a\\cb',
    Authorization: 'Bearer secret',
    receipt: 'r',
  };
  agent.client.send('SEND', headers, 'not { JSON 海纳');
  for (const { client } of [agent, alice]) {
    const frame = await client.next('MESSAGE');
    assert.equal(Buffer.from(frame.body).toString(), 'not { JSON 海纳');
    assert.equal(frame.headers.get('content-type'), 'text/x-mine;charset=utf-8');
    assert.equal(frame.headers.get('colour'), 'a:b');
    assert.equal(frame.headers.get('destination'), '/topic/news/today');
    for (const name of ['Authorization', 'receipt']) assert.equal(frame.headers.get(name), undefined);
  }
  const bytes = Buffer.from([0xff, 0x00, 0xfe]);
  agent.client.raw(
    Buffer.concat([
      Buffer.from('SEND\ndestination:/topic/news/today\ncontent-length:3\n\n'),
      bytes,
      Buffer.from([0]),
    ]),
  );
  const binary = await alice.client.next('MESSAGE');
  assert.deepEqual(Buffer.from(binary.body), bytes);
  assert.equal(binary.headers.get('content-type'), undefined);
  await stranger.isRefused('/app/nothing', {}, { code: 'ENOENT' });
  assert.deepEqual(stranger.client.received('/topic/news/today'), []);
});

test('a broadcast that is no text leaves out SockJS, which gets the next one that is', async () => {
  const desk = openDesk();
  const agent = await desk.agent('agent1');
  const url = `${server.wsUrl}/ws/chat/000/abc${tenants}/websocket?token=${tokenOf('alice', { app: desk.app })}`;
  const socket = new WebSocket(url);
  const frames: string[] = [];
  const heard = Promise.withResolvers<void>();
  socket.onmessage = ({ data }) => {
    frames.push(String(data));
    if (data === 'o') socket.send(JSON.stringify(['CONNECT\naccept-version:1.2\n\n\0']));
    if (String(data).includes('CONNECTED')) {
      socket.send(JSON.stringify(['SUBSCRIBE\nid:t\ndestination:/topic/t\nreceipt:r\n\n\0']));
    }
    if (String(data).includes('RECEIPT')) {
      agent.client.raw(Buffer.from('SEND\ndestination:/topic/t\ncontent-length:1\n\n\xff\0', 'latin1'));
      agent.client.send('SEND', { destination: '/topic/t' }, 'text');
    }
    if (String(data).includes('MESSAGE')) heard.resolve();
  };
  await heard.promise;
  assert.match(frames.at(-1) ?? '', /\\n\\ntext\\u0000"\]$/);
  assert.equal(frames.filter((frame) => frame.includes('MESSAGE')).length, 1);
  socket.close();
});

test('the API broadcasts text and bytes', async () => {
  const desk = openDesk();
  const alice = await desk.customer('alice');
  await alice.client.subscribe('/topic/news');
  const send = (body: object, role = 'service') =>
    server.call('POST', '/api/v1/broadcasts', tokenOf('backend', { app: desk.app, role }), body);
  const headers = { colour: 'red' };
  assert.equal((await send({ topic: 'news', body: '你好', contentType: 'text/plain', headers })).status, 204);
  const text = await alice.client.next('MESSAGE');
  assert.deepEqual(
    [Buffer.from(text.body).toString(), text.headers.get('content-type'), text.headers.get('colour')],
    ['你好', 'text/plain', 'red'],
  );
  assert.equal((await send({ topic: 'news', body: '/wD+', encoding: 'base64' })).status, 204);
  assert.deepEqual(Buffer.from((await alice.client.next('MESSAGE')).body), Buffer.from([0xff, 0, 0xfe]));
  assert.equal((await send({ topic: 'news', body: 'x' }, 'user')).status, 403);
  assert.equal((await send({ topic: 'agents', body: 'x' })).status, 403);
  for (const topic of ['', '/topic/news']) assert.equal((await send({ topic, body: 'x' })).status, 400);
  assert.equal((await send({ topic: 'news', body: '?', encoding: 'base64' })).status, 400);
});

test('what is in a service session also reaches its members through the other dialects, and comes from there', async () => {
  const desk = openDesk();
  const phone = await StompClient.connect(server.wsUrl, tokenOf('alice', { app: desk.app }), '/ws/im');
  await phone.subscribe(INBOX);
  const agent = await desk.agent('agent1');
  const tablet = await StompClient.connect(server.wsUrl, tokenOf('agent1', { app: desk.app }), '/ws');
  await tablet.subscribe('/user/queue/private-messages');
  const alice = await desk.customer('alice');
  await alice.does('send', { content: 'help' });
  const { id } = await agent.session('assigned');
  const help = await tablet.nextAt<{ conversationId: string; chat: { conversationType: string } }>(
    '/user/queue/private-messages',
  );
  assert.deepEqual([help.conversationId, help.chat.conversationType], [id, 'service']);
  await agent.does('send', { sessionId: id, content: 'answer' });
  assert.equal((await phone.nextAt(INBOX)).content, 'help', "the sender's other device");
  const answer = await phone.nextAt(INBOX);
  assert.deepEqual([answer.chatType, answer.toId, answer.content], ['GROUP', id, 'answer']);
  const text = { toId: id, chatType: 'GROUP', msgType: 'TEXT', content: 'from my phone' };
  await phone.confirmed('/app/chat.send', text);
  assert.equal((await agent.next('message', ({ seq }) => seq === 3)).content, 'from my phone');
  await agent.does('close', { sessionId: id });
  await phone.subscribe('/user/queue/errors');
  phone.sendJson('/app/chat.send', text);
  assert.equal((await phone.nextAt('/user/queue/errors')).code, 'ECONFLICT');
});

test('a deleted agent gives its customers back, a deleted customer is served no more', async () => {
  const desk = openDesk();
  const boss = tokenOf('boss', { app: desk.app, role: 'admin' });
  await desk.agent('agent1');
  const alice = await desk.customer('alice');
  await alice.does('send', { content: 'help' });
  await alice.session('assigned');
  const other = await desk.agent('agent2');
  assert.equal((await server.call('DELETE', '/api/v1/users/agent1', boss)).status, 204);
  const moved = await other.session('assigned');
  assert.equal(moved.customerId, 'alice');
  await server.call('DELETE', '/api/v1/users/alice', boss);
  assert.equal((await other.session('closed')).id, moved.id);
});

test('the figures and the sessions are for the desk; customers see their own sessions', async () => {
  const desk = openDesk();
  const agent = await desk.agent('agent1', { status: 'online', capacity: 1 });
  const [alice, bob] = [await desk.customer('alice'), await desk.customer('bob')];
  await alice.does('send', { content: 'help' });
  const { id } = await agent.session('assigned');
  await bob.does('send', { content: 'help', skill: 'x' });
  await agent.does('send', { sessionId: id, content: 'yes' });
  const stats = await desk.call('stats', 'agent1', 'agent');
  assert.deepEqual([stats.body.waiting, stats.body.active, stats.body.total.answered], [1, 1, 1]);
  assert.deepEqual(
    stats.body.byAgent.map(({ agentId, active }) => [agentId, active]),
    [['agent1', 1]],
  );
  assert.equal((await desk.call('stats', 'alice', 'user')).status, 403);
  assert.equal((await desk.call('stats?from=5&to=4', 'agent1', 'agent')).status, 400);
  const ids = async (query: string, userId: string, role: string) =>
    (await desk.call(`sessions${query}`, userId, role)).body.sessions.map(({ customerId }) => customerId);
  assert.deepEqual(await ids('', 'boss', 'admin'), ['bob', 'alice']);
  assert.deepEqual(await ids('?state=queued&skill=x', 'agent1', 'agent'), ['bob']);
  assert.deepEqual(await ids('?agentId=agent1', 'backend', 'service'), ['alice']);
  assert.deepEqual(await ids('?customerId=bob', 'alice', 'user'), ['alice']);
  const page = (await desk.call('sessions?limit=1', 'boss', 'admin')).body;
  assert.deepEqual(await ids(`?after=${page.next}`, 'boss', 'admin'), ['alice']);
  const metrics = await (await fetch(`${server.url}/metrics`)).text();
  assert.match(metrics, /haina_desk_sessions\{state="waiting"\} \d+/);
  assert.match(metrics, /haina_frames_in_total\{dialect="desk",command="SEND"\} \d+/);
});
