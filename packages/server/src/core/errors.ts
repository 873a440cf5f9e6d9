/** The closed set of refusals the core can give. Dialects and the HTTP API turn each into their own form. */
export const ERROR_CODES = {
  EAUTH: 'not authenticated',
  EPERM: 'no permission',
  EINVAL: 'bad argument',
  ENOENT: 'no such thing',
  ETOOLONG: 'over a size limit',
  ERATE: 'too fast',
  ECONFLICT: 'in conflict with what is stored',
  EINTERNAL: 'the server could not do it; nothing was stored',
} as const;
export type ErrorCode = keyof typeof ERROR_CODES;

export interface DomainErrorDetail {
  /** The argument at fault. */
  readonly field?: string;
  /** The limit that was exceeded, in the unit the message names. */
  readonly limit?: number;
  /** How long to wait before another try may succeed, in ms. */
  readonly retryAfter?: number;
  readonly cause?: unknown;
}

/** A refusal by the domain: the command changed nothing. */
export class DomainError extends Error {
  override readonly name = 'DomainError';
  readonly code: ErrorCode;
  readonly field: string | undefined;
  readonly limit: number | undefined;
  readonly retryAfter: number | undefined;

  constructor(code: ErrorCode, message: string, detail: DomainErrorDetail = {}) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.code = code;
    this.field = detail.field;
    this.limit = detail.limit;
    this.retryAfter = detail.retryAfter;
  }
}

/** Any thrown value as a domain error: one that is not is EINTERNAL, with the value as its cause. */
export function toDomainError(error: unknown): DomainError {
  if (error instanceof DomainError) return error;
  return new DomainError('EINTERNAL', 'the server could not do it; try again', { cause: error });
}
