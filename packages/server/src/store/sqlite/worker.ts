import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { type OperationCall, type OperationOutcome, toFailure } from '../sql/calls.ts';
import { operationsOf } from '../sql/operations.ts';
import type { Op } from '../sql/statement.ts';
import { openTables } from '../sql/tables.ts';
import { openDatabase } from './database.ts';
import { SqliteDriver } from './driver.ts';
import { FileWatch } from './file-watch.ts';
import { GuardedWriter } from './guarded-writer.ts';
import { PageSample } from './page-sample.ts';
import { isDamage, type WorkerReply, type WorkerRequest, type WorkerSettings } from './protocol.ts';
import { BatchWriter } from './transaction.ts';

/** From one look at the files to the next, in ms. */
const LOOK_INTERVAL = 1000;

const port = parentPort as MessagePort;
const settings = workerData as WorkerSettings;
const db = openDatabase({ ...settings, readOnly: settings.mode === 'read' });
/** Beside the threads' own connections; in a thread that reads, as it may have to wait for the disk. */
const sampled = settings.samples ? openDatabase({ ...settings, readOnly: true }) : undefined;
const driver = new SqliteDriver(db);
const tables = openTables(settings.mode);
const run = settings.mode === 'read' ? reader() : writer();

port.on('message', (request: WorkerRequest) => {
  if ('close' in request) {
    db.close();
    sampled?.close();
    tell({ closed: true });
    port.close();
    return;
  }
  const started = performance.now();
  const outcomes = run(request.batch);
  tell({ outcomes, durationMs: performance.now() - started });
});
tell({ ready: true });

function tell(reply: WorkerReply): void {
  port.postMessage(reply);
}

function writer(): (batch: readonly OperationCall[]) => OperationOutcome[] {
  const batches = new BatchWriter(driver, tables, tellDamage);
  // Reading makes the files beside the main one.
  db.exec('SELECT count(*) FROM sqlite_schema');
  const watch = new FileWatch(db, settings.dataDir);
  const guarded = new GuardedWriter(batches, watch, (lost) => tell({ lost: lost ?? null }));
  setInterval(() => guarded.look(), LOOK_INTERVAL).unref();
  return (batch) => guarded.run(batch);
}

function sampleRegularly(sample: PageSample): void {
  setInterval(() => {
    try {
      sample.read();
    } catch (error) {
      // What else goes wrong is told to whoever reads.
      if (isDamage(error)) tellDamage(error);
    }
  }, LOOK_INTERVAL).unref();
}

function tellDamage({ message }: Error): void {
  tell({ damaged: message });
}

function reader(): (batch: readonly OperationCall[]) => OperationOutcome[] {
  const operations = operationsOf(tables) as unknown as Record<
    string,
    (...args: readonly unknown[]) => Op<unknown>
  >;
  if (sampled) sampleRegularly(new PageSample(sampled));
  const attempt = ({ name, args }: OperationCall): OperationOutcome => {
    try {
      const operation = operations[name];
      if (!operation) throw new Error(`no read operation ${name}`);
      return { value: driver.run(operation(...args)) };
    } catch (error) {
      if (isDamage(error)) tellDamage(error);
      return { failure: toFailure(error) };
    }
  };
  // What an operation reads is of one moment, however many statements it takes.
  return (batch) => {
    try {
      db.exec('BEGIN');
      return batch.map(attempt);
    } catch (error) {
      return batch.map(() => ({ failure: toFailure(error) }));
    } finally {
      // An error of the file may have ended it.
      if (db.isTransaction) db.exec('ROLLBACK');
    }
  };
}
