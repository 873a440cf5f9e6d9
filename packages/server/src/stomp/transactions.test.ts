import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { StompTransactionError } from './errors.ts';
import { deferred, Harness, settled } from './testing/harness.ts';

async function begun(options = {}): Promise<Harness> {
  const harness = await Harness.connected('1.2', options);
  harness.send('BEGIN', { transaction: 't' });
  return harness;
}

function sendIn(harness: Harness, transaction: string, body: string, headers = {}): void {
  harness.send('SEND', { destination: '/a', transaction, ...headers }, body);
}

describe('a transaction', () => {
  test('takes effect at COMMIT, in the order of its frames', async () => {
    const harness = await begun();
    for (const body of ['1', '2', '3']) sendIn(harness, 't', body);
    assert.deepEqual(harness.handler.bodies, []);
    harness.send('COMMIT', { transaction: 't' });
    assert.deepEqual(harness.handler.bodies, ['1', '2', '3']);
  });

  test('takes no effect after ABORT', async () => {
    const harness = await begun();
    sendIn(harness, 't', '1');
    harness.send('ABORT', { transaction: 't', receipt: 'r' });
    assert.deepEqual(harness.handler.bodies, []);
    assert.deepEqual(harness.takeShort(), ['RECEIPT r']);
  });

  test('takes no effect when the session ends', async () => {
    const harness = await begun();
    sendIn(harness, 't', '1');
    harness.send('DISCONNECT');
    await settled();
    assert.deepEqual(harness.handler.bodies, []);
  });

  test('holds ACK and NACK too', async () => {
    const harness = await begun();
    harness.send('SUBSCRIBE', { id: 's', destination: '/a', ack: 'client-individual' });
    const [subscription] = harness.handler.subscribed;
    assert.ok(subscription);
    for (const ackId of ['1', '2']) {
      const tracked = { messageId: ackId, ackId, token: ackId };
      harness.session.send(subscription, { messageId: ackId, ackId, body: Buffer.of() }, [tracked]);
    }
    harness.send('ACK', { id: '1', transaction: 't' });
    harness.send('NACK', { id: '2', transaction: 't' });
    assert.deepEqual(harness.handler.acks, []);
    harness.send('COMMIT', { transaction: 't' });
    assert.deepEqual(harness.handler.acks, [['1']]);
    assert.deepEqual(harness.handler.nacks, [['2']]);
  });

  test('confirms each SEND by its own RECEIPT with its own headers, then the COMMIT by a plain one', async () => {
    const harness = await begun();
    harness.handler.receiptHeaders = [['place', 'a:1']];
    sendIn(harness, 't', '1', { receipt: 'r' });
    harness.send('COMMIT', { transaction: 't', receipt: 'c' });
    assert.deepEqual(
      harness.take().map(({ headers }) => headers),
      [{ 'receipt-id': 'r', place: 'a:1' }, { 'receipt-id': 'c' }],
    );
  });

  test('lets frames outside of it pass', async () => {
    const harness = await begun();
    sendIn(harness, 't', 'inside');
    harness.send('SEND', { destination: '/a' }, 'outside');
    harness.send('SUBSCRIBE', { id: 's', destination: '/a', transaction: 'none' });
    assert.deepEqual(harness.handler.bodies, ['outside']);
    assert.equal(harness.handler.subscribed.length, 1);
  });

  test('is told from others by its id, which is free again afterwards', async () => {
    const harness = await begun();
    harness.send('BEGIN', { transaction: 'u' });
    sendIn(harness, 't', 't1');
    sendIn(harness, 'u', 'u1');
    harness.send('ABORT', { transaction: 't' });
    harness.send('COMMIT', { transaction: 'u' });
    harness.send('BEGIN', { transaction: 't', receipt: 'r' });
    assert.deepEqual(harness.handler.bodies, ['u1']);
    assert.deepEqual(harness.takeShort(), ['RECEIPT r']);
  });

  test('keeps bodies whatever happens to the memory they came in', async () => {
    const harness = await begun();
    const chunk = Buffer.from('SEND\ndestination:/a\ntransaction:t\n\nbody\0');
    harness.raw(chunk);
    chunk.fill(0);
    harness.send('COMMIT', { transaction: 't' });
    assert.deepEqual(harness.handler.bodies, ['body']);
  });

  test('confirms each frame when it is carried out, and COMMIT when all are', async () => {
    const harness = await begun();
    const work = deferred();
    harness.handler.onSend = ({ headers }) => (headers.has('slow') ? work.promise : undefined);
    sendIn(harness, 't', '1', { receipt: 'one', slow: 'yes' });
    sendIn(harness, 't', '2', { receipt: 'two' });
    assert.deepEqual(harness.take(), []);
    harness.send('COMMIT', { transaction: 't', receipt: 'commit' });
    assert.deepEqual(harness.takeShort(), ['RECEIPT two']);
    work.resolve();
    await settled();
    assert.deepEqual(harness.takeShort(), ['RECEIPT one', 'RECEIPT commit']);
  });

  for (const [how, refuse] of [
    ['at once', () => assert.fail('no')],
    ['later', async () => assert.fail('no')],
  ] as const) {
    test(`with a frame refused ${how} is carried out otherwise, and COMMIT refused`, async () => {
      const harness = await begun();
      harness.handler.onSend = ({ headers }) => (headers.has('bad') ? refuse() : undefined);
      sendIn(harness, 't', '1', { receipt: 'one' });
      sendIn(harness, 't', '2', { receipt: 'two', bad: 'yes' });
      sendIn(harness, 't', '3', { receipt: 'three' });
      harness.send('COMMIT', { transaction: 't', receipt: 'commit' });
      await settled();
      assert.deepEqual(harness.takeShort(), ['RECEIPT one', 'RECEIPT three']);
      const [frame, commit] = harness.handler.refusals;
      assert.equal(frame?.frame.headers.get('receipt'), 'two');
      assert.ok(commit?.error instanceof StompTransactionError);
      assert.equal(commit.error.refused, 1);
      assert.equal(commit.frame.command, 'COMMIT');
      assert.equal(harness.closeName(), undefined);
    });
  }

  test('with a frame that breaks the protocol ends there', async () => {
    const harness = await begun();
    harness.send('ACK', { transaction: 't', receipt: 'ack' });
    sendIn(harness, 't', 'never');
    harness.send('COMMIT', { transaction: 't', receipt: 'commit' });
    const [error, ...more] = harness.take();
    assert.equal(error?.headers.message, 'Missing id');
    assert.equal(error.headers['receipt-id'], 'ack');
    assert.deepEqual(more, []);
    assert.deepEqual(harness.handler.bodies, []);
    assert.deepEqual(harness.handler.refusals, []);
  });
});

