import type { LogEntry } from '../../../core/log/log-entry.ts';
import type { NodeLog, NodeOfCluster } from '../../../log/node-log.ts';
import type { CommittedRecord, NodeRecord, Positions } from '../../../log/record.ts';
import type { Connection } from '../connect.ts';
import { PostgresDriver } from '../driver.ts';
import type { Membership } from './membership.ts';
import { oldestPart } from './parts.ts';
import { RECORD_VERSION, RecordWriter, toPositions } from './record-writer.ts';

/** The lock of `require_alone`. */
const JOIN_LOCK = '26722, 0';
/** The server's clock, by which all nodes are judged. */
const NOW = '(extract(epoch FROM clock_timestamp()) * 1000)::bigint';
/** A node that said nothing for so long has lost its place, in ms. */
const LEASE = 30_000;
/** Longest since this node's own last sign of life, in ms, for it to judge others: after an outage all have been silent. */
const MAX_SILENCE = 10_000;
/** Writers that have written nothing for so long, in ms, have nothing left in the log. */
const WRITER_KEPT = 4 * 3600_000;
/** Records of one writer that one read brings. */
const MAX_RECORDS = 64;
/** How long the emptying of a part waits for whoever uses it, in ms. */
const TRUNCATE_WAIT = 200;

const JOIN = `INSERT INTO node (id, name, version, started_at, seen_at, report) VALUES ($1, $2, $3, ${NOW}, ${NOW}, '{}')`;
const SEEN = `UPDATE node SET seen_at = ${NOW}, report = $2 WHERE id = $1 RETURNING seen_at`;
const NODES = `SELECT id, name, version, started_at, seen_at, report, ${NOW} AS now FROM node ORDER BY name, id`;
const READ = `SELECT record.writer, record.n, record.version, record.after, record.body FROM log_writer w
  CROSS JOIN LATERAL (SELECT l.writer, l.n, l.version, l.after, l.body FROM node_log l
    WHERE l.writer = w.writer AND l.n > coalesce(($1::json ->> w.writer)::bigint, 0) ORDER BY l.n LIMIT ${MAX_RECORDS}) record
  WHERE w.n > coalesce(($1::json ->> w.writer)::bigint, 0) AND w.writer <> ALL ($2::text[])`;

interface RecordRow {
  readonly writer: string;
  readonly n: number;
  readonly version: number;
  readonly after: string | null;
  readonly body: string;
}

interface NodeRow {
  readonly id: string;
  readonly name: string;
  readonly version: string;
  readonly started_at: number;
  readonly seen_at: number;
  readonly report: string;
  readonly now: number;
}

export interface PostgresNodeLogOptions {
  readonly membership: Membership;
  /** Of the program. */
  readonly version: string;
  connect(): Promise<Connection>;
}

/** The log of the nodes in PostgreSQL, on a connection of its own. */
export class PostgresNodeLog implements NodeLog {
  readonly #options: PostgresNodeLogOptions;
  readonly #records: RecordWriter;
  #connection: Promise<Connection> | undefined;
  /** One after the other, as there is one connection. */
  #turn: Promise<unknown> = Promise.resolve();
  #seenAt = 0;
  #emptied = -1;

  constructor(options: PostgresNodeLogOptions) {
    this.#options = options;
    this.#records = new RecordWriter(options.membership);
  }

  get ownWriters(): ReadonlySet<string> {
    return this.#options.membership.writers;
  }

  get hasOthers(): boolean {
    return this.#options.membership.hasOthers;
  }

