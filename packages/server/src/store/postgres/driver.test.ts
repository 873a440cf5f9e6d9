import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { SKIP_POSTGRES, sharedPostgres } from '../../../test/support/postgres.ts';
import { type BulkItem, bulk, getEach, runEach } from '../sql/bulk.ts';
import { get, type Op } from '../sql/statement.ts';
import { together } from '../sql/together.ts';
import { Connection } from './connect.ts';
import { PostgresDriver } from './driver.ts';
import { addressOf, TEST_SESSION } from './postgres-fixture.ts';

const INSERT = bulk({ id: 'INTEGER', text: 'TEXT' }, 'INSERT INTO thing (id, text) VALUES (:id, :text)');
const RENAME = bulk({ id: 'INTEGER', text: 'TEXT' }, 'UPDATE thing SET text = :text WHERE thing.id = :id');
const FIND = bulk({ id: 'INTEGER' }, 'SELECT text FROM thing WHERE thing.id = :id');
const KEEP = bulk(
  { number: 'INTEGER', text: 'TEXT', flag: 'BOOLEAN', bytes: 'BYTES' },
  'INSERT INTO kept (number, text, flag, bytes) VALUES (:number, :text, :flag, :bytes)',
);
const KEPT = bulk({ number: 'INTEGER' }, 'SELECT text, flag, bytes FROM kept WHERE kept.number = :number');

test('a transaction of PostgreSQL', { skip: SKIP_POSTGRES }, async (t) => {
  let connection: Connection;
  let url: string;
  before(async () => {
    url = await (await sharedPostgres()).createDatabase();
    connection = await Connection.open(addressOf(url), TEST_SESSION);
    await connection.query({ text: 'CREATE TABLE thing (id BIGINT PRIMARY KEY, text TEXT)' });
  });
  after(async () => {
    await connection.close();
    await (await sharedPostgres()).dropDatabase(url);
  });

  const transaction = async <T>(operation: Op<T>): Promise<T> => {
    const driver = new PostgresDriver(connection);
    driver.begin('BEGIN');
    const result = await driver.run(operation);
    await driver.commit();
    return result;
  };
  const texts = async () => {
    await connection.query({ text: 'ROLLBACK' });
    const { rows } = await connection.query({ text: 'SELECT text FROM thing ORDER BY id' });
    return rows.map(({ text }) => text);
  };

  await t.test('reads what it wrote before, and each row at its place', async () => {
    const found = await transaction(
      (function* () {
        yield* runEach(INSERT, [
          [1, 'one'],
          [2, 'two'],
        ]);
        return yield* getEach<{ text: string }>(FIND, [[2], [7], [1]]);
      })(),
    );
    assert.deepEqual(
      found.map((row) => row?.text),
      ['two', undefined, 'one'],
    );
    assert.deepEqual(await texts(), ['one', 'two']);
  });

  await t.test('keeps values of many items as they are, whatever is in them', async () => {
    const items: BulkItem[] = [
      [1, 'plain', 1, Uint8Array.of(0, 92, 255)],
      [Number.MAX_SAFE_INTEGER, '', 0, Uint8Array.of()],
      [-1, null, null, null],
      ...['NULL', '{a,b}', '"q" \\"', ' a\nb\t', '\0\u001a', '海纳百川 👍', "it's $1"].map(
        (text, index): BulkItem => [10 + index, text, 1, Uint8Array.of(index)],
      ),
    ];
    await connection.query({
      text: 'CREATE TABLE kept (number BIGINT PRIMARY KEY, text TEXT, flag BOOLEAN, bytes BYTEA)',
    });
    const found = await transaction(
      (function* () {
        yield* runEach(KEEP, items);
        const numbers = items.map(([number]): BulkItem => [number as number]);
        return yield* getEach<{ text: string; flag: number; bytes: Buffer }>(KEPT, numbers);
      })(),
    );
    const kept = found.map((row) => [row?.text, row?.flag, row?.bytes && Uint8Array.from(row.bytes)]);
    assert.deepEqual(
      kept,
      items.map(([, ...rest]) => rest),
    );
  });

  await t.test('gives operations that run together what each of them asked for', async () => {
    const found: unknown[] = [];
    const find = function* (id: number): Op<void> {
      const [row] = yield* getEach<{ text: string }>(FIND, [[id]]);
      found.push(row?.text, yield* get('SELECT text FROM thing WHERE id = ?', id));
    };
    await transaction(together(find(1), find(2)));
    assert.deepEqual(found, ['one', { text: 'one' }, 'two', { text: 'two' }]);
  });

  await t.test('keeps nothing where a statement fails that nobody waited for', async () => {
    const failing = transaction(
      (function* () {
        yield* runEach(INSERT, [[3, 'three']]);
        yield* runEach(INSERT, [[1, 'one again']]);
        yield* runEach(INSERT, [[4, 'four']]);
      })(),
    );
    await assert.rejects(failing, { code: '23505' });
    assert.deepEqual(await texts(), ['one', 'two']);
  });

  await t.test('says what failed first, where a later statement is waited for', async () => {
    const failing = transaction(
      (function* () {
        yield* runEach(INSERT, [[1, 'one again']]);
        yield* getEach(FIND, [[1]]);
      })(),
    );
    await assert.rejects(failing, { code: '23505' });
    assert.deepEqual(await texts(), ['one', 'two']);
  });

  await t.test('keeps nothing where a statement could not be sent', async () => {
    // Whatever name the next statement is given, pg takes it for another one and does not send it.
    for (let n = 0; n < 50; n++) {
      await connection.query({ name: `haina${n}`, text: 'SELECT 1' }).catch(() => {});
    }
    const failing = transaction(
      (function* () {
        yield* runEach(INSERT, [[3, 'three']]);
        yield* runEach(RENAME, [[1, 'first']]);
      })(),
    );
    await assert.rejects(failing, /must be unique/);
    assert.deepEqual(await texts(), ['one', 'two']);
  });
});
