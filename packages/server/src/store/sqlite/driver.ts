import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import type { BulkStatement } from '../sql/bulk.ts';
import type { EachStatement, Op, Parameter, SingleStatement, Statement } from '../sql/statement.ts';
import { forSqlite, singleOf } from './dialect.ts';

/** Runs operations on a database, in one go. */
export class SqliteDriver {
  readonly db: DatabaseSync;
  readonly #prepared = new Map<string, StatementSync>();

  constructor(db: DatabaseSync) {
    this.db = db;
  }

  /** Runs an operation to its end. What a statement throws comes out of its `yield`. */
  run<T>(operation: Op<T>): T {
    let step = operation.next();
    while (!step.done) step = this.#resume(operation, step.value);
    return step.value;
  }

  #resume<T>(operation: Op<T>, statement: Statement): IteratorResult<Statement, T> {
    let result: unknown;
    try {
      result = this.#execute(statement);
    } catch (error) {
      return operation.throw(error);
    }
    return operation.next(result);
  }

  #execute(statement: Statement): unknown {
    if (statement.wants === 'each-of-these') return statement.statements.map((each) => this.#execute(each));
    return 'bulk' in statement ? this.#executeEach(statement) : this.#executeOne(statement);
  }

  #executeEach({ wants, bulk, items }: EachStatement): unknown {
    const statement = this.#statement(bulk.sql, bulk);
    if (wants === 'row-each') return items.map((item) => statement.get(...(item as SQLInputValue[])));
    for (const item of items) statement.run(...(item as SQLInputValue[]));
    return undefined;
  }

  #executeOne({ wants, sql, parameters }: SingleStatement): unknown {
    const statement = this.#statement(sql);
    const values = parameters.some(isList) ? parameters.map(toValue) : (parameters as SQLInputValue[]);
    if (wants === 'row') return statement.get(...values);
    if (wants === 'rows') return statement.all(...values);
    return Number(statement.run(...values).changes);
  }

  #statement(sql: string, bulk?: BulkStatement): StatementSync {
    let statement = this.#prepared.get(sql);
    if (!statement) {
      statement = this.db.prepare(forSqlite(bulk ? singleOf(bulk) : sql));
      this.#prepared.set(sql, statement);
    }
    return statement;
  }
}

function isList(parameter: Parameter): boolean {
  return Array.isArray(parameter);
}

function toValue(parameter: Parameter): SQLInputValue {
  return Array.isArray(parameter) ? JSON.stringify(parameter) : (parameter as SQLInputValue);
}
