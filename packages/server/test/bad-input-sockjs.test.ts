import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, describe, test } from 'node:test';
import { CLOSE_CODES } from '@haina/wire';
import WebSocket from 'ws';
import { stageWithHealthyPair } from './support/healthy-pair.ts';
import { ERRORS } from './support/refusals.ts';
import { XhrClient } from './support/sockjs-client.ts';
import { tokenOf } from './support/token.ts';

const stage = stageWithHealthyPair({ connectTimeout: 500, sockjsSessionTimeout: 500 });
const base = () => `${stage.server.url}/ws/im`;
const CONNECT = `CONNECT\naccept-version:1.2\ntoken:${tokenOf('alice')}\n\n\0`;
/** One message may be as long as four frames; escaped, it may take six times that. */
const MAX_BODY = 4 * 65_536 * 6 + 4096;

/** A session of alice's that is connected. */
async function connected(): Promise<XhrClient> {
  const client = await XhrClient.open(base());
  await client.send(CONNECT);
  assert.deepEqual(
    (await client.frames()).map(({ command }) => command),
    ['CONNECTED'],
  );
  return client;
}

/** Asserts that the session goes on. */
async function assertLives(client: XhrClient): Promise<void> {
  assert.equal((await client.send('UNSUBSCRIBE\nid:none\nreceipt:alive\n\n\0')).status, 204);
  const [frame] = await client.frames();
  assert.equal(frame?.headers.get('receipt-id'), 'alive');
}

describe('a body of xhr_send that is no SockJS is answered with 500, and the session goes on:', () => {
  const broken = 'Broken JSON encoding.';
  const cases: readonly [name: string, body: string | Buffer, text: string][] = [
    ['nothing', '', 'Payload expected.'],
    ['no JSON', 'SEND\n\n\0', broken],
    ['half an array', '["a', broken],
    ['a string', '"a"', broken],
    ['an object', '{"0":"a","length":1}', broken],
    ['null', 'null', broken],
    ['an array of numbers', '[1]', broken],
    ['an array with a null', '["\\n",null]', broken],
    ['an array in an array', '[["a"]]', broken],
    ['deep arrays', '['.repeat(100_000), broken],
    ['bad UTF-8', Buffer.from([0x5b, 0x22, 0xff, 0x22, 0x5d]), broken],
  ];
  for (const [name, body, text] of cases) {
    test(name, async () => {
      const client = await connected();
      assert.deepEqual(await client.post('/xhr_send', body), { status: 500, text });
      await assertLives(client);
    });
  }
});

describe('a request below the path is refused', () => {
  const requests: readonly [method: string, path: string, status: number][] = [
    ['POST', '/000/nobody/xhr_send', 404],
    ['POST', '/000/nobody/jsonp_send', 404],
    ['POST', '/000/nobody/unknown', 404],
    ['POST', '/000//xhr', 404],
    ['POST', '/0.0/session/xhr', 404],
    ['POST', '/000/se.ssion/xhr', 404],
    ['POST', '/000/session/xhr/', 404],
    ['POST', '/000/session/extra/xhr', 404],
    ['GET', '/000/session/xhr_send', 405],
    ['DELETE', '/000/session/xhr', 405],
    ['POST', '/000/session/eventsource', 405],
    ['GET', '/000/session/jsonp', 500],
    ['GET', '/000/session/jsonp?c=alert(1)', 500],
    ['GET', '/000/session/htmlfile?c=%3Cscript%3E', 500],
    ['GET', '/000/session/websocket', 400],
    ['POST', '/websocket', 405],
    ['GET', '/info/', 404],
    ['GET', '/..%2f..%2fetc/passwd', 404],
  ];
  for (const [method, path, status] of requests) {
    test(`${method} ${path} with ${status}`, async () => {
      const response = await fetch(base() + path, { method });
      await response.text();
      assert.equal(response.status, status);
    });
  }
});

