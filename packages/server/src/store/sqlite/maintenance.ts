import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { CONSISTENCY_CHECKS, countContents } from '../sql/consistency.ts';
import { lockDataDir } from './data-lock.ts';
import { DATABASE_FILE, migrate, openDatabase, schemaVersion } from './database.ts';
import { SqliteDriver } from './driver.ts';
import { MIGRATIONS } from './migrations.ts';

const BUSY_TIMEOUT = 5000;

export interface DatabaseReport {
  readonly ok: boolean;
  /** What is wrong, in words for the operator. */
  readonly findings: readonly string[];
  readonly schemaVersion: number;
  readonly conversations: number;
  readonly messages: number;
  readonly bytes: number;
}

/** Brings the schema of a data directory up to date. Throws `DataDirInUse` while a server runs on it. */
export function migrateDatabase(dataDir: string): { from: number; to: number } {
  const lock = lockDataDir(dataDir);
  try {
    const db = openDatabase({ dataDir, busyTimeout: BUSY_TIMEOUT });
    try {
      return migrate(db);
    } finally {
      db.close();
    }
  } finally {
    lock.release();
  }
}

/**
 * Checks a data directory, also beside a running server: the file's structure, and what the server relies on in it.
 * @param onCheck told as each check begins
 */
export function checkDatabase(
  dataDir: string,
  onCheck: (what: string, index: number, total: number) => void = () => {},
): DatabaseReport {
  const file = join(dataDir, DATABASE_FILE);
  if (!existsSync(file)) return { ...EMPTY, ok: false, findings: [`there is no database at ${file}`] };
  const db = openDatabase({ dataDir, readOnly: true, busyTimeout: BUSY_TIMEOUT });
  try {
    const version = schemaVersion(db);
    const newest = MIGRATIONS.at(-1)?.version ?? 0;
    if (version !== newest) {
      const advice = version < newest ? 'run: haina migrate' : 'use a newer haina';
      const finding = `the schema has version ${version}, this haina knows ${newest}: ${advice}`;
      return { ...EMPTY, ok: false, schemaVersion: version, findings: [finding] };
    }
    const total = CONSISTENCY_CHECKS.length + 1;
    onCheck('structure', 0, total);
    const findings = findStructure(db);
    const driver = new SqliteDriver(db);
    for (const [index, { what, find }] of CONSISTENCY_CHECKS.entries()) {
      onCheck(what, index + 1, total);
      findings.push(...driver.run(find()));
    }
    return {
      ok: findings.length === 0,
      findings,
      schemaVersion: version,
      ...driver.run(countContents()),
      bytes: statSync(file).size,
    };
  } finally {
    db.close();
  }
}

const EMPTY = { schemaVersion: 0, conversations: 0, messages: 0, bytes: 0 };

/** Every page, row and entry of an index is where it should be, and indexes hold what their tables do. */
function findStructure(db: DatabaseSync): string[] {
  const rows = db.prepare('PRAGMA integrity_check(20)').all() as { integrity_check: string }[];
  return rows.map((row) => row.integrity_check).filter((text) => text !== 'ok');
}
