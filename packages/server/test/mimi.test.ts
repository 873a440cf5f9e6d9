import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { type CloseName, closeOf, type MimiMessage } from '@haina/wire';
import { SYSTEM_TIMERS } from '../src/stomp/timers.ts';
import {
  ERRORS,
  INIT,
  MimiClient,
  type MimiUser,
  makeUser,
  RECIVE,
  SEND,
  success,
} from './support/mimi-client.ts';
import { startTestServer, type TestServer } from './support/server.ts';
import { StompClient } from './support/stomp-client.ts';
import { tokenOf } from './support/token.ts';

const SERVICE = tokenOf('tester', { role: 'service' });

let server: TestServer;
let users = 0;

before(async () => {
  server = await startTestServer();
});
after(() => server.stop());

interface Pair {
  readonly alice: MimiClient;
  readonly bob: MimiClient;
}

async function user(name: string): Promise<MimiUser> {
  return makeUser(server, `${name}${++users}`);
}

async function pair(): Promise<Pair> {
  const [one, other] = [await user('alice'), await user('bob')];
  return { alice: await MimiClient.connect(server, one), bob: await MimiClient.connect(server, other) };
}

test('the document: a message, its statuses and its confirmation look as they are shown', async () => {
  const at = 1_504_712_402_000;
  const own = await startTestServer({ demo: false }, { clock: { now: () => at }, timers: SYSTEM_TIMERS });
  try {
    const make = async (username: string) => {
      const { body } = await own.call('POST', '/api/v1/users', SERVICE, { username });
      return body as MimiUser;
    };
    const [wususu, liaojiekx] = [await make('wususu'), await make('liaojiekx')];
    assert.deepEqual([wususu.uid, liaojiekx.uid], [1, 2]);
    const [sender, receiver] = [
      await MimiClient.connect(own, wususu),
      await MimiClient.connect(own, liaojiekx),
    ];
    await sender.sent(liaojiekx, 'earlier');
    const msgID = '34330e6e473c583354421ef814bcea13022d8a06';
    sender.stomp.sendJson(SEND, { msgID, reciverId: 2, content: '起来聊天' });
    const status = { msgID, code: 200, status: '成功', content: '(=ↀωↀ=)' };
    assert.deepEqual(await sender.stomp.nextAt('/user/queue/send/status'), status);
    receiver.stomp.takeAt(receiver.inbox);
    receiver.stomp.sendJson(INIT, null, { receipt: 'all' });
    await receiver.stomp.next('RECEIPT');
    const got = receiver.stomp.takeAt(receiver.inbox) as { id: number; chatID: string }[];
    const [earlier, last] = ['earlier', msgID].map((id) => got.findLast(({ chatID }) => chatID === id));
    assert.ok(earlier && last);
    assert.ok(Number.isSafeInteger(last.id) && last.id > earlier.id, 'numbers ascend');
    assert.deepEqual(last, {
      // The document's message was the 255th of its server.
      id: last.id,
      chatID: msgID,
      sender: 'wususu',
      reciver: 'liaojiekx',
      content: '起来聊天',
      time: 1_504_712_402_000,
      senderId: 1,
      reciverId: 2,
    });
    receiver.stomp.sendJson(RECIVE, { msgID });
    assert.deepEqual(await receiver.stomp.nextAt('/user/queue/recive/status'), status);
  } finally {
    await own.stop();
  }
});

test('a message arrives with names and uids of both, and the sender learns only that it is stored', async () => {
  const { alice, bob } = await pair();
  const msgID = createHash('sha1').update('你好').digest('hex');
  await alice.sent(bob.user, msgID, '你好 😀');
  const { id, time, ...message } = await bob.next();
  assert.deepEqual(message, {
    chatID: msgID,
    sender: alice.user.username,
    reciver: bob.user.username,
    content: '你好 😀',
    senderId: alice.user.uid,
    reciverId: bob.user.uid,
  });
  assert.ok(Number.isSafeInteger(id) && id > 0);
  assert.ok(Math.abs(time - Date.now()) < 60_000);
  assert.deepEqual(await alice.settled(), []);
});

