import type { PostgresAddress } from '../../config/store-url.ts';
import { Connection } from '../../store/postgres/connect.ts';
import { reasonOf } from '../../store/postgres/errors.ts';
import { RegisterUnavailable } from '../shared/register.ts';
import { TABLES, TIME_AND_EPOCH, TURN } from './tables.ts';

/** How long a statement, and the wait for other nodes, may take, in ms. */
const STATEMENT_TIMEOUT = 2000;
/** How much later no answer is believed to come any more, in ms. */
const ANSWER_SLACK = 500;
/** Steps of one transaction. */
const MAX_STEPS = 100;

/** Runs a statement of a transaction. */
export type Query = (text: string, ...values: unknown[]) => Promise<Record<string, unknown>[]>;

/** How the register is as a transaction begins. */
export interface Beginning {
  /** The database's time, in ms. */
  readonly now: number;
  /** Undefined where the contents are gone. */
  readonly epoch: string | undefined;
  readonly settled: number;
}

type Work<Result> = (query: Query, beginning: Beginning) => Promise<Result>;

interface Step {
  readonly work: Work<unknown>;
  /** Whether it may open a connection. */
  readonly opens: boolean;
  resolve(result: unknown): void;
  reject(error: Error): void;
}

export interface PostgresLinkOptions {
  readonly address: PostgresAddress;
  /** Shown in `pg_stat_activity`. */
  readonly name: string;
  /** Told once that the database is lost, with the reason, and once (undefined) that it is back. */
  lost(reason: string | undefined): void;
}

/**
 * One connection to the database, with one transaction of the register after the other: what is asked during one is in the next, step by
 * step. Where it breaks, all that wait are refused at once, and only a renewal of the lease opens another one: nobody else waits for
 * a database that is away.
 */
export class PostgresLink {
  readonly #options: PostgresLinkOptions;
  #connection: Connection | undefined;
  #waiting: Step[] = [];
  #isRunning = false;
  #running: Promise<void> | undefined;
  #isLost = false;
  #isClosed = false;

  constructor(options: PostgresLinkOptions) {
    this.#options = options;
  }

  /** Runs a step. Rejects with `RegisterUnavailable` where it could not be done, or where nobody knows. */
  step<Result>(work: Work<Result>, opens = false): Promise<Result> {
    if (this.#isClosed) return Promise.reject(new RegisterUnavailable('the link is closed'));
    return new Promise<Result>((resolve, reject) => {
      this.#waiting.push({ work, opens, resolve: resolve as Step['resolve'], reject });
      if (!this.#isRunning) this.#running = this.#run();
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#running;
    await this.#connection?.close();
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    while (this.#waiting.length > 0) {
      const steps = this.#waiting.splice(0, MAX_STEPS);
      try {
        if (this.#connection || steps.some(({ opens }) => opens)) await this.#runSteps(steps);
        else refuse(steps, new Error('there is no connection to the database'));
      } catch (error) {
        // Those that came meanwhile would wait as long.
        refuse([...steps, ...this.#waiting.splice(0)], error);
        this.#lose(error as Error);
      }
    }
    // In the same turn as the last look at what waits.
    this.#isRunning = false;
  }

  async #runSteps(steps: readonly Step[]): Promise<void> {
    this.#connection ??= await this.#open();
    const tell = await inTurn(this.#connection, async (query, beginning) => {
      const tellings: (() => void)[] = [];
      for (const step of steps) tellings.push(await outcomeOf(step, query, beginning));
      return () => {
        for (const each of tellings) each();
      };
    });
    if (this.#isLost) this.#options.lost(undefined);
    this.#isLost = false;
    tell();
  }

  async #open(): Promise<Connection> {
    const { address, name } = this.#options;
    const session = {
      name,
      statementTimeout: STATEMENT_TIMEOUT,
      lockTimeout: STATEMENT_TIMEOUT,
      answerSlack: ANSWER_SLACK,
    };
    const connection = await Connection.open(
      { ...address, connectTimeout: STATEMENT_TIMEOUT },
      session,
      () => {
        if (this.#connection === connection) this.#connection = undefined;
      },
    );
    try {
      for (const text of ['BEGIN', TURN, ...TABLES, 'COMMIT']) await connection.query({ text });
      return connection;
    } catch (error) {
      await connection.close();
      throw error;
    }
  }

  /** What ends the connection ends its transaction, too. */
  #lose(reason: Error): void {
    const connection = this.#connection;
    this.#connection = undefined;
    connection?.destroy(reason);
    if (this.#isLost || this.#isClosed) return;
    this.#isLost = true;
    this.#options.lost(reasonOf(reason));
  }
}

/** Runs steps once the transactions of other nodes are over. */
async function inTurn<Result>(connection: Connection, work: Work<Result>): Promise<Result> {
  const query: Query = async (text, ...values) => (await connection.query({ text, values })).rows;
  const [, , rows] = await Promise.all([query('BEGIN'), query(TURN), query(TIME_AND_EPOCH)]);
  const [found] = rows;
  const epoch = found?.epoch == null ? undefined : String(found.epoch);
  const result = await work(query, { now: Number(found?.now), epoch, settled: Number(found?.settled ?? 0) });
  await query('COMMIT');
  return result;
}

/** How to tell what became of a step, once the transaction is committed. Rejects where the transaction can't be. */
async function outcomeOf(
  { work, resolve, reject }: Step,
  query: Query,
  beginning: Beginning,
): Promise<() => void> {
  try {
    const result = await work(query, beginning);
    return () => resolve(result);
  } catch (error) {
    if (!(error instanceof RegisterUnavailable)) throw error;
    return () => reject(error);
  }
}

function refuse(steps: readonly Step[], cause: unknown): void {
  for (const { reject } of steps) reject(new RegisterUnavailable(reasonOf(cause), { cause }));
}
