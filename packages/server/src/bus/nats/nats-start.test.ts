import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { NatsServer, SKIP_NATS } from '../../../test/support/nats-server.ts';
import { freePort } from '../../../test/support/postgres/server.ts';
import { TEST_CA, TEST_CERT, TEST_KEY } from '../../../test/support/tls-fixture.ts';
import { StartError } from '../../config/start-error.ts';
import { SYSTEM_TIMERS } from '../../stomp/timers.ts';
import type { Bus, BusEvents } from '../bus.ts';
import { openNatsBus } from './nats-bus.ts';

const DEAF: BusEvents = {
  received: () => {},
  connected: () => {},
  disconnected: () => {},
  dropped: () => {},
  troubled: () => {},
  failed: () => {},
};

interface Attempt {
  readonly timeout?: number;
  readonly events?: Partial<BusEvents>;
  readonly credsFile?: string;
  readonly signal?: AbortSignal;
  waiting?(reason: string): void;
}

async function open(
  t: TestContext,
  url: string,
  { timeout = 0, events, credsFile, waiting = () => {}, signal }: Attempt = {},
): Promise<Bus> {
  const bus = await openNatsBus({
    node: 'ann',
    cluster: 'haina',
    access: { urls: [url], credsFile },
    events: { ...DEAF, ...events },
    timers: SYSTEM_TIMERS,
    timeout,
    waiting,
    ...(signal && { signal }),
  });
  t.after(() => bus.close());
  return bus;
}

/** One line that says where it is and what is wrong with it. */
function refusal(words: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof StartError, String(error));
    assert.match(error.message, words);
    assert.doesNotMatch(error.message, /\n|p%40ss|p@ss/);
    return true;
  };
}

async function startNats(t: TestContext, ...args: readonly string[]): Promise<NatsServer> {
  const server = await NatsServer.start(...args);
  t.after(() => server.stop());
  return server;
}

async function folder(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'haina-bus-'));
  t.after(() => rm(dir, { recursive: true }));
  return dir;
}

