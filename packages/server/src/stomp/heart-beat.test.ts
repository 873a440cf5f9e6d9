import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { agreeOnHeartBeat } from './heart-beat.ts';
import { Harness, settled } from './testing/harness.ts';

/** A session whose client sent this heart-beat header. */
async function withHeartBeat(heartBeat: string, version = '1.2'): Promise<Harness> {
  const harness = new Harness();
  await harness.connect({ 'accept-version': version, 'heart-beat': heartBeat });
  harness.take();
  return harness;
}

describe('heart-beats are agreed on', () => {
  for (const [server, client, outgoing, incoming] of [
    [[10_000, 10_000], [0, 0], 0, 0],
    [[10_000, 10_000], [5000, 20_000], 20_000, 10_000],
    [[10_000, 10_000], [20_000, 5000], 10_000, 20_000],
    [[10_000, 10_000], [0, 10_000], 10_000, 0],
    [[10_000, 10_000], [10_000, 0], 0, 10_000],
    [[0, 10_000], [10_000, 10_000], 0, 10_000],
    [[10_000, 0], [10_000, 10_000], 10_000, 0],
  ] as const) {
    test(`server ${server}, client ${client}: out ${outgoing}, in ${incoming}`, () => {
      assert.deepEqual(agreeOnHeartBeat(server, client), { outgoing, incoming });
    });
  }

  test('as none, where the client says nothing', async () => {
    const harness = await Harness.connected();
    harness.timers.advance(600_000);
    assert.equal(harness.heartBeats, 0);
    assert.equal(harness.closeName(), undefined);
    assert.equal(harness.timers.pending, 0);
  });

  test('as none in 1.0, whatever the client says', async () => {
    const harness = new Harness();
    await harness.connect({ 'heart-beat': 'nonsense' });
    assert.equal(harness.take()[0]?.headers['heart-beat'], '0,0');
    assert.equal(harness.timers.pending, 0);
  });

  for (const header of [
    '0',
    'T,0',
    '100,10,50',
    '-60000,60000',
    '20r000,60000',
    '99999999999999999999,60000',
    '3000000000,0',
    '',
    ',',
    '1.5,0',
  ]) {
    test(`unless the header makes no sense: "${header}"`, async () => {
      const harness = new Harness();
      await harness.connect({ 'accept-version': '1.1', 'heart-beat': header });
      const [error] = harness.take();
      assert.equal(error?.command, 'ERROR');
      assert.match(error.headers.message ?? '', /heart-beat/);
      assert.equal(harness.closeName(), 'header');
    });
  }
});

describe('the server', () => {
  test('sends a line end when it has had nothing to send', async () => {
    const harness = await withHeartBeat('0,500');
    for (let seconds = 0; seconds < 100; seconds += 10) {
      const before = harness.heartBeats;
      harness.timers.advance(10_000);
      assert.ok(harness.heartBeats > before);
    }
  });

  test('is never silent for longer than agreed, wherever its writes fall', async () => {
    const harness = await withHeartBeat('0,10000');
    let lastWrite = 0;
    let written = harness.connection.enqueuedBytes;
    for (let now = 0; now < 200_000; now += 100) {
      if (now % 23_700 === 0) harness.send('BEGIN', { transaction: `${now}`, receipt: 'r' });
      if (harness.connection.enqueuedBytes !== written) lastWrite = now;
      written = harness.connection.enqueuedBytes;
      assert.ok(now - lastWrite <= 10_000, `silent from ${lastWrite} to ${now}`);
      harness.timers.advance(100);
      if (now % 23_700 === 0) harness.send('ABORT', { transaction: `${now}` });
    }
  });

  test('sends none while other frames go out', async () => {
    const harness = await withHeartBeat('0,10000');
    for (let n = 0; n < 100; n += 1) {
      harness.send('UNSUBSCRIBE', { id: 'none', receipt: `${n}` });
      harness.timers.advance(1000);
    }
    assert.equal(harness.heartBeats, 0);
  });

  test('gives up a client that is silent for more than twice the agreed time, not sooner', async () => {
    const harness = await withHeartBeat('10000,0');
    harness.timers.advance(20_000);
    assert.equal(harness.closeName(), undefined);
    harness.timers.advance(5000);
    assert.deepEqual(harness.takeShort(), ['ERROR Heart-beat missed']);
    assert.equal(harness.closeName(), 'no-heart-beat');
  });

  test('keeps a client that sends line ends in time', async () => {
    const harness = await withHeartBeat('10000,0');
    for (let n = 0; n < 50; n += 1) {
      harness.timers.advance(19_000);
      harness.raw('\n');
    }
    assert.equal(harness.closeName(), undefined);
  });

  test('takes any traffic for a heart-beat, even a part of a frame', async () => {
    const harness = await withHeartBeat('10000,0');
    const bytes = Buffer.from('SEND\ndestination:/a\n\nslow\0\n\nSEND\ndestination:/a\n\nnext\0');
    for (const byte of bytes) {
      harness.timers.advance(10_000);
      harness.raw(Buffer.from([byte]));
    }
    assert.deepEqual(harness.handler.bodies, ['slow', 'next']);
    assert.equal(harness.closeName(), undefined);
  });

  test('does not blame a client whose connection it has paused', async () => {
    const harness = new Harness({ maxInFlight: 1 });
    await harness.connect({ 'accept-version': '1.2', 'heart-beat': '10000,0' });
    const work = Promise.withResolvers<void>();
    harness.handler.onSend = () => work.promise;
    harness.raw('SEND\ndestination:/a\n\n\0SEND\ndestination:/a\n\n\0');
    assert.equal(harness.connection.isPaused, true);
    harness.timers.advance(100_000);
    work.resolve();
    await settled();
    harness.timers.advance(19_000);
    assert.equal(harness.closeName(), undefined);
  });

  test('leaves no timer behind', async () => {
    for (const end of ['drop', 'disconnect', 'fail']) {
      const harness = await withHeartBeat('10000,10000');
      assert.equal(harness.timers.pending, 1);
      if (end === 'drop') harness.connection.drop();
      else if (end === 'disconnect') harness.send('DISCONNECT');
      else harness.raw('FOO\n\n\0');
      await settled();
      assert.equal(harness.timers.pending, 0);
    }
  });
});

describe("the transport's own keep-alive", () => {
  test('stops where both sides agreed on heart-beats', async () => {
    const harness = await withHeartBeat('10000,10000');
    assert.equal(harness.connection.hasHeartbeat, false);
  });

  test('goes on where one side has none', async () => {
    for (const heartBeat of ['0,0', '10000,0', '0,10000']) {
      const harness = await withHeartBeat(heartBeat);
      assert.equal(harness.connection.hasHeartbeat, true);
    }
  });
});