  join(): Promise<Positions> {
    const { membership, version } = this.#options;
    membership.renew();
    return this.#do(async (connection) => {
      await connection.query({ text: 'BEGIN' });
      try {
        // Nobody commits anything meanwhile without having seen that this node is there, or having ended before.
        await connection.query({ text: `SELECT pg_advisory_xact_lock(${JOIN_LOCK})` });
        await connection.query({ text: JOIN, values: [membership.id, membership.name, version] });
        await connection.query({ text: 'COMMIT' });
      } catch (error) {
        await connection.query({ text: 'ROLLBACK' });
        throw error;
      }
      this.#seenAt = performance.now();
      const { rows } = await connection.query({ text: 'SELECT writer, n FROM log_writer' });
      return new Map(rows.map(({ writer, n }) => [writer, n]));
    });
  }

  renew(report: object): Promise<readonly NodeOfCluster[] | undefined> {
    const { membership } = this.#options;
    return this.#do(async (connection) => {
      const values = [membership.id, JSON.stringify(report)];
      const { rowCount } = await connection.query({ name: 'haina_seen', text: SEEN, values });
      if (rowCount === 0) return undefined;
      if (performance.now() - this.#seenAt < MAX_SILENCE) await this.#forget(connection);
      this.#seenAt = performance.now();
      const { rows } = await connection.query({ name: 'haina_nodes', text: NODES });
      membership.hasOthers = rows.some(({ id }) => id !== membership.id);
      return (rows as NodeRow[]).map((row) => toNode(row, membership.id));
    });
  }

  read(positions: Positions): Promise<readonly NodeRecord[]> {
    return this.#do(async (connection) => {
      const values = [JSON.stringify(Object.fromEntries(positions)), [...this.ownWriters]];
      const { rows } = await connection.query({ name: 'haina_log', text: READ, values });
      return (rows as RecordRow[]).map(toRecord);
    });
  }

  append(entries: readonly LogEntry[]): Promise<CommittedRecord | undefined> {
    return this.#do(async (connection) => {
      if (!this.hasOthers) return undefined;
      const given = { isAny: true, bodies: [JSON.stringify(entries)] };
      const driver = new PostgresDriver(connection);
      driver.begin('BEGIN');
      const answer = await driver.commit(this.#records.statement(given));
      return answer && this.#records.committed(answer, given);
    });
  }

  async leave(): Promise<void> {
    const { id } = this.#options.membership;
    await this.#do((connection) =>
      connection.query({ text: 'DELETE FROM node WHERE id = $1', values: [id] }),
    );
  }

  async close(): Promise<void> {
    await this.#turn.catch(() => {});
    const connection = await this.#connection?.catch(() => undefined);
    await connection?.close();
  }

  /** Removes what is over: places of nodes that are silent, writers of long ago, the oldest part of the log. */
  async #forget(connection: Connection): Promise<void> {
    await connection.query({ text: `DELETE FROM node WHERE seen_at < ${NOW} - ${LEASE}` });
    const part = oldestPart(Date.now());
    if (part === this.#emptied) return;
    await connection.query({ text: `DELETE FROM log_writer WHERE written_at < ${NOW} - ${WRITER_KEPT}` });
    try {
      await connection.query({ text: emptying(part) });
      this.#emptied = part;
    } catch {
      // Somebody uses it: it is tried again with the next sign of life.
    }
  }

  /** Runs something on the connection, after what was begun before. */
  #do<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    const done = this.#turn.then(async () => work(await this.#open()));
    this.#turn = done.catch(() => {});
    return done;
  }

  async #open(): Promise<Connection> {
    const open = await this.#connection?.catch(() => undefined);
    if (open?.isOpen) return open;
    this.#records.restart();
    this.#connection = this.#options.connect();
    return this.#connection;
  }
}

/** A transaction of its own. */
function emptying(part: number): string {
  return `DO $$ BEGIN SET LOCAL lock_timeout = ${TRUNCATE_WAIT}; TRUNCATE node_log_${part}; END $$`;
}

function toRecord({ writer, n, version, after, body }: RecordRow): NodeRecord {
  // What a newer version wrote is passed over: its place is known, and its sessions are told by that version's nodes.
  const entries = version > RECORD_VERSION ? [] : (JSON.parse(body) as LogEntry[]);
  return { writer, n, after: toPositions(after), entries };
}

function toNode({ id, name, version, started_at, seen_at, report, now }: NodeRow, me: string): NodeOfCluster {
  return {
    name,
    version,
    startedAt: started_at,
    silentFor: Math.max(0, now - seen_at),
    isThis: id === me,
    report: JSON.parse(report) as object,
  };
}
