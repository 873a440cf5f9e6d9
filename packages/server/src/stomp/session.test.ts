import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { closeOf, StompProtocolError } from '@haina/wire';
import { deferred, Harness, settled } from './testing/harness.ts';

const SEND = { destination: '/a' };

describe('SEND', () => {
  test('reaches the handler with its headers and body', async () => {
    const harness = await Harness.connected();
    harness.send('SEND', { ...SEND, 'content-type': 'text/plain;charset=U', 'x-own': 'ü' }, 'bödy');
    const [frame] = harness.handler.sent;
    assert.deepEqual(Object.fromEntries(frame?.headers ?? []), {
      destination: '/a',
      // Spring refuses what is no MIME type; the body is the dialect's to judge, and so is this.
      'content-type': 'text/plain;charset=U',
      'x-own': 'ü',
      'content-length': '5',
    });
    assert.deepEqual(harness.handler.bodies, ['bödy']);
  });

  // RabbitMQ answers ERROR, ActiveMQ ignores it as Spring does; the server gives message ids.
  test('may carry a message-id, which means nothing here', async () => {
    const harness = await Harness.connected();
    harness.send('SEND', { ...SEND, 'message-id': '1', receipt: 'r' });
    assert.deepEqual(harness.takeShort(), ['RECEIPT r']);
  });

  test('needs a destination', async () => {
    for (const headers of [{}, { destination: '' }]) {
      const harness = await Harness.connected();
      harness.send('SEND', headers, 'x');
      assert.deepEqual(harness.takeShort(), ['ERROR Missing destination']);
      assert.equal(harness.handler.sent.length, 0);
    }
  });

  test('reaches the handler in order, however the frames were cut and packed', async () => {
    const harness = await Harness.connected();
    const frames = Array.from({ length: 100 }, (_, n) => `SEND\ndestination:/a\n\n${n}\0\n`).join('');
    for (let at = 0; at < frames.length; at += 41) harness.raw(frames.slice(at, at + 41));
    assert.deepEqual(
      harness.handler.bodies,
      Array.from({ length: 100 }, (_, n) => `${n}`),
    );
  });

  test('may come as text and as binary, in turns', async () => {
    const harness = await Harness.connected();
    harness.raw('SEND\ndestination:/a\n\nte');
    harness.raw(Buffer.from('xt\0SEND\ndestination:/a\n\n'));
    harness.raw('binary\0');
    assert.deepEqual(harness.handler.bodies, ['text', 'binary']);
  });

  test('may carry any bytes', async () => {
    const harness = await Harness.connected();
    const octets = Buffer.from(Array.from({ length: 1024 }, (_, n) => n % 256));
    harness.send('SEND', SEND, octets);
    assert.deepEqual(Buffer.from(harness.handler.sent[0]?.body ?? []), octets);
  });
});

