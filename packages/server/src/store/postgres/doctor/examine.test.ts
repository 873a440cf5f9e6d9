import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import {
  type PostgresServer,
  SKIP_POSTGRES,
  sharedPostgres,
  startPostgres,
} from '../../../../test/support/postgres.ts';
import type { PostgresAddress } from '../../../config/store-url.ts';
import { fillSound, PLANTED_FAULTS, REMOVED_AS_OLD } from '../../contract/planted-faults.ts';
import { migratePostgresDatabase } from '../migrate-database.ts';
import { addressOf } from '../postgres-fixture.ts';
import { openPostgresStore } from '../store.ts';
import { type ExamineOptions, examinePostgres, type PostgresReport } from './examine.ts';
import type { Line } from './line.ts';

const PASSWORD = /of the tests|of%20the%20tests/;

async function examine(
  address: PostgresAddress,
  options: Partial<ExamineOptions> = {},
): Promise<PostgresReport> {
  const report = await examinePostgres(address, { isQuick: true, ...options });
  assert.doesNotMatch(JSON.stringify(report), PASSWORD);
  return report;
}

function lineOf({ lines }: PostgresReport, what: string): Line {
  const found = lines.find((line) => line.what === what);
  assert.ok(found, `no line of ${what} in ${JSON.stringify(lines)}`);
  return found;
}

function badOf({ lines }: PostgresReport): string[] {
  return lines.filter(({ verdict }) => verdict === 'bad').map(({ what }) => what);
}