test('a RECEIPT of a message has its place beside the status', async () => {
  const { alice, bob } = await pair();
  const body = { msgID: 'with a receipt', reciverId: bob.user.uid, content: 'Hello' };
  const { createdAt, ...place } = await alice.stomp.confirmed(SEND, body);
  const conversationId = `single:${[alice.user.id, bob.user.id].sort().join(':')}`;
  assert.deepEqual(place, { messageId: 'with a receipt', conversationId, seq: '1' });
  assert.equal(Number(createdAt), (await bob.next()).time);
});

test('ids of messages are numbers that ascend, whatever the conversation', async () => {
  const [{ alice, bob }, { alice: carol }] = [await pair(), await pair()];
  const ids: number[] = [];
  for (const [index, sender] of [alice, carol, alice, carol].entries()) {
    await sender.sent(bob.user, `m${index}`);
    ids.push((await bob.next()).id);
  }
  assert.deepEqual(
    ids,
    [...new Set(ids)].sort((a, b) => a - b),
  );
});

test('clients that send message in place of content are understood, and content counts where both are there', async () => {
  const { alice, bob } = await pair();
  alice.stomp.sendJson(SEND, { msgID: 'field', reciverId: bob.user.uid, message: 'as in the field' });
  assert.equal((await bob.next()).content, 'as in the field');
  alice.stomp.sendJson(SEND, {
    msgID: 'both',
    reciverId: bob.user.uid,
    message: 'other',
    content: 'documented',
  });
  assert.equal((await bob.next()).content, 'documented');
});

test('a client subscribed by name and by uid gets each message once on each, live and at init', async () => {
  const { alice, bob } = await pair();
  const byUid = `/user/${bob.user.uid}/recive`;
  await bob.stomp.subscribe(byUid);
  await alice.sent(bob.user, 'm');
  assert.deepEqual(await bob.next(), await bob.next(byUid));
  const byName = await bob.init();
  assert.deepEqual(
    byName.map(({ chatID }) => chatID),
    ['m'],
  );
  assert.deepEqual(bob.stomp.takeAt(byUid), byName);
  assert.deepEqual(await bob.settled(), []);
});

for (const path of ['/Mimi/socketServer', '/Mimi/client', '/socketServer', '/client']) {
  for (const below of ['', '/websocket']) {
    test(`${path}${below} takes a WebSocket with the token in the query as srect`, async () => {
      const { id, username } = await user('user');
      const client = await StompClient.open(`${server.wsUrl}${path}${below}?srect=${tokenOf(id)}`);
      client.send('CONNECT', { 'accept-version': '1.1,1.0', 'heart-beat': '0,0' });
      assert.equal((await client.next('CONNECTED')).headers.get('user-name'), id);
      await client.subscribe(`/user/${username}/recive`);
      await client.close();
    });
  }
}

test('the prefix of the endpoints is a setting', async () => {
  const own = await startTestServer({ mimiPrefix: '/chat/v1' });
  const bare = await startTestServer({ mimiPrefix: '/' });
  try {
    const token = tokenOf('alice');
    for (const [at, path] of [
      [own, '/chat/v1/client'],
      [own, '/client'],
      [bare, '/socketServer'],
    ] as const) {
      await (await StompClient.connect(at.wsUrl, token, path)).close();
    }
    await assert.rejects(StompClient.connect(own.wsUrl, token, '/Mimi/client'));
  } finally {
    await own.stop();
    await bare.stop();
  }
});

