import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { before, describe, test } from 'node:test';
import pg from 'pg';
import { FOLLOW_KEYS, fillStatements, type Shape } from '../../../test/support/growth/fill.ts';
import { SKIP_POSTGRES, sharedPostgres } from '../../../test/support/postgres.ts';
import { deskStoreContract } from '../desk-store-contract.ts';
import { addressOf } from '../postgres/postgres-fixture.ts';
import { openPostgresStore } from '../postgres/store.ts';
import { OPERATION_KINDS } from '../sql/operation-kinds.ts';
import { migrate } from '../sqlite/database.ts';
import { storeContract } from '../store-contract.ts';
import { type Asked, findingsOfPostgres, findingsOfSqlite } from './findings-fixture.ts';
import { askWhatIsLeft, Recorder } from './recording-fixture.ts';
import { SCAN_REASONS } from './scan-reasons.ts';

/** Enough that a plan through all of it is the worse one. */
const SHAPE: Shape = {
  messages: 100_000,
  users: 20_000,
  members: 10_000,
  groups: 5000,
  joined: 5000,
  chats: 5000,
  others: 1000,
  rooms: 3000,
  notifications: 10_000,
  outbox: 10_000,
  services: 10_000,
};

const SQL = join(import.meta.dirname, '../sql');

/** No operations: what `haina doctor` looks through, by itself. */
const EXAMINATION = 'consistency.ts';

const recorder = new Recorder();
const open = async () => recorder.open();
await storeContract('recorded', open);
deskStoreContract('recorded', open);

describe('the plans of all statements of the store', () => {
  const used = new Set<string>();
  before(async () => askWhatIsLeft(recorder));

  test('all operations and all texts of SQL are among those recorded', () => {
    const missing = Object.keys(OPERATION_KINDS).filter((name) => !recorder.operations.has(name as never));
    assert.deepEqual(missing, []);
    const asked = [...recorder.statements.keys()];
    const texts = globSync('*.ts', { cwd: SQL })
      .filter((file) => !file.endsWith('.test.ts') && file !== EXAMINATION)
      .flatMap((file) => textsOf(readFileSync(join(SQL, file), 'utf8')));
    assert.ok(texts.length > 100);
    assert.deepEqual(
      texts.filter((text) => !asked.some((sql) => sql.includes(text))),
      [],
    );
  });

  // A file has no statistics unless somebody made them.
  for (const analyzed of [false, true]) {
    test(`SQLite ${analyzed ? 'with' : 'without'} statistics goes through nothing that grows without a reason`, () => {
      const db = new DatabaseSync(':memory:');
      migrate(db);
      for (const sql of fillStatements(SHAPE)) db.exec(sql);
      if (analyzed) db.exec('ANALYZE');
      assert.deepEqual(
        [...recorder.statements].flatMap((asked) => unexplained(asked, findingsOfSqlite(db, asked))),
        [],
      );
      db.close();
    });
  }

  test('PostgreSQL goes through nothing that grows without a reason', { skip: SKIP_POSTGRES }, async () => {
    const server = await sharedPostgres();
    const url = await server.createDatabase();
    await (await openPostgresStore({ address: addressOf(url) })).close();
    const client = new pg.Client(url);
    await client.connect();
    try {
      for (const sql of [...fillStatements(SHAPE), ...FOLLOW_KEYS, 'ANALYZE']) await client.query(sql);
      await client.query('SET jit = off');
      await client.query('SET plan_cache_mode = force_generic_plan');
      const wrong: string[] = [];
      for (const asked of recorder.statements) {
        wrong.push(...unexplained(asked, await findingsOfPostgres(client, asked)));
      }
      assert.deepEqual(wrong, []);
    } finally {
      await client.end();
      await server.dropDatabase(url);
    }
  });

  test('each reason is still needed', { skip: SKIP_POSTGRES }, () => {
    const names = SCAN_REASONS.map(({ finding, statement }) => `${finding}: ${statement}`);
    assert.deepEqual(
      names.filter((name) => !used.has(name)),
      [],
    );
  });

  /** What was found and has no reason. Notes the reasons that are there. */
  function unexplained([sql]: Asked, findings: readonly string[]): string[] {
    const text = flat(sql);
    return findings.flatMap((finding) => {
      const reasons = SCAN_REASONS.filter(
        (reason) => reason.finding === finding && text.includes(reason.statement),
      );
      for (const { statement } of reasons) used.add(`${finding}: ${statement}`);
      return reasons.length > 0 ? [] : [`${finding}: ${text}`];
    });
  }
});

/** Each text of SQL in a source, up to the first part that is put in. */
function textsOf(source: string): string[] {
  const texts = source.matchAll(/([`'"])((?:SELECT|INSERT|UPDATE|DELETE|WITH)\s(?:(?!\1)[^\\]|\\.)*)\1/g);
  return [...texts].map(([, , text = '']) => text.split('${')[0] as string);
}

function flat(sql: string): string {
  return sql.replaceAll(/\s+/g, ' ');
}
