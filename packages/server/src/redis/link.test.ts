import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { RedisServer, SKIP_REDIS } from '../../test/support/redis-server.ts';
import { TEST_CA, TEST_CERT, TEST_KEY } from '../../test/support/tls-fixture.ts';
import { parseRedisUrl } from '../config/redis-url.ts';
import { StartError } from '../config/start-error.ts';
import { RedisLink, type RedisLinkOptions } from './link.ts';
import { script } from './session.ts';

const ECHO = script('return ARGV[1]');

function open(url: string, options: Partial<RedisLinkOptions> = {}): Promise<RedisLink> {
  return RedisLink.open({
    address: parseRedisUrl(url),
    name: 'test',
    prefix: 'test:',
    startTimeout: 0,
    answerTimeout: 300,
    waiting() {},
    warn() {},
    lost() {},
    ...options,
  });
}

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

describe('a start with a Redis that can not be used says why, in one line', { skip: SKIP_REDIS }, () => {
  let redis: RedisServer;
  let secured: RedisServer;
  let folder: string;
  const others: Server[] = [];
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'haina-redis-tls-'));
    const files = { 'ca.pem': TEST_CA, 'cert.pem': TEST_CERT, 'key.pem': TEST_KEY };
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
    redis = await RedisServer.start('--requirepass', 'sesame');
    secured = await RedisServer.start(...tlsArguments(folder));
  });
  after(async () => {
    for (const server of others) server.close();
    await Promise.all([redis?.stop(), secured?.stop()]);
    await rm(folder, { recursive: true });
  });

  async function refusal(url: string): Promise<string> {
    const error = await open(url).then(
      async (link) => assert.fail(`it opened${await link.close()}`),
      (reason: unknown) => reason,
    );
    assert.ok(error instanceof StartError, String(error));
    assert.doesNotMatch(error.message, /\n|hunter2/);
    return error.message;
  }

  test('a password that is missing, wrong, or of a user there is not', async () => {
    const at = `127.0.0.1:${redis.port}`;
    assert.match(await refusal(`redis://${at}`), /^Redis at \S+ asks for a password/);
    assert.match(await refusal(`redis://:hunter2@${at}`), /does not take this password$/);
    assert.match(await refusal(`redis://me:hunter2@${at}`), /does not let "me" in with this password$/);
  });

  test('a database that is not there', async () => {
    assert.match(await refusal(`redis://:sesame@127.0.0.1:${redis.port}/99`), /has no database 99$/);
  });

  test('a user that may not do what is needed', async () => {
    const client = await open(`redis://:sesame@127.0.0.1:${redis.port}`);
    await client.command('ACL', 'SETUSER', 'me', 'on', '>hunter2', '~*', '+info', '+client', '+select');
    await client.close();
    assert.match(
      await refusal(`redis://me:hunter2@127.0.0.1:${redis.port}`),
      /does not let haina do what it needs/,
    );
  });

  test('a certificate that nobody trusts, a file that is not there, and TLS where there is none', async () => {
    const at = `localhost:${secured.port}`;
    assert.match(
      await refusal(`rediss://${at}`),
      /has no TLS that haina trusts: .* by the well-known authorities$/,
    );
    assert.match(
      await refusal(`rediss://${at}?cacert=/nowhere.pem`),
      /can't read \/nowhere\.pem, the cacert .*: ENOENT$/,
    );
    assert.match(
      await refusal(`rediss://:sesame@127.0.0.1:${redis.port}`),
      /it does not answer, or has no TLS/,
    );
    const link = await open(`rediss://${at}?cacert=${join(folder, 'ca.pem')}`);
    assert.equal(await link.run(ECHO, [], ['there']), 'there');
    await link.close();
  });

  test('what is no Redis', async () => {
    const http = createHttpServer((_, response) => response.end());
    const ssh = createServer((socket) => socket.on('error', () => {}).write('SSH-2.0-OpenSSH_9.2\r\n'));
    others.push(http, ssh);
    for (const server of others) {
      assert.match(await refusal(`redis://127.0.0.1:${await listening(server)}`), /is no Redis/);
    }
  });

  test('nobody there, and one who says nothing', async () => {
    const mute = createServer((socket) => socket.on('error', () => {}));
    others.push(mute);
    assert.match(await refusal('redis://127.0.0.1:1'), /can't be used: connect ECONNREFUSED/);
    assert.match(
      await refusal(`redis://127.0.0.1:${await listening(mute)}`),
      /can't be used: it does not answer/,
    );
  });
});

describe('the link to Redis', { skip: SKIP_REDIS }, () => {
  test('waits for a server that comes later, says so, and gives up when it is told to', async () => {
    const server = await RedisServer.start();
    await server.kill9();
    const waited: string[] = [];
    let resumed: Promise<void> | undefined;
    const link = await open(server.url, {
      startTimeout: 30_000,
      waiting(reason) {
        waited.push(reason);
        resumed = server.resume();
      },
    });
    assert.match(waited.join(), /^connect ECONNREFUSED/);
    await resumed;
    await link.close();
    await server.kill9();
    const stop = new AbortController();
    const trying = open(server.url, {
      startTimeout: 30_000,
      signal: stop.signal,
      waiting: () => stop.abort(new Error('enough')),
    });
    await assert.rejects(trying, /^Error: enough$/);
    await server.stop();
  });

  for (const [how, lose, restore] of [
    ['is killed', (server: RedisServer) => server.kill9(), (server: RedisServer) => server.resume()],
    ['freezes', async (server: RedisServer) => server.freeze(), async (server: RedisServer) => server.thaw()],
    ['cuts its connections', (server: RedisServer) => server.cutAll(), async () => {}],
  ] as const) {
    test(`refuses at once while a server ${how}, and is back by itself; each is told once`, async () => {
      const server = await RedisServer.start();
      const told: string[] = [];
      const back = Promise.withResolvers<void>();
      const link = await open(server.url, {
        lost: (reason) => void told.push(reason === undefined ? 'back' : 'lost'),
      });
      link.onUp(back.resolve);
      await lose(server);
      while (link.isUp) await link.run(ECHO, [], ['x']).catch(() => {});
      if (how !== 'cuts its connections') {
        await assert.rejects(link.run(ECHO, [], ['x']), { name: 'RedisUnavailable' });
      }
      await restore(server);
      await back.promise;
      assert.equal(await link.run(ECHO, [], ['there']), 'there');
      assert.deepEqual(told, ['lost', 'back']);
      await link.close();
      await server.stop();
    });
  }

  test('a server that is full refuses writes, and is lost until it has room', async () => {
    const server = await RedisServer.start('--maxmemory', '1');
    await assert.rejects(open(server.url), /can't be used: .*OOM/);
    await server.command('CONFIG', 'SET', 'maxmemory', '0');
    await (await open(server.url)).close();
    await server.stop();
  });

  test('a server that may forget what it is given is told of', async () => {
    const server = await RedisServer.start('--maxmemory', '100mb', '--maxmemory-policy', 'allkeys-lru');
    const warned: string[] = [];
    await (await open(server.url, { warn: (text) => void warned.push(text) })).close();
    assert.match(warned.join(), /maxmemory-policy is allkeys-lru, not noeviction/);
    await server.stop();
  });
});

function tlsArguments(folder: string): string[] {
  const files = {
    '--tls-cert-file': 'cert.pem',
    '--tls-key-file': 'key.pem',
    '--tls-ca-cert-file': 'ca.pem',
  };
  const named = Object.entries(files).flatMap(([flag, file]) => [flag, join(folder, file)]);
  return ['--tls-only', ...named, '--tls-auth-clients', 'no'];
}
