import { DatabaseSync } from 'node:sqlite';
import type { NewMessage, Store } from '../../core/ports/store.ts';
import { newMessage, storeFixture, toUser } from '../contract/fixture.ts';
import type { AppendOutcome } from '../sql/append.ts';
import { appended } from '../sql/appended.ts';
import { WriteBatch } from '../sql/batch.ts';
import type { BulkStatement } from '../sql/bulk.ts';
import { type OperationCall, type OperationOutcome, toError } from '../sql/calls.ts';
import { isWrite, OPERATION_KINDS, type OperationName } from '../sql/operation-kinds.ts';
import { operationsOf } from '../sql/operations.ts';
import type { Op, Statement } from '../sql/statement.ts';
import { openTables } from '../sql/tables.ts';
import { migrate } from '../sqlite/database.ts';
import { SqliteDriver } from '../sqlite/driver.ts';
import type { StoreUnderTest } from '../store-contract.ts';

/** What was asked of a database, each statement once. */
export interface Recorded {
  /** The store's SQL, and how it is run in bulk where it is. */
  readonly statements: ReadonlyMap<string, BulkStatement | undefined>;
  readonly operations: ReadonlySet<OperationName>;
}

interface RecordedStore extends StoreUnderTest {
  /** Writes in one transaction. */
  batch(calls: readonly OperationCall[]): OperationOutcome[];
}

/** Stores in memory, whose operations run as in production, and what all of them asked. */
export class Recorder implements Recorded {
  readonly statements = new Map<string, BulkStatement | undefined>();
  readonly operations = new Set<OperationName>();

  open(): RecordedStore {
    const driver = new SqliteDriver(new DatabaseSync(':memory:'));
    migrate(driver.db);
    const batch = new WriteBatch(openTables('write'), { looksAhead: true });
    const reads = operationsOf(openTables('read')) as unknown as Record<
      string,
      (...args: unknown[]) => Op<unknown>
    >;
    const runBatch = (calls: readonly OperationCall[]): OperationOutcome[] => {
      const outcomes = driver.run(this.#recorded(batch.run(calls)));
      // Each begins with nothing at hand, so that whatever may have to be looked up is.
      batch.forget();
      return outcomes;
    };
    const write = (name: string, args: unknown[]) => {
      const [outcome] = runBatch([{ name, args }]) as [OperationOutcome];
      if ('failure' in outcome) throw toError(outcome.failure);
      return outcome.value;
    };
    const operation =
      (name: OperationName) =>
      async (...args: unknown[]) => {
        this.operations.add(name);
        if (!isWrite(OPERATION_KINDS[name]))
          return driver.run(this.#recorded((reads[name] as (...args: unknown[]) => Op<unknown>)(...args)));
        const value = write(name, args);
        return name === 'appendMessage' ? appended(args[0] as NewMessage, value as AppendOutcome) : value;
      };
    const names = Object.keys(OPERATION_KINDS) as OperationName[];
    const operations = Object.fromEntries(names.map((name) => [name, operation(name)]));
    const store = { ...operations, depth: 0, close: async () => {} } as unknown as Store;
    return { store, batch: runBatch, dispose: async () => driver.db.close() };
  }

  *#recorded<T>(operation: Op<T>): Op<T> {
    let step = operation.next();
    while (!step.done) {
      this.#record(step.value);
      let result: unknown;
      try {
        result = yield step.value;
      } catch (error) {
        step = operation.throw(error);
        continue;
      }
      step = operation.next(result);
    }
    return step.value;
  }

  #record(statement: Statement): void {
    if (statement.wants === 'each-of-these') for (const each of statement.statements) this.#record(each);
    else if ('bulk' in statement) this.statements.set(statement.bulk.sql, statement.bulk);
    else this.statements.set(statement.sql, undefined);
  }
}

/** Asks what no test of the contract does. */
export async function askWhatIsLeft(recorder: Recorder): Promise<void> {
  const { store, batch, dispose } = recorder.open();
  await store.ping();
  await store.probe();
  const fixture = storeFixture(store);
  const tenant = await fixture.tenantWith('alice', 'bob');
  // What is looked up for many at once, is so for two.
  const append = (sender: string, to: string) => ({
    name: 'appendMessage',
    args: [newMessage(tenant, sender, toUser(to), 'x')],
  });
  batch([append('alice', 'bob'), append('bob', 'alice')]);
  await dispose();
}
