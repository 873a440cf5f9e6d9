import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { newMessage, newUser, toUser } from '../contract/fixture.ts';
import { addFunctions, migrate } from '../sqlite/database.ts';
import { SqliteDriver } from '../sqlite/driver.ts';
import type { AppendOutcome } from './append.ts';
import { type BatchOptions, WriteBatch } from './batch.ts';
import type { OperationCall, OperationOutcome } from './calls.ts';
import { openTables } from './tables.ts';

/** What a transaction came to, and how often the database was asked. */
interface Ran {
  readonly outcomes: readonly OperationOutcome[];
  readonly asked: number;
}

/** Runs calls as one transaction. @param keeps what was looked up for the next one, as who is the only writer may */
function batchRunner(
  t: TestContext,
  options: BatchOptions,
  keeps = false,
): (...calls: OperationCall[]) => Ran {
  const db = new DatabaseSync(':memory:');
  t.after(() => db.close());
  addFunctions(db);
  migrate(db);
  const [driver, batch] = [new SqliteDriver(db), new WriteBatch(openTables('write'), options)];
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
      return step.value;
    };
    const outcomes = driver.run(counted());
    if (!keeps) batch.forget();
    return { outcomes, asked };
  };
}

const USERS = ['alice', 'bob', 'carol', 'dave'].map(
  (id): OperationCall => ({ name: 'createUser', args: [newUser('t', id)] }),
);
function send(from: string, to: string, clientId?: string, text = 'x'): OperationCall {
  const message = newMessage('t', from, toUser(to), text);
  return { name: 'appendMessage', args: [{ ...message, clientId: clientId ?? message.clientId }] };
}
const isStored = (outcome: OperationOutcome) => 'value' in outcome;

test('one message costs as few ways to the database as many', (t) => {
  const run = batchRunner(t, { looksAhead: true });
  run(...USERS);
  run(send('alice', 'bob'), send('carol', 'dave'));
  const forMany = run(send('alice', 'bob'), send('carol', 'dave'), send('alice', 'bob'));
  assert.ok(forMany.outcomes.every(isStored));
  assert.equal(run(send('alice', 'bob')).asked, forMany.asked);
  assert.ok(forMany.asked <= 7, `${forMany.asked} ways`);
});

test('a message of whom is known already asks for its id and its place, and writes what it changes', (t) => {
  const run = batchRunner(t, { looksAhead: false }, true);
  run(...USERS);
  run(send('alice', 'bob'));
  const { outcomes, asked } = run(send('alice', 'bob'));
  assert.ok(outcomes.every(isStored));
  assert.equal(asked, 5);
});

for (const looksAhead of [true, false]) {
  const how = looksAhead ? 'looks ahead' : 'does not look ahead';
  test(`a repeat is found in a transaction that ${how}, stored by it or before`, (t) => {
    const run = batchRunner(t, { looksAhead });
    run(...USERS);
    run(send('alice', 'bob', 'before'));
    const { outcomes } = run(
      send('alice', 'bob', 'before'),
      send('alice', 'bob', 'now'),
      send('carol', 'bob', 'now'),
      send('alice', 'bob', 'now'),
      send('alice', 'bob', 'now', 'y'),
      send('alice', 'bob', 'next'),
    );
    const seqs = outcomes.map((outcome) =>
      'value' in outcome ? (outcome.value as AppendOutcome).seq : outcome.failure.code,
    );
    assert.deepEqual(seqs, [1, 2, 1, 2, 'ECONFLICT', 3]);
  });
}
