import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { StompProtocolError } from '@haina/wire';
import { deferred, Harness, settled } from './testing/harness.ts';
import { MemoryConnection } from './testing/memory-connection.ts';

describe('CONNECT', () => {
  // Spring leaves the version header out here; RabbitMQ sends it, and a 1.0 client ignores it.
  test('without accept-version opens a 1.0 session', async () => {
    const harness = new Harness();
    await harness.connect({});
    const [connected] = harness.take();
    assert.equal(connected?.command, 'CONNECTED');
    assert.equal(connected.headers.version, '1.0');
    assert.equal(connected.headers['heart-beat'], '0,0');
    assert.equal(harness.handler.connectVersion, '1.0');
  });

  for (const [accepts, version] of [
    ['1.0', '1.0'],
    ['1.1', '1.1'],
    ['1.0,1.1,1.2', '1.2'],
    ['1.2,1.1,1.0', '1.2'],
    ['1.0, 1.1', '1.1'],
    ['1.0,1.1,1.3', '1.1'],
  ] as const) {
    test(`accepting ${accepts} agrees on ${version}`, async () => {
      const harness = new Harness();
      await harness.connect({ 'accept-version': accepts });
      assert.equal(harness.take()[0]?.headers.version, version);
      assert.equal(harness.session.version, version);
    });
  }

  for (const accepts of ['1.3', '', '2']) {
    test(`accepting only "${accepts}" is an error that lists what is supported`, async () => {
      const harness = new Harness();
      await harness.connect({ 'accept-version': accepts });
      const [error] = harness.take();
      assert.equal(error?.command, 'ERROR');
      assert.equal(error.headers.version, '1.0,1.1,1.2');
      assert.equal(error.headers.message, 'Unsupported version');
      assert.match(error.body, /1\.0 1\.1 1\.2/);
      assert.equal(harness.closeName(), 'header');
      assert.equal(harness.handler.connectFrame, undefined);
    });
  }

  test('is answered with what the client needs to know', async () => {
    const harness = new Harness({ server: 'haina/1' });
    await harness.connect({ 'accept-version': '1.2', 'heart-beat': '20000,5000' });
    assert.deepEqual(harness.take(), [
      {
        command: 'CONNECTED',
        headers: {
          version: '1.2',
          'heart-beat': '10000,10000',
          session: harness.connection.id,
          'user-name': 'joe',
          server: 'haina/1',
        },
        body: '',
      },
    ]);
  });

  for (const [client, answer] of [
    ['0,0', '0,0'],
    ['10000,0', '0,10000'],
    ['0,10000', '10000,0'],
    [undefined, '0,0'],
  ] as const) {
    test(`with heart-beat ${client} is offered ${answer}: nothing in a direction that is off`, async () => {
      const harness = new Harness();
      await harness.connect({ 'accept-version': '1.2', ...(client ? { 'heart-beat': client } : {}) });
      assert.equal(harness.take()[0]?.headers['heart-beat'], answer);
    });
  }

  test('is not unescaped, and CONNECTED not escaped', async () => {
    const harness = new Harness();
    harness.handler.onConnect = async () => ({ userName: 'a:b\\c' });
    harness.raw('CONNECT\naccept-version:1.2\nlogin:a\\cb\\\n\n\0');
    await settled();
    assert.equal(harness.handler.connectFrame?.headers.get('login'), 'a\\cb\\');
    assert.match(harness.connection.written[0]?.data.toString() ?? '', /\nuser-name:a:b\\c\n/);
  });

  test('may be called STOMP', async () => {
    const harness = new Harness();
    harness.send('STOMP', { 'accept-version': '1.1,1.0', 'heart-beat': '10000,10000' });
    await settled();
    assert.equal(harness.take()[0]?.headers.version, '1.1');
  });

  test('gets no RECEIPT, which CONNECTED makes needless', async () => {
    const harness = new Harness();
    await harness.connect({ 'accept-version': '1.2', receipt: 'r' });
    assert.deepEqual(
      harness.take().map(({ command }) => command),
      ['CONNECTED'],
    );
  });

  // The specification demands a host from 1.1 on; Spring and RabbitMQ do not, so their clients leave it out.
  for (const host of [{}, { host: 'chat.example' }, { host: '/' }]) {
    test(`may name any host or none: ${JSON.stringify(host)}`, async () => {
      const harness = new Harness();
      await harness.connect({ 'accept-version': '1.2', ...host });
      assert.equal(harness.take()[0]?.command, 'CONNECTED');
    });
  }

  for (const subprotocol of ['', 'v10.stomp', 'v11.stomp', 'v12.stomp']) {
    test(`counts for the version, whatever WebSocket subprotocol was agreed on: "${subprotocol}"`, async () => {
      const harness = new Harness({ connection: new MemoryConnection({ subprotocol }) });
      await harness.connect({ 'accept-version': '1.1' });
      assert.equal(harness.take()[0]?.headers.version, '1.1');
    });
  }

  test('twice is an error', async () => {
    for (const command of ['CONNECT', 'STOMP']) {
      const harness = await Harness.connected();
      harness.send(command, { 'accept-version': '1.2' });
      assert.deepEqual(harness.takeShort(), ['ERROR Already connected']);
      assert.equal(harness.closeName(), 'command');
    }
  });

  test('twice is an error while the first is being looked at, too', async () => {
    const harness = new Harness();
    harness.raw('CONNECT\naccept-version:1.2\n\n\0CONNECT\naccept-version:1.2\n\n\0');
    await settled();
    assert.deepEqual(
      harness.take().map(({ command }) => command),
      ['CONNECTED', 'ERROR'],
    );
  });

  // Spring drops the message in silence.
  for (const command of ['SEND', 'SUBSCRIBE', 'DISCONNECT', 'BEGIN']) {
    test(`must come before ${command}`, async () => {
      const harness = new Harness();
      harness.send(command, { destination: '/a', id: '1', transaction: 't', receipt: 'r' });
      const [error] = harness.take();
      assert.equal(error?.command, 'ERROR');
      assert.equal(error.headers.message, 'Not connected');
      assert.equal(error.headers['receipt-id'], 'r');
      assert.equal(harness.closeName(), 'command');
      await settled();
      assert.equal(harness.handler.sent.length + harness.handler.subscribed.length, 0);
    });
  }
});