test('a pattern as prefix takes whatever stands before the endpoints, over SockJS too, and nothing that is the API', async () => {
  const one = await startTestServer({ mimiPrefix: '/*' });
  const any = await startTestServer({ mimiPrefix: '/**' });
  try {
    const token = tokenOf('alice');
    for (const [at, path] of [
      [one, '/spittr-0.0.1/client'],
      [one, '/Mimi/socketServer/websocket'],
      [one, '/client'],
      [any, '/a/b/c/socketServer'],
      [any, '/client'],
    ] as const) {
      await (await StompClient.connect(at.wsUrl, token, path)).close();
    }
    for (const [at, path] of [
      [one, '/a/b/client'],
      [one, '/api/client'],
      [any, '/api/v1/client'],
    ] as const) {
      await assert.rejects(StompClient.connect(at.wsUrl, token, path));
    }
    const info = await fetch(`${any.url}/a/b/socketServer/info`);
    assert.equal(((await info.json()) as { websocket: boolean }).websocket, true);
    const admin = tokenOf('admin', { role: 'admin' });
    assert.deepEqual((await any.call('GET', '/api/v1/users/client', admin)).status, 404);
    assert.equal((await any.call('PUT', '/api/v1/users/client', admin, {})).status < 500, true);
  } finally {
    await one.stop();
    await any.stop();
  }
});

describe('a client without a good token is refused as the document has it', () => {
  const refusals: [name: string, query: () => string, headers: Record<string, string>, message: string][] = [
    ['none', () => '', {}, 'a token is needed'],
    [
      'a forged one',
      () => `?srect=${tokenOf('alice', {}, 'x'.repeat(32))}`,
      {},
      "the token's signature is wrong",
    ],
    [
      'two users',
      () => `?srect=${tokenOf('alice')}`,
      { srect: tokenOf('bob') },
      'the tokens are of different users',
    ],
  ];
  for (const [name, query, headers, message] of refusals) {
    test(name, async () => {
      const client = await StompClient.open(`${server.wsUrl}/Mimi/client${query()}`);
      client.send('CONNECT', { 'accept-version': '1.2', host: 'x', ...headers });
      const { headers: answer, body } = await client.next('ERROR');
      assert.equal(answer.get('message'), 'Unauthorized');
      assert.deepEqual(JSON.parse(Buffer.from(body).toString()), {
        msgID: null,
        code: -200,
        status: '失败',
        content: { error: 'EAUTH', message },
      });
      assert.deepEqual(await client.closed, closeOf(answer.get('reason') as CloseName));
    });
  }

  test('a service, to which nobody could write', async () => {
    const client = await StompClient.open(`${server.wsUrl}/Mimi/client?srect=${SERVICE}`);
    client.send('CONNECT', { 'accept-version': '1.2', host: 'x' });
    const { body } = await client.next('ERROR');
    assert.equal(JSON.parse(Buffer.from(body).toString()).code, -303);
    await client.closed;
  });
});

/** The destination that a failure names, and what it says of it. */
function split(message: string): [destination: string, reason: string] {
  const at = message.indexOf(': ');
  return [message.slice(0, at), message.slice(at + 2)];
}

