import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { IS_HELD } from '../sql/files.ts';
import { lockDataDir } from './data-lock.ts';
import { DATABASE_FILE, migrate, openDatabase, schemaVersion } from './database.ts';
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
    const findings = CHECKS.flatMap((check, index) => {
      onCheck(inWords(check.name), index, CHECKS.length);
      return check(db);
    });
    return {
      ok: findings.length === 0,
      findings,
      schemaVersion: version,
      conversations: count(db, "SELECT count(*) AS n FROM conversation WHERE kind <> 'deleted'"),
      messages: count(db, 'SELECT count(*) AS n FROM message'),
      bytes: statSync(file).size,
    };
  } finally {
    db.close();
  }
}

const EMPTY = { schemaVersion: 0, conversations: 0, messages: 0, bytes: 0 };

type Check = (db: DatabaseSync) => string[];

const CHECKS: readonly Check[] = [
  function structure(db) {
    const rows = db.prepare('PRAGMA integrity_check(20)').all() as { integrity_check: string }[];
    return rows.map((row) => row.integrity_check).filter((text) => text !== 'ok');
  },
  function sequencesHaveNoGaps(db) {
    const rows = db
      .prepare(
        `SELECT c.id, c.last_seq, count(m.seq) + coalesce(g.lost, 0) AS n, max(coalesce(max(m.seq), 0), coalesce(g.last, 0)) AS top
           FROM conversation c LEFT JOIN message m ON m.conversation = c.pk
           LEFT JOIN (SELECT conversation, sum(to_seq - from_seq + 1) AS lost, max(to_seq) AS last FROM gone GROUP BY conversation) g
             ON g.conversation = c.pk
           GROUP BY c.pk HAVING n <> c.last_seq OR top <> c.last_seq LIMIT 20`,
      )
      .all() as { id: string; last_seq: number; n: number; top: number }[];
    return rows.map(
      ({ id, last_seq, n, top }) =>
        `conversation ${id}: ${n} messages up to sequence ${top}, expected ${last_seq}`,
    );
  },
  function numbersAscend(db) {
    const rows = db
      .prepare(
        `SELECT c.id, m.seq FROM (
             SELECT conversation, seq, number, lag(number, 1, 0) OVER (PARTITION BY conversation ORDER BY seq) AS last
               FROM message) m
           JOIN conversation c ON c.pk = m.conversation WHERE m.number <= m.last LIMIT 20`,
      )
      .all() as { id: string; seq: number }[];
    return rows.map(
      ({ id, seq }) => `conversation ${id}: message ${seq} has no number above those before it`,
    );
  },
  function memberCountsAgree(db) {
    const rows = db
      .prepare(
        `SELECT c.id, c.member_count, count(m.user_id) AS n FROM conversation c LEFT JOIN member m ON m.conversation = c.pk
           GROUP BY c.pk HAVING n <> c.member_count LIMIT 20`,
      )
      .all() as { id: string; member_count: number; n: number }[];
    return rows.map(
      ({ id, member_count, n }) => `conversation ${id}: ${n} members, expected ${member_count}`,
    );
  },
  function positionsStayInside(db) {
    const rows = db
      .prepare(
        `SELECT c.id, m.user_id FROM member m JOIN conversation c ON c.pk = m.conversation
           WHERE m.delivered > c.last_seq OR m.read > c.last_seq OR m.revision > c.revision OR m.joined_seq > c.last_seq
           LIMIT 20`,
      )
      .all() as { id: string; user_id: string }[];
    return rows.map(
      ({ id, user_id }) => `conversation ${id}: ${user_id} has acknowledged more than there is`,
    );
  },
  function filesKnowWhetherTheyAreHeld(db) {
    const rows = db
      .prepare(`SELECT id, unused_since IS NULL AS held FROM file WHERE held <> ${IS_HELD} LIMIT 20`)
      .all() as { id: string; held: number }[];
    return rows.map(({ id, held }) => `file ${id}: ${held ? 'nothing holds it' : 'something holds it'}`);
  },
];

/** Of a check's name. */
function inWords(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

function count(db: DatabaseSync, sql: string): number {
  return Number((db.prepare(sql).get() as { n: number }).n);
}
