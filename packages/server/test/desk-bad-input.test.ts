import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { closeOf } from '@haina/wire';
import { DeskPerson, ERRORS, INBOX } from './support/desk-person.ts';
import { startTestServer, type TestServer } from './support/server.ts';
import { StompClient } from './support/stomp-client.ts';
import { tokenOf } from './support/token.ts';

const APP = 'badinput';

let server: TestServer;
let alice: DeskPerson;
let bob: DeskPerson;
let agent: DeskPerson;
/** Alice's, which the agent serves. */
let sessionId: string;

before(async () => {
  server = await startTestServer({ deskNewsInterval: 10 });
  alice = await DeskPerson.come(server.wsUrl, 'alice', APP);
  bob = await DeskPerson.come(server.wsUrl, 'bob', APP);
  agent = await DeskPerson.come(server.wsUrl, 'agent1', APP, 'agent');
  await agent.does('status', { status: 'online', capacity: 2 });
  await alice.does('send', { content: 'help', clientMsgId: 'first' });
  sessionId = (await alice.session('assigned')).id;
});
after(() => server.stop());

for (const [path, role, allowed] of [
  ['/ws/chat', 'agent', 'user'],
  ['/ws/chat', 'admin', 'user'],
  ['/ws/chat', 'service', 'user'],
  ['/ws/agent', 'user', 'agent or admin'],
  ['/ws/agent', 'service', 'agent or admin'],
] as const) {
  test(`${path} refuses the role ${role} at CONNECT and closes`, async () => {
    const client = await StompClient.open(`${server.wsUrl}${path}?token=${tokenOf('x', { app: APP, role })}`);
    client.send('CONNECT', { 'accept-version': '1.2', host: 'test' });
    const frame = await client.next('ERROR');
    assert.equal(frame.headers.get('message'), 'Refused');
    assert.equal(
      Buffer.from(frame.body).toString(),
      `${path} is for the role ${allowed}, the token has ${role}`,
    );
    assert.deepEqual(await client.closed, closeOf('refused'));
  });
}

test('an agent of capacity 0 is told so when it accepts', async () => {
  const idle = await DeskPerson.come(server.wsUrl, 'agent9', APP, 'agent');
  const carl = await DeskPerson.come(server.wsUrl, 'carl', APP);
  await agent.does('status', { status: 'busy' });
  await idle.does('status', { status: 'online', capacity: 0 });
  await carl.does('send', { content: 'help', clientMsgId: 'of-carl' });
  const waiting = (await carl.session('opened')).id;
  const refusal = {
    code: 'ECONFLICT',
    message: 'the agent agent9 takes no service sessions: its capacity is 0',
  } as const;
  await idle.isRefused('/app/accept', { sessionId: waiting }, refusal);
  await carl.does('close', { sessionId: waiting });
  await agent.does('status', { status: 'online' });
  await Promise.all([idle.leave(), carl.leave()]);
});

test('no token, a wrong one, and tokens of two users are refused as unauthorized', async () => {
  const two = `?token=${tokenOf('alice', { app: APP })}`;
  for (const [close, query, header] of [
    ['token-missing', '', undefined],
    ['token-refused', '?token=nonsense', undefined],
    ['token-refused', two, tokenOf('bob', { app: APP })],
  ] as const) {
    const client = await StompClient.open(`${server.wsUrl}/ws/chat${query}`);
    const authorization = header === undefined ? {} : { Authorization: `Bearer ${header}` };
    client.send('CONNECT', { 'accept-version': '1.2', host: 'test', ...authorization });
    assert.equal((await client.next('ERROR')).headers.get('message'), 'Unauthorized');
    assert.deepEqual(await client.closed, closeOf(close));
  }
});

interface Bad {
  readonly name: string;
  readonly by: () => DeskPerson;
  readonly destination: string;
  readonly body: () => unknown;
  readonly code: string;
  readonly message?: string | RegExp;
}

const byAlice = () => alice;
const byBob = () => bob;
const byAgent = () => agent;
const ofSession =
  (more: object = {}) =>
  () => ({ sessionId, ...more });

function bad(
  name: string,
  by: () => DeskPerson,
  destination: string,
  body: () => unknown,
  code: string,
  message?: string,
): Bad {
  return { name, by, destination, body, code, ...(message === undefined ? {} : { message }) };
}

