import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  type PostgresServer,
  SKIP_POSTGRES,
  sharedPostgres,
  startPostgres,
} from '../../../test/support/postgres.ts';
import type { PostgresAddress } from '../../config/store-url.ts';
import { Connection } from './connect.ts';
import { type Failure, failureOf, type Stage } from './errors.ts';
import { addressOf, TEST_SESSION } from './postgres-fixture.ts';

type Verdict = Omit<Failure, 'reason'>;

const AGAIN: Verdict = { kind: 'again', isGone: false, isUnknown: false };
const CALL: Verdict = { kind: 'call', isGone: false, isUnknown: false };
const UNAVAILABLE: Verdict = { kind: 'unavailable', isGone: false, isUnknown: false };
const GONE: Verdict = { kind: 'unavailable', isGone: true, isUnknown: false };
const UNKNOWN: Verdict = { kind: 'unavailable', isGone: true, isUnknown: true };
const DAMAGED: Verdict = { kind: 'damaged', isGone: false, isUnknown: false };

function verdict(error: unknown, stage?: Stage): Verdict {
  const { reason, ...rest } = failureOf(error, stage);
  assert.doesNotMatch(reason, /\n/);
  return rest;
}

/** The verdict on the error that a promise rejects with. */
async function verdictOf(promise: Promise<unknown>, stage?: Stage): Promise<Verdict> {
  return verdict(
    await promise.then(
      () => assert.fail('nothing failed'),
      (error: unknown) => error,
    ),
    stage,
  );
}

const sqlError = (code: string) => Object.assign(new Error('words'), { code, severity: 'ERROR' });

for (const [code, expected] of [
  ['40001', AGAIN],
  ['40P01', AGAIN],
  ['23505', AGAIN],
  ['23503', CALL],
  ['22021', CALL],
  ['42P01', CALL],
  ['55P03', CALL],
  ['57014', CALL],
  ['53100', UNAVAILABLE],
  ['53200', UNAVAILABLE],
  ['58030', UNAVAILABLE],
  ['53300', GONE],
  ['08006', GONE],
  ['08P01', GONE],
  ['25006', GONE],
  ['25P03', GONE],
  ['26000', GONE],
  ['42P05', GONE],
  ['57P01', GONE],
  ['57P02', GONE],
  ['57P03', GONE],
  ['XX001', DAMAGED],
  ['XX002', DAMAGED],
  ['XX000', CALL],
] as const) {
  test(`SQLSTATE ${code}: ${expected.kind}, ${expected.isGone ? 'with another connection' : 'on this connection'}`, () => {
    assert.deepEqual(verdict(sqlError(code)), expected);
    assert.deepEqual(verdict(sqlError(code), 'commit'), expected.isGone ? UNKNOWN : expected);
  });
}

test('a bug of ours is the fault of its call', () => {
  assert.deepEqual(verdict(new TypeError('x is not a function')), CALL);
  assert.deepEqual(verdict('a text'), CALL);
  assert.deepEqual(verdict(Object.assign(new Error('no such file'), { code: 'EPIPE' })), GONE);
});

