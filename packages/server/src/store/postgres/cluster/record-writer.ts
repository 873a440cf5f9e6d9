import { randomBytes } from 'node:crypto';
import type { QueryConfig, QueryResult } from 'pg';
import type { CommittedRecord, Positions } from '../../../log/record.ts';
import type { NodeEntries } from '../../sql/change-log.ts';
import { escapeNul } from '../dialect.ts';
import type { Membership } from './membership.ts';
import { partAt } from './parts.ts';

/** What entries look like as they are stored. A node reads what it knows, and leaves newer ones to others. */
export const RECORD_VERSION = 1;

/**
 * Notes how far the writer has come, and what it did. What others have committed is read last, as everything that this
 * transaction was decided by is committed by then, or locked by it.
 */
const WRITE = `WITH own AS (
    INSERT INTO log_writer (writer, node, n, written_at) VALUES ($1, $2, $3, $4)
    ON CONFLICT (writer) DO UPDATE SET n = excluded.n, written_at = excluded.written_at
  )
  INSERT INTO node_log (part, writer, n, version, after, body)
  SELECT $5, $1, $6 + place - 1, ${RECORD_VERSION}, CASE WHEN place = 1 THEN (
    SELECT json_object_agg(other.writer, other.n)::text FROM log_writer other
    WHERE other.writer <> $1 AND other.n > coalesce(($7::json ->> other.writer)::bigint, 0)
  ) END, body
  FROM unnest($8::text[]) WITH ORDINALITY AS record (body, place) RETURNING n, after`;

/** SQLSTATE of `require_alone` where somebody reads the log. */
export const NOT_ALONE = 'HN001';

/**
 * Writes what the transactions of one connection do into the log of the nodes, or makes sure that there are none. A writer has
 * numbers of its own, and one transaction at a time, so what it wrote becomes visible in order.
 */
export class RecordWriter {
  readonly #membership: Membership;
  #writer = '';
  #last = 0;
  /** Up to where others had come, as the records that are committed say. */
  #known = new Map<string, number>();

  constructor(membership: Membership) {
    this.#membership = membership;
    this.restart();
  }

  /** What goes with the COMMIT; undefined where nobody has to be told anything. */
  statement({ isAny, bodies }: NodeEntries): QueryConfig | undefined {
    if (!isAny) return undefined;
    const { id, hasOthers } = this.#membership;
    if (!hasOthers) return { name: 'haina_alone', text: 'SELECT require_alone($1)', values: [id] };
    const now = Date.now();
    const [first, last] = [this.#last + 1, this.#last + bodies.length];
    const known = JSON.stringify(Object.fromEntries(this.#known));
    const values = [this.#writer, id, last, now, partAt(now), first, known, bodies.map(escapeNul)];
    return { name: 'haina_record', text: WRITE, values };
  }

  /** To be called once that is committed. Returns what was written, if anything was. */
  committed({ rows }: QueryResult, { bodies }: NodeEntries): CommittedRecord | undefined {
    if (bodies.length === 0 || rows[0]?.n === undefined) return undefined;
    const after = toPositions(rows.find(({ after }) => after !== null)?.after ?? null);
    for (const [writer, n] of after) this.#known.set(writer, n);
    const first = this.#last + 1;
    this.#last += bodies.length;
    return { writer: this.#writer, first, last: this.#last, after, bodies };
  }

  /** Goes on as another writer, where nobody knows how far this one came. */
  restart(): void {
    const { writers } = this.#membership;
    writers.delete(this.#writer);
    this.#writer = newWriter();
    writers.add(this.#writer);
    this.#last = 0;
    this.#known = new Map();
  }
}

/** @param text JSON of what `after` holds; null for nothing */
export function toPositions(text: string | null): Positions {
  return new Map(text === null ? [] : Object.entries(JSON.parse(text) as Record<string, number>));
}

/** Short, as it is in each record that comes after one of its own. */
function newWriter(): string {
  return randomBytes(6).toString('base64url');
}
