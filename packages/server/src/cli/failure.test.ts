import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { describeFailure } from './failure.ts';

test('a start on a full disk says so', () => {
  using db = new DatabaseSync(':memory:');
  db.exec('PRAGMA max_page_count = 2');
  db.exec('CREATE TABLE t (x)');
  assert.throws(
    () => db.exec('INSERT INTO t VALUES (zeroblob(1000000))'),
    (error) => /^the disk of the data folder is full: /.test(describeFailure(error) ?? ''),
  );
});
