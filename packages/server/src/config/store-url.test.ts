import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from './load.ts';
import { printConfig } from './print.ts';
import { StartError } from './start-error.ts';
import { type PostgresAddress, parseStore } from './store-url.ts';

function address(url: string): PostgresAddress {
  const choice = parseStore(url);
  assert.ok(choice.kind === 'postgres');
  return choice.address;
}

test('the store is SQLite unless set', () => {
  const { config } = loadConfig({});
  assert.equal(config.store, 'sqlite');
  assert.equal(config.startTimeout, 60_000);
  assert.deepEqual(parseStore(config.store), { kind: 'sqlite' });
});

test('a URL tells everything about the connection, percent-encoded where it must be', () => {
  assert.deepEqual(address('postgres://haina@db.test/haina'), {
    host: 'db.test',
    port: 5432,
    database: 'haina',
    user: 'haina',
    password: undefined,
    sslMode: 'prefer',
    sslRootCert: undefined,
    sslCert: undefined,
    sslKey: undefined,
    applicationName: undefined,
    connectTimeout: 10_000,
  });
  const full = address(
    'postgresql://h%40i:p%2F%40%23%25%20%E6%B5%B7@[::1]:6543/%E6%B5%B7%E7%BA%B3' +
      '?sslmode=verify-full&sslrootcert=/etc/ca%20s.pem&sslcert=c.pem&sslkey=k.pem&application_name=chat&connect_timeout=3',
  );
  assert.deepEqual(full, {
    host: '::1',
    port: 6543,
    database: '海纳',
    user: 'h@i',
    password: 'p/@#% 海',
    sslMode: 'verify-full',
    sslRootCert: '/etc/ca s.pem',
    sslCert: 'c.pem',
    sslKey: 'k.pem',
    applicationName: 'chat',
    connectTimeout: 3000,
  });
});

test('a host may be the folder of a socket, which has no TLS', () => {
  const { host, port, sslMode } = address('postgres://haina@%2Fvar%2Frun%2Fpostgresql:5433/haina');
  assert.deepEqual([host, port, sslMode], ['/var/run/postgresql', 5433, 'disable']);
});

test('sslmode require with an authority checks it, as with other clients of PostgreSQL', () => {
  assert.equal(address('postgres://h@db.test/h?sslmode=require').sslMode, 'require');
  assert.equal(address('postgres://h@db.test/h?sslmode=require&sslrootcert=ca.pem').sslMode, 'verify-ca');
});

for (const [url, fault] of [
  ['mysql://me:hunter2@db.test/haina', /^must be sqlite or a URL postgres:/],
  ['host=db.test password=hunter2', /^must be sqlite or a URL postgres:/],
  ['SQLite', /^must be sqlite or a URL postgres:/],
  ['postgres:haina', /^must be sqlite or a URL postgres:/],
  ['postgres://me:hunter2@db.test', /^names no database$/],
  ['postgres://me:hunter2@db.test/', /^names no database$/],
  ['postgres:///haina', /^names no host$/],
  ['postgres://db.test/haina', /^names no user$/],
  ['postgres://me:hunter2@db.test:port/haina', /^is no URL .* percent-encoded$/],
  ['postgres://me:hunter2@db.test:65536/haina', /^is no URL /],
  ['postgres://me:hunter2@db.test:0/haina', /^has the port 0$/],
  ['postgres://me:hunter2@one.test:1,two.test:2/haina', /^is no URL /],
  ['postgres://me:hun/ter2@db.test/haina', /^is no URL /],
  ['postgres://me:1/hunter2@db.test/haina', /^is no URL /],
  ['postgres://me:hunter2#@db.test/haina', /^is no URL /],
  ['postgres://me:hunter2%@db.test/haina', /^has a % that is not followed/],
  ['postgres://me:hunter2@db.test/haina/x', /^is no URL /],
  ['postgres://me:hunter2@db.test/ha%00ina', /^has a NUL in its database$/],
  [
    'postgres://me@db.test/haina?password=hunter2',
    /^has the unknown parameter "password"; it may have sslmode, /,
  ],
  ['postgres://me@db.test/haina?sslmode=no', /^has an unknown sslmode; it may be disable, prefer, /],
  ['postgres://me@db.test/haina?sslmode=', /^has the parameter sslmode without a value$/],
  ['postgres://me@db.test/haina?sslmode=require&sslmode=disable', /^has the parameter sslmode twice$/],
  ['postgres://me@db.test/haina?sslmode=verify-ca', /^needs sslrootcert for sslmode verify-ca/],
  ['postgres://me@db.test/haina?sslcert=a.pem', /^needs sslcert and sslkey together$/],
  ['postgres://me@%2Frun/haina?sslmode=require', /^asks for sslmode require, which a socket/],
  ['postgres://me@db.test/haina?connect_timeout=0', /^needs a connect_timeout from 1 to 600 seconds$/],
  ['postgres://me@db.test/haina?connect_timeout=2m', /^needs a connect_timeout /],
] as const) {
  test(`${url.replace('hunter2', '…')} is refused with what is wrong, and not shown`, () => {
    assert.throws(() => parseStore(url), { name: 'StoreFault', message: fault });
    assert.throws(
      () => loadConfig({ env: { HAINA_STORE: url } }),
      (error) => {
        assert.ok(error instanceof StartError);
        assert.match(
          error.message,
          /^the setting store .*; its value \(not shown\) came from variable HAINA_STORE$/,
        );
        assert.doesNotMatch(error.message, /hunter2|ter2/);
        return true;
      },
    );
  });
}

test('what is no text is refused without being shown', () => {
  const flags = { store: { password: 'hunter2' } as unknown as string };
  assert.throws(
    () => loadConfig({ flags }),
    (error: Error) =>
      /^the setting store must be sqlite or /.test(error.message) && !/ter2/.test(error.message),
  );
});

test('the password is not printed, the rest is', () => {
  for (const password of ['hunter2', 'h%2Fun%40ter2', 'a:hunter2']) {
    const HAINA_STORE = `postgres://me:${password}@db.test/haina?application_name=chat`;
    const printed = printConfig(loadConfig({ env: { HAINA_STORE } }));
    assert.doesNotMatch(printed, /ter2/);
    assert.match(printed, /"postgres:\/\/me:\*{8}@db\.test\/haina\?application_name=chat"/);
  }
});
