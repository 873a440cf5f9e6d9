import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { DeskError, DeskHistory, ImMessage, XuqmMessage, XuqmSyncDone } from '@haina/wire';
import { AGENTS, DeskPerson } from './support/desk-person.ts';
import { assertEnds, ERRORS, figure, figureReaches } from './support/refusals.ts';
import { RoomClient } from './support/room-client.ts';
import { startTestServer, type TestServer } from './support/server.ts';
import { StompClient } from './support/stomp-client.ts';
import { tokenOf } from './support/token.ts';

const SAY = join(import.meta.dirname, 'support/plugins/say.ts');
/** No answer is late, however busy the machine is. */
const PATIENT = 60_000;
const SEEN = '/user/queue/x.seen';
const SESSIONS = 'haina_queue_depth{queue="sessions"}';
const ADMIN = tokenOf('admin', { role: 'admin' });

/** What a client of a dialect does, and how it sees it, for one and the same plug-in. */
interface Door {
  readonly path: string;
  readonly inbox: string;
  /** The SEND of a text under the client's own id. */
  send(to: string, id: string, text: string): [destination: string, body: object];
  edit?(id: string, text: string, reason?: string): [destination: string, body: object];
  recall(id: string, reason?: string): [destination: string, body: object];
  read(id: string): [destination: string, body: object];
  /** The SEND of an added type. */
  sendTyped(to: string, type: string, content: unknown): [destination: string, body: object];
  textOf(message: never): string;
  topic(group: string): string;
}

const XUQM: Door = {
  path: '/ws/im',
  inbox: '/user/queue/messages',
  send: (toId, messageId, content) => [
    '/app/chat.send',
    { messageId, toId, chatType: 'SINGLE', msgType: 'TEXT', content },
  ],
  recall: (messageId) => ['/app/chat.revoke', { messageId }],
  read: (messageId) => ['/app/chat.read', { messageId }],
  sendTyped: (toId, msgType, content) => ['/app/chat.send', { toId, chatType: 'SINGLE', msgType, content }],
  textOf: ({ content }: XuqmMessage) => String(content),
  topic: (group) => `/topic/group/${group}`,
};

const IM: Door = {
  path: '/ws',
  inbox: '/user/queue/private-messages',
  send: (receiverId, clientMsgId, content) => ['/app/private-message', { receiverId, clientMsgId, content }],
  edit: (messageId, newContent, editReason) => [
    '/app/edit-message',
    { messageId, newContent, ...(editReason === undefined ? {} : { editReason }) },
  ],
  recall: (messageId, deleteReason) => [
    '/app/delete-message',
    { messageId, deleteScope: 1, ...(deleteReason === undefined ? {} : { deleteReason }) },
  ],
  read: (messageId) => ['/app/read-message', { messageId }],
  sendTyped: (receiverId, contentType, contentExtra) => [
    '/app/private-message',
    { receiverId, msgType: 0, content: { content: 'a poll', contentExtra, contentType } },
  ],
  textOf: ({ chat }: ImMessage) => (JSON.parse(chat?.content ?? '{}') as { content: string }).content,
  topic: (group) => `/topic/conversation/${group}`,
};

let server: TestServer;
const clients: StompClient[] = [];
let users = 0;

before(async () => {
  server = await startTestServer({
    plugins: [SAY],
    pluginOptions: { say: { greeting: 'Welcome' } },
    pluginTimeout: PATIENT,
  });
});
after(async () => {
  await Promise.all(clients.map((client) => client.drop()));
  await server.stop();
});

async function open({ path, inbox }: Door, userId: string): Promise<StompClient> {
  const client = await StompClient.connect(server.wsUrl, tokenOf(userId), path);
  clients.push(client);
  for (const destination of [inbox, ERRORS]) await client.subscribe(destination);
  return client;
}

function names(): [string, string] {
  users++;
  return [`ann${users}`, `ben${users}`];
}

