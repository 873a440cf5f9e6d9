import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import {
  type PostgresServer,
  SKIP_POSTGRES,
  sharedPostgres,
  startPostgres,
} from '../../../test/support/postgres.ts';
import { StartError } from '../../config/start-error.ts';
import type { PostgresAddress } from '../../config/store-url.ts';
import { Connection } from './connect.ts';
import { addressOf, startProxy, TEST_SESSION } from './postgres-fixture.ts';
import { requireUsableServer } from './server-check.ts';
import { openAtStart, type StartOptions } from './start.ts';

const QUIET = { session: TEST_SESSION, timeout: 0, waiting() {}, warn() {} };

/** The line that a start is refused with: at once, whatever the time it has. */
async function refusal(address: PostgresAddress): Promise<string> {
  const options = { ...QUIET, address, timeout: 3_600_000, waiting: assert.fail };
  return messageOf(options);
}

async function messageOf(options: StartOptions): Promise<string> {
  const error = await openAtStart(options).then(
    (connection) => connection.close(),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof StartError, `no StartError: ${error}`);
  assert.doesNotMatch(error.message, /\n|of the tests/);
  return error.message;
}

describe('a start with PostgreSQL', { skip: SKIP_POSTGRES }, () => {
  let server: PostgresServer;
  let url: string;
  before(async () => {
    server = await sharedPostgres();
    url = await server.createDatabase();
  });
  const own: PostgresServer[] = [];
  after(() => Promise.all(own.map((each) => each.dispose())));

  async function startOwn(...args: Parameters<typeof startPostgres>): Promise<PostgresServer> {
    const started = await startPostgres(...args);
    own.push(started);
    return started;
  }

  test('gets a connection where all is well, without a word', async () => {
    const options = { ...QUIET, address: addressOf(url), waiting: assert.fail, warn: assert.fail };
    const connection = await openAtStart(options);
    assert.deepEqual((await connection.query({ text: 'SELECT 1 AS one' })).rows, [{ one: 1 }]);
    await connection.close();
  });

  for (const [what, change, line] of [
    [
      'wrong password',
      { password: 'hunter2' },
      /does not let "haina" in: password authentication failed .*\(28P01\)$/,
    ],
    [
      'missing password',
      { password: undefined },
      /asks for a password, and the URL in HAINA_STORE has none$/,
    ],
    ['unknown user', { user: 'nobody' }, /does not let "nobody" in: .*\(28P01\)$/],
    ['missing database', { database: 'none' }, /has no database "none"; make it with CREATE DATABASE$/],
    ['server without TLS', { sslMode: 'require' }, /has no TLS, which sslmode=require asks for$/],
  ] as const) {
    test(`${what}: refused at once in one line`, async () => {
      const message = await refusal(addressOf(url, change));
      assert.match(message, line);
      assert.ok(message.startsWith(`PostgreSQL at 127.0.0.1:${server.port} `));
      assert.doesNotMatch(message, /hunter2/);
    });
  }

  test('a refused connection is not left open', { timeout: 20_000 }, async () => {
    const proxy = await startProxy(addressOf(url));
    await refusal(addressOf(url, { port: proxy.port, password: undefined }));
    await proxy.left;
    proxy.close();
  });

  test('a database of another encoding is refused', async () => {
    const latin = await server.createDatabase(
      "TEMPLATE template0 ENCODING 'LATIN1' LOCALE_PROVIDER libc LOCALE 'C'",
    );
    assert.match(
      await refusal(addressOf(latin)),
      /keeps the database "test_\d+" in LATIN1; make one with: CREATE/,
    );
  });

  test('escapes in plain strings are refused', async () => {
    const old = await server.createDatabase();
    await server.admin(
      `ALTER DATABASE ${new URL(old).pathname.slice(1)} SET standard_conforming_strings = off`,
    );
    assert.match(await refusal(addressOf(old)), /has standard_conforming_strings off; it must be on$/);
  });

  test('a role that may make no tables is told what allows it', async () => {
    await server.admin(`CREATE ROLE guest LOGIN PASSWORD 'guest of the tests'`);
    const guest = addressOf(url, { user: 'guest', password: 'guest of the tests' });
    assert.match(
      await refusal(guest),
      /does not let "guest" make tables in the schema "public" .* GRANT USAGE, CREATE/,
    );
    await server.admin('ALTER ROLE guest SET search_path = elsewhere');
    assert.match(await refusal(guest), /has none of the schemas in the search_path of "guest"/);
  });

  test('a database that takes no writes is waited for, and named at the end', async () => {
    const closed = await server.createDatabase();
    const name = new URL(closed).pathname.slice(1);
    await server.admin(`ALTER DATABASE ${name} SET default_transaction_read_only = on`);
    const address = addressOf(closed);
    assert.match(
      await messageOf({ ...QUIET, address }),
      /can't be used: it takes no writes: default_transaction_read/,
    );
    const waiting = () => void server.admin(`ALTER DATABASE ${name} RESET default_transaction_read_only`);
    await (await openAtStart({ ...QUIET, address, timeout: 60_000, waiting })).close();
  });

  test('a server without its safeguards is told of, and used', async () => {
    const fast = await startOwn({ settings: { fsync: 'off', full_page_writes: 'off' } });
    const warnings: string[] = [];
    const options = {
      ...QUIET,
      address: addressOf(await fast.createDatabase()),
      warn: (text: string) => warnings.push(text),
    };
    await (await openAtStart(options)).close();
    assert.deepEqual(
      warnings.map((text) => text.slice(0, 33)),
      ['PostgreSQL has fsync off: a crash', 'PostgreSQL has full_page_writes o'],
    );
  });

  test('a version that is too old is refused', async (context) => {
    const connection = await Connection.open(addressOf(url), TEST_SESSION);
    const query = connection.query.bind(connection);
    context.mock.method(connection, 'query', async (config: { text: string }) => {
      const answer = await query(config);
      Object.assign(answer.rows[0], { version: '14.19', version_number: 140_019 });
      return answer;
    });
    const error = {
      name: 'UnusableServer',
      message: 'is version 14.19; 15 or newer is needed',
      mayPass: false,
    };
    await assert.rejects(requireUsableServer(connection), error);
    await connection.close();
  });

  test('a server that is down is waited for, and found when it is back', async () => {
    const slow = await startOwn();
    const address = addressOf(await slow.createDatabase());
    await slow.stop();
    const line = /^PostgreSQL at \S+ can't be used: connect ECONNREFUSED 127\.0\.0\.1:\d+$/;
    assert.match(await messageOf({ ...QUIET, address }), line);
    const reasons: string[] = [];
    const waiting = (reason: string) => {
      reasons.push(reason);
      void slow.restart();
    };
    await (await openAtStart({ ...QUIET, address, timeout: 60_000, waiting })).close();
    assert.match(reasons.join(), /^connect ECONNREFUSED 127\.0\.0\.1:\d+$/);
  });

  test('a server without a free connection is waited for', async () => {
    const full = await startOwn({ settings: { max_connections: '5', superuser_reserved_connections: '2' } });
    const address = addressOf(await full.createDatabase());
    const taken = await Promise.all([1, 2, 3].map(() => Connection.open(address, TEST_SESSION)));
    const reasons: string[] = [];
    const waiting = (reason: string) => {
      reasons.push(reason);
      for (const connection of taken) void connection.close();
    };
    await (await openAtStart({ ...QUIET, address, timeout: 60_000, waiting })).close();
    assert.match(reasons.join(), /connection.*\(53300\)$/);
  });

  test('who waits says so at once and then every few seconds, until the time is over', async (context) => {
    const address = { ...addressOf(url), port: await closedPort() };
    let now = 0;
    context.mock.method(performance, 'now', () => now);
    const told: number[] = [];
    const sleep = async (ms: number) => {
      now += ms;
    };
    const waiting = () => told.push(now);
    const message = await messageOf({ ...QUIET, address, timeout: 30_000, waiting, sleep });
    assert.match(message, /can't be used within 30 s: connect ECONNREFUSED/);
    assert.equal(told[0], 0);
    assert.ok(told.slice(1).every((at, index) => at - (told[index] ?? 0) >= 5000));
    assert.ok(told.length >= 4 && now <= 30_000);
  });

  test('a host that nobody knows is waited for: names of containers come with them', async () => {
    const address = addressOf(url, { host: 'no-such-host.invalid' });
    assert.match(
      await messageOf({ ...QUIET, address }),
      /can't be used: getaddrinfo (ENOTFOUND|EAI_AGAIN) no-such-host/,
    );
  });

  test('a server that takes connections and says nothing is given up after connect_timeout', async () => {
    const mute = await listen();
    const { port } = mute.address() as { port: number };
    const address = { ...addressOf(url), port, connectTimeout: 50 };
    assert.match(await messageOf({ ...QUIET, address }), /can't be used: timeout expired$/);
    mute.close();
  });

  test('a stop ends the wait', async () => {
    const address = { ...addressOf(url), port: await closedPort() };
    const stop = new AbortController();
    const options = {
      ...QUIET,
      address,
      timeout: 3_600_000,
      signal: stop.signal,
      waiting: () => stop.abort(),
    };
    await assert.rejects(openAtStart(options), { name: 'AbortError' });
  });

  test('a standby is waited for until it becomes the primary', async () => {
    const primary = await startOwn();
    const address = addressOf(await primary.createDatabase());
    await primary.stop();
    // Alone, but a standby all the same.
    writeFileSync(join(primary.folder, 'data', 'standby.signal'), '');
    await primary.restart();
    const reasons: string[] = [];
    const waiting = (reason: string) => {
      reasons.push(reason);
      void primary.admin('SELECT pg_promote(false)');
    };
    await (await openAtStart({ ...QUIET, address, timeout: 60_000, waiting })).close();
    assert.deepEqual(reasons, ['it is a standby, which takes no writes']);
  });
});

describe('TLS to PostgreSQL', { skip: SKIP_POSTGRES }, () => {
  let folder: string;
  let server: PostgresServer;
  let address: PostgresAddress;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'haina-tls-'));
    makeCertificate('server', 'DNS:db.test,IP:127.0.0.9');
    makeCertificate('other', 'IP:127.0.0.1');
    makeCertificate('client', 'DNS:client');
    server = await startPostgres({
      settings: { ssl: 'on', ssl_ca_file: 'client.pem' },
      files: {
        'server.crt': readFileSync(pem('server'), 'utf8'),
        'server.key': readFileSync(join(folder, 'server.key'), 'utf8'),
        'client.pem': readFileSync(pem('client'), 'utf8'),
      },
    });
    address = addressOf(await server.createDatabase());
  });
  after(async () => {
    await server?.dispose();
    rmSync(folder, { recursive: true });
  });

  const pem = (name: string) => join(folder, `${name}.pem`);

  /** Signed by itself, which makes it its own authority. */
  function makeCertificate(name: string, alternativeNames: string): void {
    const key = join(folder, `${name}.key`);
    const args =
      `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=${name}`.split(
        ' ',
      );
    args.push('-addext', `subjectAltName=${alternativeNames}`, '-keyout', key, '-out', pem(name));
    execFileSync('openssl', args, { stdio: 'pipe' });
  }

  async function isEncrypted(change: Partial<PostgresAddress>): Promise<unknown> {
    const connection = await openAtStart({ ...QUIET, address: { ...address, ...change } });
    const { rows } = await connection.query({
      text: 'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()',
    });
    await connection.close();
    return rows[0].ssl;
  }

  test('is as strict as sslmode says', async () => {
    assert.equal(await isEncrypted({ sslMode: 'disable' }), 0);
    assert.equal(await isEncrypted({ sslMode: 'prefer' }), 1);
    assert.equal(await isEncrypted({ sslMode: 'require' }), 1);
    assert.equal(await isEncrypted({ sslMode: 'verify-ca', sslRootCert: pem('server') }), 1);
  });

  test('refuses a certificate of nobody it trusts, or for another host', async () => {
    const { sslMode: _, ...rest } = address;
    const self =
      /has no TLS that haina trusts: self-signed certificate \(DEPTH_ZERO_SELF_SIGNED_CERT\), by sslmode=verify-full and the well-known authorities$/;
    assert.match(await refusal({ ...rest, sslMode: 'verify-full' }), self);
    const other = await refusal({ ...rest, sslMode: 'verify-ca', sslRootCert: pem('other') });
    assert.match(other, /DEPTH_ZERO_SELF_SIGNED_CERT.*, by sslmode=verify-ca and sslrootcert=\S+other\.pem$/);
    const named = await refusal({ ...rest, sslMode: 'verify-full', sslRootCert: pem('server') });
    assert.match(named, /127\.0\.0\.1 is not in the cert's list.*\(ERR_TLS_CERT_ALTNAME_INVALID\)/);
  });

  test('files that are missing or hold no certificate are refused', async () => {
    const missing = await refusal({ ...address, sslMode: 'verify-full', sslRootCert: pem('none') });
    assert.match(missing, /^can't read \S+none\.pem, the sslrootcert of HAINA_STORE: ENOENT$/);
    writeFileSync(pem('broken'), '-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n');
    const broken = { ...address, sslMode: 'require', sslCert: pem('broken'), sslKey: pem('broken') } as const;
    assert.match(await refusal(broken), /has no TLS that haina trusts: .*ERR_OSSL_/);
  });

  test('shows a certificate of its own to a server that asks for one', async () => {
    const hba = join(server.folder, 'data', 'pg_hba.conf');
    const before = readFileSync(hba, 'utf8');
    writeFileSync(hba, `hostssl all haina all scram-sha-256 clientcert=verify-ca\n${before}`);
    await server.admin('SELECT pg_reload_conf()');
    const files = { sslCert: pem('client'), sslKey: join(folder, 'client.key') };
    assert.equal(await isEncrypted({ sslMode: 'require', ...files }), 1);
    assert.match(
      await refusal({ ...address, sslMode: 'require' }),
      /does not let "haina" in: .*client certificate/,
    );
  });
});

async function listen(): Promise<Server> {
  const server = createServer((socket) => socket.resume()).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return server;
}

async function closedPort(): Promise<number> {
  const server = await listen();
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
