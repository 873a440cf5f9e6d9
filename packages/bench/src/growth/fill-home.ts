import { closeSync, fsyncSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { parseStore } from '../../../server/src/config/store-url.ts';
import { openPostgresStore } from '../../../server/src/store/postgres/store.ts';
import { DATABASE_FILE, migrate, openDatabase } from '../../../server/src/store/sqlite/database.ts';
import { FOLLOW_KEYS, fillStatements, type Shape } from '../../../server/test/support/growth/fill.ts';
import type { Home } from '../haina.ts';
import type { Database } from '../postgres.ts';

/** Fills an empty store past the server: only a bench or a test may do so. */
export async function fillHome({ folder, database }: Home, shape: Shape): Promise<void> {
  if (database) await fillPostgres(database, shape);
  else fillSqlite(folder.path, shape);
}

/** Durability and indexes wait until everything is there, which takes a part of the time. */
function fillSqlite(dataDir: string, shape: Shape): void {
  const db = openDatabase({ dataDir, busyTimeout: 1000 });
  try {
    migrate(db);
    db.exec('PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF');
    const indexes = db
      .prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL")
      .all();
    for (const { name } of indexes) db.exec(`DROP INDEX ${name}`);
    db.exec('BEGIN');
    for (const sql of fillStatements(shape)) db.exec(sql);
    for (const { sql } of indexes) db.exec(String(sql));
    db.exec('COMMIT');
    db.exec('PRAGMA journal_mode = WAL');
  } finally {
    db.close();
  }
  flush(join(dataDir, DATABASE_FILE));
}

/** The disk takes all of it now, and not while something is measured. */
function flush(path: string): void {
  const file = openSync(path, 'r+');
  fsyncSync(file);
  closeSync(file);
}

async function fillPostgres({ server, url }: Database, shape: Shape): Promise<void> {
  const choice = parseStore(url);
  if (choice.kind !== 'postgres') throw new Error(`${url} is no URL of PostgreSQL`);
  await (await openPostgresStore({ address: choice.address })).close();
  // Statistics, as the server's own autovacuum would make them within a minute.
  for (const sql of [...fillStatements(shape), ...FOLLOW_KEYS, 'VACUUM ANALYZE', 'CHECKPOINT'])
    await server.admin(sql, url);
}