async function refusalOf(client: StompClient, [destination, body]: [string, object]) {
  client.sendJson(destination, body, { receipt: 'not to be seen' });
  const { code, message } = await client.nextAt<{ code: string; message: string }>(ERRORS);
  return { code, message };
}

const asText = async (client: StompClient, door: Door): Promise<string> =>
  door.textOf((await client.nextAt(door.inbox)) as never);

for (const [name, door] of Object.entries({ xuqm: XUQM, im: IM })) {
  test(`${name}: what is sent is passed, changed or refused with a code, before it is stored`, async () => {
    const [from, to] = names();
    const [ann, ben] = [await open(door, from), await open(door, to)];
    for (const text of ['plain', 'shout hey', 'dialect?']) await ann.confirmed(...door.send(to, text, text));
    assert.deepEqual(await refusalOf(ann, door.send(to, 'no', 'no')), {
      code: 'ERATE',
      message: 'not this one',
    });
    const texts = ['plain', 'SHOUT HEY', `by ${name}`];
    for (const text of texts) assert.equal(await asText(ben, door), text);
    const history = await server.call(
      'GET',
      `/api/v1/conversations/single:${from}:${to}/messages`,
      tokenOf(to),
    );
    const { messages } = history.body as { messages: { content: { text: string } }[] };
    assert.deepEqual(
      messages.map(({ content }) => content.text),
      texts,
    );
  });

  test(`${name}: a change has to keep the limits like anything a client sends`, async () => {
    const [from, to] = names();
    const ann = await open(door, from);
    await open(door, to);
    const { code } = await refusalOf(ann, door.send(to, 'm', 'too long'));
    assert.equal(code, 'ETOOLONG');
  });

  test(`${name}: a repeat is confirmed as the first was, though a plug-in changed it`, async () => {
    const [from, to] = names();
    const [ann, ben] = [await open(door, from), await open(door, to)];
    for (let time = 0; time < 2; time++) await ann.confirmed(...door.send(to, 'm', 'shout once'));
    await ann.confirmed(...door.send(to, 'n', 'last'));
    assert.deepEqual([await asText(ben, door), await asText(ben, door)], ['SHOUT ONCE', 'last']);
    const { code } = await refusalOf(ann, door.send(to, 'm', 'SHOUT ONCE'));
    assert.equal(code, 'ECONFLICT');
  });

  test(`${name}: what a session sends keeps its order while some of it waits for a plug-in`, async () => {
    const [from, to] = names();
    const [ann, ben] = [await open(door, from), await open(door, to)];
    const texts = Array.from({ length: 20 }, (_, index) => (index % 3 === 0 ? `slow ${index}` : `${index}`));
    for (const text of texts) ann.sendJson(...door.send(to, text, text));
    // A recall waits behind what it takes back.
    await ann.confirmed(...door.recall('slow 18'));
    for (const text of texts) assert.equal(await asText(ben, door), text);
  });

  test(`${name}: reading is refused with a code`, async () => {
    const ann = await open(door, names()[0]);
    const refusal = await refusalOf(ann, door.read('unread'));
    assert.deepEqual(refusal, { code: 'EPERM', message: 'it stays unread' });
  });

  test(`${name}: who connects is passed, refused with a code, or given another role`, async () => {
    for (const [userId, ending] of [
      ['banned', { message: 'Refused', body: 'you are banned', close: 'refused' }],
      ['early', { message: 'Refused', body: 'come later', close: 'refused-for-now' }],
      ['stranger', { message: 'Unauthorized', body: 'Unauthorized' }],
    ] as const) {
      const client = await StompClient.open(server.wsUrl + door.path);
      client.send('CONNECT', { 'accept-version': '1.2', Authorization: tokenOf(userId) });
      await assertEnds(client, ending);
    }
    const [from, to] = names();
    const [ann, boss] = [await open(door, from), await open(door, `promoted${users}`)];
    await open(door, to);
    await ann.confirmed(...door.send(to, `by ${from}`, 'plain'));
    // Admins may recall any message of their tenant.
    await boss.confirmed(...door.recall(`by ${from}`));
  });

  test(`${name}: a subscription is passed, refused with a code, or given another destination's messages`, async () => {
    const [from, to] = names();
    const [ann, ben] = [await open(door, from), await open(door, to)];
    const members = [from, to].map((userId) => ({ userId }));
    await server.call('POST', '/api/v1/groups', ADMIN, { id: 'real', name: 'Real', members });
    const destination = door.topic('secret');
    ben.send('SUBSCRIBE', { id: 'secret', destination, receipt: 'secret' });
    const refusal = await ben.nextAt<{ code: string; message: string; destination: string }>(ERRORS);
    assert.deepEqual([refusal.code, refusal.destination], ['EPERM', destination]);
    if (door !== XUQM) return;
    await ben.subscribe('/topic/group/alias');
    await ann.confirmed('/app/chat.send', {
      toId: 'real',
      chatType: 'GROUP',
      msgType: 'TEXT',
      content: 'hi',
    });
    assert.equal((await ben.nextAt<XuqmMessage>('/topic/group/alias')).toId, 'real');
    await server.call('DELETE', '/api/v1/groups/real', ADMIN);
  });

  test(`${name}: what waits behind a SUBSCRIBE is not done before it`, async () => {
    const client = await StompClient.connect(server.wsUrl, tokenOf(names()[0]), door.path);
    clients.push(client);
    client.send('SUBSCRIBE', { id: '1', destination: ERRORS });
    client.send('SUBSCRIBE', { id: '2', destination: door.inbox });
    client.sendJson(door === XUQM ? '/app/chat.sync' : '/app/sync', {});
    const verdict = await client.nextAt<Partial<XuqmSyncDone> & { type?: number }>(door.inbox);
    assert.ok(verdict.msgType === 'SYNC_DONE' || verdict.type === 34);
  });

  test(`${name}: an event is changed or kept from live sessions; a sync tells what is stored`, async () => {
    const [from, to] = names();
    const [ann, ben] = [await open(door, from), await open(door, to)];
    for (const text of ['live: no', 'live: dress', 'end']) await ann.confirmed(...door.send(to, text, text));
    assert.deepEqual([await asText(ben, door), await asText(ben, door)], ['dressed', 'end']);
    ben.sendJson(door === XUQM ? '/app/chat.sync' : '/app/sync', {});
    assert.equal(await asText(ben, door), 'live: no');
  });

  test(`${name}: an added message type is checked by its schema and told under its name`, async () => {
    const [from, to] = names();
    const [ann, ben] = [await open(door, from), await open(door, to)];
    const poll = { question: 'Lunch?', options: ['noodles', 'rice'] };
    await ann.confirmed(...door.sendTyped(to, 'x.poll', poll));
    const message = await ben.nextAt<Partial<XuqmMessage> & Partial<Pick<ImMessage, 'chat'>>>(door.inbox);
    if (door === XUQM) assert.deepEqual([message.msgType, message.content], ['x.poll', poll]);
    else {
      const document = JSON.parse(message.chat?.content ?? '') as object;
      assert.deepEqual(document, { content: 'a poll', contentExtra: poll, contentType: 'x.poll' });
    }
    for (const [content, text] of [
      [{ options: ['a', 'b'] }, 'content.question is missing'],
      [{ ...poll, options: ['a', 1] }, 'content.options.1 must be a string'],
    ] as const) {
      const refusal = await refusalOf(ann, door.sendTyped(to, 'x.poll', content));
      assert.deepEqual(refusal, { code: 'EINVAL', message: text });
    }
  });

  test(`${name}: an added destination answers, sends as the user and tells others`, async () => {
    const [from, to] = names();
    const [ann, ben] = [await open(door, from), await open(door, to)];
    for (const client of [ann, ben]) await client.subscribe('/user/queue/x.hello');
    await ann.confirmed('/app/x.hello', { to });
    assert.deepEqual(await ann.nextAt('/user/queue/x.hello'), { seq: 1 });
    assert.deepEqual(await ben.nextAt('/user/queue/x.hello'), { from });
    assert.equal(await asText(ben, door), `Welcome, ${to}`);
    assert.equal(await asText(ann, door), `Welcome, ${to}`, 'no session of the sender sent it');
    for (const [body, code, message] of [
      [{}, 'EINVAL', 'to is missing'],
      [{ to: 'nobody' }, 'EINVAL', 'to must be somebody'],
      ['text', 'EINVAL', 'the body must be an object'],
    ] as const) {
      assert.deepEqual(await refusalOf(ann, ['/app/x.hello', body as object]), { code, message });
    }
    const unknown = await refusalOf(ann, ['/app/x.other', {}]);
    assert.equal(unknown.code, 'ENOENT');
  });

  test(`${name}: listeners hear of sessions, messages and receipts, in their order`, async () => {
    const [from, to] = names();
    const [ann, ben] = [await open(door, from), await open(door, to)];
    await ann.confirmed(...door.send(to, `heard ${from}`, 'plain'));
    await ben.nextAt(door.inbox);
    await ben.confirmed(...door.read(`heard ${from}`));
    await ann.confirmed(...door.recall(`heard ${from}`));
    await ben.close();
    await ann.subscribe('/user/queue/x.seen');
    for (;;) {
      await ann.confirmed('/app/x.seen', {});
      const seen = await ann.nextAt<string[]>('/user/queue/x.seen');
      const own = seen.filter((line) => line.includes(from) || line.startsWith(to));
      if (!own.some((line) => line === `${to} went`)) continue;
      const wanted = [
        `${from} came by ${name}`,
        `${from} subscribed to ${door.inbox}`,
        `${to} came by ${name}`,
        `${from} sent plain`,
        `${to} read heard ${from}`,
        `${from} recalled`,
        `${to} went`,
      ];
      assert.deepEqual(
        own.filter((line) => wanted.includes(line)),
        wanted,
      );
      return;
    }
  });
}

