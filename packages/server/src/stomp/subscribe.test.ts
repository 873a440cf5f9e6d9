import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Batch } from '../transport/payload.ts';
import { StompLimitError } from './errors.ts';
import type { StompSubscription } from './handler.ts';
import { messagePayload } from './output.ts';
import { deferred, Harness, settled } from './testing/harness.ts';
import { MemoryConnection } from './testing/memory-connection.ts';

function batch(harness: Harness, subscription: StompSubscription, ...bodies: string[]): Batch {
  const payloads = bodies.map((body, n) =>
    messagePayload({ messageId: `m${n}`, body: Buffer.from(body) }, subscription, harness.session.version),
  );
  return new Batch(payloads);
}

function subscribed(harness: Harness, id = 'sub-0', headers: Record<string, string> = {}): StompSubscription {
  harness.send('SUBSCRIBE', { id, destination: '/topic/a', ...headers });
  const subscription = harness.handler.subscribed.at(-1);
  assert.ok(subscription);
  return subscription;
}

describe('SUBSCRIBE', () => {
  test('brings messages with what the specification asks for', async () => {
    const harness = await Harness.connected();
    const subscription = subscribed(harness);
    assert.equal(subscription.deliver(batch(harness, subscription, 'hello')), true);
    assert.deepEqual(harness.take(), [
      {
        command: 'MESSAGE',
        headers: {
          destination: '/topic/a',
          subscription: 'sub-0',
          'message-id': 'm0',
          'content-length': '5',
        },
        body: 'hello',
      },
    ]);
  });

  test('tells the handler all that the client said', async () => {
    const harness = await Harness.connected();
    const subscription = subscribed(harness, '1', { ack: 'client', selector: "foo = 'bar'" });
    assert.equal(subscription.id, '1');
    assert.equal(subscription.destination, '/topic/a');
    assert.equal(subscription.ack, 'client');
    assert.equal(subscription.headers.get('selector'), "foo = 'bar'");
    assert.equal(subscription.anonymous, false);
  });

  test('several times on one destination brings a message for each id', async () => {
    const harness = await Harness.connected();
    for (const id of ['a', 'b']) subscribed(harness, id);
    for (const subscription of harness.session.subscriptions('/topic/a')) {
      harness.session.send(subscription, { messageId: `m-${subscription.id}`, body: Buffer.from('x') });
    }
    assert.deepEqual(
      harness.take().map(({ headers }) => [headers.subscription, headers['message-id']]),
      [
        ['a', 'm-a'],
        ['b', 'm-b'],
      ],
    );
  });

  for (const version of ['1.1', '1.2'] as const) {
    // RabbitMQ accepts it; Spring fails in silence.
    test(`without an id is an error in ${version}`, async () => {
      const harness = await Harness.connected(version);
      harness.send('SUBSCRIBE', { destination: '/topic/a', receipt: 'r' });
      const [error] = harness.take();
      assert.equal(error?.headers.message, 'Missing id');
      assert.equal(error.headers['receipt-id'], 'r');
      assert.equal(harness.closeName(), 'header');
    });
  }

  test('without an id is legal in 1.0, and its messages name none', async () => {
    const harness = await Harness.connected('1.0');
    harness.send('SUBSCRIBE', { destination: '/topic/a' });
    const [subscription] = harness.handler.subscribed;
    assert.ok(subscription?.anonymous);
    assert.equal(subscription.id, '/topic/a');
    harness.session.send(subscription, { messageId: '1', body: Buffer.from('x') });
    assert.equal(harness.take()[0]?.headers.subscription, undefined);
    harness.send('UNSUBSCRIBE', { destination: '/topic/a', receipt: 'r' });
    assert.deepEqual(harness.handler.unsubscribed, [subscription]);
    assert.deepEqual(harness.takeShort(), ['RECEIPT r']);
  });

  for (const headers of [{ id: '1' }, { id: '1', destination: '' }]) {
    test(`needs a destination: ${JSON.stringify(headers)}`, async () => {
      const harness = await Harness.connected();
      harness.send('SUBSCRIBE', headers);
      assert.deepEqual(harness.takeShort(), ['ERROR Missing destination']);
    });
  }

  test('with an ack mode nobody knows is an error', async () => {
    const harness = await Harness.connected();
    harness.send('SUBSCRIBE', { id: '1', destination: '/a', ack: 'sometimes' });
    assert.deepEqual(harness.takeShort(), ['ERROR Invalid ack']);
  });

  test('repeated is confirmed, and changes nothing', async () => {
    for (const version of ['1.0', '1.1', '1.2'] as const) {
      const harness = await Harness.connected(version);
      const subscription = subscribed(harness, '/topic/a');
      harness.send('SUBSCRIBE', { id: '/topic/a', destination: subscription.destination, receipt: 'r' });
      assert.deepEqual(harness.takeShort(), ['RECEIPT r']);
      assert.equal(harness.handler.subscribed.length, 1);
      assert.equal(subscription.deliver(batch(harness, subscription, 'x')), true);
      assert.deepEqual(harness.takeShort(), ['MESSAGE x']);
    }
  });

  // Spring replaces or keeps, RabbitMQ and Vert.x refuse; which one is meant nobody can tell.
  test('to another destination under an id that is taken is an error', async () => {
    const harness = await Harness.connected();
    subscribed(harness, '1');
    harness.send('SUBSCRIBE', { id: '1', destination: '/topic/b' });
    assert.deepEqual(harness.takeShort(), ['ERROR Duplicate subscription id']);
    assert.equal(harness.handler.subscribed.length, 1);
  });

  test('may use an id again once it is free', async () => {
    const harness = await Harness.connected();
    const first = subscribed(harness, '1');
    harness.send('UNSUBSCRIBE', { id: '1' });
    const second = subscribed(harness, '1');
    assert.notEqual(first, second);
    assert.equal(first.deliver(batch(harness, first, 'x')), false);
    assert.equal(second.deliver(batch(harness, second, 'y')), true);
    assert.deepEqual(harness.takeShort(), ['MESSAGE y']);
  });

  test('beyond the limit is refused, and the session goes on', async () => {
    const harness = await Harness.connected('1.2', { maxSubscriptions: 2 });
    for (const id of ['1', '2', '3']) harness.send('SUBSCRIBE', { id, destination: '/topic/a', receipt: id });
    assert.deepEqual(harness.takeShort(), ['RECEIPT 1', 'RECEIPT 2']);
    const [refusal] = harness.handler.refusals;
    assert.ok(refusal?.error instanceof StompLimitError);
    assert.equal(refusal.frame.headers.get('id'), '3');
    harness.send('UNSUBSCRIBE', { id: '1' });
    harness.send('SUBSCRIBE', { id: '3', destination: '/topic/a', receipt: 'again' });
    assert.deepEqual(harness.takeShort(), ['RECEIPT again']);
  });

  for (const [how, refuse] of [
    ['at once', () => assert.fail('not yours')],
    ['later', async () => assert.fail('not yours')],
  ] as const) {
    test(`refused by the handler ${how} leaves no subscription and gets no RECEIPT`, async () => {
      const harness = await Harness.connected();
      harness.handler.onSubscribe = refuse;
      const subscription = subscribed(harness, '1', { receipt: 'r' });
      await settled();
      assert.deepEqual(harness.take(), []);
      assert.match(String(harness.handler.refusals[0]?.error), /not yours/);
      assert.deepEqual([...harness.session.subscriptions()], []);
      assert.equal(subscription.deliver(batch(harness, subscription, 'x')), false);
      assert.equal(harness.closeName(), undefined);
    });
  }

  test('is confirmed before its first message, even one delivered at once', async () => {
    const harness = await Harness.connected();
    harness.handler.onSubscribe = (subscription) => {
      subscription.deliver(batch(harness, subscription, '1', '2'));
    };
    subscribed(harness, '1', { receipt: 'r' });
    assert.deepEqual(harness.takeShort(), ['RECEIPT r', 'MESSAGE 1', 'MESSAGE 2']);
  });

  test('is confirmed before its first message, even one that comes while the handler still works', async () => {
    const harness = await Harness.connected();
    const work = deferred();
    harness.handler.onSubscribe = () => work.promise;
    const subscription = subscribed(harness, '1', { receipt: 'r' });
    subscription.deliver(batch(harness, subscription, '1'));
    subscription.deliver(batch(harness, subscription, '2'));
    assert.deepEqual(harness.take(), []);
    work.resolve();
    await settled();
    subscription.deliver(batch(harness, subscription, '3'));
    assert.deepEqual(harness.takeShort(), ['RECEIPT r', 'MESSAGE 1', 'MESSAGE 2', 'MESSAGE 3']);
  });

  test('holds back no more than the limit', async () => {
    const harness = await Harness.connected('1.2', { maxUnacknowledged: 2 });
    harness.handler.onSubscribe = () => deferred().promise;
    const subscription = subscribed(harness);
    const outcomes = ['1', '2', '3'].map((body) => subscription.deliver(batch(harness, subscription, body)));
    assert.deepEqual(outcomes, [true, true, false]);
    assert.deepEqual(harness.takeShort(), ['ERROR Too much outstanding']);
  });
});

