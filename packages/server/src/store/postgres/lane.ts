import type { CommittedRecord } from '../../log/record.ts';
import { WriteBatch } from '../sql/batch.ts';
import type { OperationCall, OperationOutcome } from '../sql/calls.ts';
import { toFailure } from '../sql/calls.ts';
import type { LogSettings } from '../sql/change-log.ts';
import { SLOTS } from '../sql/numbers.ts';
import { openTables } from '../sql/tables.ts';
import type { Membership } from './cluster/membership.ts';
import { NOT_ALONE, RecordWriter } from './cluster/record-writer.ts';
import type { Connection } from './connect.ts';
import { PostgresDriver } from './driver.ts';
import { type Failure, failureOf, type Stage, sqlStateOf } from './errors.ts';
import type { BatchResult, BatchRunner } from './lanes.ts';
import { Statistics } from './statistics.ts';

/** How often a transaction is tried that others were in the way of. */
const MAX_TRIES = 8;

/** What a lane does its work with, and whom it tells. */
export interface LaneOptions {
  /** Shared by the lanes. */
  readonly log: LogSettings;
  /** Resolves with a connection that is open; rejects while there can be none. */
  connect(): Promise<Connection>;
  /** Told what kept a transaction from passing, but what trying again may mend. */
  failed(failure: Failure): void;
  /** Told why a transaction is tried again, where others were in its way. */
  retried(failure: Failure): void;
  succeeded(): void;
  readonly membership: Membership;
  /** Told at once of what was committed for other nodes, too; resolves when this node may tell of it itself. */
  committed(record: CommittedRecord): Promise<void>;
}

/** A writing connection: one transaction at a time. Which connection it is changes when one is lost. */
export class Lane implements BatchRunner {
  readonly #options: LaneOptions;
  readonly #batch: WriteBatch;
  readonly #records: RecordWriter;
  readonly #statistics = new Statistics();
  #connection: Connection | undefined;

  constructor(options: LaneOptions) {
    this.#options = options;
    this.#batch = new WriteBatch(openTables('write', options.log), { looksAhead: true });
    this.#records = new RecordWriter(options.membership);
  }

  /**
   * Outcomes in the order of the calls; all writes among them are committed. A call refused by the domain fails alone. What
   * others were in the way of, or one statement is to blame for, is tried again call by call.
   */
  async run(calls: readonly OperationCall[]): Promise<BatchResult> {
    const first = await this.#try(calls);
    if ('outcomes' in first) return first;
    if (first.failure.kind === 'call' && calls.length === 1) return refuse(calls, first.error);
    if (first.failure.kind !== 'again' && first.failure.kind !== 'call') return refuse(calls, first.error);
    const outcomes: OperationOutcome[] = [];
    const turns: Promise<void>[] = [];
    for (const call of calls) {
      const alone = await this.#runAlone([call]);
      outcomes.push(...alone.outcomes);
      if (alone.turn) turns.push(alone.turn);
    }
    return turns.length === 0 ? { outcomes } : { outcomes, turn: Promise.all(turns).then(() => {}) };
  }

  async close(): Promise<void> {
    await this.#connection?.close();
  }

  async #runAlone(calls: readonly OperationCall[]): Promise<BatchResult> {
    for (let tries = 1; ; tries++) {
      const tried = await this.#try(calls);
      if ('outcomes' in tried) return tried;
      if (tried.failure.kind !== 'again' || tries === MAX_TRIES) return refuse(calls, tried.error);
    }
  }

  async #try(calls: readonly OperationCall[]): Promise<BatchResult | { failure: Failure; error: unknown }> {
    let stage: Stage = 'statement';
    try {
      const connection = await this.#open();
      await this.#statistics.beforeTransaction(connection);
      const driver = new PostgresDriver(connection);
      driver.begin('BEGIN');
      const outcomes = await driver.run(this.#batch.run(calls));
      stage = 'commit';
      const record = await this.#commit(driver);
      this.#options.succeeded();
      return record ? { outcomes, turn: this.#options.committed(record) } : { outcomes };
    } catch (error) {
      if (sqlStateOf(error) === NOT_ALONE) this.#options.membership.hasOthers = true;
      const failure = failureOf(error, stage);
      if (failure.kind === 'again') this.#options.retried(failure);
      else this.#options.failed(failure);
      await this.#rollBack(failure);
      return { failure, error };
    } finally {
      this.#batch.forget();
    }
  }

  /** Commits, with what other nodes are to learn of it; returns that. */
  async #commit(driver: PostgresDriver): Promise<CommittedRecord | undefined> {
    const entries = this.#batch.takeForNodes();
    const answer = await driver.commit(this.#records.statement(entries));
    return answer && this.#records.committed(answer, entries);
  }

  async #open(): Promise<Connection> {
    if (this.#connection?.isOpen) return this.#connection;
    const connection = await this.#options.connect();
    this.#batch.useSlot(await claimSlot(connection));
    this.#records.restart();
    this.#connection = connection;
    return connection;
  }

  async #rollBack({ isGone, reason }: Failure): Promise<void> {
    const connection = this.#connection;
    this.#batch.reset();
    if (!connection) return;
    try {
      if (!isGone) await connection.query({ text: 'ROLLBACK' });
    } catch {
      connection.destroy(new Error(reason));
    }
    if (isGone) {
      connection.destroy(new Error(reason));
      this.#connection = undefined;
    }
  }
}

/** Any number that nothing else in the database locks. */
export const SLOT_LOCK = 0x6861;

/** A slot of message numbers (`sql/numbers.ts`), which is this connection's as long as it is open. */
async function claimSlot(connection: Connection): Promise<number> {
  const text = `SELECT slot FROM generate_series(0, ${SLOTS - 1}) slot WHERE pg_try_advisory_lock(${SLOT_LOCK}, slot) LIMIT 1`;
  const [row] = (await connection.query({ text })).rows;
  if (!row) throw new Error(`all ${SLOTS} slots of message numbers are in use`);
  return row.slot;
}

function refuse(calls: readonly OperationCall[], error: unknown): BatchResult {
  const failure = toFailure(error);
  return { outcomes: calls.map(() => ({ failure })) };
}
