import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { SKIP_POSTGRES, sharedPostgres } from '../../../test/support/postgres.ts';
import type { PostgresAddress } from '../../config/store-url.ts';
import { Connection } from './connect.ts';
import { failureOf } from './errors.ts';
import { addressOf, startProxy, TEST_SESSION } from './postgres-fixture.ts';

describe('a connection to PostgreSQL', { skip: SKIP_POSTGRES }, () => {
  let address: PostgresAddress;
  let connection: Connection;
  before(async () => {
    address = addressOf(await (await sharedPostgres()).createDatabase());
    connection = await Connection.open(address, TEST_SESSION);
  });
  after(() => connection.close());

  async function value(text: string, ...values: unknown[]): Promise<unknown> {
    const { rows } = await connection.query({ text: `SELECT ${text} AS value`, values });
    return rows[0].value;
  }

  test('gives values as SQLite does', async () => {
    assert.deepEqual(await value('true'), 1);
    assert.deepEqual(await value('1 > 2'), 0);
    assert.deepEqual(await value('NULL::boolean'), null);
    assert.deepEqual(await value('9007199254740991::int8'), Number.MAX_SAFE_INTEGER);
    assert.deepEqual(await value('(SELECT count(*) FROM generate_series(1, 3))'), 3);
    assert.deepEqual(await value('(SELECT sum(n::int8) FROM generate_series(1, 3) n)'), 6);
    assert.deepEqual(await value('(SELECT avg(n) FROM generate_series(1, 2) n)'), 1.5);
    assert.deepEqual(await value('0.1::float8'), 0.1);
    assert.deepEqual(await value(`'{"a": [1]}'::jsonb`), '{"a": [1]}');
    assert.deepEqual(await value('$1::bytea', Buffer.from([0, 255, 92])), Buffer.from([0, 255, 92]));
    assert.deepEqual(await value('$1::text', '海纳百川 👍'), '海纳百川 👍');
  });

  test('fails a statement rather than give another number, and goes on', async () => {
    for (const text of [
      '9007199254740992::int8',
      '-9007199254740992::int8',
      "'NaN'::numeric",
      '1e400::numeric',
    ]) {
      await assert.rejects(value(text), RangeError);
    }
    assert.equal(await value('1'), 1);
  });

  test('has the session settings that the store relies on', async () => {
    const expected = {
      application_name: 'haina/test',
      client_encoding: 'UTF8',
      default_transaction_isolation: 'read committed',
      statement_timeout: '30s',
      lock_timeout: '5s',
      idle_in_transaction_session_timeout: '5s',
      tcp_user_timeout: '10000',
      tcp_keepalives_idle: '10',
      synchronous_commit: 'on',
      jit: 'off',
    };
    const names = Object.keys(expected);
    const { rows } = await connection.query({
      text: 'SELECT name, current_setting(name) AS value FROM unnest($1::text[]) AS name',
      values: [names],
    });
    assert.deepEqual(Object.fromEntries(rows.map(({ name, value }) => [name, value])), expected);
  });

  test("does not take over a role's settings that lose or garble data, and leaves stronger ones", async () => {
    const server = await sharedPostgres();
    const url = await server.createDatabase();
    const setting = async (name: string): Promise<string> => {
      const opened = await Connection.open(addressOf(url), TEST_SESSION);
      const { rows } = await opened.query({ text: `SHOW ${name}` });
      await opened.close();
      return rows[0][name];
    };
    const database = new URL(url).pathname.slice(1);
    await server.admin(`ALTER DATABASE ${database} SET synchronous_commit = off`);
    await server.admin(`ALTER DATABASE ${database} SET client_encoding = 'LATIN1'`);
    assert.equal(await setting('synchronous_commit'), 'on');
    assert.equal(await setting('client_encoding'), 'UTF8');
    await server.admin(`ALTER DATABASE ${database} SET synchronous_commit = remote_apply`);
    assert.equal(await setting('synchronous_commit'), 'remote_apply');
  });

  test('has the name of the URL where it gives one, and reaches the socket of a folder', async () => {
    const server = await sharedPostgres();
    const named = await Connection.open(
      { ...address, applicationName: 'chat', host: server.folder },
      TEST_SESSION,
    );
    const { rows } = await named.query({
      text: `SELECT application_name AS name, client_addr IS NULL AS local FROM pg_stat_activity WHERE pid = pg_backend_pid()`,
    });
    await named.close();
    assert.deepEqual(rows, [{ name: 'chat', local: 1 }]);
  });

  test('a lock that somebody else holds fails the statement in time, and the connection goes on', async () => {
    const [holder, waiting] = await Promise.all([
      Connection.open(address, TEST_SESSION),
      Connection.open(address, { ...TEST_SESSION, lockTimeout: 50 }),
    ]);
    await holder.query({ text: 'CREATE TABLE held (n int)' });
    await holder.query({ text: 'BEGIN; LOCK TABLE held' });
    const error = await waiting.query({ text: 'SELECT * FROM held' }).catch((reason) => reason);
    assert.equal(error.code, '55P03');
    assert.deepEqual(pick(failureOf(error)), ['call', false, false]);
    assert.equal(waiting.isOpen, true);
    await Promise.all([holder.close(), waiting.close()]);
  });

  test('a session that an operator ends is told as lost, once, with the reason of the server', async () => {
    const lost: string[] = [];
    const told = Promise.withResolvers<void>();
    const victim = await Connection.open(address, TEST_SESSION, (reason) => {
      lost.push(failureOf(reason).reason);
      told.resolve();
    });
    const { rows } = await victim.query({ text: 'SELECT pg_backend_pid() AS pid' });
    const ended = new Promise<void>((resolve) => victim.client.once('end', resolve));
    await connection.query({ text: 'SELECT pg_terminate_backend($1)', values: [rows[0].pid] });
    await Promise.all([told.promise, ended]);
    assert.deepEqual(lost, ['terminating connection due to administrator command (57P01)']);
    assert.equal(victim.isOpen, false);
    const error = await victim.query({ text: 'SELECT 1' }).catch((reason) => reason);
    assert.deepEqual(pick(failureOf(error)), ['unavailable', true, false]);
    await victim.close();
  });

  test('who closes a connection is not told that it is lost, and what runs ends', async () => {
    let isTold = false;
    const closed = await Connection.open(address, TEST_SESSION, () => {
      isTold = true;
    });
    const running = closed.query({ text: 'SELECT pg_sleep(60)' }).catch((reason) => reason);
    await closed.close();
    assert.deepEqual(pick(failureOf(await running, 'commit')), ['unavailable', true, true]);
    assert.equal(isTold, false);
    assert.equal(closed.isOpen, false);
  });

  test('a server that stops answering is given up', async () => {
    const proxy = await startProxy(address);
    const lost = Promise.withResolvers<Error>();
    const session = { ...TEST_SESSION, statementTimeout: 1, answerSlack: 50 };
    const silent = await Connection.open({ ...address, port: proxy.port }, session, lost.resolve);
    proxy.silence();
    const error = await silent.query({ text: 'SELECT 1' }).catch((reason) => reason);
    assert.deepEqual(pick(failureOf(error, 'commit')), ['unavailable', true, true]);
    assert.equal((await lost.promise).message, 'the server does not answer');
    proxy.close();
  });
});

function pick({ kind, isGone, isUnknown }: ReturnType<typeof failureOf>): unknown[] {
  return [kind, isGone, isUnknown];
}
