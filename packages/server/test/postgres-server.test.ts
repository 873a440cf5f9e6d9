import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import pg from 'pg';
import { type PostgresServer, SKIP_POSTGRES, sharedPostgres, startPostgres } from './support/postgres.ts';

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

describe('the PostgreSQL of the tests', { skip: SKIP_POSTGRES }, () => {
  let server: PostgresServer;
  before(async () => {
    server = await startPostgres();
  });
  after(() => server.dispose());

  test('gives each store an empty database of its own, whose owner is no superuser', async () => {
    const [one, other] = await Promise.all([server.createDatabase(), server.createDatabase()]);
    await query(one, 'CREATE TABLE t (n int)');
    await assert.rejects(query(other, 'SELECT * FROM t'), { code: '42P01' });
    const [settings] = await query(
      other,
      `SELECT rolsuper, current_setting('fsync') AS fsync, current_setting('server_encoding') AS encoding
       FROM pg_roles WHERE rolname = current_user`,
    );
    assert.deepEqual(settings, { rolsuper: false, fsync: 'on', encoding: 'UTF8' });
    await server.dropDatabase(one);
    await assert.rejects(query(one, 'SELECT 1'), { code: '3D000' });
  });

  test('listens on a socket of its folder, too', async () => {
    const { username, password, pathname } = new URL(await server.createDatabase());
    const url = `postgres://${username}:${password}@${encodeURIComponent(server.folder)}:${server.port}${pathname}`;
    assert.deepEqual(await query(url, 'SELECT 1 AS one'), [{ one: 1 }]);
  });

  test('has what was committed after kill -9 and a restart, at the same URL', async () => {
    const url = await server.createDatabase();
    await query(url, 'CREATE TABLE t (n int); INSERT INTO t VALUES (7)');
    const { pid } = server;
    await server.kill9();
    assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
    await assert.rejects(query(url, 'SELECT 1'), { code: 'ECONNREFUSED' });
    await server.restart();
    assert.deepEqual(await query(url, 'SELECT n FROM t'), [{ n: 7 }]);
    assert.match(server.log, /database system was not properly shut down/);
  });

  test('stops cleanly, whoever is connected, and starts again', async () => {
    const url = await server.createDatabase();
    const client = new pg.Client(url);
    const told: (string | undefined)[] = [];
    client.on('error', (error: Error & { code?: string }) => told.push(error.code));
    await client.connect();
    await server.stop('fast');
    while (told.length === 0) await once(client, 'error');
    assert.equal(told[0], '57P01');
    await server.restart();
    assert.deepEqual(await query(url, 'SELECT 1 AS one'), [{ one: 1 }]);
  });

  test('is one for all tests of a process that ask for no other', async () => {
    assert.equal(await sharedPostgres(), await sharedPostgres());
    assert.notEqual((await sharedPostgres()).port, server.port);
  });

  test('ends with the process that started it, even with one that was killed, and leaves no folder', async () => {
    const module = join(import.meta.dirname, 'support/postgres.ts');
    const script = `
      const { sharedPostgres } = await import(${JSON.stringify(module)});
      const { folder, pid } = await sharedPostgres();
      process.stdout.write(JSON.stringify({ folder, pid }));
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [text] = await once(child.stdout, 'data');
    const { folder, pid } = JSON.parse(String(text)) as { folder: string; pid: number };
    assert.ok(existsSync(folder));
    child.kill('SIGKILL');
    await until(() => !existsSync(folder));
    assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
  });
});

/** Another process brings it about, which tells nobody. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 20));
}