describe('what PostgreSQL says while the store runs', { skip: SKIP_POSTGRES }, () => {
  let server: PostgresServer;
  let address: PostgresAddress;
  const opened: Connection[] = [];
  const run = (connection: Connection, text: string) => connection.query({ text });

  before(async () => {
    server = await sharedPostgres();
    address = addressOf(await server.createDatabase());
  });
  after(() => Promise.all(opened.map((connection) => connection.close())));

  async function open(at = address): Promise<Connection> {
    const connection = await Connection.open(at, TEST_SESSION);
    opened.push(connection);
    return connection;
  }

  test('two who wait for each other: one tries again', async () => {
    const [one, other] = [await open(), await open()];
    await run(one, 'CREATE TABLE pair (id int PRIMARY KEY, n int)');
    await run(one, 'INSERT INTO pair VALUES (1, 0), (2, 0)');
    await run(one, 'BEGIN; UPDATE pair SET n = 1 WHERE id = 1');
    await run(other, 'BEGIN; UPDATE pair SET n = 2 WHERE id = 2');
    const outcomes = await Promise.allSettled([
      run(one, 'UPDATE pair SET n = 1 WHERE id = 2'),
      run(other, 'UPDATE pair SET n = 2 WHERE id = 1'),
    ]);
    const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
    assert.deepEqual(
      refused.map(({ reason }) => verdict(reason)),
      [AGAIN],
    );
  });

  test('who loses a race for a key, or reads what was changed meanwhile, tries again', async () => {
    const [one, other] = [await open(), await open()];
    await run(one, 'CREATE TABLE keyed (id int PRIMARY KEY, n int)');
    await run(one, 'BEGIN; INSERT INTO keyed VALUES (1, 0)');
    const waiting = verdictOf(run(other, 'INSERT INTO keyed VALUES (1, 0)'));
    await run(one, 'COMMIT');
    assert.deepEqual(await waiting, AGAIN);
    await run(one, 'BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT * FROM keyed');
    await run(other, 'UPDATE keyed SET n = 1');
    assert.deepEqual(await verdictOf(run(one, 'UPDATE keyed SET n = 2')), AGAIN);
  });

  test('a statement that takes too long is its own fault', async () => {
    const connection = await Connection.open(address, { ...TEST_SESSION, statementTimeout: 20 });
    opened.push(connection);
    assert.deepEqual(await verdictOf(run(connection, 'SELECT pg_sleep(60)')), CALL);
    assert.equal(connection.isOpen, true);
  });

  test('a transaction in which nobody says anything is ended by the server', async () => {
    const connection = await open();
    const lost = new Promise((resolve) => connection.client.once('error', resolve));
    await run(connection, "BEGIN; SET LOCAL idle_in_transaction_session_timeout = '20ms'");
    assert.deepEqual(verdict(await lost), GONE);
  });

  test('a session that an operator ends is gone with what it did', async () => {
    const [victim, operator] = [await open(), await open()];
    const pid = Number((await run(victim, 'SELECT pg_backend_pid() AS pid')).rows[0].pid);
    const running = verdictOf(run(victim, 'SELECT pg_sleep(60)'));
    await run(operator, `SELECT pg_terminate_backend(${pid})`);
    assert.deepEqual(await running, GONE);
    assert.deepEqual(await verdictOf(run(victim, 'SELECT 1')), GONE);
  });

  test('a server that takes no writes any more is left, for the one that does', async () => {
    const connection = await open();
    await run(connection, 'CREATE TABLE still (n int); SET default_transaction_read_only = on');
    assert.deepEqual(await verdictOf(run(connection, 'INSERT INTO still VALUES (1)')), GONE);
  });

  test('a server whose disk is full can do nothing for anybody', async () => {
    const connection = await open();
    await run(
      connection,
      "CREATE FUNCTION full_disk() RETURNS void LANGUAGE plpgsql AS $$ BEGIN RAISE SQLSTATE '53100'; END $$",
    );
    assert.deepEqual(await verdictOf(run(connection, 'SELECT full_disk()')), UNAVAILABLE);
  });

  describe('during a COMMIT', () => {
    let victim: PostgresServer;
    let at: PostgresAddress;
    before(async () => {
      victim = await startPostgres();
      at = addressOf(await victim.createDatabase());
    });
    after(() => victim.dispose());

    /** Resolves once the server is at something for a connection. */
    async function isWaiting(event: string): Promise<void> {
      const sql = `SELECT 1 FROM pg_stat_activity WHERE wait_event = '${event}' AND query = 'COMMIT'`;
      while ((await victim.admin(sql)).length === 0) await new Promise(setImmediate);
    }

    async function rowsAfterRestart(table: string): Promise<number> {
      await victim.restart();
      return (await victim.admin(`SELECT * FROM ${table}`, victim.urlOf(at.database))).length;
    }

    test('a kill before its record is written leaves nothing, and nobody knows', async () => {
      const connection = await open(at);
      await run(connection, 'CREATE TABLE early (n int)');
      // A check that is put off until the COMMIT, and takes its time.
      await run(
        connection,
        'CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(60); RETURN NULL; END $$',
      );
      await run(
        connection,
        'CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON early DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION slow()',
      );
      await run(connection, 'BEGIN; INSERT INTO early VALUES (1)');
      const committing = verdictOf(run(connection, 'COMMIT'), 'commit');
      await isWaiting('PgSleep');
      await victim.kill9();
      assert.deepEqual(await committing, UNKNOWN);
      assert.equal(await rowsAfterRestart('early'), 0);
    });

    test('a kill after its record is written keeps everything, and nobody knows', async () => {
      const connection = await open(at);
      await run(connection, 'CREATE TABLE late (n int)');
      // The standby that the COMMIT waits for does not exist.
      await victim.admin("ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
      await victim.admin('SELECT pg_reload_conf()');
      const setting = 'SHOW synchronous_standby_names';
      while (!(await run(connection, setting)).rows[0].synchronous_standby_names);
      await run(connection, 'BEGIN; INSERT INTO late VALUES (1)');
      const committing = verdictOf(run(connection, 'COMMIT'), 'commit');
      await isWaiting('SyncRep');
      await victim.kill9();
      assert.deepEqual(await committing, UNKNOWN);
      assert.equal(await rowsAfterRestart('late'), 1);
    });

    test('so does the end of its session by an operator', async () => {
      const connection = await open(at);
      const pid = Number((await run(connection, 'SELECT pg_backend_pid() AS pid')).rows[0].pid);
      await run(connection, 'BEGIN; INSERT INTO late VALUES (2)');
      const committing = verdictOf(run(connection, 'COMMIT'), 'commit');
      await isWaiting('SyncRep');
      await victim.admin(`SELECT pg_terminate_backend(${pid})`);
      assert.deepEqual(await committing, UNKNOWN);
      assert.equal(await rowsAfterRestart('late'), 2);
    });
  });
});