const long = 'x'.repeat(2001);
const BAD: readonly Bad[] = [
  bad('bad JSON', byAlice, '/app/send', () => '{', 'EINVAL', 'the body is not valid JSON'),
  bad('an array', byAlice, '/app/send', () => '[]', 'EINVAL', 'the body must be an object'),
  bad('an empty body', byAlice, '/app/close', () => '', 'EINVAL'),
  bad('no content', byAlice, '/app/send', () => ({}), 'EINVAL', 'content is missing'),
  bad('an empty text', byAlice, '/app/send', () => ({ content: '' }), 'EINVAL'),
  bad('a text that is an array', byAlice, '/app/send', () => ({ content: [5] }), 'EINVAL'),
  bad('an unknown msgType', byAlice, '/app/send', () => ({ content: 'x', msgType: 'poem' }), 'EINVAL'),
  bad('a msgType that is a number', byAlice, '/app/send', () => ({ content: 'x', msgType: 1 }), 'EINVAL'),
  bad('a text that is too long', byAlice, '/app/send', () => ({ content: long }), 'ETOOLONG'),
  bad('a skill that is too long', byAlice, '/app/send', () => ({ content: 'x', skill: long }), 'ETOOLONG'),
  bad(
    'two names for one skill',
    byAlice,
    '/app/send',
    () => ({ content: 'x', skill: 'a', topic: 'b' }),
    'EINVAL',
  ),
  bad(
    'no session of an agent',
    byAgent,
    '/app/send',
    () => ({ content: 'x' }),
    'EINVAL',
    'sessionId is missing',
  ),
  bad(
    'an unknown session',
    byAlice,
    '/app/send',
    () => ({ sessionId: 'nothing', content: 'x' }),
    'ENOENT',
    'no service session nothing',
  ),
  bad("writing in another's session", byBob, '/app/send', ofSession({ content: 'x' }), 'EPERM'),
  bad("typing in another's session", byBob, '/app/typing', ofSession(), 'EPERM'),
  bad("reading another's session", byBob, '/app/read', ofSession(), 'EPERM'),
  bad("reading another's message", byBob, '/app/read', () => ({ messageId: 'first' }), 'ENOENT'),
  bad('reading nothing', byAlice, '/app/read', () => ({}), 'EINVAL', 'messageId or sessionId is missing'),
  bad("another's history", byBob, '/app/history', ofSession(), 'EPERM'),
  bad('too long a page', byAlice, '/app/history', ofSession({ limit: 51 }), 'EINVAL'),
  bad("another's sync", byBob, '/app/sync', ofSession(), 'ENOENT'),
  bad('sinceSeq without a session', byAlice, '/app/sync', () => ({ sinceSeq: 1 }), 'EINVAL'),
  bad("closing another's session", byBob, '/app/close', ofSession(), 'EPERM'),
  bad('closing an unknown session', byBob, '/app/close', () => ({ sessionId: 'x' }), 'ENOENT'),
  bad('closing without a session', byAlice, '/app/close', () => ({}), 'EINVAL', 'sessionId is missing'),
  bad('rating an open session', byAlice, '/app/rate', ofSession({ score: 5 }), 'ECONFLICT'),
  bad("rating another's session", byBob, '/app/rate', ofSession({ score: 5 }), 'EPERM'),
  bad('a score of 6', byAlice, '/app/rate', ofSession({ score: 6 }), 'EINVAL', 'score must be at most 5'),
  bad('a score of 0', byAlice, '/app/rate', ofSession({ score: 0 }), 'EINVAL', 'score must be at least 1'),
  bad(
    'a score of "five"',
    byAlice,
    '/app/rate',
    ofSession({ score: 'five' }),
    'EINVAL',
    'score must be an integer',
  ),
  bad(
    'a score of 4.5',
    byAlice,
    '/app/rate',
    ofSession({ score: 4.5 }),
    'EINVAL',
    'score must be an integer',
  ),
  bad('a comment that is too long', byAlice, '/app/rate', ofSession({ score: 5, comment: long }), 'ETOOLONG'),
  bad('a note by a customer', byAlice, '/app/note', ofSession({ content: 'x' }), 'EPERM'),
  bad('an empty note', byAgent, '/app/note', ofSession({ content: '' }), 'EINVAL'),
  bad('a note that is too long', byAgent, '/app/note', ofSession({ content: long }), 'ETOOLONG'),
  bad('an acceptance by a customer', byAlice, '/app/accept', ofSession(), 'EPERM'),
  bad('a transfer by a customer', byAlice, '/app/transfer', ofSession({ skill: 'x' }), 'EPERM'),
  bad('a status by a customer', byAlice, '/app/status', () => ({ status: 'online' }), 'EPERM'),
  bad('an unknown status', byAgent, '/app/status', () => ({ status: 'offline' }), 'EINVAL'),
  bad('a negative capacity', byAgent, '/app/status', () => ({ status: 'online', capacity: -1 }), 'EINVAL'),
  bad(
    'a capacity of "five"',
    byAgent,
    '/app/status',
    () => ({ status: 'online', capacity: 'five' }),
    'EINVAL',
  ),
  bad(
    'too many skills',
    byAgent,
    '/app/status',
    () => ({ status: 'online', skills: Array.from({ length: 33 }, (_, n) => `${n}`) }),
    'ETOOLONG',
  ),
  bad('accepting a taken session', byAgent, '/app/accept', ofSession(), 'ECONFLICT'),
  bad('a transfer to nobody', byAgent, '/app/transfer', ofSession(), 'EINVAL'),
  bad('a transfer to two', byAgent, '/app/transfer', ofSession({ agentId: 'a', skill: 'x' }), 'EINVAL'),
  bad('a transfer to oneself', byAgent, '/app/transfer', ofSession({ agentId: 'agent1' }), 'EINVAL'),
  bad('a transfer to one who is no agent', byAgent, '/app/transfer', ofSession({ agentId: 'bob' }), 'ENOENT'),
  bad('an unknown command', byAlice, '/app/nothing', () => ({}), 'ENOENT'),
  bad(
    'a customer who broadcasts',
    byAlice,
    '/topic/news',
    () => 'x',
    'EPERM',
    'customers do not send to topics',
  ),
  bad('a customer who broadcasts to agents', byAlice, '/topic/agents', () => 'x', 'EPERM'),
  bad('an agent who pretends to be the desk', byAgent, '/topic/agents', () => 'x', 'EPERM'),
  bad('a broadcast without a name', byAgent, '/topic/', () => 'x', 'EINVAL'),
  bad("sending to a user's queue", byAgent, '/user/queue/messages', () => 'x', 'EPERM'),
];