test('im: an edit is changed or refused, and a recall refused, with a code', async () => {
  const [from, to] = names();
  const [ann, ben] = [await open(IM, from), await open(IM, to)];
  await ann.confirmed(...IM.send(to, 'm', 'one'));
  assert.equal(await asText(ben, IM), 'one');
  await ann.confirmed('/app/edit-message', { messageId: 'm', newContent: 'two' });
  const { chat } = await ben.nextAt<ImMessage>(IM.inbox);
  const { content, editReason } = JSON.parse(chat?.content ?? '') as Record<string, string>;
  assert.deepEqual([content, editReason], ['two!', 'by a plug-in']);
  const edited = await refusalOf(ann, ['/app/edit-message', { messageId: 'm', newContent: 'no' }]);
  assert.deepEqual(edited, { code: 'EPERM', message: 'not so' });
  const recalled = await refusalOf(ann, IM.recall('m', 'no'));
  assert.deepEqual(recalled, { code: 'EPERM', message: 'it stays' });
});

test("a message of an added type reaches the other dialect in that one's form", async () => {
  const [from, to] = names();
  const [ann, ben] = [await open(XUQM, from), await open(IM, to)];
  const poll = { question: 'Lunch?', options: ['noodles', 'rice'] };
  await ann.confirmed(...XUQM.sendTyped(to, 'x.poll', poll));
  const { chat } = await ben.nextAt<ImMessage>(IM.inbox);
  const document = JSON.parse(chat?.content ?? '') as { contentExtra: object; contentType: string };
  assert.deepEqual([document.contentType, document.contentExtra], ['x.poll', poll]);
  await ben.confirmed(...IM.sendTyped(from, 'x.poll', poll));
  const { msgType, content } = await ann.nextAt<XuqmMessage>(XUQM.inbox);
  assert.deepEqual([msgType, content], ['x.poll', { ...poll, text: 'a poll' }]);
});