async function listen(t: TestContext, answer: (socket: Socket) => void): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return `nats://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('the start of a bus on NATS', { skip: SKIP_NATS }, () => {
  test('is refused at once, in one line, where the name or password is wrong', async (t) => {
    const { url } = await startNats(t, '--user', 'me', '--pass', 'p@ss');
    const words = /^the NATS of the bus at 127\.0\.0\.1:\d+ does not let haina in: authorization violation/i;
    const patient = { timeout: 60_000, waiting: () => assert.fail('it waits') };
    await assert.rejects(open(t, url, patient), refusal(words));
    await assert.rejects(open(t, url.replace('//', '//me:p%40ss2@'), patient), refusal(words));
    await open(t, url.replace('//', '//me:p%40ss@'));
  });

  test('is refused where the file of credentials can not be read', async (t) => {
    const { url } = await startNats(t);
    await assert.rejects(
      open(t, url, { credsFile: '/there/is/none' }),
      refusal(/^can't read busCredsFile: ENOENT/),
    );
  });

  test('is refused where the certificate is of an unknown authority, and where there is no TLS', async (t) => {
    const dir = await folder(t);
    const [cert, key] = [join(dir, 'cert.pem'), join(dir, 'key.pem')];
    await Promise.all([writeFile(cert, TEST_CERT), writeFile(key, TEST_KEY)]);
    const { url } = await startNats(t, '--tls', '--tlscert', cert, '--tlskey', key);
    const secure = url.replace('nats:', 'tls:');
    const words = /has no TLS that haina trusts: unable to verify the first certificate \(UNABLE_TO_VERIFY/;
    await assert.rejects(open(t, secure, { timeout: 60_000 }), refusal(words));
    const known = getCACertificates();
    setDefaultCACertificates([...known, TEST_CA]);
    t.after(() => setDefaultCACertificates(known));
    await open(t, secure);
    const plain = await startNats(t);
    await assert.rejects(
      open(t, plain.url.replace('nats:', 'tls:'), { timeout: 60_000 }),
      refusal(/has no TLS, which tls:\/\/ asks for$/),
    );
  });

  test('is refused where another server answers', async (t) => {
    const mail = await listen(t, (socket) => socket.on('error', () => {}).end('220 mail.test ESMTP\r\n'));
    await assert.rejects(open(t, mail, { timeout: 60_000 }), refusal(/is no NATS server$/));
    const words = await listen(t, (socket) => socket.on('error', () => {}).end('INFO of a kind\r\n'));
    await assert.rejects(open(t, words, { timeout: 60_000 }), refusal(/is no NATS server$/));
  });

  for (const [what, permissions] of [
    ['publish', 'publish: { deny: "haina.bus.>" }'],
    ['subscribe', 'subscribe: { deny: "haina.bus.>" }'],
  ]) {
    test(`is refused where the account may not ${what}`, async (t) => {
      const file = join(await folder(t), 'nats.conf');
      await writeFile(
        file,
        `authorization { users: [{ user: me, password: p, permissions: { ${permissions} } }] }`,
      );
      const { url } = await startNats(t, '-c', file);
      await assert.rejects(
        open(t, url.replace('//', '//me:p@'), { timeout: 60_000 }),
        refusal(/does not let haina publish and subscribe to haina\.bus\.>: .*permissions violation/i),
      );
    });
  }

  test('needs the subjects of its cluster and no others', async (t) => {
    const file = join(await folder(t), 'nats.conf');
    const allowed = '{ publish: "haina.bus.>", subscribe: "haina.bus.>" }';
    await writeFile(
      file,
      `authorization { users: [{ user: me, password: p, permissions: ${allowed} }, { user: you, password: p }] }`,
    );
    const { url } = await startNats(t, '-c', file);
    const heard = Promise.withResolvers<string>();
    const bus = await open(t, url.replace('//', '//me:p@'), {
      events: { received: (channel, body, from) => heard.resolve(`${channel} ${body} ${from}`) },
    });
    await bus.listen(['talk']);
    const other = await openNatsBus({
      node: 'ben',
      cluster: 'haina',
      access: { urls: [url.replace('//', '//you:p@')] },
      events: DEAF,
      timers: SYSTEM_TIMERS,
      timeout: 0,
      waiting: () => {},
    });
    t.after(() => other.close());
    other.publish('talk', Buffer.from('hello'));
    assert.equal(await heard.promise, 'talk hello ben');
  });

  test('waits for a server that is not there yet, and says so', async (t) => {
    const server = await startNats(t);
    await server.pause();
    const told = Promise.withResolvers<string>();
    const opening = open(t, server.url, { timeout: 60_000, waiting: told.resolve });
    assert.match(await told.promise, /ECONNREFUSED/);
    await server.resume();
    await opening;
  });

  test('gives up in one line where nothing answers as NATS does', async (t) => {
    const left = Promise.withResolvers<void>();
    const silent = await listen(t, (socket) => {
      socket
        .on('error', () => {})
        .on('close', left.resolve)
        .resume();
    });
    await assert.rejects(open(t, silent), refusal(/can't be used: nothing answers there as NATS does$/));
    await left.promise;
  });

  test('gives up in one line what can not be reached, and ends with the signal', async (t) => {
    const url = `nats://127.0.0.1:${await freePort()}`;
    await assert.rejects(
      open(t, url),
      refusal(/127\.0\.0\.1:\d+ can't be used: connect ECONNREFUSED 127\.0\.0\.1:\d+$/),
    );
    await assert.rejects(open(t, url, { timeout: 150 }), refusal(/can't be used within 0\.15 s: connect/));
    const ending = new AbortController();
    const opening = open(t, url, {
      timeout: 60_000,
      signal: ending.signal,
      waiting: () => ending.abort(new Error('stopped')),
    });
    await assert.rejects(opening, /stopped/);
  });

  test('a password that is changed meanwhile is told of once, and the right one works', async (t) => {
    const dir = await folder(t);
    const file = join(dir, 'nats.conf');
    const write = (password: string) =>
      writeFile(file, `authorization { users: [{ user: me, password: ${password} }] }`);
    await write('p');
    const server = await startNats(t, '-c', file);
    const words: string[] = [];
    const refused = Promise.withResolvers<void>();
    const back = Promise.withResolvers<void>();
    await open(t, server.url.replace('//', '//me:p@'), {
      events: {
        disconnected(reason) {
          words.push(reason);
          if (/does not let haina in/.test(reason)) refused.resolve();
        },
        connected: back.resolve,
      },
    });
    await server.kill();
    await write('q');
    await server.resume();
    await refused.promise;
    await server.kill();
    await write('p');
    await server.resume();
    await back.promise;
    assert.equal(words.length, 2, words.join());
  });
});
