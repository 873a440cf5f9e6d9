import type { QueryConfig, QueryResult } from 'pg';
import type { BulkStatement } from '../sql/bulk.ts';
import type { EachStatement, Op, Parameter, SingleStatement, Statement } from '../sql/statement.ts';
import { arrayOf } from './arrays.ts';
import { escapeNul, forAllItems, forPostgres } from './dialect.ts';

/** As much of a connection as statements need: one that sends statements without waiting for the answers to those before. */
export interface Connection {
  query(config: QueryConfig): Promise<QueryResult>;
  /** Keeps what is sent from now on, to be written at once. */
  hold(): void;
  /** Writes what was kept. */
  release(): void;
}

interface Prepared {
  readonly name: string;
  readonly text: string;
}

/** The statements of this process: each has the same name on every connection, and is prepared there when first used. */
const PREPARED = new Map<string, Prepared>();

/**
 * Runs operations in one transaction of a connection. Nobody waits for statements that give nothing back: they are sent with the
 * next one that does, or with the COMMIT, and what they throw comes from there.
 */
export class PostgresDriver {
  readonly #connection: Connection;
  /** Statements whose answers nobody has waited for. */
  #unanswered: Promise<unknown>[] = [];
  /** Whether more follows that is to be written at once. */
  #isGathering = false;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Begins the transaction. It is sent with the first statement. */
  begin(text: string): void {
    void this.#send({ text });
  }

  /** Runs an operation to its end. What a statement throws comes out of a `yield`, or out of the `commit`. */
  async run<T>(operation: Op<T>): Promise<T> {
    try {
      let step = operation.next();
      while (!step.done) step = await this.#resume(operation, step.value);
      return step.value;
    } catch (error) {
      this.#connection.release();
      throw error;
    }
  }

  /**
   * Ends the transaction; rejects where it was not committed.
   *
   * @param last a statement that goes with the COMMIT, and whose answer is returned
   */
  async commit(last?: QueryConfig): Promise<QueryResult | undefined> {
    const answer = last && this.#send(last);
    // What could not be sent at all leaves the server's transaction as good as it was: it must be known before the COMMIT goes.
    if (this.#unanswered.length > 0) await this.#attemptsToSend();
    const { command } = await this.#answer({ text: 'COMMIT' });
    if (command !== 'COMMIT') throw new Error('the server rolled the transaction back');
    return answer;
  }

  async #attemptsToSend(): Promise<void> {
    // By the next turn of the event loop pg has told of it, and every promise on the way is settled.
    const sent = new Promise<undefined>((resolve) => setImmediate(resolve, undefined));
    try {
      await Promise.race([Promise.all(this.#unanswered), sent]);
    } catch (error) {
      this.#connection.release();
      throw error;
    }
  }

  #send(query: QueryConfig): Promise<QueryResult> {
    this.#connection.hold();
    const answer = this.#connection.query(query);
    answer.catch(() => {});
    this.#unanswered.push(answer);
    return answer;
  }

  /** Resolves once a statement, and those before it, are answered. Rejects with what the first of them threw. */
  async #answer(query: QueryConfig): Promise<QueryResult> {
    const answer = this.#connection.query(query);
    if (!this.#isGathering) this.#connection.release();
    if (this.#unanswered.length === 0) return answer;
    const before = this.#unanswered;
    this.#unanswered = [];
    const answers = await Promise.all([answer, ...before]);
    return answers[0];
  }

  async #resume<T>(operation: Op<T>, statement: Statement): Promise<IteratorResult<Statement, T>> {
    let result: unknown;
    try {
      result = await this.#execute(statement);
    } catch (error) {
      return operation.throw(error);
    }
    return operation.next(result);
  }

  #execute(statement: Statement): Promise<unknown> {
    if (statement.wants === 'each-of-these') return this.#executeAll(statement.statements);
    return 'bulk' in statement ? this.#executeEach(statement) : this.#executeOne(statement);
  }

  async #executeAll(statements: readonly Statement[]): Promise<unknown[]> {
    this.#isGathering = true;
    this.#connection.hold();
    const answers = statements.map((statement) => this.#execute(statement));
    this.#isGathering = false;
    this.#connection.release();
    return Promise.all(answers);
  }

  async #executeEach({ wants, bulk, items }: EachStatement): Promise<unknown> {
    const { name, text } = prepared(bulk.sql, bulk);
    const values = bulk.types.map((type, column) => arrayOf(type, items, column));
    if (wants === 'done-each') {
      void this.#send({ name, text, values });
      return undefined;
    }
    const { rows } = await this.#answer({ name, text, values });
    const found: unknown[] = new Array(items.length).fill(undefined);
    for (const row of rows) found[row.place - 1] = row;
    return found;
  }

  async #executeOne({ wants, sql, parameters }: SingleStatement): Promise<unknown> {
    const { name, text } = prepared(sql);
    const { rows, rowCount } = await this.#answer({ name, text, values: parameters.map(toValue) });
    if (wants === 'row') return rows[0];
    return wants === 'rows' ? rows : (rowCount ?? 0);
  }
}

function prepared(sql: string, bulk?: BulkStatement): Prepared {
  let known = PREPARED.get(sql);
  if (!known) {
    known = { name: `haina${PREPARED.size}`, text: bulk ? forAllItems(bulk) : forPostgres(sql) };
    PREPARED.set(sql, known);
  }
  return known;
}

function toValue(parameter: Parameter): unknown {
  if (typeof parameter === 'string') return escapeNul(parameter);
  if (Array.isArray(parameter))
    return parameter.map((item) => (typeof item === 'string' ? escapeNul(item) : item));
  return parameter instanceof Uint8Array ? Buffer.from(parameter) : parameter;
}
