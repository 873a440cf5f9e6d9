import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { openDatabase } from './database.ts';
import { openTables, readOperations, writeOperations } from './operations.ts';
import {
  type OperationCall,
  type OperationOutcome,
  toFailure,
  type WorkerRequest,
  type WorkerSettings,
} from './protocol.ts';
import { BatchWriter } from './transaction.ts';

const port = parentPort as MessagePort;
const settings = workerData as WorkerSettings;
const db = openDatabase({ ...settings, readOnly: settings.mode === 'read' });
const tables = openTables(db);
const run = settings.mode === 'read' ? reader() : writer();

port.on('message', (request: WorkerRequest) => {
  if ('close' in request) {
    db.close();
    port.postMessage({ closed: true });
    port.close();
    return;
  }
  const started = performance.now();
  const outcomes = run(request.batch);
  port.postMessage({ outcomes, durationMs: performance.now() - started });
});
port.postMessage({ ready: true });

function writer(): (batch: readonly OperationCall[]) => OperationOutcome[] {
  const batches = new BatchWriter(db, tables, writeOperations(tables));
  return (batch) => batches.run(batch);
}

function reader(): (batch: readonly OperationCall[]) => OperationOutcome[] {
  const operations = readOperations(tables) as unknown as Record<
    string,
    (...args: readonly unknown[]) => unknown
  >;
  const attempt = ({ name, args }: OperationCall): OperationOutcome => {
    try {
      const operation = operations[name];
      if (!operation) throw new Error(`no read operation ${name}`);
      return { value: operation(...args) };
    } catch (error) {
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
