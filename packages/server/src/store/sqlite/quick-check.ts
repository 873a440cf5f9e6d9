import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { IS_HELD } from '../sql/files.ts';
import { DATABASE_FILE, openDatabase, schemaVersion } from './database.ts';
import { MIGRATIONS } from './migrations.ts';

const BUSY_TIMEOUT = 5000;
/** Time after which nothing more is begun, in ms. */
const BUDGET = 10_000;
/** Tables of more rows are not walked through. */
const MAX_TABLE_ROWS = 10_000;
/** The newest messages say which conversations are looked at. */
const MAX_NEWEST = 10_000;
/** Of each of these conversations, from its end. */
const MAX_LOOKED_AT = 500;
const MAX_MEMBERS = 5000;
const MAX_FILES = 1000;
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

interface Look {
  readonly db: DatabaseSync;
  readonly findings: string[];
  readonly checked: string[];
  readonly leftOut: string[];
  isOver(): boolean;
}

interface ConversationRow {
  readonly pk: number;
  readonly id: string;
  readonly last_seq: number;
  readonly revision: number;
  readonly member_count: number;
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
    for (const [index, check] of CHECKS.entries()) {
      onCheck(check.what, index, CHECKS.length);
      check.run(look);
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

const CHECKS: readonly { readonly what: string; run(look: Look): void }[] = [
  { what: 'structure of small tables', run: checkSmallTables },
  { what: 'newest conversations', run: checkNewestConversations },
  { what: 'newest files', run: checkNewestFiles },
];

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

function checkNewestConversations({ db, findings, checked, leftOut, isOver }: Look): void {
  const conversations = db
    .prepare(
      `SELECT pk, id, last_seq, revision, member_count FROM conversation WHERE kind <> 'deleted' AND pk IN
         (SELECT conversation FROM message WHERE id IN (SELECT id FROM message ORDER BY id DESC LIMIT ${MAX_NEWEST}))`,
    )
    .all() as unknown as ConversationRow[];
  let done = 0;
  for (const conversation of conversations) {
    if (isOver() || findings.length >= MAX_FINDINGS) break;
    findings.push(...checkMessages(db, conversation), ...checkMembers(db, conversation));
    done++;
  }
  checked.push(`${done} conversations that were written to last, of each its last ${MAX_LOOKED_AT} messages`);
  if (done < conversations.length) leftOut.push(`${conversations.length - done} more of these conversations`);
  leftOut.push('all other conversations, older messages', `members of more than ${MAX_MEMBERS}`);
}

/** The last sequences are there, or are noted as removed, and their numbers ascend. */
function checkMessages(db: DatabaseSync, { pk, id, last_seq }: ConversationRow): string[] {
  const from = Math.max(1, last_seq - MAX_LOOKED_AT + 1);
  const rows = db
    .prepare('SELECT seq, number FROM message WHERE conversation = ? AND seq >= ? ORDER BY seq')
    .all(pk, from) as { seq: number; number: number }[];
  const { lost } = db
    .prepare(
      `SELECT coalesce(sum(min(to_seq, ?) - max(from_seq, ?) + 1), 0) AS lost FROM gone
         WHERE conversation = ? AND to_seq >= ? AND from_seq <= ?`,
    )
    .get(last_seq, from, pk, from, last_seq) as { lost: number };
  const expected = last_seq - from + 1;
  const findings: string[] = [];
  if (rows.length + lost !== expected || (rows.at(-1)?.seq ?? 0) > last_seq) {
    findings.push(`conversation ${id}: ${rows.length + lost} messages from ${from} on, expected ${expected}`);
  }
  const wrong = rows.find(({ number }, index) => index > 0 && number <= (rows[index - 1]?.number ?? 0));
  if (wrong) findings.push(`conversation ${id}: message ${wrong.seq} has no number above those before it`);
  return findings;
}

function checkMembers(db: DatabaseSync, row: ConversationRow): string[] {
  const { pk, id, last_seq, revision, member_count } = row;
  if (member_count > MAX_MEMBERS) return [];
  const { n, beyond } = db
    .prepare(
      `SELECT count(*) AS n, coalesce(sum(delivered > ? OR read > ? OR revision > ? OR joined_seq > ?), 0) AS beyond
         FROM member WHERE conversation = ?`,
    )
    .get(last_seq, last_seq, revision, last_seq, pk) as { n: number; beyond: number };
  return [
    ...(n === member_count ? [] : [`conversation ${id}: ${n} members, expected ${member_count}`]),
    ...(beyond === 0 ? [] : [`conversation ${id}: ${beyond} members have acknowledged more than there is`]),
  ];
}

function checkNewestFiles({ db, findings, checked, leftOut, isOver }: Look): void {
  if (isOver()) {
    leftOut.push('whether files are held');
    return;
  }
  const rows = db
    .prepare(
      `SELECT id, unused_since IS NULL AS held, ${IS_HELD} AS isHeld FROM file ORDER BY pk DESC LIMIT ${MAX_FILES}`,
    )
    .all() as { id: string; held: number; isHeld: number }[];
  for (const { id, held, isHeld } of rows) {
    if (held !== isHeld) findings.push(`file ${id}: ${held ? 'nothing holds it' : 'something holds it'}`);
  }
  checked.push(`whether the newest ${rows.length} files are held`);
  if (rows.length === MAX_FILES) leftOut.push('older files');
}
