import { DomainError, storeBusy, storeUnavailable } from '../../core/errors.ts';
import { toError, toFailure } from '../sql/calls.ts';
import { operationsOf } from '../sql/operations.ts';
import type { Op } from '../sql/statement.ts';
import { openTables } from '../sql/tables.ts';
import type { Connection } from './connect.ts';
import { PostgresDriver } from './driver.ts';
import { type Failure, failureOf } from './errors.ts';

export interface ReadersOptions {
  readonly connections: number;
  /** How many of them long reads may have. */
  readonly forLongReads: number;
  readonly maxWaiting: number;
  connect(): Promise<Connection>;
  failed(failure: Failure): void;
  succeeded(): void;
}

interface Read {
  readonly name: string;
  readonly args: readonly unknown[];
  readonly isLong: boolean;
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** Reads, each by itself and of one moment, on a few connections. Long ones keep away from some of them. */
export class Readers {
  readonly #options: ReadersOptions;
  readonly #free: Reader[];
  readonly #all: readonly Reader[];
  #waiting: Read[] = [];
  #running = 0;
  #longRunning = 0;
  #closed: Error | undefined;
  #onIdle: (() => void) | undefined;

  constructor(options: ReadersOptions) {
    this.#options = options;
    this.#all = Array.from({ length: options.connections }, () => new Reader(options));
    this.#free = [...this.#all];
  }

  get depth(): number {
    return this.#waiting.length + this.#running;
  }

  /** Rejects with a `DomainError`. */
  call(name: string, args: readonly unknown[], isLong: boolean): Promise<unknown> {
    if (this.#closed) return Promise.reject(storeUnavailable(this.#closed));
    if (this.#waiting.length >= this.#options.maxWaiting) {
      return Promise.reject(storeBusy());
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ name, args, isLong, resolve, reject });
      this.#next();
    });
  }

  async close(): Promise<void> {
    while (this.depth > 0) {
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve;
      });
    }
    this.#closed = new Error('the store is closed');
    await Promise.all(this.#all.map((reader) => reader.close()));
  }

  #next(): void {
    while (this.#free.length > 0) {
      const mayBeLong = this.#longRunning < this.#options.forLongReads;
      const index = mayBeLong ? 0 : this.#waiting.findIndex(({ isLong }) => !isLong);
      const [read] = index < 0 ? [] : this.#waiting.splice(index, 1);
      if (!read) return;
      this.#begin(read, this.#free.pop() as Reader);
    }
  }

  #begin(read: Read, reader: Reader): void {
    this.#running += 1;
    if (read.isLong) this.#longRunning += 1;
    const settled = (settle: () => void): void => {
      this.#running -= 1;
      if (read.isLong) this.#longRunning -= 1;
      this.#free.push(reader);
      this.#next();
      settle();
      if (this.depth === 0) this.#onIdle?.();
    };
    reader.run(read.name, read.args).then(
      (value) => settled(() => read.resolve(value)),
      (error: Error) => settled(() => read.reject(error)),
    );
  }
}

/** One reading connection. */
class Reader {
  readonly #options: ReadersOptions;
  readonly #operations = operationsOf(openTables('read')) as unknown as Record<
    string,
    (...args: readonly unknown[]) => Op<unknown>
  >;
  #connection: Connection | undefined;

  constructor(options: ReadersOptions) {
    this.#options = options;
  }

  async run(name: string, args: readonly unknown[]): Promise<unknown> {
    const operation = this.#operations[name];
    if (!operation) throw new Error(`no read operation ${name}`);
    try {
      const driver = new PostgresDriver(await this.#open());
      // What an operation reads is of one moment, however many statements it takes.
      driver.begin('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
      const value = await driver.run(operation(...args));
      await driver.commit();
      this.#options.succeeded();
      return value;
    } catch (error) {
      throw await this.#failed(error);
    }
  }

  async close(): Promise<void> {
    await this.#connection?.close();
  }

  async #open(): Promise<Connection> {
    if (!this.#connection?.isOpen) this.#connection = await this.#options.connect();
    return this.#connection;
  }

  async #failed(error: unknown): Promise<Error> {
    const isRefusal = error instanceof DomainError;
    const failure = isRefusal ? undefined : failureOf(error);
    if (failure) this.#options.failed(failure);
    const connection = this.#connection;
    if (failure?.isGone) {
      connection?.destroy(new Error(failure.reason));
      this.#connection = undefined;
    } else {
      await connection?.query({ text: 'ROLLBACK' }).catch((reason: Error) => connection.destroy(reason));
    }
    return isRefusal ? error : toError(toFailure(error));
  }
}