test('a message type that nobody added is refused as before', async () => {
  const [from, to] = names();
  const ann = await open(XUQM, from);
  const { message } = await refusalOf(ann, XUQM.sendTyped(to, 'x.other', {}));
  assert.match(message, /^msgType must be one of TEXT, /);
});

test('desk: what a customer says is changed or refused, and polls are polls', async () => {
  const inbox = '/user/queue/messages';
  const client = await StompClient.connect(server.wsUrl, tokenOf(names()[0]), '/ws/chat');
  clients.push(client);
  for (const destination of [inbox, ERRORS]) await client.subscribe(destination);
  const poll = { question: 'Lunch?', options: ['noodles', 'rice'] };
  const refusals: [object, string][] = [
    [{ content: 'no' }, 'not this one'],
    [{ msgType: 'x.poll', content: { options: [] } }, 'content.question is missing'],
  ];
  for (const [body, message] of refusals) {
    assert.equal((await refusalOf(client, ['/app/send', body])).message, message);
  }
  await client.confirmed('/app/send', { content: 'shout help' });
  const isSent = ({ body }: { body: Uint8Array }) => Buffer.from(body).includes('"type":"sent"');
  const sent = await client.nextMatching('the confirmation', isSent);
  const { sessionId } = JSON.parse(Buffer.from(sent.body).toString()) as { sessionId: string };
  await client.confirmed('/app/send', { sessionId, msgType: 'x.poll', content: poll });
  client.sendJson('/app/history', { sessionId });
  const isHistory = ({ body }: { body: Uint8Array }) => Buffer.from(body).includes('"type":"history"');
  const answer = await client.nextMatching('the history', isHistory);
  const { messages } = JSON.parse(Buffer.from(answer.body).toString()) as DeskHistory;
  assert.deepEqual(
    messages.map(({ msgType, content }) => [msgType, content]),
    [
      ['text', 'SHOUT HELP'],
      ['x.poll', poll],
    ],
  );
});

