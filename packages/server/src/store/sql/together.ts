import type { Op, Statement } from './statement.ts';

interface Running {
  readonly operation: Op<unknown>;
  readonly statement: Statement;
}

/**
 * Runs operations that do not need each other's results, in step: the first statements of all of them are asked at once, then
 * their second ones, and so on. Where each is a way to the server (PostgreSQL), that is one way for all. When one fails, all end.
 */
export function* together(...operations: readonly Op<unknown>[]): Op<void> {
  let running = operations.flatMap((operation) => advance(operation, undefined));
  while (running.length > 0) {
    const statements = running.map(({ statement }) => statement);
    const results = (yield { wants: 'each-of-these', statements }) as readonly unknown[];
    running = running.flatMap(({ operation }, index) => advance(operation, results[index]));
  }
}

function advance(operation: Op<unknown>, result: unknown): Running[] {
  const { done, value } = operation.next(result);
  return done ? [] : [{ operation, statement: value as Statement }];
}
