import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { migrate } from '../sqlite/database.ts';
import { BEARERS } from './former.ts';

/** What columns are called that bear the ids of users. */
const NAMES = ['user_id', 'owner', 'customer', 'agent', 'author', 'pinned_by', 'closed_by'];
/** Who did something, at a time. It gives no right, and does not change with the holder of the id. */
const HISTORY = ['audit.user_id'];

test('no table keeps what it has of a former user under the id that somebody else gets', () => {
  const db = new DatabaseSync(':memory:');
  migrate(db);
  const columns = db
    .prepare(
      `SELECT t.name || '.' || c.name AS name FROM sqlite_schema t JOIN pragma_table_info(t.name) c
         WHERE t.type = 'table' AND c.name IN (SELECT value FROM json_each(?))`,
    )
    .all(JSON.stringify(NAMES))
    .map(({ name }) => String(name));
  db.close();
  const borne = BEARERS.map(({ table, column }) => `${table}.${column}`);
  assert.deepEqual([...borne, ...HISTORY].sort(), columns.sort());
});
