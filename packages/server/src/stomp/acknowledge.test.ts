import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { StompVersion } from '@haina/wire';
import type { AckMode, StompSubscription } from './handler.ts';
import { Harness } from './testing/harness.ts';

interface Setup {
  readonly harness: Harness;
  readonly subscription: StompSubscription;
}

/** A session with one subscription and messages m1, m2 … under tokens 1, 2 … */
async function setup(version: StompVersion, ack: AckMode, messages = 3): Promise<Setup> {
  const harness = await Harness.connected(version, { maxUnacknowledged: 5 });
  harness.send('SUBSCRIBE', { id: 's', destination: '/a', ack });
  const [subscription] = harness.handler.subscribed;
  assert.ok(subscription);
  for (let n = 1; n <= messages; n += 1) deliver({ harness, subscription }, n);
  harness.take();
  return { harness, subscription };
}

function deliver({ harness, subscription }: Setup, n: number): boolean {
  const [messageId, ackId] = [`m${n}`, `a${n}`];
  const message = { messageId, ackId, body: Buffer.from(`${n}`) };
  return harness.session.send(subscription, message, [{ messageId, ackId, token: n }]);
}

/** The headers by which a version acknowledges message n. */
const ACK_HEADERS: Readonly<Record<StompVersion, (n: number) => Record<string, string>>> = {
  '1.0': (n) => ({ 'message-id': `m${n}` }),
  '1.1': (n) => ({ 'message-id': `m${n}`, subscription: 's' }),
  '1.2': (n) => ({ id: `a${n}` }),
};

for (const version of ['1.0', '1.1', '1.2'] as const) {
  const headers = ACK_HEADERS[version];

  describe(`ACK in ${version}`, () => {
    test('covers all messages before it under ack:client', async () => {
      const { harness } = await setup(version, 'client');
      harness.send('ACK', headers(2));
      harness.send('ACK', { ...headers(3), receipt: 'r' });
      assert.deepEqual(harness.handler.acks, [[1, 2], [3]]);
      assert.deepEqual(harness.takeShort(), ['RECEIPT r']);
    });

    test('covers one message under ack:client-individual', async () => {
      const { harness } = await setup(version, 'client-individual');
      for (const n of [2, 1, 3]) harness.send('ACK', headers(n));
      assert.deepEqual(harness.handler.acks, [[2], [1], [3]]);
    });

    test('that names no message is an error', async () => {
      const { harness } = await setup(version, 'client');
      harness.send('ACK', { receipt: 'r' });
      const [error] = harness.take();
      assert.equal(error?.command, 'ERROR');
      assert.equal(error.headers['receipt-id'], 'r');
      assert.equal(harness.closeName(), 'header');
      assert.deepEqual(harness.handler.acks, []);
    });

    test('that names an unknown message is confirmed, and settles nothing', async () => {
      const { harness } = await setup(version, 'client');
      harness.send('ACK', { ...headers(9), receipt: 'r' });
      assert.deepEqual(harness.takeShort(), ['RECEIPT r']);
      assert.deepEqual(harness.handler.acks, []);
      harness.send('ACK', headers(3));
      assert.deepEqual(harness.handler.acks, [[1, 2, 3]]);
    });

    test('of what was acknowledged already is confirmed, and settles nothing more', async () => {
      const { harness } = await setup(version, 'client-individual');
      harness.send('ACK', headers(1));
      harness.send('ACK', { ...headers(1), receipt: 'r' });
      assert.deepEqual(harness.takeShort(), ['RECEIPT r']);
      assert.deepEqual(harness.handler.acks, [[1]]);
    });

    test('under ack:auto is confirmed, as clients written for Spring send it', async () => {
      const { harness } = await setup(version, 'auto');
      harness.send('ACK', { ...headers(1), receipt: 'r' });
      assert.deepEqual(harness.takeShort(), ['RECEIPT r']);
      assert.deepEqual(harness.handler.acks, []);
    });
  });

  if (version === '1.0') continue;

  describe(`NACK in ${version}`, () => {
    test('covers all messages before it under ack:client', async () => {
      const { harness } = await setup(version, 'client');
      harness.send('NACK', headers(2));
      harness.send('ACK', headers(3));
      assert.deepEqual(harness.handler.nacks, [[1, 2]]);
      assert.deepEqual(harness.handler.acks, [[3]]);
    });

    test('covers one message under ack:client-individual', async () => {
      const { harness } = await setup(version, 'client-individual');
      harness.send('NACK', headers(2));
      assert.deepEqual(harness.handler.nacks, [[2]]);
    });

    test('that names an unknown message is confirmed, and refuses nothing', async () => {
      const { harness } = await setup(version, 'client');
      harness.send('NACK', { ...headers(9), receipt: 'r' });
      assert.deepEqual(harness.takeShort(), ['RECEIPT r']);
      assert.deepEqual(harness.handler.nacks, []);
    });
  });
}