describe('RECEIPT', () => {
  for (const [command, headers] of [
    ['SEND', SEND],
    ['SUBSCRIBE', { id: '2', destination: '/a' }],
    ['UNSUBSCRIBE', { id: '1' }],
    ['BEGIN', { transaction: 't' }],
  ] as const) {
    test(`confirms ${command}`, async () => {
      const harness = await Harness.connected();
      harness.send('SUBSCRIBE', { id: '1', destination: '/a' });
      harness.send(command, { ...headers, receipt: 'r1' });
      assert.deepEqual(harness.take(), [{ command: 'RECEIPT', headers: { 'receipt-id': 'r1' }, body: '' }]);
    });
  }

  test('is not sent unasked', async () => {
    const harness = await Harness.connected();
    harness.send('SEND', SEND);
    assert.deepEqual(harness.take(), []);
  });

  test('names the receipt in its escaped form', async () => {
    const harness = await Harness.connected('1.1');
    harness.raw('SEND\ndestination:/a\nreceipt:a\\cb\n\n\0');
    assert.match(harness.connection.written.at(-1)?.data.toString() ?? '', /\nreceipt-id:a\\cb\n/);
  });

  test('waits for the handler', async () => {
    const harness = await Harness.connected();
    const [slow, fast] = [deferred(), deferred()];
    harness.handler.onSend = ({ headers }) => (headers.get('receipt') === 'slow' ? slow : fast).promise;
    harness.send('SEND', { ...SEND, receipt: 'slow' });
    harness.send('SEND', { ...SEND, receipt: 'fast' });
    assert.deepEqual(harness.take(), []);
    fast.resolve();
    await settled();
    assert.deepEqual(harness.takeShort(), ['RECEIPT fast']);
    slow.resolve();
    await settled();
    assert.deepEqual(harness.takeShort(), ['RECEIPT slow']);
  });

  for (const [how, refuse] of [
    ['at once', () => assert.fail('too fast')],
    ['later', async () => assert.fail('too fast')],
  ] as const) {
    test(`is not sent for what the handler refuses ${how}, and the session goes on`, async () => {
      const harness = await Harness.connected();
      harness.handler.onSend = refuse;
      harness.send('SEND', { ...SEND, receipt: 'r' });
      await settled();
      assert.deepEqual(harness.take(), []);
      const [refusal] = harness.handler.refusals;
      assert.match(String(refusal?.error), /too fast/);
      assert.equal(refusal?.frame.headers.get('receipt'), 'r');
      assert.equal(harness.session.state, 'active');
    });
  }

  test('is not sent after the end', async () => {
    const harness = await Harness.connected();
    const work = deferred();
    harness.handler.onSend = () => work.promise;
    harness.send('SEND', { ...SEND, receipt: 'r' });
    harness.session.close();
    work.resolve();
    await settled();
    assert.deepEqual(harness.take(), []);
  });
});

describe('a protocol error', () => {
  for (const [what, close, input] of [
    ['an unknown command', 'command', 'FOO\nreceipt:r\n\n\0'],
    ['a command in lower case', 'command', 'send\nreceipt:r\n\n\0'],
    ['a frame of the server', 'command', 'MESSAGE\nreceipt:r\n\n\0'],
    ['a body where none is allowed', 'malformed', 'BEGIN\nreceipt:r\ntransaction:t\n\nbody\0'],
    ['an undefined escape', 'malformed', 'SEND\nreceipt:r\nx:\\t\n\n\0'],
    ['a header without a colon', 'malformed', 'SEND\nreceipt:r\noops\n\n\0'],
    ['a wrong end of the body', 'malformed', 'SEND\nreceipt:r\ncontent-length:1\n\nabc\0'],
    ['a content-length that is no number', 'header', 'SEND\nreceipt:r\ncontent-length:many\n\nabc\0'],
  ] as const) {
    test(`such as ${what} is answered by ERROR, then the connection closes`, async () => {
      const harness = await Harness.connected();
      harness.raw(`${input}SEND\ndestination:/a\n\nnever\0`);
      harness.raw('SEND\ndestination:/a\n\nnever\0');
      const [error, ...more] = harness.take();
      assert.equal(error?.command, 'ERROR');
      assert.notEqual(error.headers.message, undefined);
      assert.equal(error.headers['receipt-id'], 'r');
      assert.equal(error.headers['content-type'], 'text/plain');
      assert.equal(error.headers['content-length'], `${Buffer.byteLength(error.body)}`);
      assert.notEqual(error.body, '');
      assert.deepEqual(more, []);
      assert.equal(harness.closeName(), close);
      assert.equal(harness.connection.closed?.reason, error.headers.message);
      await settled();
      assert.deepEqual(harness.handler.bodies, []);
      assert.deepEqual(harness.handler.closings, ['server']);
      assert.deepEqual(harness.transitions.slice(-2), ['active → closing', 'closing → closed']);
    });
  }

  test('lets the frames before it take effect', async () => {
    const harness = await Harness.connected('1.2', { maxFrameBytes: 128 });
    harness.raw('SEND\ndestination:/a\n\nfirst\0SEND\ndestination:/a\ncontent-length:129\n\n');
    assert.deepEqual(harness.handler.bodies, ['first']);
    assert.deepEqual(harness.takeShort(), ['ERROR Frame too large']);
  });

  test('that the handler finds has its words, and the receipt of the frame', async () => {
    for (const find of [
      () => {
        throw new StompProtocolError('Bad body', 'No JSON.');
      },
      async () => {
        throw new StompProtocolError('Bad body', 'No JSON.');
      },
    ]) {
      const harness = await Harness.connected();
      harness.handler.onSend = find;
      harness.send('SEND', { ...SEND, receipt: 'r' });
      await settled();
      const [error] = harness.take();
      assert.deepEqual(error?.headers, {
        message: 'Bad body',
        'receipt-id': 'r',
        'content-type': 'text/plain',
        'content-length': '8',
      });
      assert.equal(error.body, 'No JSON.');
      assert.deepEqual(harness.handler.refusals, []);
    }
  });

  test('that the layer above finds ends the session with its words', async () => {
    const harness = await Harness.connected();
    harness.session.fail(new StompProtocolError('Token expired', 'Log in again.', { code: 'unauthorized' }));
    harness.session.fail(new StompProtocolError('Token expired', 'Once is enough.'));
    assert.deepEqual(harness.takeShort(), ['ERROR Token expired']);
    assert.equal(harness.closeName(), 'token-refused');
  });

  test('is told to metrics by its code', async () => {
    const harness = await Harness.connected();
    harness.raw('FOO\n\n\0');
    assert.deepEqual(
      harness.protocolErrors.map(({ code }) => code),
      ['command'],
    );
  });

  test('never makes the close reason longer than a close frame can be', async () => {
    const harness = await Harness.connected();
    harness.session.fail(new StompProtocolError('海'.repeat(100)));
    const reason = harness.connection.closed?.reason ?? '';
    assert.equal(reason, '海'.repeat(41));
  });
});