describe('it is an error', () => {
  for (const [what, command, headers, message] of [
    ['to begin a transaction twice', 'BEGIN', { transaction: 't' }, 'Transaction already begun'],
    ['to begin without a name', 'BEGIN', {}, 'Missing transaction'],
    ['to commit without a name', 'COMMIT', {}, 'Missing transaction'],
    ['to abort without a name', 'ABORT', {}, 'Missing transaction'],
    ['to commit an unknown transaction', 'COMMIT', { transaction: 'u' }, 'Unknown transaction'],
    ['to abort an unknown transaction', 'ABORT', { transaction: 'u' }, 'Unknown transaction'],
    [
      'to send in an unknown transaction',
      'SEND',
      { destination: '/a', transaction: 'u' },
      'Unknown transaction',
    ],
    ['to acknowledge in an unknown transaction', 'ACK', { id: '1', transaction: 'u' }, 'Unknown transaction'],
  ] as const) {
    test(what, async () => {
      const harness = await begun();
      harness.send(command, { ...headers, receipt: 'r' });
      const [error] = harness.take();
      assert.equal(error?.headers.message, message);
      assert.equal(error.headers['receipt-id'], 'r');
      assert.equal(harness.closeName(), 'header');
    });
  }

  test('to have more open transactions than allowed', async () => {
    const harness = await begun({ maxTransactions: 2 });
    harness.send('BEGIN', { transaction: 'u' });
    assert.deepEqual(harness.take(), []);
    harness.send('BEGIN', { transaction: 'v' });
    assert.deepEqual(harness.takeShort(), ['ERROR Too much outstanding']);
    assert.equal(harness.closeName(), 'overload');
  });

  test('to put more frames in one than allowed', async () => {
    const harness = await begun({ maxTransactionFrames: 2 });
    for (const body of ['1', '2']) sendIn(harness, 't', body);
    assert.deepEqual(harness.take(), []);
    sendIn(harness, 't', '3');
    assert.deepEqual(harness.takeShort(), ['ERROR Too much outstanding']);
  });

  test('to put more bytes in all of them than allowed', async () => {
    const harness = await begun({ maxTransactionBytes: 10_000 });
    harness.send('BEGIN', { transaction: 'u' });
    sendIn(harness, 't', 'x'.repeat(6000));
    harness.send('ABORT', { transaction: 't' });
    sendIn(harness, 'u', 'x'.repeat(6000));
    assert.deepEqual(harness.take(), []);
    sendIn(harness, 'u', 'x'.repeat(6000));
    assert.deepEqual(harness.takeShort(), ['ERROR Too much outstanding']);
  });

  test('to put in many small frames that take as much memory', async () => {
    const harness = await begun({ maxTransactionBytes: 10_000 });
    const headers = Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`h${n}`, '']));
    for (let frame = 0; frame < 2; frame++) sendIn(harness, 't', '', headers);
    assert.deepEqual(harness.take(), []);
    sendIn(harness, 't', '', headers);
    assert.deepEqual(harness.takeShort(), ['ERROR Too much outstanding']);
  });
});