for (const { name, by, destination, body, code, message } of BAD) {
  test(`${name} is refused with ${code}, and nobody is told`, async () => {
    const refusal = await by().isRefused(destination, body(), { code, messageId: refId(body()) });
    if (message !== undefined) assert.equal(refusal.message, message);
    for (const person of [alice, bob, agent]) {
      assert.ok(!person.unread.some((type) => type === 'note' || type === 'typing'));
    }
  });
}

/** What the refusal names. */
function refId(body: unknown): string | null {
  return (body as { messageId?: string }).messageId ?? null;
}

test('a transfer to an agent who is offline, away or full is refused, and the customer stays', async () => {
  const other = await DeskPerson.come(server.wsUrl, 'agent2', APP, 'agent');
  const refused = () =>
    agent.isRefused('/app/transfer', { sessionId, agentId: 'agent2' }, { code: 'ECONFLICT' });
  assert.equal((await refused()).message, 'the agent agent2 is not online');
  await other.does('status', { status: 'online', capacity: 0 });
  assert.match((await refused()).message, /takes no service sessions: its capacity is 0/);
  await other.does('status', { status: 'online', capacity: 5 });
  await agent.client.subscribe('/topic/agents');
  await other.leave();
  await agent.board(({ agents }) => agents.some(({ id, state }) => id === 'agent2' && state === 'offline'));
  assert.equal((await refused()).message, 'the agent agent2 is not online');
  await agent.does('send', { sessionId, content: 'still me' });
  await alice.next('message', ({ content }) => content === 'still me');
});

for (const destination of ['/user/bob/queue/messages', '/queue/messages', '/topic/', '/user/queue/other']) {
  test(`a subscription to ${destination} is refused`, async () => {
    alice.client.send('SUBSCRIBE', { id: destination, destination });
    const { destination: refused } = await alice.client.nextAt(ERRORS);
    assert.equal(refused, destination);
  });
}

test('a stranger learns nothing of a closed session that it does not learn of an open one', async () => {
  const [carol, dave] = [
    await DeskPerson.come(server.wsUrl, 'carol', APP),
    await DeskPerson.come(server.wsUrl, 'dave', APP),
  ];
  await carol.does('send', { content: 'never mind' });
  const { sessionId: ref } = await carol.next('sent');
  const body = { sessionId: ref, content: 'x' };
  const { message } = await dave.isRefused('/app/send', body, { code: 'EPERM' });
  await carol.does('close', { sessionId: ref });
  await dave.isRefused('/app/send', body, { code: 'EPERM', message });
  await carol.isRefused('/app/send', body, { code: 'ECONFLICT' });
});

test('who sends too fast is refused with ERATE and loses nothing that was confirmed', async () => {
  const strict = await startTestServer({ sendRate: 1 });
  try {
    const carol = await DeskPerson.come(strict.wsUrl, 'carol', APP);
    for (const content of ['one', 'two']) await carol.does('send', { content });
    const refusal = await carol.isRefused('/app/send', { content: 'x', clientMsgId: 'm' }, { code: 'ERATE' });
    assert.equal(refusal.messageId, 'm');
    const { id } = await carol.session('opened');
    await carol.isRefused('/app/close', { sessionId: id }, { code: 'ERATE' });
    for (let n = 0; n < 2; n++) await carol.does('typing', { sessionId: id });
    await carol.isRefused('/app/typing', { sessionId: id }, { code: 'ERATE' });
    await carol.does('history', { sessionId: id });
    assert.equal((await carol.next('history')).messages.length, 2);
  } finally {
    await strict.stop();
  }
});

test('a first message that is refused opens no session', async () => {
  await bob.isRefused('/app/send', { content: long }, { code: 'ETOOLONG' });
  const { body } = await server.call(
    'GET',
    '/api/v1/desk/sessions?customerId=bob',
    tokenOf('boss', { app: APP, role: 'admin' }),
  );
  assert.deepEqual((body as { sessions: unknown[] }).sessions, []);
  assert.deepEqual(bob.client.received(INBOX), []);
});