describe('a failing handler', () => {
  test('never throws into the transport', async () => {
    const harness = await Harness.connected();
    harness.handler.onSend = () => assert.fail('no');
    harness.handler.onRefuse = () => assert.fail('broken');
    harness.send('SEND', { ...SEND, receipt: 'r' });
    const [error] = harness.take();
    assert.equal(error?.headers.message, 'Internal error');
    assert.equal(error.headers['receipt-id'], 'r');
    assert.doesNotMatch(error.body, /broken/);
    assert.equal(harness.closeName(), 'internal');
    assert.match(String(harness.internalErrors[0]), /broken/);
  });

  test('may fail where nothing can be refused any more', async () => {
    const harness = await Harness.connected();
    const work = deferred();
    harness.handler.onSubscribe = () => work.promise;
    harness.handler.unsubscribe = () => assert.fail('broken');
    harness.send('SUBSCRIBE', { id: '1', destination: '/a' });
    harness.send('UNSUBSCRIBE', { id: '1' });
    work.resolve();
    await settled();
    assert.deepEqual(harness.takeShort(), ['ERROR Internal error']);
    assert.match(String(harness.internalErrors[0]), /broken/);
  });

  test('may fail at the end, too', async () => {
    const harness = await Harness.connected();
    harness.handler.closed = () => assert.fail('broken');
    harness.connection.drop();
    await settled();
    assert.match(String(harness.internalErrors[0]), /broken/);
  });

  test('is not told of a refusal after the end', async () => {
    const harness = await Harness.connected();
    const work = deferred();
    harness.handler.onSend = () => work.promise;
    harness.send('SEND', SEND);
    harness.connection.drop();
    await settled();
    work.reject(new StompProtocolError('too late'));
    await settled();
    assert.deepEqual(harness.handler.refusals, []);
    assert.deepEqual(harness.protocolErrors, []);
  });
});

