import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { StompSubscription } from './handler.ts';
import { Harness, settled } from './testing/harness.ts';

const header = fc.oneof(
  fc.constantFrom(
    'destination:/a',
    'destination:/b',
    'id:1',
    'id:2',
    'receipt:r',
    'ack:client',
    'transaction:t',
  ),
  fc.constantFrom(
    'message-id:m1',
    'subscription:1',
    'accept-version:1.1',
    'content-length:2',
    'heart-beat:1,1',
  ),
  fc.constantFrom('nonsense', 'x:\\q', ':', 'content-length:-1'),
);
const command = fc.constantFrom(
  ...[
    'CONNECT',
    'SEND',
    'SEND',
    'SUBSCRIBE',
    'UNSUBSCRIBE',
    'ACK',
    'NACK',
    'BEGIN',
    'COMMIT',
    'ABORT',
    'DISCONNECT',
  ],
);
/** A frame of a client that half knows what it does. */
const frame = fc
  .tuple(command, fc.uniqueArray(header, { maxLength: 4 }), fc.constantFrom('', '', 'xy'))
  .map(([name, headers, body]) => `${[name, ...headers].join('\n')}\n\n${body}\0`);
const noise = fc.uint8Array({ maxLength: 6 }).map((octets) => Buffer.from(octets).toString('latin1'));
const chunk = fc.oneof({ weight: 12, arbitrary: frame }, fc.constant('\n'), noise);

/** A dialect in all its moods. */
const mood = fc.constantFrom('accepts', 'accepts later', 'refuses', 'refuses later', 'delivers');

function behave(harness: Harness, current: string): void | Promise<void> {
  if (current === 'refuses') throw new Error('no');
  if (current === 'accepts later') return settled();
  if (current === 'refuses later') return settled().then(() => Promise.reject(new Error('no')));
  if (current === 'delivers')
    for (const subscription of harness.session.subscriptions()) deliver(harness, subscription);
}

function deliver(harness: Harness, subscription: StompSubscription): void {
  const tracked = { messageId: 'm1', ackId: '1', token: 'm1' };
  harness.session.send(subscription, { messageId: 'm1', ackId: '1', body: Buffer.from('hi') }, [tracked]);
}

test('whatever a client sends, nothing is thrown, ERROR comes last, and the end is told once', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(chunk, mood, fc.boolean()), { maxLength: 30 }), async (script) => {
      const harness = new Harness({ maxInFlight: 3 });
      let current = 'accepts';
      harness.handler.onSend = () => behave(harness, current);
      harness.handler.onSubscribe = () => behave(harness, current);
      harness.send('CONNECT', { 'accept-version': '1.2' });
      for (const [data, nextMood, pause] of script) {
        current = nextMood;
        harness.raw(Buffer.from(data, 'latin1'));
        if (pause) await settled();
      }
      for (let n = 0; n < 8; n += 1) await settled();
      checkEnd(harness);
    }),
    { numRuns: 300 },
  );
});

function checkEnd(harness: Harness): void {
  const commands = harness.take().map(({ command: name }) => name);
  const error = commands.indexOf('ERROR');
  assert.ok(error === -1 || error === commands.length - 1, commands.join(' '));
  assert.equal(harness.internalErrors.length, 0);
  assert.equal(harness.protocolErrors.length, error === -1 ? 0 : 1);
  const isOpen = harness.closeName() === undefined;
  assert.equal(harness.session.state, isOpen ? 'active' : 'closed');
  assert.equal(harness.handler.closings.length, isOpen ? 0 : 1);
  assert.equal(harness.timers.pending, 0);
  assert.equal(harness.connection.isPaused, false);
}
