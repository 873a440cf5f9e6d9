import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { newMessage, newUser, toUser } from '../contract/fixture.ts';
import { addFunctions, migrate } from '../sqlite/database.ts';
import { SqliteDriver } from '../sqlite/driver.ts';
import { WriteBatch } from './batch.ts';
import type { OperationCall } from './calls.ts';
import { openTables } from './tables.ts';

/** Runs calls as one transaction; returns how often the database was asked. */
function batchRunner(t: TestContext): (...calls: OperationCall[]) => number {
  const db = new DatabaseSync(':memory:');
  t.after(() => db.close());
  addFunctions(db);
  migrate(db);
  const [driver, batch] = [new SqliteDriver(db), new WriteBatch(openTables('write'))];
  return (...calls) => {
    let asked = 0;
    const counted = function* () {
      const operation = batch.run(calls);
      let step = operation.next();
      while (!step.done) {
        asked += 1;
        const result: unknown = yield step.value;
        step = operation.next(result);
      }
      for (const outcome of step.value) assert.ok('value' in outcome);
    };
    driver.run(counted());
    batch.forget();
    return asked;
  };
}

test('one message costs as few ways to the database as many', (t) => {
  const run = batchRunner(t);
  const users = ['alice', 'bob', 'carol', 'dave'];
  for (const id of users) run({ name: 'createUser', args: [newUser('t', id)] });
  const send = (from: string, to: string): OperationCall => ({
    name: 'appendMessage',
    args: [newMessage('t', from, toUser(to), 'x')],
  });
  run(send('alice', 'bob'), send('carol', 'dave'));
  const forMany = run(send('alice', 'bob'), send('carol', 'dave'), send('alice', 'bob'));
  assert.equal(run(send('alice', 'bob')), forMany);
  assert.ok(forMany <= 7, `${forMany} ways`);
});