describe('DISCONNECT', () => {
  test('closes, without an ERROR', async () => {
    const harness = await Harness.connected();
    harness.send('DISCONNECT');
    assert.deepEqual(harness.take(), []);
    assert.deepEqual(harness.connection.closed, { code: 1000, reason: '' });
    await settled();
    assert.deepEqual(harness.handler.closings, ['server']);
  });

  test('is confirmed first where a receipt was asked for', async () => {
    const harness = await Harness.connected();
    harness.send('DISCONNECT', { receipt: '77' });
    assert.deepEqual(harness.takeShort(), ['RECEIPT 77']);
    assert.equal(harness.closeName(), 'normal');
  });

  test('waits for all that is in flight, and its outcome', async () => {
    const harness = await Harness.connected();
    harness.send('SUBSCRIBE', { id: 'errors', destination: '/errors' });
    const [good, bad] = [deferred(), deferred()];
    harness.handler.onSend = ({ headers }) => (headers.has('receipt') ? good : bad).promise;
    harness.handler.onRefuse = () => {
      for (const subscription of harness.session.subscriptions('/errors')) {
        harness.session.send(subscription, { messageId: '1', body: Buffer.from('refused') });
      }
    };
    harness.send('SEND', { ...SEND, receipt: '1' });
    harness.send('SEND', SEND);
    harness.send('DISCONNECT', { receipt: '2' });
    good.resolve();
    await settled();
    assert.deepEqual(harness.takeShort(), ['RECEIPT 1']);
    bad.reject(new Error('no'));
    await settled();
    assert.deepEqual(harness.takeShort(), ['MESSAGE refused', 'RECEIPT 2']);
    assert.equal(harness.closeName(), 'normal');
    assert.deepEqual(harness.transitions.slice(-3), [
      'active → draining',
      'draining → closing',
      'closing → closed',
    ]);
  });

  test('does not wait for ever', async () => {
    const harness = await Harness.connected('1.2', { drainTimeout: 5000 });
    harness.handler.onSend = () => deferred().promise;
    harness.send('SEND', SEND);
    harness.send('DISCONNECT', { receipt: 'r' });
    harness.timers.advance(5000);
    const [error] = harness.take();
    assert.equal(error?.headers.message, 'Not finished in time');
    assert.equal(error.headers['receipt-id'], 'r');
    assert.equal(harness.closeName(), 'internal');
    assert.equal(harness.timers.pending, 0);
  });

  test('is the last frame that counts', async () => {
    const harness = await Harness.connected();
    const work = deferred();
    harness.handler.onSend = () => work.promise;
    harness.raw('SEND\ndestination:/a\n\nlast\0DISCONNECT\n\n\0SEND\ndestination:/a\n\nnever\0FOO\n\n\0');
    harness.raw('SEND\ndestination:/a\n\nnever\0');
    work.resolve();
    await settled();
    assert.deepEqual(harness.handler.bodies, ['last']);
    assert.deepEqual(harness.take(), []);
    assert.equal(harness.connection.isPaused, false);
  });
});

describe('a stop of the server', () => {
  test('waits for what is in flight, takes no more, and then lets the dialect say goodbye', async () => {
    const harness = await Harness.connected('1.2', { maxInFlight: 2 });
    const work = deferred();
    let goodbyes = 0;
    harness.handler.onSend = () => work.promise;
    harness.handler.onStopping = () => {
      goodbyes++;
    };
    for (const receipt of ['1', '2', 'waits']) harness.send('SEND', { ...SEND, receipt });
    const answered = harness.session.onStopping();
    harness.send('SEND', { ...SEND, receipt: 'late' });
    await settled();
    assert.deepEqual([harness.takeShort(), goodbyes], [[], 0]);
    work.resolve();
    await answered;
    assert.deepEqual([harness.takeShort(), goodbyes], [['RECEIPT 1', 'RECEIPT 2'], 1]);
    harness.connection.drop('shutdown');
  });

  test('waits for nothing where nothing is in flight', async () => {
    const harness = await Harness.connected();
    let goodbyes = 0;
    harness.handler.onStopping = () => {
      goodbyes++;
    };
    assert.equal(harness.session.onStopping(), undefined);
    assert.equal(goodbyes, 1);
    assert.equal(new Harness().session.onStopping(), undefined, 'not even connected');
  });
});

describe('the end of the connection', () => {
  test('is told to the handler once, whatever came before', async () => {
    for (const end of [
      (harness: Harness) => harness.connection.drop('timeout'),
      (harness: Harness) => harness.session.close(),
      (harness: Harness) => harness.send('DISCONNECT'),
      (harness: Harness) => harness.raw('FOO\n\n\0'),
    ]) {
      const harness = await Harness.connected();
      end(harness);
      await settled();
      harness.session.onClose('client');
      assert.equal(harness.handler.closings.length, 1);
      assert.equal(harness.session.state, 'closed');
      assert.equal(harness.timers.pending, 0);
    }
  });

  test('is told also where the client never connected', async () => {
    const harness = new Harness();
    harness.connection.drop();
    await settled();
    assert.deepEqual(harness.handler.closings, ['client']);
    assert.deepEqual(harness.transitions, ['connecting → closed']);
    assert.equal(harness.timers.pending, 0);
  });

  test('may be asked for by the layer above, with its own code and reason', async () => {
    const harness = await Harness.connected();
    harness.session.close(closeOf('role-changed'));
    assert.equal(harness.closeName(), 'role-changed');
    assert.deepEqual(harness.take(), []);
  });
});

