import { DomainError, type ErrorCode, storeFailed } from '../../core/errors.ts';

/** One operation on its way to the database, by the name of the store's method. */
export interface OperationCall {
  readonly name: string;
  readonly args: readonly unknown[];
}

export interface OperationFailure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly field?: string;
  readonly limit?: number;
  /** What the database said, for the log only. */
  readonly cause?: string;
}

/** The outcome of the call at the same place of the batch. */
export type OperationOutcome = { readonly value: unknown } | { readonly failure: OperationFailure };

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

/** A refusal as it was thrown where the operation ran. */
export function toError({ code, message, field, limit, cause }: OperationFailure): DomainError {
  return new DomainError(code, message, {
    ...(field === undefined ? {} : { field }),
    ...(limit === undefined ? {} : { limit }),
    ...(cause === undefined ? {} : { cause: new Error(cause) }),
  });
}