describe('authentication', () => {
  test('that fails tells no more than that', async () => {
    const harness = new Harness();
    harness.handler.onConnect = async () => {
      throw new Error('database password wrong');
    };
    await harness.connect();
    const [error] = harness.take();
    assert.equal(error?.command, 'ERROR');
    assert.equal(error.headers.message, 'Not connected');
    assert.doesNotMatch(JSON.stringify(error), /database/);
    assert.equal(harness.closeName(), 'refused');
    assert.match(String(harness.protocolErrors[0]?.cause), /database password wrong/);
  });

  test('that fails in the words of the dialect says those', async () => {
    const harness = new Harness();
    harness.handler.onConnect = async () => {
      throw new StompProtocolError('Unauthorized', 'Unauthorized', { code: 'unauthorized' });
    };
    await harness.connect();
    const [error] = harness.take();
    assert.equal(error?.headers.message, 'Unauthorized');
    assert.equal(error.body, 'Unauthorized');
    assert.equal(harness.closeName(), 'token-refused');
  });

  test('that fails because the server does closes as such', async () => {
    const harness = new Harness();
    harness.handler.onConnect = async () => {
      throw new StompProtocolError('Try again', 'The database is down.', { code: 'internal' });
    };
    await harness.connect();
    assert.deepEqual(harness.takeShort(), ['ERROR Try again']);
    assert.equal(harness.closeName(), 'internal');
  });

  test('that succeeds with nonsense ends the session, not the server', async () => {
    const harness = new Harness();
    harness.handler.onConnect = async () => JSON.parse('null');
    await harness.connect();
    assert.deepEqual(harness.takeShort(), ['ERROR Internal error']);
    assert.equal(harness.closeName(), 'internal');
    assert.equal(harness.internalErrors.length, 1);
  });

  test('that throws at once fails alike', async () => {
    const harness = new Harness();
    harness.handler.onConnect = () => {
      throw new StompProtocolError('Unauthorized');
    };
    await harness.connect();
    assert.deepEqual(harness.takeShort(), ['ERROR Unauthorized']);
  });

  test('that does not come in time ends the session', () => {
    const harness = new Harness({ connectTimeout: 5000 });
    harness.timers.advance(4999);
    assert.equal(harness.closeName(), undefined);
    harness.timers.advance(1);
    assert.deepEqual(harness.takeShort(), ['ERROR Not connected in time']);
    assert.equal(harness.closeName(), 'connect-timeout');
  });

  test('that the dialect does not finish in time ends the session, and is too late afterwards', async () => {
    const harness = new Harness({ connectTimeout: 5000 });
    const work = deferred();
    harness.handler.onConnect = async () => {
      await work.promise;
      return { userName: 'joe' };
    };
    await harness.connect();
    harness.timers.advance(5000);
    work.resolve();
    await settled();
    assert.deepEqual(harness.takeShort(), ['ERROR Not connected in time']);
    assert.equal(harness.session.state, 'closed');
  });

  test('in time ends the wait', async () => {
    const harness = await Harness.connected('1.2', { connectTimeout: 5000 });
    harness.timers.advance(60_000);
    assert.equal(harness.closeName(), undefined);
  });

  test('is forgotten when the client leaves during it', async () => {
    const harness = new Harness();
    const work = deferred();
    harness.handler.onConnect = () => work.promise.then(() => ({ userName: 'joe' }));
    await harness.connect();
    harness.connection.drop();
    await settled();
    work.reject(new Error('too late'));
    await settled();
    assert.deepEqual(harness.handler.closings, ['client']);
    assert.deepEqual(harness.protocolErrors, []);
    assert.deepEqual(harness.transitions.at(-1), 'authenticating → closed');
  });

  test('lets frames that follow CONNECT wait, in the version it agreed on', async () => {
    const harness = new Harness();
    harness.raw(
      'CONNECT\naccept-version:1.1\n\n\0SUBSCRIBE\nid:1\ndestination:/a\\cb\nreceipt:r\n\n\0SEND\ndesti',
    );
    assert.equal(harness.handler.subscribed.length, 0);
    await settled();
    assert.equal(harness.handler.subscribed[0]?.destination, '/a:b');
    harness.raw('nation:/b\n\nx\0');
    assert.deepEqual(harness.handler.bodies, ['x']);
    assert.deepEqual(harness.takeShort().slice(1), ['RECEIPT r']);
  });

  test('pauses a connection that goes on sending meanwhile', async () => {
    const harness = new Harness();
    const work = deferred();
    harness.handler.onConnect = () => work.promise.then(() => ({ userName: 'joe' }));
    harness.send('CONNECT', { 'accept-version': '1.2' });
    assert.equal(harness.connection.isPaused, false);
    harness.send('SEND', { destination: '/a' }, '1');
    assert.equal(harness.connection.isPaused, true);
    harness.send('SEND', { destination: '/a' }, '2');
    work.resolve();
    await settled();
    assert.equal(harness.connection.isPaused, false);
    assert.deepEqual(harness.handler.bodies, ['1', '2']);
  });

  test('bounds what a connection can make it keep that does not pause', async () => {
    const harness = new Harness({ preAuthMaxFrameBytes: 256 });
    harness.connection.pause = () => {};
    harness.handler.onConnect = () => deferred().promise.then(() => ({ userName: 'joe' }));
    await harness.connect();
    for (let n = 0; n < 10; n += 1) harness.send('SEND', { destination: '/a' }, 'x'.repeat(100));
    assert.deepEqual(harness.takeShort(), ['ERROR Too much outstanding']);
    assert.equal(harness.closeName(), 'overload');
  });

  test('raises the limit on frames, which is low before it', async () => {
    const limits = { preAuthMaxFrameBytes: 256, maxFrameBytes: 1024 };
    const early = new Harness(limits);
    await early.connect({ 'accept-version': '1.2', token: 'x'.repeat(300) });
    assert.deepEqual(early.takeShort(), ['ERROR Headers too large']);
    const late = await Harness.connected('1.2', limits);
    late.send('SEND', { destination: '/a' }, 'x'.repeat(900));
    assert.equal(late.handler.sent.length, 1);
    late.send('SEND', { destination: '/a' }, 'x'.repeat(1100));
    assert.deepEqual(late.takeShort(), ['ERROR Frame too large']);
  });
});