test('a body of xhr_send that is too large is answered with 413, and closes the session with 1009', async () => {
  const client = await connected();
  const answer = await client.post('/xhr_send', `["${'x'.repeat(MAX_BODY)}"]`);
  assert.deepEqual(answer, { status: 413, text: 'Payload too large.\n' });
  assert.equal(await client.poll(), 'c[1009,"message too big"]\n');
});

test('a message that is too large, in a body that is not, closes the session with 1009', async () => {
  const client = await connected();
  assert.equal((await client.send('\n'.repeat(4 * 65_536 + 1))).status, 204);
  assert.equal(await client.poll(), 'c[1009,"message too big"]\n');
});

describe('an ERROR frame comes before the close frame:', () => {
  const cases: readonly [
    name: string,
    messages: string[],
    error: [message: string, body: string],
    close: string,
  ][] = [
    [
      'a bad token',
      ['CONNECT\ntoken:x\n\n\0'],
      ['Unauthorized', 'Unauthorized'],
      '[4102,"Unauthorized: token-refused"]',
    ],
    [
      'a frame before CONNECT',
      ['SEND\n\n\0'],
      ['Not connected', 'The first frame must be CONNECT or STOMP, not SEND.'],
      '[4302,"Not connected"]',
    ],
    [
      'a frame in pieces, and its end wrong',
      ['CONN', 'ECT\n', 'login', '\n\n\0'],
      ['Malformed header', 'A header line has no colon.'],
      '[4300,"Malformed header"]',
    ],
    [
      'silence',
      [],
      ['Not connected in time', 'CONNECT was not completed within 500 ms.'],
      '[4402,"not connected in time"]',
    ],
  ];
  for (const [name, messages, [message, body], close] of cases) {
    test(name, async () => {
      const client = await XhrClient.open(base());
      if (messages.length > 0) await client.send(...messages);
      const [frame] = await client.frames();
      assert.deepEqual([frame?.command, frame?.headers.get('message')], ['ERROR', message]);
      assert.equal(Buffer.from(frame?.body ?? []).toString(), body);
      assert.equal(await client.poll(), `c${close}\n`);
    });
  }
});

test('a refusal comes to the error queue, and the session goes on', async () => {
  const client = await connected();
  await client.send(`SUBSCRIBE\nid:e\ndestination:${ERRORS}\n\n\0`);
  await client.send('SEND\ndestination:/app/chat.send\nreceipt:never\n\n{"messageId":"m","toId":"\ud800"}\0');
  const [frame] = await client.frames();
  assert.deepEqual(JSON.parse(Buffer.from(frame?.body ?? []).toString()), {
    code: 'EINVAL',
    message: 'chatType is missing',
    destination: '/app/chat.send',
    messageId: 'm',
  });
  await assertLives(client);
});

describe('a SockJS WebSocket is closed for', () => {
  const sockets: WebSocket[] = [];
  after(() => {
    for (const socket of sockets) socket.terminate();
  });
  const cases: readonly [name: string, data: string | Buffer, binary: boolean, code: number][] = [
    ['what is no JSON', 'SEND\n\n\0', false, 1006],
    ['a number', '1', false, 1006],
    ['an array of numbers', '[1]', false, 1006],
    ['a binary message', '["\\n"]', true, 1006],
    ['bad UTF-8', Buffer.from([0x22, 0xff, 0x22]), false, CLOSE_CODES.encoding.code],
    [
      'a message that is too long',
      JSON.stringify(['\n'.repeat(4 * 65_536 + 1)]),
      false,
      CLOSE_CODES.oversized.code,
    ],
    ['a payload that is too long', `["${'x'.repeat(MAX_BODY)}"]`, false, CLOSE_CODES.oversized.code],
  ];
  for (const [name, data, binary, expected] of cases) {
    test(name, async () => {
      const socket = new WebSocket(`${stage.server.wsUrl}/ws/im/000/socket/websocket`);
      sockets.push(socket);
      socket.on('error', () => {});
      await once(socket, 'message');
      socket.send(data, { binary });
      const [code] = (await once(socket, 'close')) as [number];
      assert.equal(code, expected);
    });
  }
});