describe('a look at PostgreSQL', { skip: SKIP_POSTGRES }, () => {
  let server: PostgresServer;
  let url: string;
  const own: PostgresServer[] = [];
  before(async () => {
    server = await sharedPostgres();
    url = await fill();
  });
  after(() => Promise.all(own.map((each) => each.dispose())));

  /** A database with a conversation of three messages. */
  async function fill(on = server): Promise<string> {
    const made = await on.createDatabase();
    const store = await openPostgresStore({ address: addressOf(made) });
    await fillSound(store);
    await store.close();
    return made;
  }

  test('finds a sound database well, quickly and in whole, beside a store that is open', async () => {
    const address = addressOf(url);
    const store = await openPostgresStore({ address });
    try {
      await store.probe();
      const checks: string[] = [];
      const whole = await examine(address, { isQuick: false, onCheck: (what) => checks.push(what) });
      assert.deepEqual([badOf(whole), whole.content?.findings], [[], []]);
      assert.deepEqual(whole.content?.counts, { conversations: 1, messages: 3 });
      assert.equal(checks[0], 'sequences have no gaps');
      const quick = await examine(address);
      assert.deepEqual([badOf(quick), quick.content?.findings], [[], []]);
      assert.match(
        quick.content?.checked.join('; ') ?? '',
        /^1 conversations .*; whether the newest 0 files/,
      );
      assert.match(quick.content?.leftOut.join('; ') ?? '', /pg_amcheck.*; all other conversations/);
      assert.match(lineOf(quick, 'free connections').says, /sessions of haina on this database: [1-9]/);
      assert.match(lineOf(quick, 'RECEIPT survives').says, /not the loss of the machine's disk/);
    } finally {
      await store.close();
    }
  });

  for (const [name, { sql, whole, newest }] of Object.entries(PLANTED_FAULTS)) {
    test(`finds ${name}`, async () => {
      const made = await fill();
      await server.admin(sql, made);
      const { content } = await examine(addressOf(made), { isQuick: false });
      assert.match(content?.findings.join('; ') ?? '', whole);
      const { content: quick } = await examine(addressOf(made));
      if (newest) assert.match(quick?.findings.join('; ') ?? '', newest);
      await server.dropDatabase(made);
    });
  }

  test('what was removed as it was too old is no gap', async () => {
    const made = await fill();
    await server.admin(REMOVED_AS_OLD, made);
    for (const isQuick of [true, false]) {
      assert.deepEqual((await examine(addressOf(made), { isQuick })).content?.findings, []);
    }
  });

  test('says why it can not be reached, without the password', async () => {
    const wrong = await examine(addressOf(url, { password: 'hunter2' }));
    assert.deepEqual(badOf(wrong), ['reachable']);
    assert.match(lineOf(wrong, 'reachable').says, /does not let "haina" in/);
    assert.doesNotMatch(JSON.stringify(wrong), /hunter2/);
    const away = await examine(addressOf(url, { port: 1 }));
    assert.match(lineOf(away, 'reachable').says, /^PostgreSQL at 127.0.0.1:1 can't be used: .*ECONNREFUSED/);
  });

  test('says what a database lacks that can not hold a store', async () => {
    const latin = await server.createDatabase("TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'");
    const line = lineOf(await examine(addressOf(latin)), 'encoding');
    assert.match(line.says, /in LATIN1/);
    assert.match(line.advice ?? '', /ENCODING 'UTF8'/);
    const closed = await server.createDatabase();
    await server.admin('ALTER SCHEMA public RENAME TO private', closed);
    assert.ok(badOf(await examine(addressOf(closed))).includes('rights'));
  });

  test('compares the version of the schema with its own', async () => {
    const empty = await server.createDatabase();
    assert.deepEqual(badOf(await examine(addressOf(empty))), []);
    assert.match(lineOf(await examine(addressOf(empty)), 'schema').advice ?? '', /haina migrate/);
    await migratePostgresDatabase(addressOf(empty));
    for (const [version, usableFrom, verdict, advice] of [
      [22, 22, 'bad', /run: haina migrate/],
      [9999, 22, 'note', /newer haina soon/],
      [9999, 9999, 'bad', /use a newer haina/],
    ] as const) {
      await server.admin(
        `UPDATE schema_version SET version = ${version}, usable_from = ${usableFrom}`,
        empty,
      );
      const report = await examine(addressOf(empty));
      const line = lineOf(report, 'schema');
      assert.equal(line.verdict, verdict);
      assert.match(line.advice ?? '', advice);
      assert.equal(report.content === undefined, verdict === 'bad', 'nobody reads tables of unknown form');
    }
  });

  test('says that a copy is not done, and that tables belong to somebody else', async () => {
    const made = await fill();
    await server.admin('CREATE TABLE copy_progress (name TEXT); ALTER TABLE pin OWNER TO postgres', made);
    const report = await examine(addressOf(made));
    assert.deepEqual(badOf(report), ['copy', 'tables']);
    assert.match(lineOf(report, 'tables').says, /copy_progress, pin/);
  });

  test('tells timeouts and limits of the role and the database', async () => {
    const made = await fill();
    const name = new URL(made).pathname.slice(1);
    await server.admin(
      `ALTER DATABASE ${name} SET statement_timeout = '7s'; ALTER DATABASE ${name} CONNECTION LIMIT 5`,
    );
    const report = await examine(addressOf(made));
    assert.match(lineOf(report, 'timeouts').says, /statement_timeout = 7000 ms/);
    assert.match(lineOf(report, 'connections').says, /^5 by the limit of the database/);
    assert.deepEqual(badOf(report), ['connections', 'free connections']);
  });

  test('tells clocks that are apart', async () => {
    const behind = await examine(addressOf(url), { now: () => Date.now() - 7_200_000 });
    assert.match(
      lineOf(behind, 'clocks').says,
      /^the database's is 7\d\d\d(\.\d+)? s ahead of this machine's$/,
    );
    assert.deepEqual(badOf(behind), ['clocks']);
    const ahead = await examine(addressOf(url), { now: () => Date.now() + 10_000 });
    assert.equal(lineOf(ahead, 'clocks').verdict, 'note');
    assert.match(lineOf(ahead, 'clocks').says, /behind/);
  });

  test('says what a server does not keep safe', async () => {
    const settings = {
      fsync: 'off',
      full_page_writes: 'off',
      autovacuum: 'off',
      synchronous_commit: 'local',
      synchronous_standby_names: 'nobody',
    };
    const careless = await startPostgres({ settings });
    own.push(careless);
    const made = await fill(careless);
    await careless.admin(
      `ALTER TABLE write_probe SET (autovacuum_enabled = false);
       INSERT INTO write_probe SELECT n, '' FROM generate_series(100, 20100) n; DELETE FROM write_probe WHERE pk > 99;
       SELECT pg_stat_force_next_flush()`,
      made,
    );
    const report = await examine(addressOf(made));
    assert.deepEqual(badOf(report), ['fsync', 'full_page_writes', 'autovacuum']);
    assert.match(lineOf(report, 'RECEIPT survives').says, /synchronous_commit is local/);
    assert.match(lineOf(report, 'dead rows').says, /write_probe 20001/);
    await careless.admin(`ALTER ROLE haina SET synchronous_commit = 'on'`);
    assert.match(lineOf(await examine(addressOf(made)), 'RECEIPT survives').says, /each COMMIT waits/);
  });

  test('knows a standby', async () => {
    const standby = await startPostgres();
    own.push(standby);
    const made = await fill(standby);
    await standby.stop();
    writeFileSync(join(standby.folder, 'data', 'standby.signal'), '');
    await standby.restart();
    const report = await examine(addressOf(made));
    assert.deepEqual(badOf(report), ['writes']);
    assert.match(lineOf(report, 'writes').advice ?? '', /connect haina to the primary/);
    assert.deepEqual(report.content?.findings, []);
  });
});