describe('what is refused comes to /user/queue/status, and the connection goes on', () => {
  type Refusal = [
    name: string,
    destination: string,
    body: (pair: Pair) => string,
    code: number,
    error: string,
    message: string | RegExp,
    msgID?: string | null,
  ];
  const sending = (change: object) => (pair: Pair) =>
    JSON.stringify({ msgID: 'm', reciverId: pair.bob.user.uid, content: 'x', ...change });
  const refusals: Refusal[] = [
    ['no JSON', SEND, () => '{', -401, 'EINVAL', 'the body is not valid JSON', null],
    ['an empty body', SEND, () => '', -401, 'EINVAL', 'msgID is missing', null],
    ['null', SEND, () => 'null', -401, 'EINVAL', 'the body must be an object', null],
    ['an array', SEND, () => '[]', -401, 'EINVAL', 'the body must be an object', null],
    ['a string', RECIVE, () => '"x"', -401, 'EINVAL', 'the body must be an object', null],
    [
      'a prototype',
      SEND,
      () => '{"__proto__":{}}',
      -401,
      'EINVAL',
      '__proto__ is not allowed as a name',
      null,
    ],
    ['no msgID', SEND, sending({ msgID: undefined }), -401, 'EINVAL', 'msgID is missing', null],
    ['an empty msgID', SEND, sending({ msgID: '' }), -401, 'EINVAL', 'msgID must not be empty', ''],
    [
      'a msgID that is an array',
      SEND,
      sending({ msgID: [1] }),
      -401,
      'EINVAL',
      'msgID must be a string',
      null,
    ],
    [
      'a long msgID',
      SEND,
      sending({ msgID: 'x'.repeat(129) }),
      -401,
      'ETOOLONG',
      'msgID has more than 128 characters',
      'x'.repeat(129),
    ],
    ['no receiver', SEND, sending({ reciverId: undefined }), -401, 'EINVAL', 'reciverId is missing'],
    ['a uid in words', SEND, sending({ reciverId: 'two' }), -401, 'EINVAL', 'reciverId must be an integer'],
    ['half a uid', SEND, sending({ reciverId: 1.5 }), -401, 'EINVAL', 'reciverId must be an integer'],
    ['a huge uid', SEND, sending({ reciverId: 1e300 }), -401, 'EINVAL', /^reciverId must be/],
    ['an unknown uid', SEND, sending({ reciverId: 4_000_000 }), -404, 'ENOENT', 'nobody has the uid 4000000'],
    ['no group', SEND, sending({ reciverId: -9 }), -404, 'ENOENT', 'nobody has the uid -9'],
    ['a group of others', SEND, sending({ reciverId: -1 }), -303, 'EPERM', /^you are not a member/],
    [
      'oneself',
      SEND,
      (pair) => sending({ reciverId: pair.alice.user.uid })(pair),
      -400,
      'ECONFLICT',
      'you can not send to yourself',
    ],
    ['no text', SEND, sending({ content: undefined }), -401, 'EINVAL', 'content is missing'],
    ['a text that is an object', SEND, sending({ content: {} }), -401, 'EINVAL', 'content must be a string'],
    ['a text that is null', SEND, sending({ content: null }), -401, 'EINVAL', 'content is missing'],
    [
      'an empty text',
      SEND,
      sending({ content: '' }),
      -401,
      'EINVAL',
      'content of a text message must not be empty',
    ],
    [
      'half a character',
      SEND,
      sending({ content: '\ud800' }),
      -401,
      'EINVAL',
      'content is not valid Unicode',
    ],
    [
      'a long text',
      SEND,
      sending({ content: '海'.repeat(2001) }),
      -401,
      'ETOOLONG',
      'content has more than 2000 characters',
    ],
    ['a confirmation of nothing', RECIVE, () => '{}', -401, 'EINVAL', 'msgID is missing', null],
    ['a confirmation of an unknown message', RECIVE, () => '{"msgID":"m"}', -404, 'ENOENT', 'no message m'],
    [
      'an unknown command',
      '/socket/chat/x',
      () => '{"msgID":"m"}',
      -404,
      'ENOENT',
      'no destination /socket/chat/x',
    ],
    [
      'a queue',
      '/user/queue/status',
      () => '{"msgID":"m"}',
      -303,
      'EPERM',
      'clients send to /socket/chat only',
    ],
  ];
  let both: Pair;
  before(async () => {
    both = await pair();
  });
  for (const [name, destination, body, code, error, message, msgID = 'm'] of refusals) {
    test(name, async () => {
      const { alice, bob } = both;
      alice.stomp.send('SEND', { destination, receipt: 'never' }, body(both));
      const { content, ...failure } = await alice.refused();
      assert.deepEqual(failure, { msgID, code, status: '失败' });
      assert.equal(content.error, error);
      const [refused, reason] = split(content.message);
      assert.equal(refused, destination);
      assert.match(reason, message instanceof RegExp ? message : new RegExp(`^${RegExp.escape(message)}$`));
      assert.deepEqual(await alice.settled(), [], 'no RECEIPT');
      assert.deepEqual(await bob.settled(), []);
    });
  }

  for (const name of ['bob', '0', 'queue', '', '../x', 'a/b', '名 alice', '__proto__']) {
    test(`a subscription to the messages of "${name}"`, async () => {
      const { alice } = both;
      const destination = `/user/${name}/recive`;
      alice.stomp.send('SUBSCRIBE', { id: `x-${name}`, destination, receipt: 'never' });
      const { code, content } = await alice.refused();
      const message = `${destination}: another user's messages`;
      assert.deepEqual([code, content], [-303, { error: 'EPERM', message }]);
      assert.deepEqual(await alice.settled(), []);
    });
  }

  test('too many sends at once', async () => {
    const clock = { now: () => 1_504_712_402_000 };
    const slow = await startTestServer({ sendRate: 1 }, { clock, timers: SYSTEM_TIMERS });
    try {
      const [one, other] = [await makeUser(slow, 'one'), await makeUser(slow, 'other')];
      const client = await MimiClient.connect(slow, one);
      for (let i = 0; i < 3; i++) client.send(other, `m${i}`);
      const { msgID, code, content } = await client.refused();
      assert.deepEqual([msgID, code, content.error], ['m2', -300, 'ERATE']);
    } finally {
      await slow.stop();
    }
  });

  test('init before a subscription to messages', async () => {
    const { id } = await user('early');
    const stomp = await StompClient.connect(server.wsUrl, tokenOf(id), '/client');
    await stomp.subscribe(ERRORS);
    stomp.sendJson(INIT, null, { receipt: 'never' });
    const { code, content } = await stomp.nextAt<{ code: number; content: { message: string } }>(ERRORS);
    const message = `${INIT}: subscribe to /user/{uname}/recive before a sync`;
    assert.deepEqual([code, content.message], [-401, message]);
  });
});