describe('work in flight', () => {
  function frames(from: number, to: number): string {
    return Array.from({ length: to - from + 1 }, (_, n) => `SEND\ndestination:/a\n\n${from + n}\0`).join('');
  }

  test('stops the reading at its limit, and half of it done starts it again', async () => {
    const harness = await Harness.connected('1.2', { maxInFlight: 4 });
    const works = Array.from({ length: 20 }, deferred);
    harness.handler.onSend = ({ body }) => works[Number(Buffer.from(body))]?.promise;
    harness.raw(frames(0, 9));
    assert.equal(harness.handler.sent.length, 4);
    assert.equal(harness.connection.isPaused, true);
    works[0]?.resolve();
    await settled();
    assert.equal(harness.handler.sent.length, 4);
    works[1]?.resolve();
    await settled();
    assert.equal(harness.handler.sent.length, 6);
    assert.equal(harness.connection.isPaused, true);
    for (const work of works) work.resolve();
    await settled();
    assert.equal(harness.handler.sent.length, 10);
    assert.equal(harness.connection.isPaused, false);
  });

  test('is limited in bytes too', async () => {
    const harness = await Harness.connected('1.2', { maxInFlightBytes: 30_000 });
    const works = Array.from({ length: 4 }, deferred);
    harness.handler.onSend = () => works[harness.handler.sent.length - 1]?.promise;
    const large = `SEND\ndestination:/a\n\n${'x'.repeat(14_000)}\0`;
    for (let frame = 0; frame < 4; frame++) harness.raw(large);
    assert.equal(harness.handler.sent.length, 3);
    assert.equal(harness.connection.isPaused, true);
    for (const work of works) work.resolve();
    await settled();
    assert.equal(harness.handler.sent.length, 4);
    assert.equal(harness.connection.isPaused, false);
  });

  test('does not pause a connection that has nothing to say', async () => {
    const harness = await Harness.connected('1.2', { maxInFlight: 2 });
    harness.handler.onSend = () => deferred().promise;
    harness.raw(frames(0, 1));
    assert.equal(harness.connection.isPaused, false);
  });

  test('leaves a paused connection readable when the session ends, or it could not be closed', async () => {
    const harness = await Harness.connected('1.2', { maxInFlight: 2 });
    harness.handler.onSend = () => deferred().promise;
    harness.raw(frames(0, 5));
    assert.equal(harness.connection.isPaused, true);
    harness.session.close();
    assert.equal(harness.connection.isPaused, false);
  });

  test('lets only so many bytes wait where the transport goes on reading', async () => {
    const harness = await Harness.connected('1.2', { maxInFlight: 2, maxFrameBytes: 200 });
    harness.connection.pause = () => {};
    harness.handler.onSend = () => deferred().promise;
    for (let n = 0; n < 30; n += 1) harness.raw(frames(1000 + n, 1000 + n));
    assert.equal(harness.closeName(), undefined);
    for (let n = 0; n < 10; n += 1) harness.raw(frames(1000 + n, 1000 + n));
    assert.deepEqual(harness.takeShort(), ['ERROR Too much outstanding']);
    assert.equal(harness.closeName(), 'overload');
  });
});

describe('metrics', () => {
  test('count frames in and out by command', async () => {
    const counts: string[] = [];
    const harness = await Harness.connected('1.2', {
      events: {
        frameIn: (command) => counts.push(`in ${command}`),
        frameOut: (command, count) => counts.push(`out ${command} ${count}`),
      },
    });
    harness.send('SUBSCRIBE', { id: '1', destination: '/a', receipt: 'r' });
    const [subscription] = harness.handler.subscribed;
    assert.ok(subscription);
    harness.session.send(subscription, { messageId: '1', body: Buffer.of() });
    assert.deepEqual(counts, [
      'in CONNECT',
      'out CONNECTED 1',
      'in SUBSCRIBE',
      'out RECEIPT 1',
      'out MESSAGE 1',
    ]);
  });
});
