import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CLOSE_CODES, closeOf, type XuqmSyncDone } from '@haina/wire';
import { stageWithHealthyPair } from './support/healthy-pair.ts';
import { assertRefused, ERRORS, figureReaches } from './support/refusals.ts';
import type { StompClient } from './support/stomp-client.ts';

const INBOX = '/user/queue/messages';
const SESSIONS = 'haina_queue_depth{queue="sessions"}';

const stage = stageWithHealthyPair();

describe('the WebSocket itself is closed, without an ERROR frame, for', () => {
  for (const isConnected of [false, true]) {
    const who = isConnected ? 'a user' : 'a stranger';
    const open = () => (isConnected ? stage.connect('alice') : stage.open());

    test(`a message over four frames' length from ${who}`, async () => {
      const client = await open();
      client.raw(Buffer.alloc(4 * 65_536 + 1, '\n'));
      assert.equal((await client.closed).code, CLOSE_CODES.oversized.code);
    });

    test(`bad UTF-8 in a text message from ${who}`, async () => {
      const client = await open();
      client.socket.send(Buffer.from('SEND\ndestination:/app/chat.send\n\n\u00ff\0', 'latin1'), {
        binary: false,
      });
      assert.equal((await client.closed).code, CLOSE_CODES.encoding.code);
    });
  }
});

describe('a connection that breaks off leaves nothing behind', () => {
  const send =
    'SEND\ndestination:/app/chat.send\nreceipt:r\n\n{"toId":"healthy-listener","chatType":"SINGLE"';
  const cut = [
    ['in a STOMP command', 'SEN'],
    ['in a header', 'SEND\ndestination:/app/ch'],
    ['in a body', send],
    ['in a body of known length', 'SEND\ndestination:/app/chat.send\ncontent-length:1000\n\n{'],
    ['in a transaction', `BEGIN\ntransaction:t\n\n\0${send.replace('receipt:r', 'transaction:t')}\0`],
  ] as const;
  for (const [where, input] of cut) {
    test(where, async () => {
      const client = await stage.connect('alice');
      client.raw(input);
      await client.drop();
      await figureReaches(stage.server.url, SESSIONS, 2);
    });
  }

  test('in a WebSocket frame', async () => {
    const client = await stage.connect('alice');
    const { _socket } = client.socket as unknown as { _socket: NodeJS.WritableStream };
    // A masked text frame of 126 bytes of which there are three.
    await new Promise<void>((resolve) =>
      _socket.write(Buffer.from('81fe007e00000000534500', 'hex'), () => resolve()),
    );
    await client.drop();
    await figureReaches(stage.server.url, SESSIONS, 2);
  });
});

describe('a sync that is cut off loses nothing of what it had not told', () => {
  const missed = async (userId: string): Promise<void> => {
    const alice = await stage.connect('alice');
    // More than one page of a sync.
    for (let n = 1; n <= 300; n++) {
      const message = {
        messageId: `${userId}-${n}`,
        toId: userId,
        chatType: 'SINGLE',
        msgType: 'TEXT',
        content: 'x',
      };
      if (n < 300) alice.sendJson('/app/chat.send', message);
      else await alice.confirmed('/app/chat.send', message);
    }
  };
  const sync = async (client: StompClient): Promise<number> => {
    client.sendJson('/app/chat.sync', {});
    for (;;) {
      const { msgType, count } = await client.nextAt<XuqmSyncDone>(INBOX);
      if (msgType === 'SYNC_DONE') return count;
    }
  };

  test('by UNSUBSCRIBE', async () => {
    await missed('carol');
    const client = await stage.connect('carol', INBOX);
    client.sendJson('/app/chat.sync', {});
    client.send('UNSUBSCRIBE', { id: INBOX, receipt: 'unsubscribed' });
    await client.next('RECEIPT');
    await client.settled();
    await client.close();
    assert.equal(await sync(await stage.connect('carol', INBOX)), 300);
  });

  test('by a violation of the protocol', async () => {
    await missed('agent1');
    const client = await stage.connect('agent1', INBOX);
    client.raw('SEND\ndestination:/app/chat.sync\n\n{}\0NONSENSE\n\n\0');
    assert.deepEqual(await client.closed, closeOf('command', 'Unknown command'));
    assert.equal(await sync(await stage.connect('agent1', INBOX)), 300);
  });
});

test('UNSUBSCRIBE of what was refused is confirmed, as its client may not know', async () => {
  const client = await stage.connect('alice');
  client.send('SUBSCRIBE', { id: 'refused', destination: '/user/bob/queue/messages' });
  client.send('UNSUBSCRIBE', { id: 'refused', receipt: 'r' });
  assert.equal((await client.next('RECEIPT')).headers.get('receipt-id'), 'r');
});

test('COMMIT with a frame that is refused is refused itself, and the other frames hold', async () => {
  const alice = await stage.connect('alice', ERRORS);
  const bob = await stage.connect('bob', INBOX);
  const sound = { messageId: 'sound', toId: 'bob', chatType: 'SINGLE', msgType: 'TEXT', content: 'x' };
  alice.send('BEGIN', { transaction: 't' });
  alice.sendJson('/app/chat.send', sound, { transaction: 't', receipt: 'sound' });
  alice.sendJson(
    '/app/chat.send',
    { ...sound, messageId: 'bad', toId: 'nobody' },
    { transaction: 't', receipt: 'bad' },
  );
  alice.send('COMMIT', { transaction: 't', receipt: 'commit' });
  assert.equal((await alice.next('RECEIPT')).headers.get('receipt-id'), 'sound');
  assert.equal((await alice.nextAt(ERRORS)).messageId, 'bad');
  const message = "1 of the transaction's 2 frames were refused";
  await assertRefused(alice, { code: 'ECONFLICT', message, destination: '', messageId: null });
  assert.equal((await bob.nextAt(INBOX)).id, 'sound');
  assert.deepEqual(await bob.settled(), []);
});

test('of 10 000 subscriptions the first 64 are taken, every other is refused, and the session lives', async () => {
  const client = await stage.connect('alice', ERRORS);
  for (let n = 2; n <= 10_000; n++) {
    client.send('SUBSCRIBE', { id: String(n), destination: INBOX, receipt: String(n) });
  }
  for (let n = 2; n <= 64; n++)
    assert.equal((await client.next('RECEIPT')).headers.get('receipt-id'), String(n));
  const refusal = {
    code: 'EINVAL',
    message: 'a session may have 64 subscriptions',
    destination: INBOX,
    messageId: null,
  };
  for (let n = 65; n <= 10_000; n++) assert.deepEqual(await client.nextAt(ERRORS), refusal);
  client.send('UNSUBSCRIBE', { id: '64' });
  assert.deepEqual(await client.settled(), []);
  const message = {
    messageId: 'still here',
    toId: 'alice',
    chatType: 'SINGLE',
    msgType: 'TEXT',
    content: 'x',
  };
  await client.confirmed('/app/chat.send', message);
});
