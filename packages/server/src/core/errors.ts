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

/** Why somebody is not, or no longer, authenticated: what a client needs to know to do something about it. */
export const AUTH_REASONS = {
  'token-missing': 'no token was brought',
  'token-expired': 'the token has expired: get a new one',
  'token-refused':
    'the token is malformed, forged, of another application or user, issued in the future, or was taken back: get a new one',
  'user-gone': 'there is no such user, or no longer',
  'user-disabled': 'the user is disabled',
  'role-changed': 'the user has another role now: connect again, the same token serves',
} as const;
export type AuthReason = keyof typeof AUTH_REASONS;

export interface DomainErrorDetail {
  /** The argument at fault. */
  readonly field?: string;
  /** The limit that was exceeded, in the unit the message names. */
  readonly limit?: number;
  /** How long to wait before another try may succeed, in ms. */
  readonly retryAfter?: number;
  /** Of EAUTH, where it is about a token. */
  readonly reason?: AuthReason;
  /** The user who was refused, where that is known: for the log, not for the client. */
  readonly whom?: string;
  readonly cause?: unknown;
}

/** A refusal by the domain: the command changed nothing. */
export class DomainError extends Error {
  override readonly name = 'DomainError';
  readonly code: ErrorCode;
  readonly field: string | undefined;
  readonly limit: number | undefined;
  readonly retryAfter: number | undefined;
  readonly reason: AuthReason | undefined;
  readonly whom: string | undefined;

  constructor(code: ErrorCode, message: string, detail: DomainErrorDetail = {}) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.code = code;
    this.field = detail.field;
    this.limit = detail.limit;
    this.retryAfter = detail.retryAfter;
    this.reason = detail.reason;
    this.whom = detail.whom;
  }
}

/** The store can't be asked now: EINTERNAL, with what stopped it as the cause. */
export function storeUnavailable(cause: unknown): DomainError {
  return new DomainError('EINTERNAL', 'the store is not available', { cause });
}

/** The store has as much to do as it may have: EINTERNAL. */
export function storeBusy(): DomainError {
  return new DomainError('EINTERNAL', 'the store has too much to do; try again');
}

/** The store could not do what it was asked, for whatever reason: EINTERNAL. */
export function storeFailed(cause: unknown): DomainError {
  return new DomainError('EINTERNAL', 'the store can not do it now; try again', { cause });
}

/** What the store keeps is not all there any more: EINTERNAL. */
export function storeDamaged(cause: unknown): DomainError {
  return new DomainError('EINTERNAL', 'the database is damaged', { cause });
}

/** Any thrown value as a domain error: one that is not is EINTERNAL, with the value as its cause. */
export function toDomainError(error: unknown): DomainError {
  if (error instanceof DomainError) return error;
  return new DomainError('EINTERNAL', 'the server could not do it; try again', { cause: error });
}