test('a repeated send is confirmed as the first was and stored once; the same msgID for another text is not allowed', async () => {
  const { alice, bob } = await pair();
  await alice.sent(bob.user, 'once', 'first');
  await alice.sent(bob.user, 'once', 'first');
  alice.send(bob.user, 'once', 'second');
  const { msgID, code, content } = await alice.refused();
  assert.deepEqual([msgID, code, content.error], ['once', -400, 'ECONFLICT']);
  assert.equal((await bob.next()).content, 'first');
  assert.deepEqual(await bob.settled(), []);
});

test('only those a message is for can confirm it', async () => {
  const { alice, bob } = await pair();
  const mallory = await MimiClient.connect(server, await user('mallory'));
  await alice.sent(bob.user, 'private');
  mallory.recive('private');
  assert.equal((await mallory.refused()).code, -404, 'to others there is no such message');
  alice.recive('private');
  const { code, content } = await alice.refused();
  assert.deepEqual([code, content.error], [-303, 'EPERM']);
  assert.deepEqual(
    (await bob.init()).map(({ chatID }) => chatID).slice(-1),
    ['private'],
    'it still waits for its confirmation',
  );
});

test('a repeated confirmation is confirmed as the first was', async () => {
  const { alice, bob } = await pair();
  await alice.sent(bob.user, 'm');
  await bob.take();
  await bob.recived('m');
  assert.deepEqual(await bob.init(), []);
});

test('of two messages under one msgID a confirmation counts for the one that came first', async () => {
  const [{ alice, bob }, { alice: carol }] = [await pair(), await pair()];
  await alice.sent(bob.user, 'same', 'of alice');
  await bob.next();
  await carol.sent(bob.user, 'same', 'of carol');
  await bob.next();
  await bob.recived('same');
  assert.deepEqual(
    (await bob.init()).map(({ content }) => content),
    ['of carol'],
  );
});

test("the sender's other clients get the message, and what they confirm is nobody's receipt", async () => {
  const { alice, bob } = await pair();
  const tablet = await MimiClient.connect(server, alice.user, { by: 'uid' });
  await alice.sent(bob.user, 'm');
  assert.equal((await tablet.take()).sender, alice.user.username);
  assert.deepEqual((await bob.init()).map(({ chatID }) => chatID).slice(-1), ['m']);
});

test('STOMP acknowledgements and receipts are answered, and confirm no message', async () => {
  const { alice, bob } = await pair();
  await bob.stomp.close();
  const again = await StompClient.connect(server.wsUrl, tokenOf(bob.user.id), '/Mimi/client');
  await again.subscribe(`/user/${bob.user.uid}/recive`, { ack: 'client-individual' });
  await alice.stomp.confirmed(SEND, { msgID: 'm', reciverId: bob.user.uid, content: 'x' });
  const frame = await again.next('MESSAGE');
  again.send('ACK', { id: frame.headers.get('ack') as string, receipt: 'acknowledged' });
  await again.next('RECEIPT');
  await again.close();
  const back = await MimiClient.connect(server, bob.user);
  assert.equal((await back.init()).length, 1);
});

