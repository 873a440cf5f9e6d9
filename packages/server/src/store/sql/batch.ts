import { DomainError } from '../../core/errors.ts';
import { type OperationCall, type OperationOutcome, toFailure } from './calls.ts';
import type { NodeEntries } from './change-log.ts';
import { OPERATION_KINDS, type OperationName } from './operation-kinds.ts';
import { operationsOf } from './operations.ts';
import type { Op } from './statement.ts';
import type { Tables } from './tables.ts';

type AnyOperation = (...args: readonly unknown[]) => Op<unknown>;

export interface BatchOptions {
  /**
   * Whether what the calls need is looked up for all of them first. It pays where each statement is a way to the server; where a
   * statement costs nothing, each call looks up what it needs by itself.
   */
  readonly looksAhead: boolean;
}

/** Writes that share a transaction, on the tables of one connection. */
export class WriteBatch {
  readonly #tables: Tables;
  readonly #operations: Record<string, AnyOperation>;
  readonly #looksAhead: boolean;

  constructor(tables: Tables, { looksAhead }: BatchOptions) {
    this.#tables = tables;
    this.#looksAhead = looksAhead;
    this.#operations = operationsOf(tables) as unknown as Record<string, AnyOperation>;
  }

  /** Begins on a new connection. @param slot of message numbers, which nobody else uses now */
  useSlot(slot: number): void {
    this.#tables.numbers.use(slot);
    this.#tables.log.restart();
  }

  /** Outcomes in the order of the calls. A call that the domain refuses fails alone: it has written nothing by then. */
  *run(calls: readonly OperationCall[]): Op<OperationOutcome[]> {
    this.#tables.log.begin();
    if (this.#looksAhead) yield* this.#tables.caches.prefetch(calls);
    const outcomes: OperationOutcome[] = [];
    for (const call of calls) outcomes.push(yield* this.#attempt(call));
    yield* this.#tables.caches.flush();
    yield* this.#tables.log.flush();
    // Others may take the client ids that were free.
    this.#tables.caches.repeats.reset();
    return outcomes;
  }

  /** What the last run did, for other nodes; to be taken before the transaction ends. */
  takeForNodes(): NodeEntries {
    return this.#tables.log.takeForNodes();
  }

  /** Forgets what others may change between two transactions. */
  forget(): void {
    this.#tables.caches.reset();
  }

  /** Forgets what a rolled back transaction may have made. */
  reset(): void {
    this.forget();
    this.#tables.tenants.reset();
    this.#tables.numbers.reset();
    this.#tables.log.reset();
  }

  *#attempt({ name, args }: OperationCall): Op<OperationOutcome> {
    const operation = this.#operations[name];
    if (!operation) throw new Error(`no write operation ${name}`);
    const cached = OPERATION_KINDS[name as OperationName] === 'message-write';
    try {
      if (!cached) yield* this.#tables.caches.flush();
      const value = yield* operation(...args);
      this.#tables.log.add(name, args, value);
      return { value };
    } catch (error) {
      if (error instanceof DomainError) return { failure: toFailure(error) };
      throw error;
    } finally {
      if (!cached) this.#tables.caches.reset();
    }
  }
}