test('desk: who comes is told what it missed and how the desk looks once plug-ins let it subscribe, and refusals harm nobody', async () => {
  const [agentId, customerId] = names();
  const customer = await DeskPerson.come(server.wsUrl, customerId, 'default');
  const agent = await DeskPerson.come(server.wsUrl, agentId, 'default', 'agent');
  clients.push(customer.client, agent.client);
  await agent.client.subscribe(AGENTS);
  const board = await agent.board(() => true);
  assert.ok(board.agents.some(({ id }) => id === agentId));
  for (const { client } of [customer, agent]) {
    client.send('SUBSCRIBE', { id: 'secret', destination: '/topic/secret', receipt: 'secret' });
    const refusal = await client.nextAt<DeskError>(ERRORS);
    assert.deepEqual([refusal.code, refusal.destination], ['EPERM', '/topic/secret']);
  }
  await customer.does('send', { content: 'still here' });
});

for (const [role, path] of [
  ['agent', '/ws/agent'],
  ['agent', '/ws/chat'],
] as const) {
  test(`desk: of an ${role} whose connection to ${path} breaks while it is let in nothing is left`, async () => {
    const [userId, observerId] = names();
    const observer = await DeskPerson.come(server.wsUrl, observerId, 'default', 'agent');
    clients.push(observer.client);
    await observer.client.subscribe(SEEN);
    const sessions = await figure(server.url, SESSIONS);
    const slow = await StompClient.open(`${server.wsUrl}${path}`);
    const token = tokenOf(`slow${userId}`, { role });
    slow.send('CONNECT', { 'accept-version': '1.2', host: 'test', token });
    await slow.drop();
    for (let seen = ''; !seen.includes(`slow${userId} was let in`); ) {
      observer.client.sendJson('/app/x.seen', {});
      seen = JSON.stringify(await observer.client.nextAt(SEEN));
    }
    await figureReaches(server.url, SESSIONS, sessions);
    await observer.client.subscribe(AGENTS);
    const { agents } = await observer.board(() => true);
    const state = agents.find(({ id }) => id === `slow${userId}`)?.state ?? 'offline';
    assert.equal(state, 'offline');
  });
}