test('init tells what was not confirmed, oldest first across conversations and groups, and live messages after it', async () => {
  const [{ alice, bob }, { alice: carol }] = [await pair(), await pair()];
  const members = [alice, bob, carol].map(({ user: { id } }) => ({ userId: id }));
  const { body } = await server.call('POST', '/api/v1/groups', SERVICE, { name: '一家人', members });
  const { id: group } = body as { id: string };
  await bob.stomp.close();
  const xuqm = await StompClient.of(server.wsUrl, carol.user.id);
  const expected: string[] = [];
  for (let i = 0; i < 300; i++) {
    const msgID = `n${i}`;
    expected.push(msgID);
    if (i % 3 === 0) await alice.sent(bob.user, msgID);
    else if (i % 3 === 1) await carol.sent(bob.user, msgID);
    else {
      const message = { messageId: msgID, toId: group, chatType: 'GROUP', msgType: 'TEXT', content: `g${i}` };
      await xuqm.confirmed('/app/chat.send', message);
    }
  }
  const back = await MimiClient.connect(server, bob.user);
  const all = back.init();
  for (let i = 0; i < 50; i++) alice.send(bob.user, `live${i}`);
  const told = [...(await all)];
  while (told.length < 350) told.push(await back.next());
  const ids = told.map(({ chatID }) => chatID);
  assert.deepEqual(
    ids.filter((id) => id.startsWith('n')),
    expected,
  );
  assert.deepEqual(
    ids.filter((id) => id.startsWith('live')),
    Array.from({ length: 50 }, (_, i) => `live${i}`),
  );
  assert.deepEqual(await back.settled(), [], 'each once');
  const [, , inGroup] = told as [MimiMessage, MimiMessage, MimiMessage];
  assert.deepEqual(
    [inGroup.sender, inGroup.reciver, inGroup.reciverId < 0, inGroup.content],
    [carol.user.username, '一家人', true, 'g2'],
  );
  for (const id of ids.filter((_, index) => index % 2 === 0)) back.recive(id);
  for (const [index, id] of ids.entries()) {
    if (index % 2 === 0) assert.deepEqual(await back.stomp.nextAt('/user/queue/recive/status'), success(id));
  }
  assert.deepEqual(
    (await back.init()).map(({ chatID }) => chatID).sort(),
    ids.filter((_, index) => index % 2 === 1).sort(),
  );
});

test('a user who is called something else now is told by its new name', async () => {
  const { alice, bob } = await pair();
  await alice.sent(bob.user, 'before');
  await bob.take();
  await server.call('PATCH', `/api/v1/users/${alice.user.id}`, SERVICE, {
    username: `renamed${alice.user.id}`,
  });
  await alice.sent(bob.user, 'after');
  assert.equal((await bob.take()).sender, `renamed${alice.user.id}`);
});

test('pages of other origins are refused', async () => {
  for (const path of ['/Mimi/client', '/client']) {
    const url = `${server.wsUrl}${path}`;
    await assert.rejects(StompClient.open(url, { origin: 'https://evil.example' }), /403/);
  }
});

test('the home page tells the endpoints, and offers none as a page', async () => {
  const text = await (await fetch(server.url, { headers: { accept: 'text/html' } })).text();
  for (const path of ['/Mimi/socketServer', '/Mimi/client'])
    assert.ok(text.includes(`<td><code>${path}</code></td>`));
  assert.ok(text.includes('<a href="/docs"><code>/docs</code></a>'));
});

test('figures name the dialect', async () => {
  const { alice } = await pair();
  alice.recive('nothing');
  await alice.refused();
  const text = await (await fetch(`${server.url}/metrics`)).text();
  assert.match(text, /haina_refusals_total\{dialect="mimi",code="ENOENT"\} [1-9]/);
  assert.match(text, /haina_connections\{transport="websocket",dialect="mimi"\} [1-9]/);
});
