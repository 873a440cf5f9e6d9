import { DomainError, type ErrorCode, storeFailed } from '../../core/errors.ts';

/** One operation on its way into a worker thread. */
export interface OperationCall {
  readonly name: string;
  readonly args: readonly unknown[];
}

export interface OperationFailure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly field?: string;
  readonly limit?: number;
  /** What SQLite said, for the log only. */
  readonly cause?: string;
}

/** The outcome of the call at the same place of the batch. */
export type OperationOutcome = { readonly value: unknown } | { readonly failure: OperationFailure };

export interface WorkerSettings {
  readonly dataDir: string;
  readonly mode: 'read' | 'write';
  readonly busyTimeout: number;
}

export type WorkerRequest = { readonly batch: readonly OperationCall[] } | { readonly close: true };
export type WorkerReply =
  | { readonly ready: true }
  | { readonly outcomes: readonly OperationOutcome[]; readonly durationMs: number }
  | { readonly closed: true }
  /** Why nothing that is written would be found any more; null once that is over. */
  | { readonly lost: string | null }
  /** What SQLite found wrong with the file. */
  | { readonly damaged: string };

/** SQLite's primary result codes that say that the file is damaged. */
const DAMAGE: ReadonlySet<number> = new Set([
  11, // SQLITE_CORRUPT
  26, // SQLITE_NOTADB
]);

/** Whether an error says that the file is damaged, which trying again does not mend. */
export function isDamage(error: unknown): error is Error {
  const code = (error as { errcode?: number } | null)?.errcode;
  return code !== undefined && DAMAGE.has(code & 0xff);
}

export function toFailure(error: unknown): OperationFailure {
  if (error instanceof DomainError) {
    const { code, message, field, limit } = error;
    return {
      code,
      message,
      ...(field === undefined ? {} : { field }),
      ...(limit === undefined ? {} : { limit }),
    };
  }
  const { code, message } = storeFailed(error);
  return {
    code,
    message,
    cause: error instanceof Error ? (error.stack ?? error.message) : String(error),
  };
}

/** A refusal as the thread threw it. */
export function toError({ code, message, field, limit, cause }: OperationFailure): DomainError {
  return new DomainError(code, message, {
    ...(field === undefined ? {} : { field }),
    ...(limit === undefined ? {} : { limit }),
    ...(cause === undefined ? {} : { cause: new Error(cause) }),
  });
}
