import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { QUICK_CHECKS, type QuickLook } from '../sql/consistency.ts';
import { DATABASE_FILE, openDatabase, schemaVersion } from './database.ts';
import { SqliteDriver } from './driver.ts';
import { MIGRATIONS } from './migrations.ts';

const BUSY_TIMEOUT = 5000;
/** Time after which nothing more is begun, in ms. */
const BUDGET = 10_000;
/** Tables of more rows are not walked through. */
const MAX_TABLE_ROWS = 10_000;
const MAX_FINDINGS = 20;

export interface QuickReport {
  readonly ok: boolean;
  readonly findings: readonly string[];
  readonly schemaVersion: number;
  readonly bytes: number;
  /** What was looked at, in words. */
  readonly checked: readonly string[];
  /** What was not, and may be wrong for all that is known. */
  readonly leftOut: readonly string[];
}

interface Look extends QuickLook {
  readonly db: DatabaseSync;
}

/**
 * Checks of a data directory's database what can be checked in a short time, however large it is, also beside a running
 * server: the structure of small tables, and the conversations that were written to last.
 */
export function quickCheckDatabase(
  dataDir: string,
  onCheck: (what: string, index: number, total: number) => void = () => {},
  now: () => number = () => performance.now(),
): QuickReport {
  const file = join(dataDir, DATABASE_FILE);
  if (!existsSync(file)) return failed(`there is no database at ${file}`);
  const db = openDatabase({ dataDir, readOnly: true, busyTimeout: BUSY_TIMEOUT });
  try {
    const version = schemaVersion(db);
    const newest = MIGRATIONS.at(-1)?.version ?? 0;
    if (version !== newest) {
      const advice = version < newest ? 'run: haina migrate' : 'use a newer haina';
      return failed(`the schema has version ${version}, this haina knows ${newest}: ${advice}`, version);
    }
    const until = now() + BUDGET;
    const look: Look = { db, findings: [], checked: [], leftOut: [], isOver: () => now() > until };
    const total = QUICK_CHECKS.length + 1;
    onCheck('structure of small tables', 0, total);
    checkSmallTables(look);
    const driver = new SqliteDriver(db);
    for (const [index, { what, run }] of QUICK_CHECKS.entries()) {
      onCheck(what, index + 1, total);
      driver.run(run(look));
    }
    const { findings, checked, leftOut } = look;
    const bytes = statSync(file).size;
    return { ok: findings.length === 0, findings, schemaVersion: version, bytes, checked, leftOut };
  } finally {
    db.close();
  }
}

function failed(finding: string, version = 0): QuickReport {
  return { ok: false, findings: [finding], schemaVersion: version, bytes: 0, checked: [], leftOut: [] };
}

function checkSmallTables({ db, findings, checked, leftOut, isOver }: Look): void {
  const tables = db
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name")
    .all() as { name: string }[];
  const small = tables.filter(({ name }) => {
    const sql = `SELECT count(*) AS n FROM (SELECT 1 FROM "${name}" LIMIT ${MAX_TABLE_ROWS + 1})`;
    return (db.prepare(sql).get() as { n: number }).n <= MAX_TABLE_ROWS;
  });
  const done = small.filter(({ name }) => {
    if (isOver()) return false;
    const rows = db.prepare(`PRAGMA quick_check("${name}")`).all() as { quick_check: string }[];
    const wrong = rows.map((row) => row.quick_check).filter((text) => text !== 'ok');
    findings.push(...wrong.slice(0, MAX_FINDINGS));
    return true;
  });
  checked.push(`structure of ${done.length} of ${tables.length} tables`);
  const others = tables.filter((table) => !done.includes(table)).map(({ name }) => name);
  if (others.length > 0) leftOut.push(`structure of ${others.join(', ')}`);
  leftOut.push("the file's pages that are free, and what indexes hold");
}
