import type { QueryConfig, QueryResult } from 'pg';
import type { BulkStatement } from '../sql/bulk.ts';
import type { EachStatement, Op, Parameter, SingleStatement, Statement } from '../sql/statement.ts';
import { escapeNul, forAllItems, forPostgres } from './dialect.ts';

/** As much of a connection as statements need. */
export interface Connection {
  query(config: QueryConfig): Promise<QueryResult>;
}

interface Prepared {
  readonly name: string;
  readonly text: string;
}

/** The statements of this process: each has the same name on every connection, and is prepared there when first used. */
const PREPARED = new Map<string, Prepared>();

/** Runs operations on a connection, one statement after the other. */
export class PostgresDriver {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Runs an operation to its end. What a statement throws comes out of its `yield`. */
  async run<T>(operation: Op<T>): Promise<T> {
    let step = operation.next();
    while (!step.done) step = await this.#resume(operation, step.value);
    return step.value;
  }

  /** Runs a statement that gives nothing back, such as `BEGIN`. */
  async command(text: string): Promise<void> {
    await this.#connection.query({ text });
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
    return 'bulk' in statement ? this.#executeEach(statement) : this.#executeOne(statement);
  }

  async #executeEach({ wants, bulk, items }: EachStatement): Promise<unknown> {
    const { name, text } = prepared(bulk.sql, bulk);
    const values = bulk.columns.map((_, column) => items.map((item) => toValue(item[column] as Parameter)));
    const { rows } = await this.#connection.query({ name, text, values });
    if (wants === 'done-each') return undefined;
    const found: unknown[] = new Array(items.length).fill(undefined);
    for (const { place, ...row } of rows) found[place - 1] = row;
    return found;
  }

  async #executeOne({ wants, sql, parameters }: SingleStatement): Promise<unknown> {
    const { name, text } = prepared(sql);
    const { rows, rowCount } = await this.#connection.query({ name, text, values: parameters.map(toValue) });
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