const UNASKED = 'not to be asked for';

for (const [door, destination] of [
  [XUQM, '/app/chat.sync'],
  [IM, '/app/heartbeat'],
] as const) {
  test(`whatever a session sends at ${door.path} is refused with a code before it is looked at`, async () => {
    const client = await open(door, names()[0]);
    assert.deepEqual(await refusalOf(client, [destination, { timestamp: 1, why: UNASKED }]), {
      code: 'EPERM',
      message: `no ${destination}`,
    });
  });
}

test('desk: commands and broadcasts are refused with a code, and events kept from who listens', async () => {
  const [agentId, customerId] = names();
  const agent = await DeskPerson.come(server.wsUrl, agentId, 'default', 'agent');
  const customer = await DeskPerson.come(server.wsUrl, customerId, 'default');
  clients.push(agent.client, customer.client);
  await agent.isRefused('/topic/closed', 'x', { code: 'EPERM', message: 'no broadcasts here' });
  await customer.isRefused('/app/typing', { sessionId: UNASKED }, { code: 'EPERM' });
  for (const topic of ['/topic/muted', '/topic/open']) {
    await customer.client.subscribe(topic);
    await agent.client.confirmed(topic, { to: topic });
  }
  assert.deepEqual(await customer.client.nextAt('/topic/open'), { to: '/topic/open' });
  assert.deepEqual(customer.client.received('/topic/muted'), []);
});

test('a body that is nested too deep for a plug-in is refused as one that is nested too deep', async () => {
  const client = await open(XUQM, names()[0]);
  const content = `{"a":${'['.repeat(9000)}${']'.repeat(9000)}}`;
  const body = `{"toId":"x","chatType":"SINGLE","msgType":"CUSTOM","content":${content}}`;
  client.send('SEND', { destination: '/app/chat.send' }, body);
  const { code, message } = await client.nextAt<{ code: string; message: string }>(ERRORS);
  assert.equal(code, 'EINVAL');
  assert.match(message, /^content is nested deeper than/);
});

test('room: what a user does is refused in the form of the protocol', async () => {
  const client = await RoomClient.connect(server.wsUrl, { token: tokenOf(names()[0]) });
  try {
    await client.send({ msgType: 1, why: UNASKED });
    assert.equal(await client.nextRefusal(), 'no heartbeat');
  } finally {
    await client.drop();
  }
});

test('desk: what an agent says right before it closes or transfers a session is said and heard', async () => {
  const [agentId, customerId] = names();
  const agent = await DeskPerson.come(server.wsUrl, agentId, 'byes', 'agent');
  const customer = await DeskPerson.come(server.wsUrl, customerId, 'byes');
  const other = await DeskPerson.come(server.wsUrl, `other${agentId}`, 'byes', 'agent');
  clients.push(agent.client, customer.client, other.client);
  await agent.does('status', { status: 'online', capacity: 1 });
  await other.does('status', { status: 'away', skills: ['other'] });
  for (const [command, more] of [
    ['close', {}],
    ['transfer', { skill: 'other' }],
  ] as const) {
    for (let round = 0; round < 5; round++) {
      await customer.does('send', { content: 'help' });
      const { id: sessionId } = await agent.session('assigned');
      const content = `slow bye before ${command} ${round}`;
      agent.client.sendJson('/app/send', { sessionId, content });
      await agent.does(command, { sessionId, ...more });
      await customer.next('message', (said) => said.content === content);
      if (command === 'transfer') await customer.does('close', { sessionId });
    }
  }
});