describe('UNSUBSCRIBE', () => {
  test('ends that subscription and no other', async () => {
    const harness = await Harness.connected();
    const [a, b] = [subscribed(harness, 'a'), subscribed(harness, 'b')];
    harness.send('UNSUBSCRIBE', { id: 'a', receipt: 'r' });
    assert.deepEqual(harness.handler.unsubscribed, [a]);
    assert.equal(a.deliver(batch(harness, a, 'x')), false);
    assert.equal(b.deliver(batch(harness, b, 'y')), true);
    assert.deepEqual(harness.takeShort(), ['RECEIPT r', 'MESSAGE y']);
  });

  test('of what is not there is confirmed, and ends nothing', async () => {
    for (const version of ['1.0', '1.1', '1.2'] as const) {
      const harness = await Harness.connected(version);
      subscribed(harness);
      for (const headers of [{}, { id: 'old' }, { destination: '/topic/a' }]) {
        harness.send('UNSUBSCRIBE', { ...headers, receipt: 'r' });
        assert.deepEqual(harness.takeShort(), ['RECEIPT r']);
      }
      assert.deepEqual(harness.handler.unsubscribed, []);
    }
  });

  test('a second time is confirmed, and does nothing', async () => {
    const harness = await Harness.connected();
    subscribed(harness);
    harness.send('UNSUBSCRIBE', { id: 'sub-0' });
    harness.send('UNSUBSCRIBE', { id: 'sub-0', receipt: 'r' });
    assert.deepEqual(harness.takeShort(), ['RECEIPT r']);
    assert.equal(harness.handler.unsubscribed.length, 1);
  });

  test('by destination leaves a subscription with an id alone', async () => {
    const harness = await Harness.connected('1.0');
    subscribed(harness, '/topic/b');
    harness.send('UNSUBSCRIBE', { destination: '/topic/b' });
    assert.deepEqual(harness.handler.unsubscribed, []);
  });

  test('before the handler is done with SUBSCRIBE reaches it afterwards', async () => {
    const harness = await Harness.connected();
    const work = deferred();
    harness.handler.onSubscribe = () => work.promise;
    const subscription = subscribed(harness, '1', { receipt: 'sub' });
    harness.send('UNSUBSCRIBE', { id: '1', receipt: 'unsub' });
    assert.deepEqual(harness.handler.unsubscribed, []);
    assert.equal(subscription.deliver(batch(harness, subscription, 'x')), false);
    work.resolve();
    await settled();
    assert.deepEqual(harness.handler.unsubscribed, [subscription]);
    assert.deepEqual(harness.takeShort(), ['RECEIPT unsub', 'RECEIPT sub']);
  });

  test('before the handler refuses SUBSCRIBE never reaches it', async () => {
    const harness = await Harness.connected();
    const work = deferred();
    harness.handler.onSubscribe = () => work.promise;
    subscribed(harness, '1');
    harness.send('UNSUBSCRIBE', { id: '1' });
    work.reject(new Error('no'));
    await settled();
    assert.deepEqual(harness.handler.unsubscribed, []);
    assert.equal(harness.handler.refusals.length, 1);
  });
});

