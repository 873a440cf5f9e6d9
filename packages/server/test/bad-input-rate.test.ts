import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { XuqmError, XuqmMessage } from '@haina/wire';
import { stageWithHealthyPair } from './support/healthy-pair.ts';
import { ERRORS } from './support/refusals.ts';
import type { StompClient } from './support/stomp-client.ts';

const SEND = '/app/chat.send';
const INBOX = '/user/queue/messages';
const RATE = 10;
const BURST = 2 * RATE;
/** Messages that may be read at once. */
const READ_BURST = 500 * RATE;

/** The healthy users keep to the limit. */
const stage = stageWithHealthyPair({ sendRate: RATE }, 1000 / RATE);

/** So many SENDs at once: in one WebSocket message, so that no time passes between them. */
function sendAtOnce(client: StompClient, count: number): void {
  const frames = Array.from({ length: count }, (_, n) => {
    const body = { messageId: `fast-${n}`, toId: 'bob', chatType: 'SINGLE', msgType: 'TEXT', content: 'x' };
    return `SEND\ndestination:${SEND}\nreceipt:${n}\n\n${JSON.stringify(body)}\0`;
  });
  client.raw(frames.join(''));
}

/** The wait that an ERATE tells, in ms. */
function retryAfter({ code, message, destination }: XuqmError): number {
  assert.deepEqual([code, destination], ['ERATE', SEND]);
  const [, wait] = /^more than 10 a second; try again in (\d+) ms$/.exec(message) ?? [];
  assert.ok(wait !== undefined, message);
  return Number(wait);
}

test('the 21st of a burst is refused with ERATE and the limit; who waits as told may send again', async () => {
  const alice = await stage.connect('alice', ERRORS);
  const bob = await stage.connect('bob', INBOX);
  sendAtOnce(alice, BURST + 1);
  for (let n = 0; n < BURST; n++) {
    assert.equal((await alice.next('RECEIPT')).headers.get('receipt-id'), String(n));
    assert.equal((await bob.nextAt<XuqmMessage>(INBOX)).id, `fast-${n}`);
  }
  const error = await alice.nextAt<XuqmError>(ERRORS);
  assert.equal(error.messageId, `fast-${BURST}`);
  const wait = retryAfter(error);
  assert.ok(wait > 0 && wait <= 1000 / RATE, `a wait of ${wait} ms`);
  assert.deepEqual(await alice.settled(), [], 'no RECEIPT for what was refused');
  assert.deepEqual(await bob.settled(), []);
  await new Promise((resolve) => setTimeout(resolve, wait));
  await alice.confirmed(SEND, {
    messageId: 'slow',
    toId: 'bob',
    chatType: 'SINGLE',
    msgType: 'TEXT',
    content: 'x',
  });
});

test('a limit is its user’s: all sessions of it share it, and other users do not', async () => {
  const [phone, tablet] = [await stage.connect('carol', ERRORS), await stage.connect('carol', ERRORS)];
  const agent = await stage.connect('agent1', ERRORS);
  sendAtOnce(phone, BURST);
  for (let n = 0; n < BURST; n++) await phone.next('RECEIPT');
  sendAtOnce(tablet, 5);
  assert.equal((await tablet.nextAt<XuqmError>(ERRORS)).code, 'ERATE');
  sendAtOnce(agent, 1);
  assert.equal((await agent.next('RECEIPT')).headers.get('receipt-id'), '0');
});

test('a flood is refused frame by frame, and what is refused costs nobody else a message', async () => {
  const flooder = await stage.connect('agent2', ERRORS);
  sendAtOnce(flooder, 1000);
  let refused = 0;
  for (let answers = 0; answers < 1000; answers++) {
    const frame = await flooder.nextMatching('an answer', () => true);
    if (frame.command === 'MESSAGE') refused++;
  }
  assert.ok(refused >= 1000 - BURST - 10, `${refused} refused`);
});

test('reads by message ids are limited, past what a sync may bring', async () => {
  const reader = await stage.connect('agent3', ERRORS);
  const count = READ_BURST + 2000;
  const read = (n: number) => `SEND\ndestination:/app/chat.read\n\n{"messageId":"none-${n}"}\0`;
  for (let sent = 0; sent < count; sent += 1000) {
    reader.raw(Array.from({ length: 1000 }, (_, n) => read(sent + n)).join(''));
  }
  const codes = new Map<string, number>();
  for (let answers = 0; answers < count; answers++) {
    const { code } = await reader.nextAt<XuqmError>(ERRORS);
    codes.set(code, (codes.get(code) ?? 0) + 1);
  }
  assert.ok((codes.get('ENOENT') ?? 0) >= READ_BURST);
  assert.ok((codes.get('ERATE') ?? 0) > 0);
  assert.equal(codes.size, 2);
});