describe('acknowledgement', () => {
  test('by NACK is an error in 1.0, which has none', async () => {
    const { harness } = await setup('1.0', 'client');
    harness.send('NACK', { 'message-id': 'm1' });
    assert.deepEqual(harness.takeShort(), ['ERROR Unknown command']);
  });

  test('in 1.1 needs the subscription as well, and the right one', async () => {
    const missing = await setup('1.1', 'client');
    missing.harness.send('ACK', { 'message-id': 'm1' });
    assert.deepEqual(missing.harness.takeShort(), ['ERROR Missing subscription']);
    const wrong = await setup('1.1', 'client');
    wrong.harness.send('ACK', { 'message-id': 'm1', subscription: 'other' });
    assert.deepEqual(wrong.harness.handler.acks, []);
  });

  test('in 1.2 goes by the ack header of MESSAGE, not by its message-id', async () => {
    const { harness } = await setup('1.2', 'client');
    harness.send('ACK', { id: 'm1' });
    assert.deepEqual(harness.handler.acks, []);
  });

  test('that asks a RECEIPT gets it once it is stored, and none where it could not be', async () => {
    const { harness } = await setup('1.2', 'client-individual');
    const storing = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const;
    let next = 0;
    harness.handler.stored = () => storing[next++]?.promise ?? Promise.resolve();
    harness.send('ACK', { id: 'a1', receipt: 'first' });
    harness.send('ACK', { id: 'a2', receipt: 'second' });
    harness.send('ACK', { id: 'a3' });
    assert.deepEqual(harness.handler.acks, [[1], [2], [3]]);
    assert.deepEqual(harness.take(), []);
    storing[0].resolve();
    storing[1].reject(new Error('no room'));
    await setImmediate();
    assert.deepEqual(harness.takeShort(), ['RECEIPT first']);
    assert.deepEqual(
      harness.handler.refusals.map(({ frame }) => frame.headers.get('receipt')),
      ['second'],
    );
    assert.equal(next, 2);
  });

  test('finds its subscription among several', async () => {
    const { harness, subscription } = await setup('1.2', 'client');
    harness.send('SUBSCRIBE', { id: 't', destination: '/b', ack: 'client' });
    harness.send('SUBSCRIBE', { id: 'u', destination: '/c' });
    const other = harness.handler.subscribed[1] ?? subscription;
    harness.session.send(other, { messageId: 'n', ackId: 'n', body: Buffer.of() }, [
      { messageId: 'n', ackId: 'n', token: 'other' },
    ]);
    harness.send('ACK', { id: 'n' });
    assert.deepEqual(harness.handler.acks, [['other']]);
  });

  test('of a message that was delivered twice counts for its first delivery, and no other', async () => {
    const { harness, subscription } = await setup('1.2', 'client', 2);
    deliver({ harness, subscription }, 1);
    harness.send('ACK', { id: 'a1' });
    assert.deepEqual(harness.handler.acks, [[1]]);
    harness.send('ACK', { id: 'a1' });
    assert.deepEqual(harness.handler.acks, [[1], [2, 1]]);
  });

  test('of each delivery of a message is no error, one by one', async () => {
    const { harness, subscription } = await setup('1.2', 'client-individual', 1);
    deliver({ harness, subscription }, 1);
    harness.take();
    for (let count = 0; count < 3; count++) harness.send('ACK', { id: 'a1' });
    assert.deepEqual(harness.handler.acks, [[1], [1]]);
  });

  test('is not possible after UNSUBSCRIBE, which forgets what waits for it', async () => {
    const { harness } = await setup('1.2', 'client');
    harness.send('UNSUBSCRIBE', { id: 's' });
    harness.send('ACK', { id: 'a1' });
    assert.deepEqual(harness.handler.acks, []);
  });

  test('makes room; without it the session ends at the limit', async () => {
    const context = await setup('1.2', 'client', 5);
    context.harness.send('ACK', { id: 'a4' });
    assert.deepEqual(
      [6, 7, 8, 9, 10].map((n) => deliver(context, n)),
      [true, true, true, true, false],
    );
    assert.deepEqual(context.harness.takeShort().at(-1), 'ERROR Too much outstanding');
    assert.equal(context.harness.closeName(), 'overload');
  });

  test('makes room in bytes too, which all subscriptions of a session share', async () => {
    const harness = await Harness.connected('1.2', { maxOutstandingBytes: 2000 });
    for (const id of ['s', 't']) harness.send('SUBSCRIBE', { id, destination: '/a', ack: 'client' });
    const [one, other] = harness.handler.subscribed as [StompSubscription, StompSubscription];
    const context = (subscription: StompSubscription) => ({ harness, subscription });
    assert.deepEqual(
      [deliver(context(one), 1), deliver(context(other), 2), deliver(context(one), 3)],
      [true, true, true],
    );
    harness.send('ACK', { id: 'a3' });
    assert.deepEqual([deliver(context(one), 4), deliver(context(one), 5)], [true, true]);
    harness.send('UNSUBSCRIBE', { id: 't' });
    assert.deepEqual([deliver(context(one), 6), deliver(context(one), 7)], [true, false]);
    assert.deepEqual(harness.takeShort().at(-1), 'ERROR Too much outstanding');
  });

  test('has room that shrinks with each delivery and grows with each ACK', async () => {
    const { harness, subscription } = await setup('1.2', 'client', 3);
    assert.equal(subscription.room, 2);
    harness.send('ACK', { id: 'a2' });
    assert.equal(subscription.room, 4);
    const auto = await setup('1.2', 'auto', 3);
    assert.equal(auto.subscription.room, Number.POSITIVE_INFINITY);
  });

  test('is announced in MESSAGE by a header only where the version has one', async () => {
    for (const version of ['1.0', '1.1', '1.2'] as const) {
      const context = await setup(version, 'client', 0);
      deliver(context, 1);
      assert.equal(context.harness.take()[0]?.headers.ack, version === '1.2' ? 'a1' : undefined);
    }
  });
});