describe('a subscription', () => {
  test('ends with the session, also without DISCONNECT', async () => {
    const harness = await Harness.connected();
    const subscription = subscribed(harness);
    harness.connection.drop();
    await settled();
    assert.equal(subscription.deliver(batch(harness, subscription, 'x')), false);
    assert.deepEqual([...harness.session.subscriptions()], []);
    assert.deepEqual(harness.handler.closings, ['client']);
  });

  test('that was accepted after the end of the session is taken back', async () => {
    const harness = await Harness.connected();
    const work = deferred();
    harness.handler.onSubscribe = () => work.promise;
    const subscription = subscribed(harness);
    harness.connection.drop();
    await settled();
    work.resolve();
    await settled();
    assert.deepEqual(harness.handler.unsubscribed, [subscription]);
  });

  test('carries the sender’s own headers and content type', async () => {
    const harness = await Harness.connected();
    const subscription = subscribed(harness);
    harness.session.send(subscription, {
      messageId: '1',
      destination: '/topic/a.b',
      contentType: 'application/xml',
      headers: [['x-custom:1', 'v\n']],
      body: Buffer.from('<a/>'),
    });
    const [message] = harness.take();
    assert.equal(message?.headers.destination, '/topic/a.b');
    assert.equal(message.headers['content-type'], 'application/xml');
    assert.equal(message.headers['x-custom:1'], 'v\n');
  });

  test('carries binary bodies in binary messages, text in text messages', async () => {
    const harness = await Harness.connected();
    const subscription = subscribed(harness);
    const octets = Buffer.from(Array.from({ length: 256 }, (_, n) => n));
    assert.equal(harness.session.send(subscription, { messageId: '1', body: octets }), true);
    assert.equal(harness.session.send(subscription, { messageId: '2', body: Buffer.from('text\0') }), true);
    const [binary, text] = harness.connection.written.slice(-2);
    assert.equal(binary?.binary, true);
    assert.ok(binary.data.includes(octets));
    assert.equal(text?.binary, false);
  });

  test('refuses a binary body where the transport carries text only', async () => {
    const connection = new MemoryConnection({ carriesBinary: false });
    const harness = await Harness.connected('1.2', { connection });
    const subscription = subscribed(harness);
    assert.equal(harness.session.send(subscription, { messageId: '1', body: Buffer.from([0xff]) }), false);
    assert.deepEqual(harness.take(), []);
  });
});
